package org.dndllm.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;

/**
 * The cache on disk, as the hub's own tools lay it out: {@code <repo>/blobs/<hash>}, {@code <repo>/snapshots/<commit>/<file>}
 * as links to blobs (copies where links are not possible), {@code <repo>/refs/<revision>} with a commit, and
 * {@code .locks/<repo>/<hash>.lock}.
 */
final class HubCache {
    private final Path root;
    private final Disk disk;

    HubCache(Path root, Disk disk) {
        this.root = root;
        this.disk = disk;
    }

    Path folder(RepoId repo) {
        return root.resolve(repo.folder());
    }

    Path blob(RepoId repo, ContentHash hash) {
        return folder(repo).resolve("blobs").resolve(hash.hex());
    }

    /**
     * Where a download grows. Our own name: other tools lock in ways that a JVM does not see, and two writers of one
     * file would spoil it.
     */
    Path partial(RepoId repo, ContentHash hash) {
        return folder(repo).resolve("blobs").resolve(hash.hex() + ".dnd.incomplete");
    }

    Path lock(RepoId repo, ContentHash hash) {
        return root.resolve(".locks").resolve(repo.folder()).resolve(hash.hex() + ".lock");
    }

    Path snapshot(RepoId repo, String commit) {
        return folder(repo).resolve("snapshots").resolve(commit);
    }

    /** Whether a file's content is there, whole: as a blob, or in the snapshot itself where links are not possible. */
    boolean has(RepoId repo, String commit, RemoteFile file) {
        return isWhole(blob(repo, file.hash()), file)
                || isWhole(snapshot(repo, commit).resolve(file.name()), file);
    }

    private static boolean isWhole(Path path, RemoteFile file) {
        try {
            return Files.isRegularFile(path) && Files.size(path) == file.size();
        } catch (IOException gone) {
            return false;
        }
    }

    /**
     * Makes a file visible in its snapshot.
     *
     * @return its path there
     * @throws EnvironmentException when the disk refuses
     */
    Path show(RepoId repo, String commit, RemoteFile file) {
        Path shown = snapshot(repo, commit).resolve(file.name());
        if (isWhole(shown, file)) {
            return shown;
        }
        Path blob = blob(repo, file.hash());
        try {
            Files.createDirectories(shown.getParent());
            Files.deleteIfExists(shown); // a link to nothing, or a copy cut short by another tool
            link(shown, blob);
        } catch (IOException e) {
            throw new EnvironmentException(
                    shown + ": cannot be written (" + e + "); check free space and permissions of its folder", e);
        }
        return shown;
    }

    private void link(Path shown, Path blob) throws IOException {
        try {
            Path folder = Objects.requireNonNull(shown.getParent(), "a snapshot's files lie in it");
            disk.link(shown, folder.relativize(blob)); // relative, so that the cache may be moved
        } catch (FileAlreadyExistsException e) {
            // another process was faster; by commit and name it links to the same content
        } catch (IOException | UnsupportedOperationException noLinksHere) {
            AtomicFile.write(shown, target -> {
                try (FileChannel source = FileChannel.open(blob, StandardOpenOption.READ)) {
                    for (long at = 0; at < source.size(); ) {
                        at += source.transferTo(at, source.size() - at, target);
                    }
                }
            });
        }
    }

    /** Lets a branch or tag name a commit from now on; a commit needs no name. */
    void remember(RepoId repo, String revision, String commit) {
        Path reference = folder(repo).resolve("refs").resolve(revision);
        if (!revision.equals(commit) && !commitOf(repo, revision).equals(Optional.of(commit))) {
            AtomicFile.writeString(reference, commit);
        }
    }

    /** The commit that a revision named when it was last fetched. */
    Optional<String> commitOf(RepoId repo, String revision) {
        if (HubApi.isCommit(revision)) {
            return Optional.of(revision);
        }
        Path reference = folder(repo).resolve("refs").resolve(revision);
        try {
            return Files.isRegularFile(reference)
                    ? Optional.of(Files.readString(reference).strip()).filter(HubApi::isCommit)
                    : Optional.empty();
        } catch (IOException e) {
            throw new InvalidInputException(
                    reference.toString(), "reference", "cannot be read (" + e + "); mend or remove it", e);
        }
    }

    /** Names of the files of a snapshot whose content is there, in order. */
    List<String> names(RepoId repo, String commit) {
        Path snapshot = snapshot(repo, commit);
        if (!Files.isDirectory(snapshot)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.walk(snapshot)) {
            return entries.filter(Files::isRegularFile)
                    .map(path -> snapshot.relativize(path).toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InvalidInputException(
                    snapshot.toString(), "snapshot", "cannot be read (" + e + "); mend or remove it", e);
        }
    }
}
