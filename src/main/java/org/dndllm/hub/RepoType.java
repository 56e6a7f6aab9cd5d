package org.dndllm.hub;

/** What a repository holds. The hub keeps the two kinds apart in addresses and in the cache. */
public enum RepoType {
    MODEL("models", ""),
    DATASET("datasets", "datasets/");

    private final String plural;
    private final String addressPrefix;

    RepoType(String plural, String addressPrefix) {
        this.plural = plural;
        this.addressPrefix = addressPrefix;
    }

    /** The word in API addresses and in cache folders. */
    String plural() {
        return plural;
    }

    /** What stands before the repository's name in addresses of files. */
    String addressPrefix() {
        return addressPrefix;
    }
}
