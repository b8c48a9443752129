package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrientationTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyPixelOfAPictureLargerThanATileIsWhereExifPutsIt(int orientation) {
        Picture stored = Golden.noise(orientation, 197, 131);
        Picture shown = Orientation.apply(orientation, stored);
        boolean turned = orientation >= 5;
        assertThat(shown.width()).isEqualTo(turned ? 131 : 197);
        assertThat(shown.height()).isEqualTo(turned ? 197 : 131);
        for (int y = 0; y < shown.height(); y++) {
            for (int x = 0; x < shown.width(); x++) {
                int source = source(orientation, x, y);
                for (int channel = 0; channel < 3; channel++) {
                    assertThat(shown.rgb()[3 * (y * shown.width() + x) + channel])
                            .isEqualTo(stored.rgb()[3 * source + channel]);
                }
            }
        }
    }

    /** The stored pixel shown at (x, y): row 0 and column 0 of the stored picture lie as the table of tag 274 says. */
    private static int source(int orientation, int x, int y) {
        int fromRight = 196;
        int fromBottom = 130;
        int row =
                switch (orientation) {
                    case 1, 2 -> y;
                    case 3, 4 -> fromBottom - y;
                    case 5, 8 -> x;
                    default -> fromBottom - x;
                };
        int column =
                switch (orientation) {
                    case 1, 4 -> x;
                    case 2, 3 -> fromRight - x;
                    case 5, 6 -> y;
                    default -> fromRight - y;
                };
        return row * 197 + column;
    }
}
