package org.dndllm.eval.experiment;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.format.JsonValue;

/**
 * What a job took.
 *
 * @param wallSeconds from begin to end
 * @param cpuSeconds of all threads of this process
 * @param peakBytes the most resident memory of the process meanwhile, where the system tells (Linux)
 * @param joules of the whole machine's processor packages, where they can be read (Linux powercap, often root only)
 */
public record Cost(double wallSeconds, double cpuSeconds, OptionalLong peakBytes, OptionalDouble joules) {
    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("wall_seconds", wallSeconds);
        json.put("cpu_seconds", cpuSeconds);
        peakBytes.ifPresent(bytes -> json.put("peak_resident_bytes", bytes));
        joules.ifPresent(energy -> json.put("joules", energy));
        return json;
    }

    static Cost fromJson(JsonValue.Obj json) {
        return new Cost(
                json.number("wall_seconds"),
                json.number("cpu_seconds"),
                json.has("peak_resident_bytes")
                        ? OptionalLong.of(json.integer("peak_resident_bytes"))
                        : OptionalLong.empty(),
                json.has("joules") ? OptionalDouble.of(json.number("joules")) : OptionalDouble.empty());
    }
}
