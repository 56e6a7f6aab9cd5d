package org.dndllm.cli;

import org.dndllm.train.torch.LibTorch;
import org.dndllm.train.torch.TorchDevice;
import picocli.CommandLine.Option;

/** Where and how training computes. */
final class TorchFlags {
    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "cpu",
            description = "cpu, cuda (needs DND_TRAIN_VARIANT=cuda), auto. Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of LibTorch; 0 takes two, more gain nothing for small models."
                    + " Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(names = "--bf16", description = "Matrix products in bfloat16: for GPUs and large models.")
    private boolean bfloat16;

    /** Loads LibTorch. */
    TorchDevice device() {
        Flags.atLeast("--threads", threads, 0);
        TorchDevice chosen = TorchDevice.choose(device);
        if (threads > 0) {
            LibTorch.threads(threads);
        }
        return chosen;
    }

    boolean bfloat16() {
        return bfloat16;
    }
}
