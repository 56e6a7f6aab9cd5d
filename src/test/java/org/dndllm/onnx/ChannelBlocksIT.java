package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChannelBlocksIT {
    @Test
    void ofThisMachine_aPowerOfTwoUpToSixteen() {
        assertThat(ChannelBlocks.ofThisMachine().block()).isIn(1, 4, 8, 16);
    }
}
