package org.imagesearch.core.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.Expression.And;
import org.imagesearch.core.filter.Expression.Comparison;
import org.imagesearch.core.filter.Expression.HasValue;
import org.imagesearch.core.filter.Expression.Not;
import org.imagesearch.core.filter.Expression.Or;
import org.imagesearch.core.filter.Expression.Phrase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTest {
    private static final Columns COLUMNS = Columns.OF_EVERY_PICTURE.and(Map.of(
            "licence", Set.of(ColumnType.TEXT),
            "score", Set.of(ColumnType.NUMBER),
            "good", Set.of(ColumnType.BOOLEAN),
            "year", Set.of(ColumnType.INTEGER, ColumnType.TEXT)));

    @Test
    void andBindsCloserThanOrAndNotCloserThanBoth() {
        assertThat(read("a=1 OR b<2 AND NOT c>=3"))
                .isEqualTo(new Or(List.of(
                        new Comparison("a", Operator.EQUAL, "1", 1),
                        new And(List.of(
                                new Comparison("b", Operator.LESS, "2", 8),
                                new Not(new Comparison("c", Operator.AT_LEAST, "3", 20)))))));
        assertThat(read("(a>1 or b<=2) and c!=3"))
                .isEqualTo(new And(List.of(
                        new Or(List.of(
                                new Comparison("a", Operator.MORE, "1", 2),
                                new Comparison("b", Operator.AT_MOST, "2", 9))),
                        new Not(new Comparison("c", Operator.EQUAL, "3", 19)))));
    }

    @Test
    void wordsPhrasesAndAnyValueAreToldApart() {
        assertThat(read("caption:Beach")).isEqualTo(new Phrase("caption", List.of("beach"), 1));
        assertThat(read("caption:\"a RED-car\"")).isEqualTo(new Phrase("caption", List.of("a", "red", "car"), 1));
        assertThat(read("caption : *")).isEqualTo(new HasValue("caption", 1));
        assertThat(read("uri:www.example.org")).isEqualTo(new Phrase("uri", List.of("www", "example", "org"), 1));
    }

    @Test
    void namesAndValuesInQuotesMayHoldAnything() {
        assertThat(read("\"my (own) column\" = \"a \\\"b\\\" \\\\ AND\""))
                .isEqualTo(new Comparison("my (own) column", Operator.EQUAL, "a \"b\" \\ AND", 1));
        assertThat(read("uri=https://a.b/c?d=e&f<g"))
                .isEqualTo(new Comparison("uri", Operator.EQUAL, "https://a.b/c?d=e&f<g", 1));
        assertThat(read("taken>=2020-01-01T10:00:00Z"))
                .isEqualTo(new Comparison("taken", Operator.AT_LEAST, "2020-01-01T10:00:00Z", 1));
    }

    @Test
    void keywordsCanBeColumns() {
        assertThat(read("not=1 and and=2"))
                .isEqualTo(new And(List.of(
                        new Comparison("not", Operator.EQUAL, "1", 1),
                        new Comparison("and", Operator.EQUAL, "2", 11))));
        assertThat(read("NOT(android=1)")).isEqualTo(new Not(new Comparison("android", Operator.EQUAL, "1", 5)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``                | 1  | the end    | a column, NOT or (",
                "width             | 6  | the end    | =, !=, <, <=, >, >= or :",
                "width >=          | 9  | the end    | a value",
                "width=1 height=2  | 9  | 'height=2' | AND, OR or the end",
                "(width=1          | 9  | the end    | AND, OR or )",
                "width=1)          | 8  | ')'        | AND, OR or the end",
                "width=1 AND       | 12 | the end    | a column, NOT or (",
                "caption:bea*      | 9  | 'bea*'     | a word, a * alone or a text in quotes",
                "caption:!         | 9  | '!'        | a value with a letter or digit",
                "caption:\"open    | 14 | the end    | a closing quote",
                "caption:\"\\n\"   | 11 | 'n\"'      | \" or \\ behind a backslash",
                ">=5               | 1  | '>=5'      | a column, NOT or (",
            })
    void aMistakeIsToldByItsPlace(String text, int position, String found, String expected) {
        assertThatThrownBy(() -> Filter.parse(text))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessage("filter, position %d: found %s, expected %s", position, found, expected);
    }

    @Test
    void lengthDepthAndConditionsAreBounded() {
        assertThatThrownBy(() -> Filter.parse("a=" + "1".repeat(1999))).hasMessageContaining("2001 characters");
        assertThatThrownBy(() -> Filter.parse("(".repeat(33) + "a=1")).hasMessageContaining("more than 32 brackets");
        assertThatThrownBy(() -> Filter.parse("NOT ".repeat(33) + "a=1")).hasMessageContaining("more than 32 brackets");
        assertThatThrownBy(() -> Filter.parse("a=1" + " OR a=1".repeat(100)))
                .hasMessageContaining("more than 100 conditions");
        assertThatCode(() -> Filter.parse("(".repeat(32) + "a=1" + ")".repeat(32) + " OR a=1".repeat(99)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "width>=1024 AND caption:beach",
                "id=5 OR score<0.5 OR good=true OR NOT good=FALSE OR licence>=B",
                "year=2000 OR year:old OR year=true",
                "width:* AND good:* AND score:*"
            })
    void whatFitsTheColumnsPasses(String text) {
        assertThatCode(() -> Filter.parse(text).requireFits(COLUMNS)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "width=1 AND colour=red | position 13: there is no column 'colour', expected one of id, uri, width, height, caption, good, licence, score, year",
                "width=wide   | position 1: the column 'width' is integer, expected a number, got = 'wide'",
                "score>1e999  | position 1: the column 'score' is number, expected a number, got > '1e999'",
                "good>true    | position 1: the column 'good' is boolean, expected = or != and true or false, got > 'true'",
                "good=yes     | position 1: the column 'good' is boolean, expected = or != and true or false, got = 'yes'",
                "NOT width:5  | position 5: the column 'width' is integer and has no words for ':', expected =, !=, <, <=, >, >= or ':*'",
            })
    void whatDoesNotFitIsToldWithWhatWould(String text, String message) {
        assertThatThrownBy(() -> Filter.parse(text).requireFits(COLUMNS))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessage("filter, " + message);
    }

    @Test
    void anyTextIsReadOrRefusedInWords() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String[] pieces = {
            "a", "width", "\"", "(", ")", " ", "AND", "or", "NOT", "=", "<", ">=", "!", ":", "*", "\\", "é", "浜",
            "\ud83d", "1e9"
        };
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            try {
                Filter.parse(text.toString()).requireFits(COLUMNS);
            } catch (ImageSearchException e) {
                assertThat(e.getMessage()).as("seed %d, %s", seed, text).startsWith("filter");
            }
        }
    }

    @Test
    void wordsAreRunsOfLettersAndDigits() {
        assertThat(Words.of("A red-Car, 2nd: Ärger & cafe\u0301 ＦＵＬＬ"))
                .containsExactly("a", "red", "car", "2nd", "ärger", "café", "full");
        assertThat(Words.of("浜辺のBeach")).containsExactly("浜", "辺", "の", "beach");
        assertThat(Words.of("हिन्दी शब्द")).containsExactly("हिन्दी", "शब्द");
        assertThat(Words.of("-- !")).isEmpty();
        assertThat(Words.of("x".repeat(500))).containsExactly("x".repeat(Words.LONGEST));
    }

    @Test
    void columnsOfSeveralTypesHaveOneThatHoldsAll() {
        Columns merged = Columns.OF_EVERY_PICTURE
                .and(Map.of("a", Set.of(ColumnType.INTEGER), "b", Set.of(ColumnType.BOOLEAN)))
                .and(Columns.OF_EVERY_PICTURE.and(
                        Map.of("a", Set.of(ColumnType.NUMBER), "b", Set.of(ColumnType.INTEGER))));
        assertThat(merged.list())
                .endsWith(new Column("a", ColumnType.NUMBER), new Column("b", ColumnType.TEXT))
                .startsWith(new Column("id", ColumnType.INTEGER), new Column("uri", ColumnType.TEXT));
        assertThat(Arrays.asList(ColumnType.values()))
                .extracting(ColumnType::text)
                .contains("integer", "boolean");
    }

    private static Expression read(String text) {
        return Filter.parse(text).expression();
    }
}
