package org.dndllm.serve.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.EnvironmentException;
import org.dndllm.lora.PeftAdapter;

/**
 * The one folder from which adapters may be loaded by path at run time, if any. A path that leaves it, by its spelling or
 * through a symbolic link, is refused before anything outside is looked at for the caller.
 */
public final class AdapterRoot {
    private final Optional<Path> root;

    private AdapterRoot(Optional<Path> root) {
        this.root = root;
    }

    /** Loading by path is off. */
    public static AdapterRoot closed() {
        return new AdapterRoot(Optional.empty());
    }

    /**
     * Loading is allowed below a folder.
     *
     * @throws EnvironmentException if there is no such folder
     */
    public static AdapterRoot of(Path folder) {
        try {
            return new AdapterRoot(Optional.of(folder.toRealPath()));
        } catch (IOException e) {
            throw new EnvironmentException(
                    "the adapter root " + folder + " cannot be opened (" + e + "); create it, or name another one", e);
        }
    }

    /** Whether anything can be loaded by path. */
    public boolean isOpen() {
        return root.isPresent();
    }

    /**
     * The real place of an adapter's file or folder.
     *
     * @param given relative to the root, or absolute within it
     * @throws AdapterException {@code PATH_FORBIDDEN}, or {@code INVALID} if nothing is there
     */
    public Path resolve(String given) {
        Path base = root.orElseThrow(() -> new AdapterException(
                AdapterException.Code.PATH_FORBIDDEN,
                "loading adapters by path is switched off; start the server with"
                        + " DND_ALLOW_RUNTIME_LORA_UPDATING=true and DND_LORA_ADAPTER_ROOT"));
        Path path;
        try {
            path = base.resolve(given).normalize();
        } catch (InvalidPathException e) {
            throw new AdapterException(AdapterException.Code.INVALID, "lora_path is no path", e);
        }
        if (given.isBlank() || path.equals(base) || !path.startsWith(base)) {
            throw forbidden();
        }
        Path real = real(base, path);
        if (Files.isDirectory(real)) {
            for (String file : List.of(PeftAdapter.CONFIG_FILE, PeftAdapter.WEIGHTS_FILE)) {
                if (Files.exists(real.resolve(file))) {
                    real(base, real.resolve(file));
                }
            }
        }
        return real;
    }

    private static Path real(Path base, Path path) {
        try {
            Path real = path.toRealPath();
            if (!real.startsWith(base)) {
                throw forbidden();
            }
            return real;
        } catch (IOException e) {
            throw new AdapterException(
                    AdapterException.Code.INVALID, "there is no adapter at this lora_path; check the path", e);
        }
    }

    private static AdapterException forbidden() {
        return new AdapterException(
                AdapterException.Code.PATH_FORBIDDEN, "lora_path leaves the adapter root of this server");
    }
}
