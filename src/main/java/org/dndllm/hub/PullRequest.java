package org.dndllm.hub;

import org.dndllm.InvalidInputException;

/**
 * What to fetch.
 *
 * @param repo repository
 * @param revision branch, tag, commit or {@code refs/pr/N}
 * @param selection which of its files
 */
public record PullRequest(RepoId repo, String revision, FileSelection selection) {
    /** The source of every refusal that only the caller's words can cause. */
    public static final String SOURCE = "pull request";

    /** The branch that repositories have unless said otherwise. */
    public static final String MAIN = "main";

    /** @throws InvalidInputException when the revision could not be one */
    public PullRequest {
        if (!RepoPath.isSafe(revision)) {
            throw new InvalidInputException(
                    SOURCE,
                    "revision",
                    "'" + RepoPath.printable(revision) + "' is not a revision; expected a branch, a tag or a commit");
        }
    }
}
