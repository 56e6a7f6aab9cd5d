package org.dndllm.eval.experiment;

import java.util.List;
import java.util.OptionalDouble;
import org.dndllm.eval.TaskRole;

/**
 * A declared experiment: a question and the table of jobs that answers it. Experiments share jobs of the same name.
 *
 * @param name for the command line
 * @param question in one sentence
 * @param paper which table or figure of arXiv 2506.16406 it is after, with what differs; may be empty
 * @param axis what the entries' positions are; empty where there is no order
 * @param entries rows of its table
 * @param reference job that all others are compared with
 * @param measures what its table shows beside accuracies
 */
public record Trial(
        String name,
        String question,
        String paper,
        String axis,
        List<Entry> entries,
        String reference,
        List<Measure> measures) {
    public Trial {
        entries = List.copyOf(entries);
        measures = List.copyOf(measures);
    }

    /**
     * A condition on all tasks of a role.
     *
     * @param name of its folder
     * @param title for tables
     */
    public record Job(String name, String title, Arm arm, TaskRole role) {}

    /**
     * A row.
     *
     * @param title for this table
     * @param series of the plot
     * @param at position on the axis
     */
    public record Entry(Job job, String title, String series, OptionalDouble at) {
        /** A row without a place on an axis. */
        public static Entry of(Job job) {
            return new Entry(job, job.title(), "", OptionalDouble.empty());
        }

        /** A row of the only series. */
        public static Entry of(Job job, double at) {
            return new Entry(job, job.title(), "", OptionalDouble.of(at));
        }
    }

    /** All jobs, each once. */
    public List<Job> jobs() {
        return entries.stream().map(Entry::job).distinct().toList();
    }
}
