package org.dndllm.eval.diagnosis;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is wrong with an adapter, each fault by name with a sentence.
 *
 * @param name of the adapter: its file, or what the caller calls it
 * @param findings in the order of {@link Fault}'s checks; empty for a healthy adapter
 * @param notChecked checks that lacked something, and what; empty when everything was checked
 */
public record AdapterHealth(String name, List<Finding> findings, List<String> notChecked) {
    /**
     * One fault.
     *
     * @param sentence what was found, with numbers, for people
     */
    public record Finding(Fault fault, String sentence) {}

    /** Copies the lists. */
    public AdapterHealth {
        findings = List.copyOf(findings);
        notChecked = List.copyOf(notChecked);
    }

    /** Whether anything is wrong. */
    public boolean broken() {
        return !findings.isEmpty();
    }

    /** Whether this fault was found. */
    public boolean has(Fault fault) {
        return findings.stream().anyMatch(finding -> finding.fault() == fault);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("adapter", name);
        json.put("broken", broken());
        json.put(
                "findings",
                findings.stream()
                        .map(finding -> Map.of("fault", finding.fault().name(), "sentence", finding.sentence()))
                        .toList());
        json.put("not_checked", notChecked);
        return json;
    }
}
