package org.dndllm.lora;

import java.util.Arrays;
import java.util.Optional;

/** What a weight token holds besides its place. */
public enum TokenForm {
    /**
     * The official form: a chunk is standardised by its own mean and deviation, which stand in a border of {@link
     * ScaleBorder#WIDTH} rows and columns; R = rank + 2, W = chunk + 2. For the paper's family.
     */
    STANDARDIZED("standardized", ScaleBorder.WIDTH),

    /** The values of the matrices as they are; R = rank, W = chunk, no padding. For the compact family. */
    PLAIN("plain", 0);

    private final String jsonName;
    private final int border;

    TokenForm(String jsonName, int border) {
        this.jsonName = jsonName;
        this.border = border;
    }

    /** How {@code bundle.json} spells it. */
    public String jsonName() {
        return jsonName;
    }

    /** Rows and columns that the scales add to a token. */
    public int border() {
        return border;
    }

    static Optional<TokenForm> byJsonName(String name) {
        return Arrays.stream(values())
                .filter(form -> form.jsonName.equals(name))
                .findFirst();
    }
}
