package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;

/** The {@code dnd} commands that make a job, as their arguments. */
record JobCommands(JobFolder folders, Materials materials, RunSettings settings) {
    List<String> extract(Job job, List<String> extractor) {
        List<String> arguments = new ArrayList<>(List.of("extractor"));
        arguments.addAll(extractor);
        arguments.addAll(List.of("--save-to", folders.encoder(job).toString(), "--replace"));
        switch (extractor.getFirst()) {
            case "base" -> arguments.addAll(List.of("--model", materials.base().toString()));
            case "denoise" ->
                arguments.addAll(List.of(
                        "--encoder",
                        materials.encoder().toString(),
                        "--threads",
                        String.valueOf(settings.threads()),
                        "--device",
                        settings.device()));
            default -> arguments.addAll(List.of("--encoder", materials.encoder().toString()));
        }
        return arguments;
    }

    List<String> train(Job job) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                materials.tasks().toString(),
                "--save-to",
                folders.bundle(job).toString(),
                "--replace", // a kill may have come after the bundle and before its record
                "--name",
                job.name(),
                "--model",
                materials.base().toString(),
                "--encoder",
                (job.extractor().isPresent() ? folders.encoder(job) : materials.encoder()).toString(),
                "--threads",
                String.valueOf(settings.threads()),
                "--device",
                settings.device()));
        if (job.checkpoints()) {
            arguments.addAll(
                    List.of("--lora-dir", materials.checkpoints().orElseThrow().toString()));
        }
        arguments.addAll(flags(job));
        return arguments;
    }

    List<String> eval(Job job) {
        List<String> arguments = new ArrayList<>(List.of(
                "eval",
                "--tasks",
                materials.tasks().toString(),
                "--model",
                materials.base().toString(),
                "--generator",
                folders.bundle(job).toString(),
                "--seeds",
                String.valueOf(settings.seeds()),
                "--items",
                String.valueOf(settings.items()),
                "--threads",
                String.valueOf(settings.threads()),
                "--report",
                folders.report(job).toString()));
        arguments.addAll(job.evaluation());
        if (job.controls()) {
            arguments.add("--controls");
            materials.adapters().ifPresent(loras -> arguments.addAll(List.of("--lora-dir", loras.toString())));
        }
        return arguments;
    }

    List<String> diagnose(Job job) {
        return List.of(
                "diagnose",
                "--conditions",
                "--generator",
                folders.bundle(job).toString(),
                "--tasks",
                materials.tasks().toString(),
                "--threads",
                String.valueOf(settings.threads()),
                "--save",
                folders.conditions(job).toString());
    }

    /** Of the training, with the settings' own number of steps. */
    List<String> flags(Job job) {
        return settings.steps()
                .map(steps -> Experiment.with(job.flags(), "--steps", String.valueOf(steps)))
                .orElseGet(job::flags);
    }
}
