package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.Mtmd;
import org.dndllm.bindings.mtmd_input_part;
import org.dndllm.bindings.mtmd_input_text;

/**
 * A prompt of text and images as libmtmd's chunks: runs of tokens, and preprocessed images. Made, decoded and closed while
 * its projector is held. An image of w x h tokens takes w h cells of the KV cache, but only max(w, h) positions (M-RoPE).
 */
final class ImagePrompt implements AutoCloseable {
    /** Name of the native work in messages. */
    static final String DECODE = "decode a prompt with images";

    private static final int OK = 0;
    /** What {@link #decode} answers when the image encoder fails; none of llama_decode's answers. */
    private static final int NO_EMBEDDINGS = -1000;

    private final LlamaModel model;
    private final MemorySegment projector; // mtmd_context *
    private final MemorySegment chunks; // mtmd_input_chunks *
    private final int tokens;
    private final int positions;
    private final int lastChunk; // tokens of the last chunk, which is text

    private ImagePrompt(LlamaModel model, MemorySegment projector, MemorySegment chunks) {
        this.model = model;
        this.projector = projector;
        this.chunks = chunks;
        tokens = Math.toIntExact(Mtmd.mtmd_helper_get_n_tokens(chunks));
        positions = Mtmd.mtmd_helper_get_n_pos(chunks);
        long count = Mtmd.mtmd_input_chunks_size(chunks);
        MemorySegment last = count == 0 ? MemorySegment.NULL : Mtmd.mtmd_input_chunks_get(chunks, count - 1);
        boolean text = count > 0 && isText(last);
        lastChunk = text ? Math.toIntExact(Mtmd.mtmd_input_chunk_get_n_tokens(last)) : 0;
    }

    /** A piece of a prompt: text, or the next image. */
    sealed interface Part {
        /** @param special whether it is a mark of the chat template */
        record Text(String text, boolean special) implements Part {}

        record Image(RgbImage image) implements Part {}
    }

    /** Tokenises and preprocesses, on the model's native thread. */
    static ImagePrompt of(LlamaModel model, MemorySegment projector, List<Part> parts) {
        MemorySegment chunks = model.create(
                "tokenize a prompt with images",
                () -> tokenize(projector, parts),
                reason -> new NativeFailureException("libmtmd could not read the prompt: " + reason));
        ImagePrompt prompt = new ImagePrompt(model, projector, chunks);
        if (prompt.lastChunk == 0) {
            prompt.close();
            throw new InvalidInputException("prompt", "text", "must not end with an image; let text follow");
        }
        return prompt;
    }

    private static MemorySegment tokenize(MemorySegment projector, List<Part> parts) {
        List<MemorySegment> bitmaps = new ArrayList<>();
        MemorySegment chunks = Mtmd.mtmd_input_chunks_init();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, parts.size());
            for (int i = 0; i < parts.size(); i++) {
                MemorySegment part = mtmd_input_part.allocate(arena);
                switch (parts.get(i)) {
                    case Part.Text text -> mtmd_input_part.text(part, text(arena, text));
                    case Part.Image image -> {
                        MemorySegment bitmap = bitmap(image.image());
                        bitmaps.add(bitmap);
                        mtmd_input_part.bitmap(part, bitmap);
                    }
                }
                pointers.setAtIndex(ValueLayout.ADDRESS, i, part);
            }
            if (Mtmd.mtmd_tokenize_from_parts(projector, chunks, pointers, parts.size(), false) == OK) {
                return chunks;
            }
            Mtmd.mtmd_input_chunks_free(chunks);
            return MemorySegment.NULL;
        } finally {
            bitmaps.forEach(Mtmd::mtmd_bitmap_free);
        }
    }

    private static MemorySegment text(Arena arena, Part.Text part) {
        byte[] utf8 = part.text().getBytes(StandardCharsets.UTF_8);
        MemorySegment bytes = arena.allocate(utf8.length + 1L);
        MemorySegment.copy(utf8, 0, bytes, ValueLayout.JAVA_BYTE, 0, utf8.length);
        MemorySegment text = mtmd_input_text.allocate(arena);
        mtmd_input_text.text(text, bytes);
        mtmd_input_text.text_len(text, utf8.length);
        mtmd_input_text.add_special(text, false);
        mtmd_input_text.parse_special(text, part.special());
        return text;
    }

    private static MemorySegment bitmap(RgbImage image) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pixels = arena.allocateFrom(ValueLayout.JAVA_BYTE, image.pixels());
            return Mtmd.mtmd_bitmap_init(image.width(), image.height(), pixels);
        }
    }

    private static boolean isText(MemorySegment chunk) {
        return Mtmd.mtmd_input_chunk_get_type(chunk) == Mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT();
    }

    /** Cells of the KV cache that it takes. */
    int tokens() {
        return tokens;
    }

    /** Positions that it takes. */
    int positions() {
        return positions;
    }

    /** Index of its last token in the last batch, when batches have {@code batch} tokens. */
    int lastOutput(int batch) {
        return (lastChunk - 1) % batch;
    }

    /**
     * Encodes its images and decodes all of it, on a context's native thread; the caller has made sure that it fits.
     *
     * @return as llama_decode, or another number than its own if an image could not be encoded
     */
    int decode(MemorySegment context, int position, int sequence, int batch) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment next = arena.allocateFrom(ValueLayout.JAVA_INT, position);
            long count = Mtmd.mtmd_input_chunks_size(chunks);
            int status = OK;
            for (long i = 0; status == OK && i < count; i++) {
                MemorySegment chunk = Mtmd.mtmd_input_chunks_get(chunks, i);
                status = isText(chunk)
                        ? text(context, chunk, next, sequence, batch, i == count - 1)
                        : image(context, chunk, next, sequence, batch);
            }
            return status;
        }
    }

    private int text(
            MemorySegment context, MemorySegment chunk, MemorySegment next, int sequence, int batch, boolean logits) {
        return Mtmd.mtmd_helper_eval_chunk_single(
                projector, context, chunk, next.get(ValueLayout.JAVA_INT, 0), sequence, batch, logits, next);
    }

    private int image(MemorySegment context, MemorySegment chunk, MemorySegment next, int sequence, int batch) {
        if (Mtmd.mtmd_encode_chunk(projector, chunk) != OK) {
            return NO_EMBEDDINGS;
        }
        return Mtmd.mtmd_helper_decode_image_chunk(
                projector,
                context,
                chunk,
                Mtmd.mtmd_get_output_embd(projector),
                next.get(ValueLayout.JAVA_INT, 0),
                sequence,
                batch,
                next,
                MemorySegment.NULL,
                MemorySegment.NULL);
    }

    /** Frees the chunks; the tokens and images are then gone. Called once. */
    @Override
    public void close() {
        if (model.isPoisoned() == false) {
            Mtmd.mtmd_input_chunks_free(chunks);
        }
    }
}
