package org.dndllm;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The dependency map of the README and the house rules, kept by the build. */
@AnalyzeClasses(packages = "org.dndllm", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule layers = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("format")
            .definedBy("org.dndllm.format..")
            .layer("hub")
            .definedBy("org.dndllm.hub..")
            .layer("lora")
            .definedBy("org.dndllm.lora..")
            .layer("onnx")
            .definedBy("org.dndllm.onnx..")
            .layer("encoder")
            .definedBy("org.dndllm.encoder..")
            .layer("generator")
            .definedBy("org.dndllm.generator..")
            .layer("llama")
            .definedBy("org.dndllm.llama..")
            .layer("bindings")
            .definedBy("org.dndllm.bindings..")
            .layer("synth")
            .definedBy("org.dndllm.synth..")
            .layer("nano")
            .definedBy("org.dndllm.nano..")
            .layer("train")
            .definedBy("org.dndllm.train..")
            .layer("engine")
            .definedBy("org.dndllm.engine..")
            .layer("eval")
            .definedBy("org.dndllm.eval..")
            .layer("serve")
            .definedBy("org.dndllm.serve..")
            .layer("cli")
            .definedBy("org.dndllm.cli..")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("hub")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("serve")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("eval")
            .mayOnlyBeAccessedByLayers("serve", "cli")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("eval", "serve", "cli")
            .whereLayer("nano")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("train")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("synth")
            .mayOnlyBeAccessedByLayers("nano", "train", "cli")
            .whereLayer("llama")
            .mayOnlyBeAccessedByLayers("engine", "eval", "serve", "cli")
            .whereLayer("bindings")
            .mayOnlyBeAccessedByLayers("llama")
            .whereLayer("generator")
            .mayOnlyBeAccessedByLayers("synth", "train", "engine", "eval", "serve", "cli")
            .whereLayer("encoder")
            .mayOnlyBeAccessedByLayers("synth", "train", "engine", "eval", "serve", "cli")
            .whereLayer("onnx")
            .mayOnlyBeAccessedByLayers("encoder", "generator", "synth", "train", "engine", "eval", "serve", "cli")
            .whereLayer("lora")
            .mayOnlyBeAccessedByLayers("generator", "llama", "synth", "train", "engine", "eval", "serve", "cli");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("org.dndllm.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule formatAndLoraStandOnTheJdkAlone = classes()
            .that()
            .resideInAnyPackage("org.dndllm.format..", "org.dndllm.lora..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "org.dndllm", "org.dndllm.format..", "org.dndllm.lora..");

    @ArchTest
    static final ArchRule onlyLlamaCallsDown = noClasses()
            .that()
            .resideOutsideOfPackages("org.dndllm.llama..", "org.dndllm.bindings..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.foreign.Linker");

    @ArchTest
    static final ArchRule onlyModelPackagesSeeOnnxRuntime = noClasses()
            .that(not(resideInAPackage("org.dndllm.onnx..")
                    .or(resideInAPackage("org.dndllm.encoder.."))
                    .or(resideInAPackage("org.dndllm.generator.."))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.onnxruntime..");

    /** LibTorch is not on the class path of a plain run: any other package that named it would not load there. */
    @ArchTest
    static final ArchRule onlyTrainSeesLibTorch = noClasses()
            .that()
            .resideOutsideOfPackage("org.dndllm.train..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..");

    /** Nothing but {@code dnd pull} may reach for the network. */
    @ArchTest
    static final ArchRule onlyHubIsAnHttpClient = noClasses()
            .that()
            .resideOutsideOfPackage("org.dndllm.hub..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.net.http..")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.net.URLConnection")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.net.HttpURLConnection");

    @ArchTest
    static final ArchRule hubStandsOnFormatAlone = classes()
            .that()
            .resideInAPackage("org.dndllm.hub..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "javax.net.ssl..",
                    "org.jspecify..",
                    "org.dndllm",
                    "org.dndllm.format..",
                    "org.dndllm.hub..");

    @ArchTest
    static final ArchRule onlyTheServersWireAcceptsConnections = noClasses()
            .that()
            .resideOutsideOfPackage("org.dndllm.serve.wire..")
            .should()
            .callMethod(java.net.ServerSocket.class, "accept")
            .orShould()
            .callMethod(java.nio.channels.ServerSocketChannel.class, "accept")
            .orShould()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.net.httpserver..");

    @ArchTest
    static final ArchRule onlyTheCommandLineRunsModelWrittenCode = noClasses()
            .that()
            .resideOutsideOfPackages("org.dndllm.cli..", "org.dndllm.eval.sandbox..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.dndllm.eval.sandbox..");

    @ArchTest
    static final ArchRule sandboxNeedsNoLibrary = classes()
            .that()
            .resideInAPackage("org.dndllm.eval.sandbox..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..",
                    "org.jspecify..",
                    "org.dndllm",
                    "org.dndllm.format..",
                    "org.dndllm.engine",
                    "org.dndllm.eval",
                    "org.dndllm.eval.sandbox..");

    @ArchTest
    static final ArchRule onlyTheCommandLinePrintsAndExits = noClasses()
            .that()
            .resideOutsideOfPackages("org.dndllm.cli..", "org.dndllm.bindings..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    @ArchTest
    static final ArchRule nobodySleeps = noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Thread.class, "sleep", java.time.Duration.class);

    @ArchTest
    static final ArchRule randomnessIsSeeded = noClasses()
            .should()
            .callConstructor(java.util.Random.class)
            .orShould()
            .callConstructor(java.util.SplittableRandom.class)
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom");

    @ArchTest
    static final ArchRule noAtticNames = noClasses()
            .that()
            .resideOutsideOfPackage("org.dndllm.bindings..")
            .should()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Impl");

    @ArchTest
    static void everyPackageHasAnOverview(JavaClasses all) {
        for (var name : all.stream().map(c -> c.getPackageName()).distinct().toList()) {
            if (!name.startsWith("org.dndllm.bindings")) {
                org.assertj.core.api.Assertions.assertThat(
                                all.stream().anyMatch(c -> c.getFullName().equals(name + ".package-info")))
                        .as("package-info.java of %s", name)
                        .isTrue();
            }
        }
    }
}
