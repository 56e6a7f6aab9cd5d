package org.dndllm.train.torch;

import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Mixed precision for a forward pass: matrix products in bfloat16, the rest in float32. Gains on GPUs and for large
 * matrices; at toy sizes on a CPU it is many times slower. The backward pass follows the types of the forward pass and is
 * made outside.
 */
public final class Autocast implements AutoCloseable {
    private final TorchDevice device;
    private final boolean before;

    private Autocast(TorchDevice device) {
        this.device = device;
        before = torch.is_autocast_enabled(device.type());
    }

    /** Switches bfloat16 on or off for this thread until closed. */
    public static Autocast of(TorchDevice device, boolean bfloat16) {
        LibTorch.require();
        Autocast autocast = new Autocast(device);
        // The cache of cast weights cannot be emptied from Java and would keep weights of the step before.
        torch.set_autocast_cache_enabled(false);
        torch.set_autocast_dtype(device.type(), ScalarType.BFloat16);
        torch.set_autocast_enabled(device.type(), bfloat16);
        return autocast;
    }

    @Override
    public void close() {
        torch.set_autocast_enabled(device.type(), before);
    }
}
