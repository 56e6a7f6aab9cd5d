package org.dndllm.eval.diagnosis;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.diagnosis.AdapterHealth.Finding;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraNorms;
import org.dndllm.lora.LoraProducts;
import org.dndllm.lora.LoraWeights;

/**
 * Examines adapters for a base model. What can be checked depends on what is at hand; what could not be checked is in the
 * result.
 *
 * <pre>{@code
 * AdapterHealth health = HealthCheck.of(shape).withProbe(probe).file(Path.of("my-adapter"));
 * health.findings().forEach(finding -> System.out.println(finding.fault() + ": " + finding.sentence()));
 * }</pre>
 *
 * @param shape of the base model
 * @param baseSha256 of its file, to compare with an adapter's provenance
 * @param baseNorms how large its weights are
 * @param references trusted adapters for the same task, by name
 * @param probe the running base model, with the task's labelled items where there are any; whoever opened it closes it
 */
public record HealthCheck(
        BaseShape shape,
        Optional<String> baseSha256,
        Optional<BaseNorms> baseNorms,
        Map<String, LoraWeights> references,
        Optional<AnswerProbe> probe) {
    /** At or below this cosine with a reference an adapter is the reference with the wrong sign. */
    public static final double OPPOSITE = -0.9;

    /** Above this multiple of a reference's norm, or of the base weights' own norm, an adapter is huge. */
    public static final double HUGE_BY_REFERENCE = 10;

    /** As {@link #HUGE_BY_REFERENCE}, against the base weights that are touched; trained LoRAs stay well below. */
    public static final double HUGE_BY_BASE = 1;

    /** From this value on F16 overflows, and llama.cpp's products with it. */
    private static final float LARGEST_VALUE = 65_536;

    /** Differences of log-likelihoods count from this many standard errors of their mean on. */
    private static final double STANDARD_ERRORS = 2;

    /**
     * The opposite of a flipped adapter wins back at least this share of the log-likelihood that the base model lacks. The
     * opposite of a LoRA for another task may win a little too: at most a third, in 36 pairs of the nano world.
     */
    public static final double WON_BACK = 0.5;

    /** Copies the references. */
    public HealthCheck {
        references = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(references));
    }

    /** With the shape alone. */
    public static HealthCheck of(BaseShape shape) {
        return new HealthCheck(shape, Optional.empty(), Optional.empty(), Map.of(), Optional.empty());
    }

    /** The same with the hash of the base model's file. */
    public HealthCheck withBaseSha256(String sha256) {
        return new HealthCheck(shape, Optional.of(sha256), baseNorms, references, probe);
    }

    /** The same with the base weights' norms. */
    public HealthCheck withBaseNorms(BaseNorms norms) {
        return new HealthCheck(shape, baseSha256, Optional.of(norms), references, probe);
    }

    /** The same with trusted adapters for the same task. */
    public HealthCheck withReferences(Map<String, LoraWeights> trusted) {
        return new HealthCheck(shape, baseSha256, baseNorms, trusted, probe);
    }

    /** The same with the running model. */
    public HealthCheck withProbe(AnswerProbe running) {
        return new HealthCheck(shape, baseSha256, baseNorms, references, Optional.of(running));
    }

    /**
     * Examines a PEFT folder or a GGUF file.
     *
     * @throws InvalidInputException if there is nothing at that path; whatever is wrong with a file is a finding
     */
    public AdapterHealth file(Path adapter) {
        AdapterReading reading = AdapterReading.of(adapter, shape, baseSha256);
        if (reading.weights().isEmpty()) {
            return new AdapterHealth(
                    adapter.toString(),
                    reading.findings(),
                    List.of("everything else: it cannot be read for this base"));
        }
        return examine(adapter.toString(), reading.weights().get(), reading.findings());
    }

    /** Examines an adapter in memory, which its own class has found readable and finite. */
    public AdapterHealth weights(String name, LoraWeights adapter) {
        return examine(name, adapter, List.of());
    }

    private AdapterHealth examine(String name, LoraWeights adapter, List<Finding> known) {
        List<Finding> findings = new ArrayList<>(known);
        List<String> notChecked = new ArrayList<>();
        double norm = LoraNorms.of(adapter).total();
        if (norm == 0) {
            findings.add(new Finding(Fault.ZERO, "every change of a weight is zero: A or B holds only zeros"));
            return new AdapterHealth(name, findings, notChecked);
        }
        size(adapter, norm, findings, notChecked);
        boolean opposite = compare(adapter, norm, findings);
        if (probe.isEmpty()) {
            notChecked.add("effect on the model: no running base model given");
        } else if (adapter.largestMagnitude() >= LARGEST_VALUE) {
            notChecked.add("effect on the model: values as large are not let into it");
        } else {
            effect(adapter, probe.get(), opposite, findings, notChecked);
        }
        if (references.isEmpty() && probe.filter(AnswerProbe::labelled).isEmpty()) {
            notChecked.add("sign: no reference adapter and no labelled items given");
        }
        return new AdapterHealth(name, findings, notChecked);
    }

    private void size(LoraWeights adapter, double norm, List<Finding> findings, List<String> notChecked) {
        if (adapter.largestMagnitude() >= LARGEST_VALUE) {
            findings.add(finding(
                    Fault.HUGE,
                    "holds a value of magnitude %.3g; trained weights stay far below %.0f",
                    adapter.largestMagnitude(),
                    LARGEST_VALUE));
        }
        if (baseNorms.isEmpty() && references.isEmpty()) {
            notChecked.add("norm: neither base weights nor a reference adapter to compare with");
        }
        baseNorms.ifPresent(norms -> {
            double share = norm / norms.of(adapter);
            if (share > HUGE_BY_BASE) {
                findings.add(finding(
                        Fault.HUGE,
                        "|scale B A| is %.4g, %.3g times the norm of the weights that it changes; expected less than %s",
                        norm,
                        share,
                        HUGE_BY_BASE));
            }
        });
    }

    /** Whether it is the opposite of a reference. */
    private boolean compare(LoraWeights adapter, double norm, List<Finding> findings) {
        boolean opposite = false;
        for (Map.Entry<String, LoraWeights> reference : references.entrySet()) {
            double length = LoraNorms.of(reference.getValue()).total();
            double product = LoraProducts.of(List.of(adapter), List.of(reference.getValue()))
                    .total()[0][0];
            if (norm > HUGE_BY_REFERENCE * length) {
                findings.add(finding(
                        Fault.HUGE,
                        "|scale B A| is %.4g, %.3g times that of %s; expected at most %.0f times",
                        norm,
                        norm / length,
                        reference.getKey(),
                        HUGE_BY_REFERENCE));
            }
            if (length > 0 && product / norm / length <= OPPOSITE) {
                opposite = true;
                findings.add(finding(
                        Fault.SIGN_FLIPPED,
                        "its change of the weights has cosine %.3f with that of %s: the same with the wrong sign",
                        product / norm / length,
                        reference.getKey()));
            }
        }
        return opposite;
    }

    private static void effect(
            LoraWeights adapter,
            AnswerProbe running,
            boolean opposite,
            List<Finding> findings,
            List<String> notChecked) {
        double[] base = running.base();
        double[] with = running.with(adapter, 1);
        if (Arrays.stream(with).anyMatch(value -> !Double.isFinite(value))) {
            findings.add(
                    finding(Fault.NON_FINITE, "the model's logits are not finite with it; its weights are too large"));
        } else if (Arrays.equals(base, with)) {
            findings.add(finding(
                    Fault.NO_EFFECT, "the model gives exactly the probabilities that it gives without the adapter"));
        } else if (running.labelled()) {
            answers(base, with, running.with(adapter, -1), opposite, findings);
        } else {
            notChecked.add("answers: no labelled items given");
        }
    }

    private static void answers(
            double[] base, double[] with, double[] negated, boolean opposite, List<Finding> findings) {
        MeanDifference harm = MeanDifference.of(base, with);
        if (harm.mean() <= STANDARD_ERRORS * harm.standardError()) {
            return;
        }
        MeanDifference gain = MeanDifference.of(negated, base);
        double lacking = -Arrays.stream(base).average().orElseThrow(); // 0 is certainty
        if (gain.mean() > STANDARD_ERRORS * gain.standardError() && gain.mean() >= WON_BACK * lacking) {
            if (!opposite) {
                findings.add(finding(
                        Fault.SIGN_FLIPPED,
                        "the right answers' log-likelihood is %.2f lower with it than without, and %.2f higher with its"
                                + " opposite (scale -1); means of %d items",
                        harm.mean(),
                        gain.mean(),
                        base.length));
            }
        } else {
            findings.add(finding(
                    Fault.WORSE_THAN_BASE,
                    "the right answers' log-likelihood is %.2f lower with it than without (mean of %d items, standard"
                            + " error %.2f)",
                    harm.mean(),
                    base.length,
                    harm.standardError()));
        }
    }

    private static Finding finding(Fault fault, String format, Object... arguments) {
        return new Finding(fault, String.format(Locale.ROOT, format, arguments));
    }
}
