package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
    private static final long MIB = 1 << 20;

    @Test
    void manyVectorsNeedHalfAGibibyteBesideThem() {
        assertThatCode(() -> TrainingMemory.requireFits(513 * MIB, 1025 * MIB)).doesNotThrowAnyException();
        assertThatThrownBy(() -> TrainingMemory.requireFits(513 * MIB, 1025 * MIB - 1))
                .hasMessage(
                        "513 MiB of vectors to train on need a heap of 1,026 MiB, it has 1,024: give the driver more memory"
                                + " (IMAGESEARCH_DRIVER_MEMORY), or train on less (training.memory)")
                .isInstanceOfSatisfying(ImageSearchException.class, refused -> assertThat(refused.code())
                        .isEqualTo(ErrorCode.RESOURCE));
    }

    @Test
    void fewVectorsNeedThreeTimesThemselves() {
        assertThatCode(() -> TrainingMemory.requireFits(100 * MIB, 400 * MIB)).doesNotThrowAnyException();
        assertThatThrownBy(() -> TrainingMemory.requireFits(100 * MIB, 399 * MIB))
                .hasMessageContaining("need a heap of 401 MiB, it has 399");
        assertThatCode(() -> TrainingMemory.requireFits(0, 1)).doesNotThrowAnyException();
    }
}
