package org.dndllm.train.encoder;

import java.util.List;
import org.dndllm.encoder.BertConfig;

/** A BERT that was trained here, by whatever task, on its way into a file. */
public interface TrainedEncoder {
    /** Shape of the encoder. */
    BertConfig config();

    /** A copy of one of the encoder's weights by its Hugging Face name, row-major. */
    float[] weight(String name);

    /**
     * The encoder's state of every token, without a graph.
     *
     * @param texts ids with [CLS] and [SEP]
     * @return for each text [length, C] row-major
     */
    List<float[]> states(List<int[]> texts);
}
