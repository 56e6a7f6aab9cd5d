package org.dndllm.eval.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The resident memory of this process, as Linux tells it; elsewhere nothing is known. */
public final class ResidentMemory {
    private final Path proc;

    /** @param proc folder with {@code status} and {@code clear_refs} */
    public ResidentMemory(Path proc) {
        this.proc = proc;
    }

    /** That of this very process. */
    public static ResidentMemory own() {
        return new ResidentMemory(Path.of("/proc/self"));
    }

    /**
     * Sets the peak back to what is resident now; proc(5): by writing 5.
     *
     * @return whether that was allowed; otherwise the peak stays the whole process's
     */
    public boolean forgetPeak() {
        Path references = proc.resolve("clear_refs");
        if (!Files.isWritable(references)) {
            return false;
        }
        try {
            Files.write(references, "5".getBytes(StandardCharsets.US_ASCII), StandardOpenOption.WRITE);
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /** Bytes that are resident now. */
    public OptionalLong now() {
        return status("VmRSS:");
    }

    /** The most bytes that were resident at a time since the peak was last forgotten. */
    public OptionalLong peak() {
        return status("VmHWM:");
    }

    private OptionalLong status(String field) {
        try (Stream<String> lines = Files.lines(proc.resolve("status"))) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst();
        } catch (IOException notLinux) {
            return OptionalLong.empty();
        }
    }
}
