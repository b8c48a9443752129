package org.imagesearch.clip;

import org.imagesearch.core.ImageSearchException;

/** Decodes a picture twice where no native library can be unpacked: a program of its own, which tells how that ends. */
final class WithoutPlaceForLibraries {
    private WithoutPlaceForLibraries() {}

    public static void main(String[] arguments) {
        PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, false);
        String png = Golden.names().stream()
                .filter(name -> name.endsWith(".png"))
                .findFirst()
                .orElseThrow();
        for (int i = 0; i < 2; i++) {
            try {
                decoder.decode(Golden.bytes(png));
            } catch (ImageSearchException e) {
                System.out.println(e.code() + " " + e.getMessage());
            }
        }
    }
}
