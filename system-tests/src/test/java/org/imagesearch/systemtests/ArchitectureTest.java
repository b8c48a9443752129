package org.imagesearch.systemtests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may import whom, held over the compiled classes of every module. */
class ArchitectureTest {
    private static final String OURS = "org.imagesearch..";

    private static final String CORE = "org.imagesearch.core..";
    private static final String FAISS = "org.imagesearch.faiss..";
    private static final String CLIP = "org.imagesearch.clip..";
    private static final String EMBED = "org.imagesearch.embed..";
    private static final String MERGE = "org.imagesearch.merge..";
    private static final String SERVER = "org.imagesearch.server..";
    private static final String BENCHMARKS = "org.imagesearch.benchmarks..";

    /**
     * A module with Java in it.
     *
     * @param name its folder
     * @param home where its classes live
     * @param knows the other modules of ours that it may use
     */
    private record Module(String name, String home, String... knows) {
        Path classes() {
            return Repository.root().resolve(name).resolve("target/classes");
        }

        Path sources() {
            return Repository.root().resolve(name).resolve("src/main/java");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static final Map<String, Module> MODULES = byName(
            new Module("core", CORE),
            new Module("faiss", FAISS, CORE),
            new Module("clip", CLIP, CORE),
            new Module("spark-embed", EMBED, CORE, CLIP),
            new Module("index-merge", MERGE, CORE, FAISS),
            new Module("search-server", SERVER, CORE, FAISS, CLIP),
            new Module("benchmarks", BENCHMARKS, CORE, FAISS, CLIP));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .importPaths(MODULES.values().stream().map(Module::classes).toList());

    @Test
    void everyModuleWithJavaHasItsRules() {
        assertThat(MODULES.keySet()).isEqualTo(modulesWithJava());
    }

    /** A rule holds for nothing if the classes that break it were never read. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("modules")
    void theClassesOfEverySourceFileAreExamined(Module module) {
        Set<String> sources = classesBelow(module.sources());
        Set<String> examined = CLASSES.stream()
                .filter(resideInAPackage(module.home))
                .map(JavaClass::getName)
                .collect(toCollection(TreeSet::new));
        assertThat(examined)
                .as("classes in %s: build the module first", module.classes())
                .containsAll(sources);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("modules")
    void theClassesOfAModuleLiveInItsPackage(Module module) {
        JavaClasses classes = new ClassFileImporter().importPath(module.classes());
        assertThat(classes).filteredOn(not(resideInAPackage(module.home))).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("modules")
    void aModuleUsesOfOursOnlyWhatItMay(Module module) {
        String[] allowed = Stream.concat(Stream.of(module.home), Arrays.stream(module.knows))
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(module.home)
                .should()
                .dependOnClassesThat(resideInAPackage(OURS).and(not(resideInAnyPackage(allowed))))
                .because("programs meet in files, and faiss and clip never meet")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void javaCppStaysInTheBindingsAndInOneDecoder() {
        onlyUsedBy(
                "org.bytedeco..",
                resideInAPackage(FAISS)
                        .or(resideInAPackage("org.imagesearch.clip.binding"))
                        .or(named("org.imagesearch.clip.OpenCvDecoder")));
    }

    @Test
    void onnxRuntimeStaysInOnePackageOfClip() {
        onlyUsedBy("ai.onnxruntime..", resideInAPackage("org.imagesearch.clip.onnx"));
    }

    @Test
    void tokenizersStayInClip() {
        onlyUsedBy("ai.djl..", resideInAPackage(CLIP));
    }

    @Test
    void undertowStaysInOnePackageOfTheServer() {
        onlyUsedBy("io.undertow..", resideInAPackage("org.imagesearch.server.http"));
    }

    @Test
    void sparkStaysInTheJobs() {
        onlyUsedBy("org.apache.spark..", resideInAnyPackage(EMBED, MERGE));
    }

    @Test
    void luceneStaysInTheRowStore() {
        onlyUsedBy("org.apache.lucene..", resideInAPackage("org.imagesearch.core.rows"));
    }

    @Test
    void parquetAndHadoopStayOutOfTheServer() {
        noClasses()
                .that()
                .resideInAPackage(SERVER)
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "org.apache.parquet..", "org.apache.hadoop..", "org.imagesearch.core.parquet.."))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("org.imagesearch.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void packagesAreNamedAfterWhatTheyAreAbout() {
        noClasses()
                .should()
                .resideInAnyPackage("..util..", "..utils..", "..common..", "..helpers..", "..misc..")
                .check(CLASSES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Manager", "Helper", "Impl", "Util", "Utils"})
    void typesAreNamedAfterWhatTheyAre(String emptyWord) {
        noClasses().should().haveSimpleNameEndingWith(emptyWord).check(CLASSES);
    }

    @Test
    void loggingGoesThroughSlf4j() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "java.util.logging..", "org.apache.logging..", "org.apache.log4j..", "org.jboss.logging.."))
                .check(CLASSES);
    }

    @Test
    void onlyCommandsSpeakToTheTerminal() {
        noClasses()
                .that(not(simpleNameEndingWith("Command")))
                .should(ACCESS_STANDARD_STREAMS)
                .check(CLASSES);
    }

    static Stream<Module> modules() {
        return MODULES.values().stream();
    }

    private static void onlyUsedBy(String foreign, DescribedPredicate<JavaClass> allowed) {
        noClasses()
                .that(not(allowed))
                .should()
                .dependOnClassesThat(resideInAPackage(foreign))
                .check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> named(String name) {
        return DescribedPredicate.describe(
                "is " + name,
                type -> type.getName().equals(name) || type.getName().startsWith(name + "$"));
    }

    private static Map<String, Module> byName(Module... modules) {
        Map<String, Module> byName = new TreeMap<>();
        Arrays.stream(modules).forEach(module -> byName.put(module.name, module));
        return byName;
    }

    /** The modules that the root's pom lists and that have sources. */
    private static Set<String> modulesWithJava() {
        try {
            String pom = Files.readString(Repository.root().resolve("pom.xml"));
            return Pattern.compile("<module>([^<]+)</module>")
                    .matcher(pom)
                    .results()
                    .map(match -> match.group(1))
                    .filter(name ->
                            Files.isDirectory(Repository.root().resolve(name).resolve("src/main/java")))
                    .collect(toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The classes that the source files below a folder are named after. */
    private static Set<String> classesBelow(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString())
                    .filter(file -> file.endsWith(".java") && !file.endsWith("package-info.java"))
                    .map(file -> file.replaceAll("\\.java$", "").replace('/', '.'))
                    .collect(toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
