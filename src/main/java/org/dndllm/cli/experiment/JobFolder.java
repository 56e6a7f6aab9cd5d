package org.dndllm.cli.experiment;

import java.nio.file.Path;

/**
 * Where the parts of a job are.
 *
 * @param root folder of all jobs
 */
record JobFolder(Path root) {
    Path of(Job job) {
        return root.resolve(job.name());
    }

    Path file(Job job, String name) {
        return of(job).resolve(name);
    }

    /** The encoder that is made for a job alone. */
    Path encoder(Job job) {
        return file(job, "encoder");
    }

    Path bundle(Job job) {
        return file(job, "bundle");
    }

    Path report(Job job) {
        return file(job, "report");
    }

    /** What was measured of its conditions. */
    Path conditions(Job job) {
        return file(job, "conditions.json");
    }
}
