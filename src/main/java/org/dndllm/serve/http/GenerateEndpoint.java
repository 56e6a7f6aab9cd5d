package org.dndllm.serve.http;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.serve.adapter.AdapterCard;
import org.dndllm.serve.adapter.AdapterPublication;
import org.dndllm.serve.adapter.AdapterRegistry;

/** {@code POST /v1/adapters/generate}: unlabelled prompts in, an adapter that can be asked for by name out. */
final class GenerateEndpoint implements Router.Endpoint {
    private static final double MOST_SCALE = 1000;

    private final Services services;

    GenerateEndpoint(Services services) {
        this.services = services;
    }

    /** What was asked for, checked. */
    private record Order(
            Optional<String> generator,
            PromptSet prompts,
            long seed,
            AdapterPublication publication,
            boolean attach,
            float scale) {}

    @Override
    public void answer(Call call) throws IOException, InterruptedException {
        PromptRequest request = PromptRequest.of(call);
        Order order = order(request.fields(), request.prompts());
        boolean stream = request.fields().flag("stream");
        CancelToken cancel = CancelToken.create();
        call.onGone(cancel::cancel);
        if (stream) {
            stream(call, order, cancel);
            return;
        }
        try {
            call.send(200, json(make(order, stoppable(Progress.NONE, cancel))));
        } catch (CancellationException e) {
            throw new IOException("the client has left before its adapter was made", e);
        }
    }

    /** Ends the work before its next stage when the client has left; an adapter that was published by then stays. */
    private static Progress stoppable(Progress progress, CancelToken cancel) {
        return (stage, done, total) -> {
            cancel.check();
            progress.advanced(stage, done, total);
        };
    }

    private Order order(Fields fields, PromptSet prompts) {
        fields.refuse("save_to", "is not supported; fetch the files from /v1/adapters/{name}");
        return new Order(
                fields.text("generator").filter(name -> !name.isEmpty()),
                prompts,
                fields.wide("seed").orElse(1),
                AdapterEndpoints.publication(fields, fields.text("name").orElseGet(services.registry()::freshName)),
                fields.flag("attach"),
                fields.number("scale", -MOST_SCALE, MOST_SCALE, 1f));
    }

    private AdapterCard make(Order order, Progress progress) {
        AdapterCard card = services.workshop()
                .generate(order.generator(), order.prompts(), order.seed(), order.publication(), progress);
        if (order.attach()) {
            services.registry().addGlobal(AdapterRegistry.Choice.of(card.name(), order.scale()));
        }
        return card;
    }

    private Map<String, Object> json(AdapterCard card) {
        Map<String, Object> json = card.toJson();
        json.put("parent", services.base());
        return json;
    }

    /** What the working thread tells the answering one. */
    private record Event(String name, Map<String, ?> json) {
        boolean isLast() {
            return !name.equals("progress");
        }
    }

    private void stream(Call call, Order order, CancelToken cancel) throws IOException, InterruptedException {
        BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        Thread.ofVirtual().name("dnd-generate").start(() -> {
            try {
                events.add(new Event("adapter", json(make(order, stoppable(progress(events), cancel)))));
            } catch (CancellationException e) {
                events.add(new Event("error", Map.of())); // nobody is there to read it
            } catch (RuntimeException e) {
                events.add(new Event("error", ApiErrors.of(e).toJson()));
            }
        });
        try (SseStream stream = SseStream.open(call)) {
            while (true) {
                @org.jspecify.annotations.Nullable Event event = events.poll(15, TimeUnit.SECONDS);
                if (event == null) {
                    stream.ping();
                    continue;
                }
                stream.event(event.name(), event.json());
                if (event.isLast()) {
                    stream.done();
                    return;
                }
            }
        }
    }

    private static Progress progress(BlockingQueue<Event> events) {
        return (stage, done, total) -> {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("stage", stage);
            json.put("done", done);
            json.put("total", total);
            events.add(new Event("progress", json));
        };
    }
}
