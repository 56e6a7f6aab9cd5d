package org.dndllm.eval.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.diagnosis.Placement.Part;
import org.dndllm.eval.diagnosis.Placement.Spaces;
import org.dndllm.lora.LoraBlend;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Placements whose answer is known by construction. */
class ReferencesTest {
    private static final Map<String, LoraWeights> ADAPTERS = adapters();
    private static final References REFERENCES = References.of(ADAPTERS);

    private static Map<String, LoraWeights> adapters() {
        Map<String, LoraWeights> adapters = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            adapters.put("task " + i, Loras.random(10 + i));
        }
        return adapters;
    }

    private static LoraWeights blend(float first, float second) {
        return LoraBlend.of(
                List.of(new LoraBlend.Part(Loras.random(11), first), new LoraBlend.Part(Loras.random(13), second)));
    }

    @Test
    void place_exactCopy_copiesItsOriginal() {
        Placement placement = REFERENCES.place("copy", Loras.random(12));

        assertThat(placement.verdict()).isEqualTo(Verdict.COPIES);
        assertThat(placement.verdict().words(placement.nearest().reference())).isEqualTo("copies task 2");
        assertThat(placement.total().cosine()).isCloseTo(1, Offset.offset(1e-12));
        assertThat(placement.total().inside()).isCloseTo(1, Offset.offset(1e-10));
        assertThat(placement.total().normRatio()).isCloseTo(1, Offset.offset(1e-9));
        Spaces spaces = placement.total().spaces().orElseThrow();
        assertThat(spaces.written()).isCloseTo(1, Offset.offset(1e-12));
        assertThat(spaces.read()).isCloseTo(1, Offset.offset(1e-12));
        assertThat(placement.mixture().getFirst().value()).isCloseTo(1, Offset.offset(1e-9));
        assertThat(placement.modules()).containsOnlyKeys(TargetModule.values());
    }

    @Test
    void place_sumOfTwo_interpolatesWithTheirFactors() {
        Placement placement = REFERENCES.place("sum", blend(0.75f, -1.5f));

        assertThat(placement.verdict()).isEqualTo(Verdict.INTERPOLATES);
        assertThat(placement.total().inside()).isCloseTo(1, Offset.offset(1e-10));
        assertThat(placement.total().cosine()).isLessThan(0.6);
        assertThat(placement.mixture())
                .extracting(Part::reference)
                .startsWith("task 3", "task 1")
                .hasSize(5);
        assertThat(placement.mixture().get(0).value()).isCloseTo(-1.5, Offset.offset(1e-6));
        assertThat(placement.mixture().get(1).value()).isCloseTo(0.75, Offset.offset(1e-6));
        assertThat(placement.mixture().get(2).value()).isCloseTo(0, Offset.offset(1e-6));
        placement.modules().values().forEach(place -> assertThat(place.inside()).isCloseTo(1, Offset.offset(1e-10)));
    }

    @Test
    void place_sumOfTwoMostlyOne_isACopyOfThatOne() {
        Placement placement = REFERENCES.place("nearly", blend(0.2f, 1));

        assertThat(placement.verdict()).isEqualTo(Verdict.COPIES);
        assertThat(placement.nearest().reference()).isEqualTo("task 3");
    }

    @Test
    void place_random_isOutsideAndItsSpacesOverlapByChance() {
        Placement placement = REFERENCES.place("random", Loras.random(99));

        assertThat(placement.verdict()).isEqualTo(Verdict.OUTSIDE);
        assertThat(placement.total().inside()).isLessThan(0.01);
        Spaces spaces = placement.total().spaces().orElseThrow();
        assertThat(spaces.read()).isCloseTo(spaces.readByChance(), Offset.offset(0.04));
        assertThat(spaces.written()).isCloseTo(spaces.writtenByChance(), Offset.offset(0.04));
        assertThat(placement.neighbours())
                .isSortedAccordingTo((a, b) -> Double.compare(b.value(), a.value()))
                .hasSize(5);
    }

    /** The mean plus a random change: mostly inside the span, but what is its own is not. */
    @Test
    void place_meanAndSomethingNew_isInsideButNotBesideTheMean() {
        List<LoraBlend.Part> parts = new ArrayList<>();
        ADAPTERS.values().forEach(adapter -> parts.add(new LoraBlend.Part(adapter, 0.5f)));
        parts.add(new LoraBlend.Part(Loras.random(99), 0.3f));
        // 2.5 times the mean: 1.5 times the mean is its own beside it, and that lies outside of the affine span
        Placement placement = REFERENCES.place("new", LoraBlend.of(parts));

        assertThat(placement.verdict()).isEqualTo(Verdict.INTERPOLATES);
        assertThat(placement.total().besideMean()).isLessThan(0.01);
        Placement mixed = REFERENCES.place("mixed", blend(0.4f, 0.6f));
        assertThat(mixed.total().besideMean()).isCloseTo(1, Offset.offset(1e-9));
    }

    /** A reference plus a random change at right angles (but for 1 %), in two proportions. */
    @ParameterizedTest
    @CsvSource({"0.8, PARTLY_INSIDE", "1.3, OUTSIDE"})
    void place_halfAReference_isPartlyInsideUpToHalf(float share, Verdict expected) {
        LoraWeights mixed = LoraBlend.of(
                List.of(new LoraBlend.Part(Loras.random(11), 1), new LoraBlend.Part(Loras.random(99), share)));

        Placement placement = REFERENCES.place("mixed", mixed);

        assertThat(placement.total().inside()).isCloseTo(1 / (1 + share * share), Offset.offset(0.02));
        assertThat(placement.verdict()).isEqualTo(expected);
    }

    @Test
    void place_negatedReference_isNoCopy() {
        Placement placement = REFERENCES.place("negated", Loras.negated(Loras.random(12)));

        assertThat(placement.verdict()).isEqualTo(Verdict.INTERPOLATES);
        assertThat(placement.mixture().getFirst()).satisfies(part -> {
            assertThat(part.reference()).isEqualTo("task 2");
            assertThat(part.value()).isCloseTo(-1, Offset.offset(1e-9));
        });
    }

    @Test
    void placeMean_asTheBlendOfAllInEqualParts() {
        LoraWeights blend = LoraBlend.of(ADAPTERS.values().stream()
                .map(adapter -> new LoraBlend.Part(adapter, 0.2f))
                .toList());

        Placement mean = REFERENCES.placeMean("mean");

        assertThat(mean.verdict()).isEqualTo(Verdict.INTERPOLATES);
        assertThat(mean.mixture())
                .hasSize(5)
                .allSatisfy(part -> assertThat(part.value()).isCloseTo(0.2, Offset.offset(1e-9)));
        assertThat(mean.total().spaces()).isEmpty();
        assertThat(mean.total().besideMean()).isEqualTo(1);
        Placement same = REFERENCES.place("blend", blend);
        assertThat(mean.nearest().reference()).isEqualTo(same.nearest().reference());
        assertThat(mean.total().norm()).isCloseTo(same.total().norm(), Offset.offset(1e-6));
        assertThat(mean.total().cosine()).isCloseTo(same.total().cosine(), Offset.offset(1e-6));
        assertThat(mean.modules()).containsOnlyKeys(TargetModule.values());
    }

    @Test
    void leaveOneOut_independentAdapters_allOutsideTheOthers() {
        List<Placement> placements = REFERENCES.leaveOneOut();

        assertThat(placements).extracting(Placement::name).containsExactlyElementsOf(ADAPTERS.keySet());
        for (Placement placement : placements) {
            assertThat(placement.verdict()).isEqualTo(Verdict.OUTSIDE);
            assertThat(placement.neighbours())
                    .extracting(Part::reference)
                    .hasSize(4)
                    .doesNotContain(placement.name());
        }
        assertThat(References.of(Map.of("one", Loras.random(1))).leaveOneOut()).isEmpty();
    }

    @Test
    void leaveOneOut_withADuplicate_findsIt() {
        Map<String, LoraWeights> twice = new LinkedHashMap<>(ADAPTERS);
        twice.put("again", Loras.random(12));

        Placement placement = References.of(twice).leaveOneOut().getLast();

        assertThat(placement.name()).isEqualTo("again");
        assertThat(placement.verdict()).isEqualTo(Verdict.COPIES);
        assertThat(placement.nearest().reference()).isEqualTo("task 2");
    }

    @Test
    void zeroAdapters_areRefusedByName() {
        LoraWeights zero = Loras.zeroed(Loras.random(1));

        assertThatThrownBy(() -> REFERENCES.place("empty", zero))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("empty");
        assertThatThrownBy(() -> References.of(Map.of("nothing", zero)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nothing");
    }
}
