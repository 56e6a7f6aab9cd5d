package org.dndllm.eval.sandbox;

import java.time.Duration;
import org.dndllm.InvalidInputException;

/**
 * What one run of a program may use.
 *
 * @param wall time from start to end
 * @param cpu processor time of each process, in whole seconds
 * @param memory bytes of address space of each process, and of resident memory of all together
 * @param processes processes and threads at one time
 * @param openFiles open files of each process
 * @param fileBytes size of each file
 * @param folderBytes size of the folder that the program may write to; it is held in memory
 * @param outputBytes bytes of standard output, and as many of standard error
 */
public record SandboxLimits(
        Duration wall,
        Duration cpu,
        long memory,
        int processes,
        int openFiles,
        long fileBytes,
        long folderBytes,
        int outputBytes) {
    /** The source that refusals name. */
    public static final String SOURCE = "sandbox limits";

    private static final long MIB = 1 << 20;

    public SandboxLimits {
        within("wall", wall.toMillis(), 100, Duration.ofHours(1).toMillis());
        within("cpu", cpu.toSeconds(), 1, Duration.ofHours(1).toSeconds());
        within("memory", memory, 16 * MIB, 1024 * 1024 * MIB);
        within("processes", processes, 1, 4096);
        within("open files", openFiles, 8, 4096);
        within("file bytes", fileBytes, 0, 1024 * 1024 * MIB);
        within("folder bytes", folderBytes, MIB, 1024 * 1024 * MIB);
        within("output bytes", outputBytes, 1024, 1024 * MIB);
    }

    /** 1 GiB, 16 processes, 64 files of 16 MiB, a folder of 64 MiB, 1 MiB of output, and the given time. */
    public static SandboxLimits of(Duration wall) {
        Duration cpu = Duration.ofSeconds(Math.max(1, wall.plusMillis(999).toSeconds()));
        return new SandboxLimits(wall, cpu, 1024 * MIB, 16, 64, 16 * MIB, 64 * MIB, (int) MIB);
    }

    /** The same with other memory, in bytes. */
    public SandboxLimits withMemory(long bytes) {
        return new SandboxLimits(wall, cpu, bytes, processes, openFiles, fileBytes, folderBytes, outputBytes);
    }

    /** The same with another number of processes and threads. */
    public SandboxLimits withProcesses(int number) {
        return new SandboxLimits(wall, cpu, memory, number, openFiles, fileBytes, folderBytes, outputBytes);
    }

    private static void within(String field, long given, long least, long most) {
        if (given < least || given > most) {
            throw new InvalidInputException(
                    SOURCE,
                    field,
                    "is " + given + ", expected " + least + " to " + most + "; choose a value in between");
        }
    }
}
