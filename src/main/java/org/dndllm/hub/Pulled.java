package org.dndllm.hub;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a pull found or fetched.
 *
 * @param repo repository
 * @param revision the revision that was asked for
 * @param commit the commit that it names
 * @param folder the snapshot, which may hold files of earlier pulls too
 * @param files the selected files, at least one
 * @param offline whether this is what the cache holds, and the hub was not asked
 */
public record Pulled(
        RepoId repo, String revision, String commit, Path folder, List<PulledFile> files, boolean offline) {
    /** llama.cpp's names of a model in parts. */
    private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");

    public Pulled {
        files = List.copyOf(files);
    }

    /** The path to go on with: of a single file itself, of a model in parts the first part, else the folder. */
    public Path path() {
        return files.size() == 1 ? files.getFirst().path() : firstPart().orElse(folder);
    }

    /** The first part, when the files are the parts of one GGUF model and nothing else. */
    public Optional<Path> firstPart() {
        List<Matcher> parts =
                files.stream().map(file -> PART.matcher(file.name())).toList();
        if (!parts.stream().allMatch(Matcher::matches)
                || parts.stream().map(part -> part.group(1)).distinct().count() > 1) {
            return Optional.empty();
        }
        return files.stream().min(Comparator.comparing(PulledFile::name)).map(PulledFile::path);
    }

    /** Bytes of all files. */
    public long bytes() {
        return files.stream().mapToLong(PulledFile::bytes).sum();
    }

    /** Bytes of the files that had to be fetched. */
    public long downloadedBytes() {
        return files.stream()
                .filter(PulledFile::downloaded)
                .mapToLong(PulledFile::bytes)
                .sum();
    }
}
