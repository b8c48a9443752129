package org.imagesearch.server.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.server.SmallIndex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScreeningTest {
    @TempDir
    Path folder;

    @Test
    void autoLeavesAQuarterOfTheMemory() {
        SmallIndex index = SmallIndex.publish(folder, 1, 5, 60, 2);
        List<ShardEntry> shards =
                new IndexDirectory(folder).readManifest(index.generation()).shards();
        long vectors = shards.stream().mapToLong(shard -> shard.index().bytes()).sum();

        assertThat(Screening.AUTO.wanted(shards, 2 * vectors)).isTrue();
        assertThat(Screening.AUTO.wanted(shards, (long) (1.6 * vectors))).isFalse();
        assertThat(Screening.AUTO.wanted(shards, 0)).isFalse();
        assertThat(Screening.ALWAYS.wanted(shards, 0)).isTrue();
        assertThat(Screening.NEVER.wanted(shards, Long.MAX_VALUE)).isFalse();
    }
}
