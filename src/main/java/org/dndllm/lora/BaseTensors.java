package org.dndllm.lora;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;

/**
 * What an adapter may touch in a base model: the names and shapes of the weights that llama.cpp multiplies through its
 * LoRA path. With tied embeddings neither the embedding nor the output is among them: llama.cpp would take the
 * embedding's adapter for the output as well, and abort. Immutable.
 */
public final class BaseTensors {
    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT = "output.weight";

    /** ggml order: columns first. */
    record Matrix(long columns, long rows) {}

    private final String architecture;
    private final boolean tied;
    private final Map<String, Matrix> matrices;

    private BaseTensors(String architecture, boolean tied, Map<String, Matrix> matrices) {
        this.architecture = architecture;
        this.tied = tied;
        this.matrices = Map.copyOf(matrices);
    }

    /**
     * From the tensor table of a base model, which may be closed afterwards.
     *
     * @throws org.dndllm.InvalidInputException when it does not say its architecture
     */
    public static BaseTensors of(GgufFile base) {
        Map<String, Matrix> matrices = new HashMap<>();
        boolean tied = base.tensor(OUTPUT).isEmpty();
        for (GgufTensor tensor : base.tensors()) {
            List<Long> dims = tensor.dims();
            boolean outer = tensor.name().equals(EMBEDDING) || tensor.name().equals(OUTPUT);
            if (dims.size() == 2 && (outer ? !tied : ModuleName.parse(tensor.name()).isPresent())) {
                matrices.put(tensor.name(), new Matrix(dims.get(0), dims.get(1)));
            }
        }
        return new BaseTensors(base.string("general.architecture"), tied, matrices);
    }

    /** As a complete model of that shape has them, for models whose tensors lie in several files or nowhere. */
    public static BaseTensors of(BaseShape shape) {
        Map<String, Matrix> matrices = new HashMap<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                matrices.put(new ModuleName(layer, module).weight(), new Matrix(shape.in(module), shape.out(module)));
            }
        }
        if (!shape.tiedEmbeddings()) {
            matrices.put(EMBEDDING, new Matrix(shape.hidden(), shape.vocab()));
            matrices.put(OUTPUT, new Matrix(shape.hidden(), shape.vocab()));
        }
        return new BaseTensors(shape.architecture(), shape.tiedEmbeddings(), matrices);
    }

    /** {@code general.architecture} of the model. */
    public String architecture() {
        return architecture;
    }

    /** Whether the output projection is the embedding. */
    public boolean tiedEmbeddings() {
        return tied;
    }

    Optional<Matrix> find(String name) {
        return Optional.ofNullable(matrices.get(name));
    }
}
