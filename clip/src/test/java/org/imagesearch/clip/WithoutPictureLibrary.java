package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Makes squares of the golden pictures where the native library is missing: a program of its own, whose class path lacks it. */
final class WithoutPictureLibrary {
    private static final int SIDE = 16;

    private WithoutPictureLibrary() {}

    public static void main(String[] arguments) {
        PictureSquares squares = new PictureSquares(PictureSquaresTest.spec(SIDE), DecodeLimits.DEFAULT, false, true);
        ByteBuffer direct = ByteBuffer.allocateDirect(squares.squareBytes());
        int equal = 0;
        for (String name : Golden.names()) {
            byte[] expected = Golden.expected("preprocessed", name).rgb();
            squares.prepare(Golden.bytes(name), direct, 0);
            byte[] square = new byte[expected.length];
            direct.get(0, square);
            if (Arrays.equals(square, expected)
                    && Arrays.equals(squares.prepare(Golden.bytes(name)).square(), expected)) {
                equal++;
            }
        }
        System.out.println(
                "equal=" + equal + " missing=" + PictureLibrary.failure().isPresent());
    }
}
