/**
 * The command line: picocli commands over {@code engine} and below. The only package that writes to standard output or
 * ends the process. Standard output is the result ({@code --json} for machines), standard error is progress and log;
 * exit codes are 0 ok, 1 failure, 2 usage, 3 environment.
 */
@NullMarked
package org.dndllm.cli;

import org.jspecify.annotations.NullMarked;
