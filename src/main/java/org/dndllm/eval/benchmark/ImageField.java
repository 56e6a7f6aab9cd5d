package org.dndllm.eval.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.VisionProjector;
import tools.jackson.databind.JsonNode;

/**
 * Finds a record's picture: {@code decoded_image}, else {@code image}, as Math-Vision and Math-Vista have them. It is a path
 * relative to the file's folder, which it must not leave; or Base64, bare, as {@code data:} address or in {@code {bytes:
 * ..}}, as tables with pictures are exported.
 */
final class ImageField {
    private static final List<String> FIELDS = List.of("decoded_image", "image");
    /** The first bytes of PNG and JPEG in Base64; no path begins so. */
    private static final List<String> BEGINS = List.of("iVBORw0KGgo", "/9j/");

    private static final Pattern PLACE = Pattern.compile("<image\\d*>");

    private final String source;
    private final String place;

    private ImageField(String source, String place) {
        this.source = source;
        this.place = place;
    }

    /** The picture; empty when the record has none. */
    static Optional<ItemImage> of(JsonNode object, String source, String place) {
        return FIELDS.stream()
                .filter(object::hasNonNull)
                .findFirst()
                .map(field -> new ImageField(source, place + ", field " + field).image(object.get(field)));
    }

    /** A prompt with the image's place in it: at {@code <image1>} or {@code <image>}, else before the text. */
    static String placed(String prompt, String source, String place) {
        if (prompt.contains(VisionProjector.IMAGE)) {
            throw new InvalidInputException(
                    source, place, "holds U+FFFC in its question, which stands for the image here; remove it");
        }
        String at = PLACE.matcher(prompt).replaceFirst(VisionProjector.IMAGE);
        return at.equals(prompt) ? VisionProjector.IMAGE + prompt : at;
    }

    private ItemImage image(JsonNode value) {
        JsonNode content = value.isObject() ? value.path("bytes") : value;
        if (!content.isString() || content.asString().isBlank()) {
            throw wrong("must be a path, Base64, or an object with bytes in Base64, is " + value.getNodeType());
        }
        String text = content.asString().strip();
        if (text.startsWith("data:")) {
            return inline(text.substring(text.indexOf(',') + 1));
        }
        boolean encoded = value.isObject() || BEGINS.stream().anyMatch(text::startsWith);
        return encoded ? inline(text) : file(text);
    }

    private ItemImage inline(String base64) {
        try {
            Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw wrong("is not valid Base64 (" + e.getMessage() + ")");
        }
        return new ItemImage.Inline(base64);
    }

    private ItemImage file(String name) {
        try {
            Path folder = Path.of(source).toRealPath().resolveSibling("");
            Path file = folder.resolve(name).normalize();
            if (Path.of(name).isAbsolute() || !file.startsWith(folder)) {
                throw outside(name);
            }
            if (!Files.isRegularFile(file)) {
                throw wrong("names " + name + ", which is no file in " + folder + "; put the images there");
            }
            if (!file.toRealPath().startsWith(folder)) {
                throw outside(name);
            }
            return new ItemImage.InFile(file);
        } catch (InvalidPathException | IOException e) {
            throw wrong("cannot be used as a path: " + e.getMessage());
        }
    }

    private InvalidInputException outside(String name) {
        return wrong("names " + name + ", which lies outside of the folder of the questions; expected a relative path"
                + " inside");
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException(source, place, problem);
    }
}
