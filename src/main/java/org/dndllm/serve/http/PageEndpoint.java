package org.dndllm.serve.http;

import java.io.IOException;
import org.dndllm.serve.page.PageFile;
import org.dndllm.serve.page.WebPage;

/** {@code GET /} and {@code GET /page/NAME}: the web page. Needs no key: the page asks for it and holds no secret. */
final class PageEndpoint {
    private final WebPage page = WebPage.load();

    /** The page itself. */
    void index(Call call) throws IOException {
        send(call, "/");
    }

    /** A file of the page. */
    void file(Call call) throws IOException {
        send(call, WebPage.FOLDER + call.name());
    }

    private void send(Call call, String path) throws IOException {
        PageFile file = page.file(path)
                .orElseThrow(() -> new ApiException(404, "not_found", "the page has no such file; open /"));
        WebPage.HEADERS.forEach(call::header);
        call.header("ETag", file.etag());
        if (call.requestHeader("If-None-Match").filter(file::isKnown).isPresent()) {
            call.sendEmpty(304);
        } else {
            call.send(200, file.type(), file.content());
        }
    }
}
