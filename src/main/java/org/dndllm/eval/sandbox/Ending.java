package org.dndllm.eval.sandbox;

/** How a run in the sandbox ended. All but {@link #EXITED} are the program's failure. */
public enum Ending {
    /** By itself, with the exit code of {@link SandboxRun}; 128 + n after signal n. */
    EXITED,
    /** Longer than it may take, on the clock or on the processor. */
    TIME,
    /** More memory than it may have. */
    MEMORY,
    /** More processes than it may have, or some left behind when the first one ended. */
    PROCESSES,
    /** More output, or a larger file, than it may write. */
    OUTPUT,
    /** Killed by neither itself nor the sandbox: somebody else, or the kernel when the machine's memory was full. */
    KILLED
}
