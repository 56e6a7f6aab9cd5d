package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import org.dndllm.InvalidInputException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.Mtmd;
import org.dndllm.bindings.mtmd_context_params;

/**
 * The image encoder of a Qwen2.5-VL model (libmtmd), which lets its contexts read pictures. Made by {@link
 * LlamaModel#openVision}; the caller closes it, or the model does. One thread at a time: a second one gets an
 * IllegalStateException, only {@link #close} waits.
 */
public final class VisionProjector implements AutoCloseable {
    /** Stands in a message where an image goes: U+FFFC, Unicode's own character for that. */
    public static final String IMAGE = "\uFFFC";

    private static final List<String> MARKS = List.of("<|vision_start|>", "<|vision_end|>");

    private final LlamaModel model;
    private final String source;
    private final MemorySegment pointer; // mtmd_context *
    private final ReentrantLock use = new ReentrantLock();
    private boolean closed; // guarded by use

    /** The file has been checked. */
    VisionProjector(LlamaModel model, MemorySegment modelPointer, Path mmproj, VisionOptions options, boolean onGpu) {
        this.model = model;
        source = mmproj.toString();
        MtmdLibrary.require();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment params = params(arena, options, onGpu);
            MemorySegment path = arena.allocateFrom(source);
            pointer = model.create(
                    "load image encoder " + source,
                    () -> Mtmd.mtmd_init_from_file(path, modelPointer, params),
                    reason -> new InvalidInputException(source, "image encoder", "libmtmd refused it: " + reason));
        }
    }

    private static MemorySegment params(Arena arena, VisionOptions options, boolean onGpu) {
        MemorySegment params = Mtmd.mtmd_context_params_default(arena);
        mtmd_context_params.use_gpu(params, onGpu);
        mtmd_context_params.print_timings(params, false);
        mtmd_context_params.n_threads(params, options.effectiveThreads());
        mtmd_context_params.image_max_tokens(params, options.imageTokens());
        // its trial run takes seconds; buffers are then made for the first image
        mtmd_context_params.warmup(params, false);
        mtmd_context_params.flash_attn_type(params, LlamaCpp.LLAMA_FLASH_ATTN_TYPE_AUTO());
        return params;
    }

    /** @throws InvalidInputException if the file is malformed or does not belong to the model, naming the field */
    static void check(LlamaModel model, Path mmproj) {
        ProjectorFile.check(mmproj, model.source(), model.shape());
        for (String mark : MARKS) {
            if (model.vocabulary().tokenize(mark, true).length != 1) {
                throw new InvalidInputException(
                        model.source(), mark, "is not one token of this model; choose a complete Qwen2.5-VL model");
            }
        }
    }

    /** Where it was opened. */
    public String source() {
        return source;
    }

    /**
     * Appends a chat with images, up to the begin of the assistant's turn, to a sequence of a context, whole or not at all,
     * with logits for the last token. Only the chat template's own marks become special tokens, as with {@link ChatTemplate}.
     *
     * @param context of this projector's model
     * @param messages hold {@value #IMAGE} where an image goes
     * @param images in the order of their places; as many as there are places
     * @return positions that the sequence holds now
     * @throws InvalidInputException if places and images do not match
     * @throws ContextFullException if it does not fit; nothing was computed
     * @throws CancellationException if {@code cancel} was cancelled; the sequence is as it was. An image that is being
     *     encoded is finished first
     */
    public int decode(
            LlamaContext context, List<ChatMessage> messages, List<RgbImage> images, int sequence, CancelToken cancel) {
        return decode(context, messages, true, images, sequence, cancel);
    }

    /**
     * As {@link #decode}, but without the begin of the assistant's turn: several answers can follow the same messages, each
     * in a copy of the sequence ({@link LlamaContext#copy}, {@link ChatTemplate#turns}).
     */
    public int decodeMessages(
            LlamaContext context, List<ChatMessage> messages, List<RgbImage> images, int sequence, CancelToken cancel) {
        return decode(context, messages, false, images, sequence, cancel);
    }

    private int decode(
            LlamaContext context,
            List<ChatMessage> messages,
            boolean answer,
            List<RgbImage> images,
            int sequence,
            CancelToken cancel) {
        if (context.model() != model) {
            throw new IllegalArgumentException(context + " belongs to another model than " + this);
        }
        List<ImagePrompt.Part> parts =
                parts(ChatTemplate.segments(messages, model.vocabulary().defaultSystem(), answer), images);
        enter();
        try (ImagePrompt prompt = ImagePrompt.of(model, pointer, parts)) {
            return context.decode(prompt, sequence, cancel);
        } finally {
            use.unlock();
        }
    }

    static List<ImagePrompt.Part> parts(List<ChatTemplate.Segment> segments, List<RgbImage> images) {
        long places = segments.stream()
                .flatMapToInt(segment -> segment.text().chars())
                .filter(character -> character == IMAGE.charAt(0))
                .count();
        if (places != images.size()) {
            throw new InvalidInputException(
                    "prompt",
                    "images",
                    "there are " + images.size() + ", but the messages have " + places
                            + " places for them (U+FFFC); give each image its place");
        }
        List<ImagePrompt.Part> parts = new ArrayList<>();
        Iterator<RgbImage> next = images.iterator();
        for (ChatTemplate.Segment segment : segments) {
            String[] texts = segment.text().split(IMAGE, -1);
            for (int i = 0; i < texts.length; i++) {
                if (i > 0) {
                    parts.add(new ImagePrompt.Part.Image(next.next()));
                }
                if (texts[i].isEmpty() == false) {
                    parts.add(new ImagePrompt.Part.Text(texts[i], segment.special()));
                }
            }
        }
        return parts;
    }

    private void enter() {
        if (use.tryLock() == false) {
            throw new IllegalStateException(this + " is in use by another thread; it serves one at a time");
        }
        if (closed) {
            use.unlock();
            throw new IllegalStateException(this + " is closed");
        }
    }

    /** Frees it, after the image in progress. Idempotent, from any thread. */
    @Override
    public void close() {
        use.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            model.forget(this);
            if (model.isPoisoned() == false) {
                model.onThread("free image encoder " + source, () -> {
                    Mtmd.mtmd_free(pointer);
                    return 0;
                });
            }
        } finally {
            use.unlock();
        }
    }

    @Override
    public String toString() {
        return "VisionProjector " + source;
    }
}
