package org.imagesearch.server.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Collectors;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardSelectionTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''        | 0 1 2 3 4 5 6 7",
                "' '       | 0 1 2 3 4 5 6 7",
                "0         | 0",
                "7         | 7",
                "0-7       | 0 1 2 3 4 5 6 7",
                "3-3       | 3",
                "0-2,7     | 0 1 2 7",
                "' 5 , 1 ' | 1 5",
                "2-4,3-5,4 | 2 3 4 5",
                "00003     | 3"
            })
    void numbersAndRangesAreServedOnceInOrder(String text, String expected) {
        String parsed =
                ShardSelection.parse(text, 8).stream().map(String::valueOf).collect(Collectors.joining(" "));

        assertThat(parsed).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "8", "0-8", "4-3", "-1", "1-", ",", "1,", ",1", "1,,2", "a", "1 2", "0x1", "1.0", "99999", "123456", "٣"
            })
    void whatIsNoSelectionOrNoShardIsRefused(String text) {
        assertThatThrownBy(() -> ShardSelection.parse(text, 8))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("--shards");
    }
}
