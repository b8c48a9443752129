package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OwnColumnsTest {
    @ParameterizedTest
    @ValueSource(strings = {"id", "uri", "Width", "HEIGHT", "caption", "embedding", "wave"})
    void columnsThatAreCalledLikeOursGetAnotherName(String name) {
        assertThat(OwnColumns.nameOf(name)).isEqualTo("input_" + name);
    }

    @Test
    void otherColumnsKeepTheirNamesAndTypesAndMayBeNull() {
        assertThat(carried("url string not null, `a.b` array<int>, own int, id bigint"))
                .isEqualTo(StructType.fromDDL("url string, `a.b` array<int>, own int, input_id bigint"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"thumb binary", "x array<binary>", "x struct<a: int, b: map<string, binary>>"})
    void bytesAreRefused(String columns) {
        assertThatThrownBy(() -> carried(columns))
                .hasMessageContaining("holds bytes")
                .hasMessageContaining("input.leave-out");
    }

    @Test
    void namesThatDifferInCaseOnlyAreRefused() {
        assertThatThrownBy(() -> carried("width int, INPUT_width int"))
                .hasMessageContaining("two columns would be called");
    }

    @ParameterizedTest
    @CsvSource({
        "int, bigint, bigint",
        "tinyint, double, double",
        "float, double, double",
        "string, string, string",
        "array<int>, array<int>, array<int>",
    })
    void valuesThatFitTakeTheTypeThatIsThere(String added, String known, String merged) {
        assertThat(OwnColumns.merge(StructType.fromDDL("A " + known), StructType.fromDDL("a " + added)))
                .isEqualTo(StructType.fromDDL("A " + merged));
    }

    @ParameterizedTest
    @CsvSource({
        "bigint, int",
        "double, float",
        "bigint, double",
        "int, float",
        "string, int",
        "int, string",
        "date, timestamp"
    })
    void valuesThatMightNotFitAreRefusedWithBothTypes(String added, String known) {
        assertThatThrownBy(() -> OwnColumns.merge(StructType.fromDDL("a " + known), StructType.fromDDL("a " + added)))
                .hasMessageContaining("'a' has type " + added)
                .hasMessageContaining("type " + known);
    }

    @Test
    void newColumnsComeBehindKnownOnes() {
        assertThat(OwnColumns.merge(StructType.fromDDL("b int"), StructType.fromDDL("a int, b int")))
                .isEqualTo(StructType.fromDDL("b int, a int"));
    }

    @ParameterizedTest
    @CsvSource({
        "bigint, double, double",
        "bigint, string, string",
        "struct<x: bigint>, string, string",
        "double, bigint, double",
        "string, boolean, string"
    })
    void jsonIsReadWithTheKnownTypeWhereThatHoldsAnyValue(String inferred, String known, String read) {
        StructField field = StructType.fromDDL("Width " + inferred).apply(0);
        assertThat(OwnColumns.typeOfJson(field, StructType.fromDDL("input_width " + known)))
                .isEqualTo(StructType.fromDDL("a " + read).apply(0).dataType());
        assertThat(OwnColumns.typeOfJson(field, new StructType())).isEqualTo(field.dataType());
    }

    private static StructType carried(String ddl) {
        return OwnColumns.carried(List.of(StructType.fromDDL(ddl).fields()), "--input x");
    }
}
