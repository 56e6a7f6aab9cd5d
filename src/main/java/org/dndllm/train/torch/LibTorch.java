package org.dndllm.train.torch;

import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.EnvironmentException;

/** Loads LibTorch and sets what holds for the whole process. */
public final class LibTorch {
    /** More threads than this gain nothing at the sizes that are trained on a processor. */
    private static final int DEFAULT_THREADS = 2;

    private LibTorch() {}

    /**
     * Makes sure that the native libraries are loaded; the first call takes a second or so. Every entry to this package
     * calls it.
     *
     * @throws EnvironmentException when they are not on the class path or do not suit this machine
     */
    public static void require() {
        try {
            Loaded.check();
        } catch (LinkageError missing) {
            throw absent(missing);
        }
    }

    /** In a class of its own, so that a class path without LibTorch fails here and not when this class is verified. */
    private static final class Loaded {
        static {
            limit(Math.min(DEFAULT_THREADS, Runtime.getRuntime().availableProcessors()));
            torch.set_num_interop_threads(1); // once per process, before the first parallel work
        }

        static void check() {
            // Touching the class is all.
        }

        /** LibTorch's matrix products are OpenBLAS's, whose threads wait by spinning and which LibTorch does not tell. */
        static void limit(int threads) {
            torch.set_num_threads(threads);
            openblas_nolapack.blas_set_num_threads(threads);
        }
    }

    /** Threads within one operation, for the whole process; at most two unless this is called. */
    public static void threads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException(threads + " threads");
        }
        require();
        Loaded.limit(threads);
    }

    /** Seeds the generator behind dropout and other draws inside LibTorch, on every device. */
    public static void seed(long seed) {
        require();
        torch.manual_seed(seed);
    }

    private static EnvironmentException absent(LinkageError failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new EnvironmentException(
                "training needs LibTorch, which is not there (" + cause + "). Start training with scripts/dnd, which "
                        + "fetches it once, or add org.bytedeco:pytorch and its native jars for this platform to the class path",
                failure);
    }
}
