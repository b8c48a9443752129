package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code deploy/} says, held to the schema of Kubernetes, to itself and to the settings that the programs know. */
class DeployTest {
    private static final Path DEPLOY = Repository.root().resolve("deploy");
    private static final Path KUBERNETES = DEPLOY.resolve("kubernetes");
    private static final String KUSTOMIZATION = "kustomization.yaml";

    private static final Map<String, Class<? extends HasMetadata>> KINDS = Stream.of(
                    Deployment.class,
                    Job.class,
                    NetworkPolicy.class,
                    PersistentVolumeClaim.class,
                    Pod.class,
                    PodDisruptionBudget.class,
                    Role.class,
                    RoleBinding.class,
                    Service.class,
                    ServiceAccount.class,
                    StatefulSet.class)
            .collect(Collectors.toMap(DeployTest::kind, type -> type));

    /** The classes keep fields that they do not know; here those are errors. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return false;
                }
            })
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

    private static final YAMLMapper YAML = new YAMLMapper();

    @TempDir
    Path folder;

    @Test
    void manifestsHaveOnlyWhatKubernetesKnows() {
        assertThat(manifests())
                .hasSizeGreaterThanOrEqualTo(15)
                .allSatisfy(manifest -> assertThat(manifest.getMetadata()).isNotNull());
    }

    @Test
    void aMisspeltFieldIsNotOverlooked() throws IOException {
        JsonNode manifest = YAML.readTree("apiVersion: v1\nkind: Service\nspec: {selectors: {app: a}}\n");
        assertThatThrownBy(() -> strictly(manifest, "here")).hasMessageContaining("selectors");
    }

    @Test
    void kustomizationsNameEveryFileBesideThem() {
        for (Path kustomization : files(KUBERNETES, KUSTOMIZATION)) {
            JsonNode parsed = documents(kustomization).get(0);
            List<String> named = new ArrayList<>();
            parsed.path("resources").forEach(name -> named.add(name.asText()));
            parsed.path("configMapGenerator")
                    .forEach(map -> map.path("files").forEach(name -> named.add(name.asText())));
            assertThat(files(kustomization.getParent(), "").stream()
                            .map(file -> file.getFileName().toString())
                            .filter(name -> !name.equals(KUSTOMIZATION)))
                    .as(kustomization.toString())
                    .containsExactlyInAnyOrderElementsOf(named);
        }
    }

    @Test
    void whatSelectsPodsSelectsSome() {
        List<Map<String, String>> labels = new ArrayList<>();
        manifests().forEach(manifest -> template(manifest)
                .ifPresent(pod -> labels.add(pod.getMetadata().getLabels())));
        List<Map<String, String>> selectors = new ArrayList<>();
        for (HasMetadata manifest : manifests()) {
            if (manifest instanceof Service service) {
                selectors.add(service.getSpec().getSelector());
            } else if (manifest instanceof PodDisruptionBudget budget) {
                selectors.add(budget.getSpec().getSelector().getMatchLabels());
            } else if (manifest instanceof NetworkPolicy policy) {
                selectors.add(policy.getSpec().getPodSelector().getMatchLabels());
            } else if (manifest instanceof Deployment deployment) {
                selectors.add(deployment.getSpec().getSelector().getMatchLabels());
            } else if (manifest instanceof StatefulSet set) {
                selectors.add(set.getSpec().getSelector().getMatchLabels());
            }
        }
        assertThat(selectors).isNotEmpty().allSatisfy(selector -> assertThat(labels)
                .anySatisfy(pod -> assertThat(pod).containsAllEntriesOf(selector)));
    }

    @Test
    void podsRunUnprivilegedMountWhatTheyHaveAndAskForWhatIsThere() {
        Set<String> claims = manifests().stream()
                .filter(PersistentVolumeClaim.class::isInstance)
                .map(claim -> claim.getMetadata().getName())
                .collect(Collectors.toSet());
        List<PodSpec> pods = pods();
        assertThat(pods).hasSize(6);
        for (PodSpec pod : pods) {
            assertThat(pod.getEnableServiceLinks()).isFalse();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            Set<String> volumes = pod.getVolumes().stream().map(Volume::getName).collect(Collectors.toSet());
            assertThat(pod.getVolumes().stream()
                            .filter(volume -> volume.getPersistentVolumeClaim() != null)
                            .map(volume -> volume.getPersistentVolumeClaim().getClaimName()))
                    .allSatisfy(claim -> assertThat(claims).contains(claim));
            for (Container container : pod.getContainers()) {
                assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                        .isFalse();
                assertThat(volumes)
                        .containsAll(container.getVolumeMounts().stream()
                                .map(VolumeMount::getName)
                                .toList());
                List<String> ports = container.getPorts().stream()
                        .map(ContainerPort::getName)
                        .toList();
                assertThat(Stream.of(
                                        container.getStartupProbe(),
                                        container.getReadinessProbe(),
                                        container.getLivenessProbe())
                                .flatMap(Stream::ofNullable)
                                .map(Probe::getHttpGet))
                        .hasSize(3 * ports.size())
                        .allSatisfy(get -> {
                            assertThat(get.getPath()).isIn("/healthz", "/readyz");
                            assertThat(ports).contains(get.getPort().getStrVal());
                        });
            }
        }
    }

    @Test
    void settingsInTheEnvironmentAreThoseThatTheServerKnows() throws IOException {
        List<Map<String, String>> environments = new ArrayList<>();
        for (PodSpec pod : pods()) {
            for (Container container : pod.getContainers()) {
                environments.add(container.getEnv().stream()
                        .collect(Collectors.toMap(EnvVar::getName, variable -> Optional.ofNullable(variable.getValue())
                                .orElse("in a secret or the pod"))));
            }
        }
        for (Path file : files(DEPLOY.resolve("systemd"), ".env")) {
            Properties lines = new Properties();
            // What is commented out is meant to be a setting, too.
            lines.load(Files.newBufferedReader(uncommented(file)));
            Map<String, String> environment = new HashMap<>();
            lines.stringPropertyNames().forEach(name -> environment.put(name, lines.getProperty(name)));
            assertThat(environment).containsKeys("INDEX", "MODEL", "OPTIONS", "IMAGESEARCH_SERVE_NODES_SECRET");
            environments.add(environment);
        }
        for (Map<String, String> environment : environments) {
            assertThat(Settings.load("serve", Optional.empty(), environment, Map.of()))
                    .isNotNull();
        }
        assertThatThrownBy(() -> Settings.load(
                        "serve", Optional.empty(), Map.of("IMAGESEARCH_SERVE_SERVICE_HOST", "10.0.0.1"), Map.of()))
                .as("a variable of a service's, which pods would have without enableServiceLinks: false")
                .isInstanceOf(ImageSearchException.class);
    }

    /** The command of the nodes, run by bash with the program's name replaced. */
    @ParameterizedTest
    @CsvSource({"8, 2, 4", "8, 8, 8", "7, 3, 6", "10, 4, 4", "1, 1, 3"})
    void everyShardIsHadByAsManyNodesAsThereAreCopies(int shards, int groups, int pods) {
        Container node = container("imagesearch-node");
        assertThat(node.getCommand().subList(0, 2)).containsExactly("bash", "-euc");
        String script = node.getCommand().get(2).replace("exec /opt/imagesearch/bin/serve", "echo");
        assertThat(script).contains("echo");
        Map<Integer, Integer> copies = new TreeMap<>();
        for (int pod = 0; pod < pods; pod++) {
            Path log = folder.resolve("node-" + pod + ".log");
            Command.run(
                    log,
                    List.of(
                            "env",
                            "HOSTNAME=imagesearch-node-" + pod,
                            "SHARDS=" + shards,
                            "GROUPS_OF_SHARDS=" + groups,
                            "bash",
                            "-euc",
                            script));
            String[] range =
                    Command.tail(log).replaceAll(".*--shards ", "").strip().split("-");
            IntStream.rangeClosed(Integer.parseInt(range[0]), Integer.parseInt(range[1]))
                    .forEach(shard -> copies.merge(shard, 1, Integer::sum));
        }
        assertThat(copies.keySet())
                .containsExactlyElementsOf(IntStream.range(0, shards).boxed().toList());
        assertThat(copies.values()).allMatch(count -> count == pods / groups || count == pods / groups + 1);
    }

    @Test
    void theShardsOfTheNodesAreTheShardsThatAreMergedAndEachHasTwoCopies() {
        Map<String, String> node = container("imagesearch-node").getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
        List<String> merge = container("imagesearch-merge").getArgs();
        StatefulSet nodes = (StatefulSet) named("imagesearch-node").stream()
                .filter(StatefulSet.class::isInstance)
                .findFirst()
                .orElseThrow();

        assertThat(merge.get(merge.indexOf("--shards") + 1)).isEqualTo(node.get("SHARDS"));
        assertThat(nodes.getSpec().getReplicas()).isEqualTo(2 * Integer.parseInt(node.get("GROUPS_OF_SHARDS")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"imagesearch-serve.service", "imagesearch-node@.service"})
    void unitsStartTheServerWithOptionsThatItKnows(String unit) throws IOException {
        String start = Files.readAllLines(DEPLOY.resolve("systemd").resolve(unit)).stream()
                .filter(line -> line.startsWith("ExecStart="))
                .findFirst()
                .orElseThrow();
        assertThat(start).startsWith("ExecStart=/opt/imagesearch/bin/serve ");
        Path help = folder.resolve("help.txt");
        Command.run(help, List.of("bin/serve", "--help"));
        String known = Files.readString(help);
        assertThat(Stream.of(start.split(" ")).filter(word -> word.startsWith("--")))
                .isNotEmpty()
                .allSatisfy(option -> assertThat(known).contains(option + "="));
    }

    @ParameterizedTest
    @ValueSource(strings = {"server.Dockerfile", "jobs.Dockerfile"})
    void imagesRunAsSomebodyElseThanRootFromBasesWithTags(String name) throws IOException {
        List<String> lines = Files.readAllLines(DEPLOY.resolve("docker").resolve(name));
        assertThat(lines.stream().filter(line -> line.startsWith("USER ")).reduce((first, second) -> second))
                .hasValueSatisfying(user -> assertThat(user).matches("USER [1-9]\\d*(:[1-9]\\d*)?"));
        assertThat(lines.stream()
                        .filter(line -> line.startsWith("ARG "))
                        .filter(line -> line.contains("="))
                        .map(line -> line.substring(line.indexOf('=') + 1)))
                .isNotEmpty()
                .allSatisfy(
                        base -> assertThat(base).matches("[a-z/]+:[a-z0-9.-]+").doesNotEndWith("latest"));
        assertThat(DEPLOY.resolve("docker").resolve(name + ".dockerignore")).exists();
    }

    /** As a manifest says it; the oldest types are of a group without a name. */
    private static String kind(Class<? extends HasMetadata> type) {
        return HasMetadata.getApiVersion(type).replaceFirst("^/", "") + " " + type.getSimpleName();
    }

    private Path uncommented(Path file) throws IOException {
        Path copy = folder.resolve(file.getFileName());
        return Files.writeString(copy, Files.readString(file).replace("\n#IMAGESEARCH", "\nIMAGESEARCH"));
    }

    private static Container container(String owner) {
        return named(owner).stream()
                .flatMap(manifest -> template(manifest).stream())
                .map(pod -> pod.getSpec().getContainers().get(0))
                .findFirst()
                .orElseThrow();
    }

    private static List<HasMetadata> named(String name) {
        return manifests().stream()
                .filter(manifest -> name.equals(manifest.getMetadata().getName()))
                .toList();
    }

    private static List<PodSpec> pods() {
        return manifests().stream()
                .flatMap(manifest -> template(manifest).map(PodTemplateSpec::getSpec).stream())
                .toList();
    }

    /** The pods that a manifest makes, or is. */
    private static Optional<PodTemplateSpec> template(HasMetadata manifest) {
        if (manifest instanceof Deployment deployment) {
            return Optional.of(deployment.getSpec().getTemplate());
        }
        if (manifest instanceof StatefulSet set) {
            return Optional.of(set.getSpec().getTemplate());
        }
        if (manifest instanceof Job job) {
            return Optional.of(job.getSpec().getTemplate());
        }
        return manifest instanceof Pod pod
                ? Optional.of(new PodTemplateSpec(pod.getMetadata(), pod.getSpec()))
                : Optional.empty();
    }

    private static List<HasMetadata> manifests() {
        List<HasMetadata> manifests = new ArrayList<>();
        for (Path file : files(KUBERNETES, ".yaml")) {
            if (!file.endsWith(KUSTOMIZATION)) {
                documents(file).forEach(document -> manifests.add(strictly(document, file.toString())));
            }
        }
        return manifests;
    }

    private static HasMetadata strictly(JsonNode document, String from) {
        String kind = document.path("apiVersion").asText() + " "
                + document.path("kind").asText();
        assertThat(KINDS).as(from).containsKey(kind);
        try {
            return STRICT.treeToValue(document, KINDS.get(kind));
        } catch (IOException e) {
            throw new AssertionError(from + ": " + e.getMessage(), e);
        }
    }

    private static List<JsonNode> documents(Path file) {
        try {
            return YAML.readerFor(JsonNode.class)
                    .<JsonNode>readValues(file.toFile())
                    .readAll();
        } catch (IOException e) {
            throw new AssertionError(file + ": " + e.getMessage(), e);
        }
    }

    private static List<Path> files(Path folder, String suffix) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }
}
