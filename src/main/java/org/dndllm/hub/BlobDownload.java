package org.dndllm.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/** Fetches the content of one file into its blob: resumed where it was cut, verified before it gets its name. */
final class BlobDownload {
    /** RFC 9110 §14.4; the end and the whole length follow from the file's size. */
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-\\d{1,18}/(\\d{1,18}|\\*)");

    private final HubHttp http;
    private final HubCache cache;
    private final Disk disk;
    private final Wait wait;

    BlobDownload(HubHttp http, HubCache cache, Disk disk, Wait wait) {
        this.http = http;
        this.cache = cache;
        this.disk = disk;
        this.wait = wait;
    }

    /** Which content is to be fetched, and who counts its bytes. */
    private record Job(RepoId repo, String commit, RemoteFile file, ByteMeter meter) {
        String name() {
            return repo + "/" + file.name();
        }
    }

    /**
     * Fetches a file's content unless it is there.
     *
     * @param meter counts its bytes, those that were there included
     * @return whether anything had to be fetched
     * @throws InvalidInputException when the content does not have the hash that the hub named; nothing of it stays
     * @throws EnvironmentException when network or disk fail; what has come is kept and serves the next attempt
     */
    boolean fetch(RepoId repo, String commit, RemoteFile file, ByteMeter meter) {
        Job job = new Job(repo, commit, file, meter);
        if (isThere(job)) {
            return false; // without a lock, so that a cache that we may only read serves too
        }
        Path partial = cache.partial(repo, file.hash());
        try (BlobLock lock = BlobLock.take(cache.lock(repo, file.hash()))) {
            if (isThere(job)) {
                return false; // another one fetched it while we waited
            }
            boolean resumed = Files.exists(partial) && Files.size(partial) > 0;
            // A wrong beginning may be the last run's fault; a download in one go has only the server to blame.
            if (!complete(job, partial) && !(resumed && complete(job, partial))) {
                throw wrongContent(job);
            }
            return true;
        } catch (ClosedByInterruptException e) {
            throw Stopped.now(new InterruptedException(e.getMessage()));
        } catch (IOException e) {
            throw new EnvironmentException(
                    partial + ": cannot be written (" + e + "); check free space (" + job.name() + " has " + file.size()
                            + " bytes) and permissions, then try again, what has come so far is kept",
                    e);
        }
    }

    private boolean isThere(Job job) {
        boolean there = cache.has(job.repo(), job.commit(), job.file());
        if (there) {
            job.meter().add(job.file().size());
        }
        return there;
    }

    private static InvalidInputException wrongContent(Job job) {
        ContentHash hash = job.file().hash();
        return new InvalidInputException(
                job.name(),
                hash.algorithm(),
                "the content that came does not have the hash " + hash.hex() + " that the hub named; it was removed,"
                        + " try again, and if it stays so do not trust the server or a proxy on the way");
    }

    /** Fetches what is missing; the blob gets its name if the hash is right, else everything is dropped. */
    private boolean complete(Job job, Path partial) throws IOException {
        boolean right;
        try (PartialFile growing = PartialFile.open(partial, job.file(), disk)) {
            job.meter().add(growing.size());
            Retry retry = new Retry(job.name(), wait);
            retry.untilDone(() -> append(job, growing, retry));
            right = growing.isRight();
            if (right) {
                growing.force();
            } else {
                job.meter().add(-growing.size());
            }
        } finally {
            if (Files.exists(partial) && Files.size(partial) == 0 && job.file().size() > 0) {
                Files.delete(partial); // nothing to go on from
            }
        }
        if (right) {
            Files.move(
                    partial,
                    cache.blob(job.repo(), job.file().hash()),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.deleteIfExists(partial);
        }
        return right;
    }

    /** One request for the rest. Whether it brings the right bytes is for the hash to say. */
    private boolean append(Job job, PartialFile growing, Retry retry) throws IOException, TransientFailure {
        if (growing.isComplete()) {
            return true;
        }
        Map<String, String> range = growing.size() > 0 ? Map.of("Range", "bytes=" + growing.size() + "-") : Map.of();
        try (HubHttp.Answer answer =
                http.get(job.repo().filePath(job.commit(), job.file().name()), range)) {
            switch (answer.status()) {
                case 200 -> restart(job, growing); // the server does not do ranges
                case 206 -> requireRange(job, growing, answer);
                case 416 -> {
                    restart(job, growing);
                    throw new TransientFailure(
                            "the server refuses to go on where the download was cut", Optional.empty());
                }
                default ->
                    throw http.refusal(job.repo(), answer, "file '" + job.file().name() + "'");
            }
            receive(job, growing, answer.body(), retry);
        }
        return true;
    }

    private static void restart(Job job, PartialFile growing) throws IOException {
        job.meter().add(-growing.size());
        growing.restart();
    }

    private static void requireRange(Job job, PartialFile growing, HubHttp.Answer answer)
            throws IOException, TransientFailure {
        Matcher range = CONTENT_RANGE.matcher(answer.header("content-range").orElse(""));
        String length = String.valueOf(job.file().size());
        boolean asAsked = range.matches()
                && Long.parseLong(range.group(1)) == growing.size()
                && (range.group(2).equals("*") || range.group(2).equals(length));
        if (!asAsked) {
            restart(job, growing);
            throw new TransientFailure("the server sends another part than was asked for", Optional.empty());
        }
    }

    private static void receive(Job job, PartialFile growing, BodyReader body, Retry retry)
            throws IOException, TransientFailure {
        for (List<ByteBuffer> piece = body.next(); !piece.isEmpty(); piece = body.next()) {
            for (ByteBuffer bytes : piece) {
                int count = bytes.remaining();
                if (growing.size() + count > job.file().size()) {
                    restart(job, growing);
                    throw new InvalidInputException(
                            job.name(),
                            "content",
                            "is longer than the " + job.file().size()
                                    + " bytes that the hub named; it was dropped, check HF_ENDPOINT and the proxy");
                }
                growing.append(bytes);
                job.meter().add(count);
                retry.reached(growing.size());
            }
        }
        if (!growing.isComplete()) {
            throw new TransientFailure(
                    "the content ended after " + growing.size() + " of "
                            + job.file().size() + " bytes",
                    Optional.empty());
        }
    }
}
