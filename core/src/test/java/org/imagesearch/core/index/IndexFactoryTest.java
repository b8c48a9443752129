package org.imagesearch.core.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.OptionalInt;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexFactoryTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "IVF1024,Flat",
                "IVF1,SQfp16",
                "IVF64,SQ8",
                "IVF,SQ8",
                "IVF4096,PQ64",
                "IVF64,SQ8,RFlat",
                "IVF,PQ128,Refine(SQfp16)",
                "IVF16384,SQ8,Refine(SQfp16)",
                "IVF16,SQfp16,RFlat"
            })
    void factoryStringsAreReadAndWrittenAsFaissSpellsThem(String text) {
        assertThat(IndexFactory.parse(text)).hasToString(text);
    }

    @Test
    void partsAreTakenApart() {
        IndexFactory factory = IndexFactory.parse("IVF64,PQ32x8,Refine(Flat)");
        assertThat(factory.nlist()).hasValue(64);
        assertThat(factory.codec()).isEqualTo(VectorCodec.product(32));
        assertThat(factory.refinement()).contains(VectorCodec.FLAT);
        assertThat(factory).hasToString("IVF64,PQ32,RFlat");
        assertThat(IndexFactory.parse("IVF,SQ8").nlist()).isEmpty();
        assertThat(IndexFactory.parse("IVF,SQ8").withNlist(16)).hasToString("IVF16,SQ8");
    }

    @Test
    void bytesPerVectorCountTheId() {
        assertThat(IndexFactory.parse("IVF,Flat").bytesPerVector(512)).isEqualTo(2056);
        assertThat(IndexFactory.parse("IVF,SQfp16").bytesPerVector(512)).isEqualTo(1032);
        assertThat(IndexFactory.parse("IVF,SQ8,RFlat").bytesPerVector(512)).isEqualTo(520);
        assertThat(IndexFactory.parse("IVF,PQ64").bytesPerVector(512)).isEqualTo(72);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Flat",
                "IVF0,Flat",
                "IVF00,SQ8",
                "IVF12345678,Flat",
                "IVF-1,Flat",
                "IVF64",
                "IVF64,",
                "IVF64,flat",
                "IVF64,SQ4",
                "IVF64,PQ0",
                "IVF64,PQ64x4",
                "IVF64,PQ64x4fs",
                "IVF64,Flat,RFlat",
                "IVF64,SQfp16,Refine(SQfp16)",
                "IVF64,SQ8,Refine(SQ8)",
                "IVF64,SQ8,Refine(PQ8)",
                "IVF64,SQ8,RFlat,RFlat",
                "IVF64,SQ8 ",
                "IVF64_HNSW32,SQ8",
                "OPQ16,IVF64,PQ16"
            })
    void othersAreRefusedAsInput(String text) {
        assertThatThrownBy(() -> IndexFactory.parse(text))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT));
    }

    @Test
    void codesThatDoNotFitTheDimensionAreRefused() {
        VectorCodec.product(64).requireDimension(512);
        assertThatThrownBy(() -> VectorCodec.product(60).requireDimension(512))
                .hasMessageContaining("PQ60")
                .hasMessageContaining("512");
        assertThatThrownBy(() -> new IndexFactory(OptionalInt.of(0), VectorCodec.BYTES, Optional.empty()))
                .isInstanceOf(ImageSearchException.class);
    }
}
