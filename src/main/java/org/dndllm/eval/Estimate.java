package org.dndllm.eval;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A measured quantity with its 95 % interval.
 *
 * @param value the point estimate
 * @param low lower end of the interval
 * @param high upper end of the interval
 */
public record Estimate(double value, double low, double high) {

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("value", value);
        json.put("low", low);
        json.put("high", high);
        return json;
    }
}
