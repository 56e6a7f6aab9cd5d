package org.dndllm.hub;

import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;

/**
 * A repository of the hub.
 *
 * @param type kind of repository
 * @param name {@code owner/name}; old ones have no owner
 */
public record RepoId(RepoType type, String name) {
    private static final Pattern NAME =
            Pattern.compile("(?:[A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,95}");

    /** @throws InvalidInputException when the name could not be a repository's */
    public RepoId {
        // "--" separates the parts in cache folders
        if (!NAME.matcher(name).matches() || name.contains("--") || name.contains("..")) {
            throw new InvalidInputException(
                    PullRequest.SOURCE,
                    "repository",
                    "'" + RepoPath.printable(name) + "' is not a repository's name; expected owner/name, such as"
                            + " Qwen/Qwen2.5-0.5B-Instruct-GGUF, or a short name that dnd pull knows");
        }
    }

    /** Its folder in the cache, such as {@code models--Qwen--Qwen2.5-0.5B-Instruct-GGUF}. */
    String folder() {
        return type.plural() + "--" + name.replace("/", "--");
    }

    /** Path of the listing of a revision. */
    String apiPath(String revision) {
        return "/api/" + type.plural() + "/" + name + "/revision/" + RepoPath.encodeWhole(revision);
    }

    /** Path of a file's content at a commit. */
    String filePath(String commit, String file) {
        return "/" + type.addressPrefix() + name + "/resolve/" + commit + "/" + RepoPath.encodeSegments(file);
    }

    @Override
    public String toString() {
        return type.addressPrefix() + name;
    }
}
