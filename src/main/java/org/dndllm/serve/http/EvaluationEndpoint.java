package org.dndllm.serve.http;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;
import org.dndllm.engine.Progress;
import org.dndllm.llama.CancelToken;
import org.dndllm.serve.evaluation.EvaluationReport;
import org.dndllm.serve.evaluation.EvaluationRequest;
import org.dndllm.serve.evaluation.Evaluator;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/evaluations}: base model and adapters on labelled items, as JSON or with progress before it. */
final class EvaluationEndpoint implements Router.Endpoint {
    /** Each keeps a whole context busy. */
    private static final int AT_ONCE = 2;

    private static final Duration BETWEEN_EVENTS = Duration.ofMillis(50);

    private final Services services;
    private final Evaluator evaluator;
    private final Semaphore running = new Semaphore(AT_ONCE);

    EvaluationEndpoint(Services services) {
        this.services = services;
        evaluator = new Evaluator(services.scheduler(), services.model().vocabulary());
    }

    @Override
    public void answer(Call call) throws IOException, InterruptedException {
        Fields fields = new Fields(call.json());
        EvaluationRequest request = EvaluationRequest.of(fields.json());
        if (!running.tryAcquire()) {
            throw new ApiException(
                    429, "evaluation_busy", AT_ONCE + " evaluations are running already; try again when one is done");
        }
        try (Contenders contenders = Contenders.lease(services.registry(), request.adapters())) {
            boolean stream = fields.flag("stream");
            CancelToken cancel = CancelToken.create();
            call.onGone(cancel::cancel);
            if (stream) {
                stream(call, request, contenders, cancel);
            } else {
                call.send(200, run(request, contenders, Progress.NONE, cancel).toJson());
            }
        } finally {
            running.release();
        }
    }

    private EvaluationReport run(
            EvaluationRequest request, Contenders contenders, Progress progress, CancelToken cancel)
            throws InterruptedException {
        long deadline = System.nanoTime() + services.options().timeout().toNanos();
        Progress timed = (stage, done, total) -> {
            progress.advanced(stage, done, total);
            if (System.nanoTime() - deadline > 0) {
                cancel.cancel();
            }
        };
        try {
            return evaluator.run(request, contenders.all(), timed, cancel);
        } catch (CancellationException e) {
            throw new ApiException(
                    504, "request_timeout", "the evaluation took longer than this server allows; give fewer items");
        }
    }

    private void stream(Call call, EvaluationRequest request, Contenders contenders, CancelToken cancel)
            throws IOException, InterruptedException {
        try (SseStream events = SseStream.open(call)) {
            ProgressEvents progress = new ProgressEvents(events, cancel);
            try {
                events.event(
                        "evaluation", run(request, contenders, progress, cancel).toJson());
            } catch (RuntimeException e) {
                progress.throwIfGone();
                events.event("error", ApiErrors.of(e).toJson());
            }
            events.done();
        }
    }

    /** Sends progress, not more often than anyone can see; a client that is gone ends the evaluation. */
    private static final class ProgressEvents implements Progress {
        private final SseStream events;
        private final CancelToken cancel;
        private @Nullable IOException gone;
        private long next = System.nanoTime();

        ProgressEvents(SseStream events, CancelToken cancel) {
            this.events = events;
            this.cancel = cancel;
        }

        @Override
        public void advanced(String stage, long done, long total) {
            long now = System.nanoTime();
            if (gone != null || (done < total && now - next < 0)) {
                return;
            }
            next = now + BETWEEN_EVENTS.toNanos();
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("stage", stage);
            json.put("done", done);
            json.put("total", total);
            try {
                events.event("progress", json);
            } catch (IOException e) {
                gone = e;
                cancel.cancel();
            }
        }

        void throwIfGone() throws IOException {
            if (gone != null) {
                throw gone;
            }
        }
    }
}
