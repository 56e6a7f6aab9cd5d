package org.dndllm.cli;

import picocli.CommandLine.IVersionProvider;

/** {@code dnd --version}. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Main.class.getPackage().getImplementationVersion();
        return new String[] {"dnd " + (version == null ? "(development build)" : version)};
    }
}
