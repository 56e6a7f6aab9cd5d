package org.dndllm.cli;

import java.lang.reflect.Field;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Flags from the environment: {@code --ctx-size} also as {@code DND_CTX_SIZE}. It holds for every flag of {@code dnd
 * serve}, which containers and services start, and for {@link EngineFlags} in all commands. The command line wins over
 * the environment, the environment over the default; a blank variable counts as absent.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
    private static final String PREFIX = "DND_";

    private final Map<String, String> environment;

    EnvironmentDefaults(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        // without one picocli takes the default of the flag itself; it would let --metrics mean the opposite of a
        // default
        return isSwitch(argument) ? null : value(argument).orElse(null);
    }

    /** Sets what {@link #defaultValue} cannot: flags without a value that the command line does not name. */
    void setSwitches(CommandLine.ParseResult parsed) {
        for (CommandLine each : parsed.asCommandLineList()) {
            for (OptionSpec option : each.getCommandSpec().options()) {
                if (isSwitch(option) && !each.getParseResult().hasMatchedOption(option)) {
                    value(option).ifPresent(given -> option.setValue(isOn(each, option, given)));
                }
            }
        }
    }

    private static boolean isSwitch(ArgSpec argument) {
        return argument.isOption() && argument.arity().max() == 0;
    }

    private static boolean isOn(CommandLine line, OptionSpec option, String given) {
        return switch (given.strip().toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                throw new CommandLine.ParameterException(
                        line,
                        "Invalid value for option '" + option.longestName() + "': '" + given
                                + "' is neither true nor false",
                        option,
                        given);
        };
    }

    private Optional<String> value(ArgSpec argument) {
        return variable(argument).map(environment::get).filter(value -> !value.isBlank());
    }

    /** The variable that stands for a flag, if one does. */
    private static Optional<String> variable(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || option.usageHelp() || option.versionHelp()) {
            return Optional.empty();
        }
        boolean serves = option.command() != null && option.command().userObject() instanceof ServeCommand;
        boolean shared = option.userObject() instanceof Field field && field.getDeclaringClass() == EngineFlags.class;
        return serves || shared ? Optional.of(name(option)) : Optional.empty();
    }

    private static String name(OptionSpec option) {
        return PREFIX
                + option.longestName().replaceFirst("^-+", "").replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** Explains a refusal as picocli does, and names the variable if the refused value came from one. */
    int explain(CommandLine.ParameterException failure, CommandLine.IParameterExceptionHandler picocli, String[] words)
            throws Exception {
        ArgSpec argument = failure.getArgSpec();
        if (argument != null
                && value(argument)
                        .filter(given -> given.equals(failure.getValue()))
                        .isPresent()) {
            failure.getCommandLine()
                    .getErr()
                    .println("The environment variable " + variable(argument).orElseThrow() + " holds this value:");
        }
        return picocli.handleParseException(failure, words);
    }
}
