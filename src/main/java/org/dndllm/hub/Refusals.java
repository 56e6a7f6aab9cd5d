package org.dndllm.hub;

import org.dndllm.DndException;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/** Turns the hub's refusals into what the user can do about them. */
record Refusals(HubSettings settings, RepoId repo) {
    private static final String CODE = "x-error-code";

    /**
     * The exception for an answer that is neither content nor worth another attempt.
     *
     * @param asked what of the repository was asked for
     */
    DndException of(HubHttp.Answer answer, String asked) {
        String code = answer.header(CODE).orElse("");
        return switch (answer.status()) {
            // without a token the hub does not even admit that a private repository exists
            case 401 -> code.equals("RepoNotFound") ? absentOrPrivate() : locked(code);
            case 403 -> locked(code);
            case 404 ->
                switch (code) {
                    case "RepoNotFound" -> absentOrPrivate();
                    case "RevisionNotFound", "EntryNotFound" ->
                        wrong(asked, "does not exist in this repository; check its spelling");
                    default -> wrong(asked, "was not found, nor may the repository exist; check both names");
                };
            default ->
                new EnvironmentException(repo + ": " + asked + ": the server answers " + answer.status()
                        + ", expected content; check HF_ENDPOINT and the proxy");
        };
    }

    private InvalidInputException absentOrPrivate() {
        return wrong(
                "repository",
                "does not exist on " + settings.endpoint() + " or is private; check its name"
                        + settings.token()
                                .map(token -> " and whether the " + token + " may read it")
                                .orElse(", and for a private one " + giveToken()));
    }

    private EnvironmentException locked(String code) {
        String page = settings.address("/" + repo).toString();
        if (settings.token().isEmpty()) {
            return new EnvironmentException(
                    repo + ": is gated or private, and no token was found; accept its conditions at " + page + " and "
                            + giveToken());
        }
        String token = settings.token().get().toString();
        return new EnvironmentException(
                code.equals("GatedRepo")
                        ? repo + ": is gated, and the account of the " + token
                                + " has no access; accept the conditions at " + page + " or give another token"
                        : repo + ": the hub does not accept the " + token + "; expected a valid one that may read "
                                + page + ", make it anew or unset it");
    }

    private String giveToken() {
        return "put a read token of your account into HF_TOKEN or " + settings.tokenFile();
    }

    private InvalidInputException wrong(String field, String problem) {
        return new InvalidInputException(repo.toString(), field, problem);
    }
}
