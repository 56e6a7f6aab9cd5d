/**
 * Programs that a model wrote: run in a sandbox, judged by tests, counted as pass@k. Whatever such a program does, it
 * does to itself; {@link org.dndllm.eval.sandbox.Sandbox} says by which means and where that ends. Needs the JDK and
 * what every Linux machine has (util-linux, coreutils, a shell), no library. Knows nothing of the command line, and the
 * server must never see it ({@code ArchitectureTest}).
 *
 * <p>Sources: M. Chen et al., arXiv 2107.03374 (HumanEval, pass@k); N. Jain et al., arXiv 2403.07974 (LiveCodeBench);
 * the Linux manual pages namespaces(7), pid_namespaces(7), user_namespaces(7), mount_namespaces(7), getrlimit(2).
 */
@NullMarked
package org.dndllm.eval.sandbox;

import org.jspecify.annotations.NullMarked;
