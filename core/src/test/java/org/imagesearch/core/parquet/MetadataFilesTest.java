package org.imagesearch.core.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataFilesTest {
    private static final Configuration CONFIGURATION = new Configuration(false);

    @TempDir
    java.nio.file.Path folder;

    @Test
    void footersTellRowsAndColumnsOfAllFilesTogether() throws IOException {
        Path first = write("1", Map.of("stars", PrimitiveTypeName.INT32), Map.of("stars", 3));
        Path second = write(
                "2", Map.of("stars", PrimitiveTypeName.INT32, "album", PrimitiveTypeName.BINARY), Map.of("album", "Ü"));

        ImageFooters footers = ImageFooters.of(List.of(first, second), CONFIGURATION);

        assertThat(footers.rows()).isEqualTo(2);
        assertThat(footers.extra())
                .containsEntry("stars", PrimitiveTypeName.INT32)
                .containsEntry("album", PrimitiveTypeName.BINARY);
        assertThat(footers.leftBehind()).isEmpty();
    }

    @Test
    void columnsOfTwoTypesAreRefusedWithBothNamed() throws IOException {
        Path first = write("1", Map.of("stars", PrimitiveTypeName.INT32), Map.of());
        Path second = write("2", Map.of("stars", PrimitiveTypeName.DOUBLE), Map.of("stars", 3.5));

        assertThatThrownBy(() -> ImageFooters.of(List.of(first, second), CONFIGURATION))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("2: column 'stars' has values of type DOUBLE, in other files of INT32");
    }

    @Test
    void columnsThatWouldBeCalledAlikeAreRefused() {
        assertThatThrownBy(() -> write(
                        "1",
                        Map.of("image_path", PrimitiveTypeName.BINARY, "input_image_path", PrimitiveTypeName.BINARY),
                        Map.of()))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("two columns would be called 'input_image_path'");
    }

    private Path write(String name, Map<String, PrimitiveTypeName> columns, Map<String, Object> values)
            throws IOException {
        Path file = new Path(folder.resolve(name).toUri());
        try (MetadataWriter writer = new MetadataWriter(file, new TreeMap<>(columns), CONFIGURATION)) {
            writer.write(new PictureRow(7, "file:///p.jpg", 3, 2, Optional.empty(), values));
        }
        return file;
    }
}
