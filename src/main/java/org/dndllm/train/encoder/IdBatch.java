package org.dndllm.train.encoder;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * Token ids of several texts, padded on the right. Tensors belong to the scope in which the batch is made.
 *
 * @param ids [B, L] int64
 * @param mask [B, L] float32, 1 for real tokens
 */
record IdBatch(Tensor ids, Tensor mask) {
    /** @param texts ids with [CLS] and [SEP] */
    static IdBatch of(List<int[]> texts, int padId, TorchDevice device) {
        int length = texts.stream().mapToInt(text -> text.length).max().orElseThrow();
        long[] ids = new long[texts.size() * length];
        float[] mask = new float[ids.length];
        Arrays.fill(ids, padId);
        for (int row = 0; row < texts.size(); row++) {
            int[] text = texts.get(row);
            for (int i = 0; i < text.length; i++) {
                ids[row * length + i] = text[i];
                mask[row * length + i] = 1;
            }
        }
        return new IdBatch(
                Tensors.of(ids, device, texts.size(), length), Tensors.of(mask, device, texts.size(), length));
    }
}
