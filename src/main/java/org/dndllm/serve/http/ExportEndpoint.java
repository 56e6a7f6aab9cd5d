package org.dndllm.serve.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.dndllm.lora.PeftAdapter;

/** {@code GET /v1/adapters/{name}?format=peft|gguf}: a zip with a PEFT folder, or the GGUF file. */
final class ExportEndpoint implements Router.Endpoint {
    private static final long NO_DATE = 0x0021_0000L; // so that the same adapter gives the same bytes

    private final Services services;

    ExportEndpoint(Services services) {
        this.services = services;
    }

    @Override
    public void answer(Call call) throws IOException {
        String format = call.query("format").orElse("peft");
        Path folder = services.registry().withFiles(call.name(), inside -> inside);
        try {
            switch (format) {
                case "gguf" -> gguf(call, folder);
                case "peft" -> peft(call, folder);
                default -> throw ApiException.field("format", "is '" + format + "', expected peft or gguf");
            }
        } catch (NoSuchFileException e) {
            throw new ApiException(404, "lora_adapter_not_found", "the adapter was unloaded meanwhile");
        }
    }

    private static void gguf(Call call, Path folder) throws IOException {
        Path file = folder.resolve("adapter.gguf");
        try (InputStream in = Files.newInputStream(file)) {
            call.header("Content-Disposition", "attachment; filename=\"" + call.name() + ".gguf\"");
            try (OutputStream out = call.stream("application/octet-stream", Files.size(file))) {
                in.transferTo(out);
            }
        }
    }

    /** All files are opened before the answer begins: an unload meanwhile cannot cut it. */
    private static void peft(Call call, Path folder) throws IOException {
        if (!Files.exists(folder.resolve(PeftAdapter.CONFIG_FILE))) {
            throw new ApiException(
                    409,
                    "adapter_not_convertible",
                    "this adapter has several ranks or touches weights that PEFT names otherwise; use format=gguf");
        }
        Map<String, InputStream> files = new LinkedHashMap<>();
        try {
            for (String name : new String[] {PeftAdapter.CONFIG_FILE, PeftAdapter.WEIGHTS_FILE, "card.json"}) {
                files.put(name, Files.newInputStream(folder.resolve(name)));
            }
            call.header("Content-Disposition", "attachment; filename=\"" + call.name() + ".zip\"");
            try (ZipOutputStream zip = new ZipOutputStream(call.stream("application/zip"))) {
                zip.setLevel(Deflater.NO_COMPRESSION); // weights do not get smaller
                for (Map.Entry<String, InputStream> file : files.entrySet()) {
                    ZipEntry entry = new ZipEntry(file.getKey());
                    entry.setTime(NO_DATE);
                    zip.putNextEntry(entry);
                    file.getValue().transferTo(zip);
                    zip.closeEntry();
                }
            }
        } finally {
            files.values().forEach(ExportEndpoint::close);
        }
    }

    private static void close(InputStream in) {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
