package org.dndllm.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, pulled piece by piece by one thread. Unlike the JDK's input stream it gives up when nothing
 * comes for a while: a connection that died without a word would hold a download for ever. Close it to drop the rest.
 */
final class BodyReader implements HttpResponse.BodySubscriber<BodyReader>, AutoCloseable {
    private final Duration patience;
    private final CompletableFuture<BodyReader> ready = new CompletableFuture<>();
    private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
    /** Never more than two: a piece is asked for when the last one was taken. */
    private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();

    private boolean ended;

    /** @param patience how long nothing may come */
    BodyReader(Duration patience) {
        this.patience = patience;
    }

    private sealed interface Signal {}

    private record Piece(List<ByteBuffer> bytes) implements Signal {}

    private record End(@Nullable Throwable failure) implements Signal {}

    /** The next bytes in order; an empty list is the end. */
    List<ByteBuffer> next() throws TransientFailure {
        if (ended) {
            return List.of();
        }
        Signal signal;
        try {
            signal = signals.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw Stopped.now(e);
        }
        return switch (signal) {
            case null ->
                throw new TransientFailure("nothing came for " + patience.toSeconds() + " s", (Throwable) null);
            case Piece piece -> {
                subscription.join().request(1);
                yield piece.bytes();
            }
            case End(Throwable failure)
            when failure != null ->
                throw new TransientFailure("the connection was cut (" + failure.getMessage() + ")", failure);
            case End end -> {
                ended = true;
                yield List.of();
            }
        };
    }

    /**
     * All of a short body.
     *
     * @throws IOException when it is longer than {@code most} bytes
     */
    byte[] all(int most) throws IOException, TransientFailure {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (List<ByteBuffer> piece = next(); !piece.isEmpty(); piece = next()) {
            for (ByteBuffer bytes : piece) {
                if (whole.size() + (long) bytes.remaining() > most) {
                    throw new IOException("more than " + most + " bytes");
                }
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                whole.writeBytes(copy);
            }
        }
        return whole.toByteArray();
    }

    @Override
    public void close() {
        if (!ended) {
            subscription.thenAccept(Flow.Subscription::cancel);
        }
    }

    @Override
    public CompletionStage<BodyReader> getBody() {
        return ready;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription.complete(given);
        given.request(1);
        ready.complete(this);
    }

    @Override
    public void onNext(List<ByteBuffer> bytes) {
        signals.add(new Piece(bytes));
    }

    @Override
    public void onError(Throwable failure) {
        signals.add(new End(failure));
    }

    @Override
    public void onComplete() {
        signals.add(new End(null));
    }
}
