package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvIsolationIT {
    private static final int[] PROMPT = {5, 17, 42, 99, 7, 250};

    @TempDir
    Path folder;

    @Test
    void logits_afterAnySequenceOfAttachments_areThoseOfAFreshContext() {
        try (LlamaModel model = TinyModel.open(folder)) {
            // given: what each set gives in a context of its own
            LoraAdapter a = TinyModel.adapter(model, 1, "a");
            LoraAdapter b = TinyModel.adapter(model, 2, "b");
            List<AdapterSet> sets = List.of(
                    AdapterSet.EMPTY,
                    AdapterSet.of(a),
                    AdapterSet.of(b),
                    AdapterSet.of(a, 0.5f),
                    AdapterSet.of(a, 0f),
                    AdapterSet.of(List.of(new AdapterSet.Entry(b, -1f), new AdapterSet.Entry(a, 2f))));
            Map<AdapterSet, float[]> fresh = new HashMap<>();
            for (AdapterSet set : sets) {
                try (LlamaContext context = model.newContext(TinyModel.SMALL)) {
                    context.attach(set);
                    context.decode(PROMPT);
                    fresh.put(set, context.logits());
                }
            }
            assertThat(fresh.get(AdapterSet.of(a, 0f))).isEqualTo(fresh.get(AdapterSet.EMPTY));
            assertThat(fresh.get(AdapterSet.of(a))).isNotEqualTo(fresh.get(AdapterSet.EMPTY));

            // when, then
            for (long seed = 0; seed < 20; seed++) {
                Random random = new Random(seed);
                try (LlamaContext context = model.newContext(TinyModel.SMALL)) {
                    List<AdapterSet> walk = new ArrayList<>();
                    for (int step = 0; step < 12; step++) {
                        AdapterSet set = sets.get(random.nextInt(sets.size()));
                        walk.add(set);
                        boolean same = set.equals(context.attached());
                        int before = context.length(0);
                        context.attach(set);
                        assertThat(context.length(0)).isEqualTo(same ? before : 0);
                        if (random.nextInt(3) == 0) {
                            continue; // another change without a decode in between
                        }
                        context.clear();
                        context.decode(PROMPT);
                        assertThat(context.logits())
                                .as("seed %d, walk %s", seed, walk)
                                .isEqualTo(fresh.get(set));
                        context.decodeToken(random.nextInt(300));
                    }
                }
            }
        }
    }

    @Test
    void attach_afterAnAdapterThatOverflows_baseLogitsAreCleanAgain() {
        try (LlamaModel model = TinyModel.open(folder);
                LlamaContext context = model.newContext(TinyModel.SMALL)) {
            // given
            context.decode(PROMPT);
            float[] base = context.logits();
            LoraAdapter huge = TinyModel.adapter(model, 3, "huge");

            // when
            context.attach(AdapterSet.of(huge, 1e30f));
            context.decode(PROMPT);
            context.detach();
            context.decode(PROMPT);

            // then
            assertThat(context.logits()).isEqualTo(base);
        }
    }
}
