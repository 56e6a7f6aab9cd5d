package org.dndllm.lora;

/** Cuts the matrices of one layout into tokens [T, R, W] and joins them again, chunk by chunk. */
final class TokenCutter {
    private final AdapterLayout layout;
    private final int rank;
    private final int rows;
    private final int columns;
    private final int chunk;

    TokenCutter(AdapterLayout layout) {
        this.layout = layout;
        this.rank = layout.rank();
        this.rows = layout.rows();
        this.columns = layout.columns();
        this.chunk = layout.chunk();
    }

    /** A [r, in] into the tokens of a module. */
    void cutA(float[] a, ModuleTokens module, float[] tokens) {
        int in = layout.shape().in(module.module());
        for (int c = 0; c < module.countA(); c++) {
            int width = width(in, c);
            int token = offset(module.firstA() + c);
            for (int r = 0; r < rank; r++) {
                System.arraycopy(a, r * in + c * chunk, tokens, token + r * columns, width);
            }
            standardize(tokens, token, width);
        }
    }

    /** B [out, r], transposed, into the tokens of a module. */
    void cutB(float[] b, ModuleTokens module, float[] tokens) {
        int out = layout.shape().out(module.module());
        for (int c = 0; c < module.countB(); c++) {
            int width = width(out, c);
            int token = offset(module.firstB() + c);
            for (int column = 0; column < width; column++) {
                int from = (c * chunk + column) * rank;
                for (int r = 0; r < rank; r++) {
                    tokens[token + r * columns + column] = b[from + r];
                }
            }
            standardize(tokens, token, width);
        }
    }

    /** A [r, in] from the tokens of a module. */
    float[] joinA(float[] tokens, ModuleTokens module) {
        int in = layout.shape().in(module.module());
        float[] a = new float[rank * in];
        for (int c = 0; c < module.countA(); c++) {
            int width = width(in, c);
            int token = offset(module.firstA() + c);
            for (int r = 0; r < rank; r++) {
                System.arraycopy(tokens, token + r * columns, a, r * in + c * chunk, width);
            }
            if (layout.form() == TokenForm.STANDARDIZED) {
                ScaleBorder.Statistics scale = ScaleBorder.read(tokens, token, rows, columns);
                for (int r = 0; r < rank; r++) {
                    scale.restore(a, r * in + c * chunk, width);
                }
            }
        }
        return a;
    }

    /** B [out, r] from the tokens of a module. */
    float[] joinB(float[] tokens, ModuleTokens module) {
        int out = layout.shape().out(module.module());
        float[] b = new float[out * rank];
        for (int c = 0; c < module.countB(); c++) {
            int width = width(out, c);
            int token = offset(module.firstB() + c);
            for (int column = 0; column < width; column++) {
                int to = (c * chunk + column) * rank;
                for (int r = 0; r < rank; r++) {
                    b[to + r] = tokens[token + r * columns + column];
                }
            }
            if (layout.form() == TokenForm.STANDARDIZED) {
                ScaleBorder.read(tokens, token, rows, columns).restore(b, c * chunk * rank, width * rank);
            }
        }
        return b;
    }

    /** Columns of chunk number {@code index} of a matrix of that length: fewer than a chunk's only in the last. */
    private int width(int length, int index) {
        return Math.min(chunk, length - index * chunk);
    }

    private int offset(int token) {
        return token * rows * columns;
    }

    private void standardize(float[] tokens, int token, int width) {
        if (layout.form() == TokenForm.STANDARDIZED) {
            ScaleBorder.Statistics scale = ScaleBorder.standardize(tokens, token, rank, width, columns);
            ScaleBorder.write(tokens, token, rows, columns, scale);
        }
    }
}
