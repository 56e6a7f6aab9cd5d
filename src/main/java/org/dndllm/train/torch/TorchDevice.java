package org.dndllm.train.torch;

import java.util.Locale;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/** Where tensors live and operations run. */
public enum TorchDevice {
    CPU,
    CUDA;

    /**
     * The device that a flag names: {@code cpu}, {@code cuda}, or {@code auto} for CUDA where there is one.
     *
     * @throws InvalidInputException for another name
     * @throws EnvironmentException when CUDA is asked for and is not there
     */
    public static TorchDevice choose(String name) {
        LibTorch.require();
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "cpu" -> CPU;
            case "auto" -> torch.cuda_is_available() ? CUDA : CPU;
            case "cuda" -> {
                if (!torch.cuda_is_available()) {
                    throw new EnvironmentException("CUDA was asked for, but "
                            + (torch.hasCUDA()
                                    ? "LibTorch sees no usable GPU; check the driver and the CUDA 13 libraries"
                                    : "this LibTorch is the CPU flavour; set DND_TRAIN_VARIANT=cuda for scripts/dnd")
                            + ", or train on the CPU");
                }
                yield CUDA;
            }
            default ->
                throw new InvalidInputException(
                        "training options", "device", "is '" + name + "', expected one of [cpu, cuda, auto]");
        };
    }

    /** LibTorch's object for this device, in the scope of the caller. */
    public Device device() {
        return new Device(type());
    }

    DeviceType type() {
        return this == CPU ? DeviceType.CPU : DeviceType.CUDA;
    }
}
