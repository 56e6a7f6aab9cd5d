package org.dndllm.hub;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;

/**
 * Which files of a repository are wanted. Without names and patterns: all.
 *
 * @param names exact names, each of which must exist
 * @param patterns shell patterns, of which at least one must match ({@code *} crosses slashes)
 * @param firstPattern take the files of the first pattern that matches any, not of all: alternatives, best first
 */
public record FileSelection(List<String> names, List<String> patterns, boolean firstPattern) {
    private static final int MOST_LISTED = 30;

    /** Every file. */
    public static final FileSelection ALL = of(List.of(), List.of());

    /** @throws InvalidInputException when a pattern's set is malformed */
    public FileSelection {
        names = List.copyOf(names);
        patterns = List.copyOf(patterns);
        patterns.forEach(FileSelection::compile);
    }

    /** Files by exact name, and those that match any pattern. */
    public static FileSelection of(List<String> names, List<String> patterns) {
        return new FileSelection(names, patterns, false);
    }

    /** The files of the first pattern that matches any. */
    static FileSelection firstOf(String... patterns) {
        return new FileSelection(List.of(), List.of(patterns), true);
    }

    /** Whether this selects every file. */
    public boolean isAll() {
        return names.isEmpty() && patterns.isEmpty();
    }

    /**
     * The selected ones among the names that there are, in their order.
     *
     * @param where what to call the repository in errors
     * @throws InvalidInputException when an exact name is absent, or nothing is selected
     */
    List<String> select(List<String> there, String where) {
        Set<String> chosen = new LinkedHashSet<>(names);
        for (String name : names) {
            if (!there.contains(name)) {
                throw new InvalidInputException(
                        where, "file '" + RepoPath.printable(name) + "'", "does not exist; there is " + listed(there));
            }
        }
        for (String pattern : patterns) {
            NamePattern compiled = compile(pattern);
            List<String> matching = there.stream().filter(compiled::matches).toList();
            chosen.addAll(matching);
            if (firstPattern && !matching.isEmpty()) {
                break;
            }
        }
        if (isAll()) {
            chosen.addAll(there);
        }
        if (chosen.isEmpty()) {
            String wanted = patterns.isEmpty() ? "any file" : "a file that matches " + String.join(" or ", patterns);
            throw new InvalidInputException(
                    where, "files", "expected " + wanted + "; choose among what there is: " + listed(there));
        }
        return there.stream().filter(chosen::contains).toList();
    }

    /** What is wanted, for messages. */
    @Override
    public String toString() {
        return isAll()
                ? "files"
                : Stream.concat(names.stream(), patterns.stream())
                        .collect(Collectors.joining(firstPattern ? " or " : ", "));
    }

    private static String listed(List<String> there) {
        List<String> shown = new ArrayList<>(
                there.stream().limit(MOST_LISTED).map(RepoPath::printable).toList());
        if (there.size() > MOST_LISTED) {
            shown.add("and " + (there.size() - MOST_LISTED) + " more");
        }
        return shown.isEmpty() ? "nothing" : String.join(", ", shown);
    }

    private static NamePattern compile(String pattern) {
        try {
            return NamePattern.of(pattern);
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException(
                    PullRequest.SOURCE,
                    "pattern '" + RepoPath.printable(pattern) + "'",
                    "has a malformed set; expected such as [a-z]",
                    e);
        }
    }
}
