package org.imagesearch.clip.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {
    private static final List<String> LIBRARIES = List.of(
            "libonnxruntime.so",
            "libonnxruntime4j_jni.so",
            "libonnxruntime_providers_shared.so",
            "libonnxruntime_providers_cuda.so");

    @TempDir
    Path folder;

    @Test
    void librariesAreUnpackedOnceForAllProcesses() throws IOException {
        Path cache = folder.resolve("home/cache");
        try (URLClassLoader loader = jar("gpu.jar", LIBRARIES, "one")) {
            Path unpacked = NativeLibraries.unpack(loader, cache).orElseThrow();
            for (String library : LIBRARIES) {
                assertThat(unpacked.resolve(library)).hasContent("one " + library);
            }
            Files.writeString(unpacked.resolve("libonnxruntime.so"), "not written again");
            assertThat(NativeLibraries.unpack(loader, cache)).contains(unpacked);
            assertThat(unpacked.resolve("libonnxruntime.so")).hasContent("not written again");
            try (Stream<Path> left = Files.list(cache)) {
                assertThat(left).hasSize(2);
            }
        }
        try (URLClassLoader other = jar("newer.jar", LIBRARIES, "another")) {
            Path unpacked = NativeLibraries.unpack(other, cache).orElseThrow();
            assertThat(unpacked.resolve("libonnxruntime.so")).hasContent("another libonnxruntime.so");
        }
    }

    @Test
    void whatAKilledProcessLeftBehindIsWrittenOver() throws IOException {
        try (URLClassLoader loader = jar("gpu.jar", LIBRARIES, "one")) {
            Path unpacked = NativeLibraries.unpack(loader, folder).orElseThrow();
            Path partial = folder.resolve(unpacked.getFileName() + ".partial");
            Files.move(unpacked, partial);
            Files.writeString(partial.resolve("libonnxruntime.so"), "half of it, and of another len");
            assertThat(NativeLibraries.unpack(loader, folder)).contains(unpacked);
            assertThat(unpacked.resolve("libonnxruntime.so")).hasContent("one libonnxruntime.so");
        }
    }

    @Test
    void theCpuBuildHasFewerAndAFolderOfItsOwn() throws IOException {
        try (URLClassLoader cpu = jar("cpu.jar", LIBRARIES.subList(0, 2), "one");
                URLClassLoader gpu = jar("gpu.jar", LIBRARIES, "one")) {
            Path unpacked = NativeLibraries.unpack(cpu, folder).orElseThrow();
            try (Stream<Path> files = Files.list(unpacked)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .containsExactlyInAnyOrderElementsOf(LIBRARIES.subList(0, 2));
            }
            assertThat(NativeLibraries.unpack(gpu, folder)).get().isNotEqualTo(unpacked);
        }
    }

    @Test
    void whereThereAreNoneForThisPlatformNothingIsMade() throws IOException {
        try (URLClassLoader loader = jar("other.jar", List.of("onnxruntime.dll"), "one")) {
            assertThat(NativeLibraries.unpack(loader, folder.resolve("cache"))).isEmpty();
        }
        assertThat(folder.resolve("cache")).doesNotExist();
    }

    private URLClassLoader jar(String name, List<String> libraries, String content) throws IOException {
        Path jar = folder.resolve(name);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (String library : libraries) {
                out.putNextEntry(new JarEntry("ai/onnxruntime/native/linux-x64/" + library));
                out.write((content + " " + library).getBytes(StandardCharsets.UTF_8));
                out.closeEntry();
            }
        }
        return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
    }
}
