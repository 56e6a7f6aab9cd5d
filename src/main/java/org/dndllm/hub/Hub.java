package org.dndllm.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/** A Hugging Face hub and the local cache of it. Any number of threads and processes may pull at the same time. */
public final class Hub {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long RESERVE = 1 << 20;

    private final HubSettings settings;
    private final HubCache cache;
    private final Disk disk;
    private final Wait wait;
    private final Duration patience;

    private Hub(HubSettings settings, Disk disk, Wait wait, Duration patience) {
        this.settings = settings;
        this.cache = new HubCache(settings.cache(), disk);
        this.disk = disk;
        this.wait = wait;
        this.patience = patience;
    }

    /** The hub and cache of these settings; nothing is contacted or written yet. */
    public static Hub of(HubSettings settings) {
        return new Hub(settings, Disk.REAL, Wait.REAL, PATIENCE);
    }

    /** For tests: a disk and a clock that misbehave as they are told. */
    static Hub of(HubSettings settings, Disk disk, Wait wait, Duration patience) {
        return new Hub(settings, disk, wait, patience);
    }

    /**
     * Makes sure that files of a repository are in the cache, and fetches those that are not. Each file becomes visible
     * when its hash was verified; the revision names the new commit when all files are there. Offline, finds what an
     * earlier pull has left.
     *
     * @param workers how many files are fetched at the same time
     * @throws InvalidInputException when there is no such repository, revision or file, or content is not what the hub
     *     named
     * @throws EnvironmentException when network, disk space or permission are missing; what has come is kept, and the
     *     next pull goes on there
     */
    public Pulled pull(PullRequest request, int workers, PullProgress progress) {
        if (settings.offline()) {
            return find(request);
        }
        try (HubHttp http = new HubHttp(settings, patience);
                Workers threads = new Workers(workers)) {
            return fetch(request, new HubApi(http, settings, wait), http, threads, progress);
        }
    }

    private Pulled fetch(PullRequest request, HubApi api, HubHttp http, Workers threads, PullProgress progress) {
        RepoId repo = request.repo();
        HubApi.Listing listing = api.list(repo, request.revision());
        String commit = listing.commit();
        List<String> names = request.selection().select(listing.names(), repo + " at " + request.revision());

        List<Callable<RemoteFile>> questions = new ArrayList<>();
        names.forEach(name -> questions.add(() -> api.describe(repo, commit, name)));
        List<RemoteFile> files = threads.all(questions);
        requireSpace(repo, commit, files);

        long total = files.stream().mapToLong(RemoteFile::size).sum();
        ByteMeter meter = new ByteMeter(progress, total);
        BlobDownload download = new BlobDownload(http, cache, disk, wait);
        List<Callable<PulledFile>> downloads = new ArrayList<>();
        for (RemoteFile file : files) {
            downloads.add(() -> {
                boolean fetched = download.fetch(repo, commit, file, meter);
                return new PulledFile(file.name(), cache.show(repo, commit, file), file.size(), fetched);
            });
        }
        List<PulledFile> pulled = threads.all(downloads);
        cache.remember(repo, request.revision(), commit);
        return new Pulled(repo, request.revision(), commit, cache.snapshot(repo, commit), pulled, false);
    }

    /** Says before the first byte that the disk is too small, rather than after hours. */
    private void requireSpace(RepoId repo, String commit, List<RemoteFile> files) {
        Path folder = cache.folder(repo);
        try {
            Files.createDirectories(folder);
            long needed = RESERVE;
            Set<ContentHash> counted = new HashSet<>();
            for (RemoteFile file : files) {
                if (counted.add(file.hash()) && !cache.has(repo, commit, file)) {
                    Path partial = cache.partial(repo, file.hash());
                    needed += file.size() - (Files.exists(partial) ? Files.size(partial) : 0);
                }
            }
            long usable = disk.usableBytes(folder);
            if (needed > RESERVE && usable < needed) {
                throw new EnvironmentException(folder + ": the disk has " + usable + " bytes left, " + needed
                        + " are needed; free space, or choose a cache on another disk with HF_HOME");
            }
        } catch (IOException e) {
            throw new EnvironmentException(
                    folder + ": cannot be written (" + e + "); check permissions, or choose another cache with HF_HOME",
                    e);
        }
    }

    private Pulled find(PullRequest request) {
        RepoId repo = request.repo();
        String commit = cache.commitOf(repo, request.revision()).orElseThrow(() -> notCached(request, List.of()));
        List<String> names = cache.names(repo, commit);
        Path snapshot = cache.snapshot(repo, commit);
        List<String> selected;
        try {
            selected = request.selection().select(names, snapshot.toString());
        } catch (InvalidInputException absent) {
            throw notCached(request, names);
        }
        List<PulledFile> files = new ArrayList<>();
        for (String name : selected) {
            Path path = snapshot.resolve(name);
            try {
                files.add(new PulledFile(name, path, Files.size(path), false));
            } catch (IOException e) {
                throw new InvalidInputException(path.toString(), "file", "cannot be read (" + e + ")", e);
            }
        }
        return new Pulled(repo, request.revision(), commit, snapshot, files, true);
    }

    private EnvironmentException notCached(PullRequest request, List<String> there) {
        return new EnvironmentException(request.repo() + " at " + request.revision() + ": " + request.selection()
                + " expected in the cache " + settings.cache() + ", which has "
                + (there.isEmpty() ? "nothing of it" : String.join(", ", there))
                + "; HF_HUB_OFFLINE forbids to fetch it, unset that variable or pull it while online");
    }
}
