package org.dndllm.generator;

import org.dndllm.onnx.OnnxGraph;

/**
 * How the decoder's convolutions are computed. All forms give the same function; padding is PyTorch's "same": (k-1)/2
 * zeros before a plane and the rest of k-1 after it.
 */
interface PlaneConvolutions {
    /**
     * Adds I to O channels over a plane, k x k taps.
     *
     * @param x [batch, I, height, width]
     * @param name of the layer, whose weight is [O, I, k, k]
     * @param biased whether it has a bias, [O]
     * @return [batch, O, height, width]
     */
    String convolve(String x, String name, boolean biased, long height, long width);

    /** Makes the convolutions of one graph. */
    @FunctionalInterface
    interface Form {
        PlaneConvolutions in(OnnxGraph graph, GraphWeights weights, int kernel);
    }
}
