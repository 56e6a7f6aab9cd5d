package org.dndllm.train.torch;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;

/**
 * Between Java arrays and tensors. Every tensor made here belongs to the caller's innermost {@code PointerScope} and ends
 * with it unless {@link #keep} was called.
 */
public final class Tensors {
    private static final int CHUNK = 1 << 20;

    private Tensors() {}

    /** Gives numbers {@code from .. from+count} of a tensor, row-major, into the beginning of an array. */
    @FunctionalInterface
    public interface FloatSource {
        void read(long from, float[] into, int count);
    }

    /** A float32 tensor of zeros. */
    public static Tensor zeros(TorchDevice device, long... shape) {
        LibTorch.require();
        return torch.zeros(shape, options(ScalarType.Float, device));
    }

    /** A float32 tensor with a copy of {@code values}, row-major. */
    public static Tensor of(float[] values, TorchDevice device, long... shape) {
        return of((from, into, count) -> System.arraycopy(values, (int) from, into, 0, count), device, shape);
    }

    /** A float32 tensor that is read in parts, so that a large one needs no Java array of its size. */
    public static Tensor of(FloatSource source, TorchDevice device, long... shape) {
        LibTorch.require();
        Tensor tensor = torch.empty(shape, options(ScalarType.Float, TorchDevice.CPU), null);
        fill(tensor, source);
        return device == TorchDevice.CPU ? tensor : tensor.to(device.device(), ScalarType.Float);
    }

    /** An int64 tensor with a copy of {@code values}, row-major. */
    public static Tensor of(long[] values, TorchDevice device, long... shape) {
        LibTorch.require();
        Tensor tensor = torch.empty(shape, options(ScalarType.Long, TorchDevice.CPU), null);
        requireSize(tensor, values.length);
        LongPointer data = tensor.data_ptr_long();
        data.put(values, 0, values.length);
        return device == TorchDevice.CPU ? tensor : tensor.to(device.device(), ScalarType.Long);
    }

    /** Overwrites a contiguous float32 tensor on the CPU, or any tensor through a copy. */
    public static void copy(float[] values, Tensor into) {
        requireSize(into, values.length);
        into.copy_(of(values, TorchDevice.CPU, into.shape()));
    }

    /** All numbers of a tensor of any floating type and device, row-major. */
    public static float[] floats(Tensor tensor) {
        Tensor plain = plain(tensor);
        float[] values = new float[Math.toIntExact(plain.numel())];
        plain.data_ptr_float().get(values, 0, values.length);
        return values;
    }

    /** A tensor's values under a name, for a file; valid as long as the scope of the caller. */
    public static TensorView view(String name, Tensor tensor) {
        Tensor plain = plain(tensor);
        List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
        BytePointer bytes = new BytePointer(plain.data_ptr_float());
        bytes.capacity(plain.nbytes());
        MemorySegment data =
                plain.numel() == 0 ? MemorySegment.ofArray(new byte[0]) : MemorySegment.ofBuffer(bytes.asByteBuffer());
        return new TensorView(name, DType.F32, shape, data);
    }

    /** Lets a tensor outlive the scope it was made in; undone by {@link #release}. */
    public static Tensor keep(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }

    /** Ends a tensor that was kept. */
    public static void release(Tensor tensor) {
        tensor.releaseReference();
    }

    private static Tensor plain(Tensor tensor) {
        return tensor.detach()
                .to(new Device(torch.DeviceType.CPU), ScalarType.Float)
                .contiguous();
    }

    private static void fill(Tensor tensor, FloatSource source) {
        FloatPointer data = tensor.data_ptr_float();
        long size = tensor.numel();
        float[] chunk = new float[(int) Math.min(CHUNK, size)];
        for (long at = 0; at < size; at += CHUNK) {
            int count = (int) Math.min(CHUNK, size - at);
            source.read(at, chunk, count);
            data.position(at).put(chunk, 0, count);
        }
    }

    private static void requireSize(Tensor tensor, long values) {
        if (tensor.numel() != values) {
            throw new IllegalArgumentException(
                    values + " values for a tensor of shape " + Arrays.toString(tensor.shape()));
        }
    }

    private static TensorOptions options(ScalarType type, TorchDevice device) {
        TensorOptions options = new TensorOptions(device.device());
        return options.dtype(new org.bytedeco.pytorch.ScalarTypeOptional(type));
    }
}
