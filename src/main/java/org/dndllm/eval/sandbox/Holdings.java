package org.dndllm.eval.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What all processes below one hold together at one moment, read from {@code /proc}. A limit of the kernel counts each
 * process for itself; control groups, which count them together, are seldom a user's to make.
 *
 * @param tasks processes and threads
 * @param memory bytes: resident memory, and files in memory that only an open descriptor names (memfd_create(2))
 */
record Holdings(int tasks, long memory) {
    // from the start of a line: a process names itself, in the first line, as it likes
    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");
    private static final Pattern THREADS = Pattern.compile("(?m)^Threads:\\s+(\\d+)");

    /** Orphans belong to process 1 of their namespace, which is below {@code root}, so none is missed. */
    static Holdings below(ProcessHandle root) {
        int tasks = 0;
        long memory = 0;
        Set<Object> counted = new HashSet<>();
        for (ProcessHandle process : root.descendants().toList()) {
            Path folder = Path.of("/proc", String.valueOf(process.pid()));
            try {
                String status = Files.readString(folder.resolve("status"));
                tasks += Math.toIntExact(number(THREADS, status).orElse(0L));
                memory += 1024 * number(RESIDENT, status).orElse(0L);
                memory += memoryFiles(folder.resolve("fd"), counted);
            } catch (IOException e) {
                // it ended in between, and holds nothing any more
            }
        }
        return new Holdings(tasks, memory);
    }

    private static long memoryFiles(Path descriptors, Set<Object> counted) throws IOException {
        long bytes = 0;
        String[] names = descriptors.toFile().list();
        for (String name : names == null ? new String[0] : names) {
            Path descriptor = descriptors.resolve(name);
            if (Files.isSymbolicLink(descriptor)
                    && Files.readSymbolicLink(descriptor).toString().startsWith("/memfd:")
                    && counted.add(Files.getAttribute(descriptor, "unix:ino"))) {
                bytes += Files.size(descriptor);
            }
        }
        return bytes;
    }

    private static Optional<Long> number(Pattern pattern, String status) {
        Matcher matcher = pattern.matcher(status);
        return matcher.find() ? Optional.of(Long.valueOf(matcher.group(1))) : Optional.empty();
    }
}
