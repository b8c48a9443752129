package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.imagesearch.clip.PictureException.Reason;

/**
 * What the first bytes of a picture say, read without decoding it.
 *
 * @param format by its magic bytes
 * @param width pixels, as stored
 * @param height pixels, as stored
 * @param components colour components of a JPEG; 0 for other formats
 * @param adobeTransform colour transform of a JPEG's Adobe marker: 0 none, 1 YCbCr, 2 YCCK; -1 without that marker
 * @param exif whether a JPEG has an Exif marker
 */
record PictureHeader(Format format, int width, int height, int components, int adobeTransform, boolean exif) {
    enum Format {
        JPEG,
        PNG,
        GIF,
        BMP,
        WEBP
    }

    /** Ten times what encoders write. */
    private static final int MAX_SCANS = 100;

    private static final String READ = "JPEG, PNG, GIF, BMP and WebP";

    /** A format that people mistake for one that is read: its bytes at a place, as Latin-1. */
    private record Unread(String name, int at, String magic) {}

    private static final List<Unread> UNREAD = List.of(
            new Unread("TIFF", 0, "II*\0"),
            new Unread("TIFF", 0, "MM\0*"),
            new Unread("TIFF", 0, "II+\0"),
            new Unread("Photoshop", 0, "8BPS"),
            new Unread("PDF", 0, "%PDF-"),
            new Unread("SVG", 0, "<svg"),
            new Unread("an icon", 0, "\0\0\1\0"),
            new Unread("JPEG 2000", 4, "jP  "),
            new Unread("JPEG XL", 0, "\u00ff\n"),
            new Unread("JPEG XL", 4, "JXL "),
            new Unread("AVIF", 4, "ftypavi"),
            new Unread("HEIF", 4, "ftyphei"),
            new Unread("HEIF", 4, "ftypmif1"));

    /** @throws PictureException if there is no picture, or its header or its end is missing */
    static PictureHeader read(byte[] bytes) {
        if (bytes.length == 0) {
            throw new PictureException(Reason.EMPTY, "the file is empty");
        }
        try {
            if (startsWith(bytes, 0, "\u00ff\u00d8\u00ff")) {
                return jpeg(bytes);
            } else if (startsWith(bytes, 0, "\u0089PNG\r\n\u001a\n")) {
                return png(bytes);
            } else if (startsWith(bytes, 0, "GIF87a") || startsWith(bytes, 0, "GIF89a")) {
                ByteBuffer in = littleEndian(bytes);
                return plain(Format.GIF, in.getShort(6) & 0xffff, in.getShort(8) & 0xffff);
            } else if (startsWith(bytes, 0, "BM")) {
                return bmp(bytes);
            } else if (startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP")) {
                return webp(bytes);
            }
        } catch (IndexOutOfBoundsException e) {
            throw new PictureException(Reason.TRUNCATED, "the file ends inside its header", e);
        }
        for (Unread unread : UNREAD) {
            if (startsWith(bytes, unread.at, unread.magic)) {
                throw new PictureException(
                        Reason.UNSUPPORTED, "the file is " + unread.name + ", only " + READ + " are read");
            }
        }
        throw new PictureException(Reason.UNKNOWN_FORMAT, "the file is none of " + READ);
    }

    private static PictureHeader plain(Format format, int width, int height) {
        return checked(new PictureHeader(format, width, height, 0, -1, false));
    }

    private static PictureHeader checked(PictureHeader header) {
        if (header.width < 1 || header.height < 1) {
            throw new PictureException(
                    Reason.CORRUPT, "the file claims to be " + header.width + " x " + header.height + " pixels");
        }
        return header;
    }

    /** Walks the markers to the first scan, then looks for the end marker behind it. Source: ITU-T T.81, annex B. */
    private static PictureHeader jpeg(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int width = 0;
        int height = 0;
        int components = 0;
        int adobeTransform = -1;
        boolean exif = false;
        boolean progressive = false;
        int at = 2;
        while (true) {
            if ((in.get(at) & 0xff) != 0xff) {
                throw new PictureException(Reason.CORRUPT, "no JPEG marker at byte " + at);
            }
            int marker = in.get(at + 1) & 0xff;
            if (marker == 0xff) {
                at++;
                continue;
            }
            if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
                at += 2;
                continue;
            }
            if (marker == 0xd9) {
                throw new PictureException(Reason.TRUNCATED, "the JPEG ends before its first scan");
            }
            int length = in.getShort(at + 2) & 0xffff;
            if (isStartOfFrame(marker)) {
                requireReadable(marker, in.get(at + 4));
                progressive = marker == 0xc2 || marker == 0xca;
                height = in.getShort(at + 5) & 0xffff;
                width = in.getShort(at + 7) & 0xffff;
                components = in.get(at + 9) & 0xff;
            } else if (marker == 0xee && length >= 14 && startsWith(bytes, at + 4, "Adobe")) {
                adobeTransform = in.get(at + 15) & 0xff;
            } else if (marker == 0xe1 && startsWith(bytes, at + 4, "Exif")) {
                exif = true;
            } else if (marker == 0xda) {
                break;
            }
            at += 2 + length;
        }
        if (components == 0) {
            throw new PictureException(Reason.CORRUPT, "the JPEG has a scan without a frame");
        }
        if (components != 1 && components != 3 && components != 4) {
            throw new PictureException(Reason.UNSUPPORTED, "a JPEG of " + components + " components");
        }
        PictureHeader header = checked(new PictureHeader(Format.JPEG, width, height, components, adobeTransform, exif));
        requireEndOfImage(bytes, at);
        if (progressive || (in.get(at + 4) & 0xff) < components) {
            requireFewScans(bytes, at);
        }
        return header;
    }

    private static boolean isStartOfFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    private static void requireReadable(int startOfFrame, int sampleBits) {
        boolean huffmanOrArithmetic = startOfFrame <= 0xc2 || startOfFrame == 0xc9 || startOfFrame == 0xca;
        if (!huffmanOrArithmetic || sampleBits != 8) {
            throw new PictureException(
                    Reason.UNSUPPORTED,
                    String.format("a JPEG with frame marker %x and %d bits per sample", startOfFrame, sampleBits));
        }
    }

    /** Each scan of a few bytes costs a pass over all pixels: a small file could keep a decoder busy for hours. */
    private static void requireFewScans(byte[] bytes, int firstScan) {
        int scans = 0;
        for (int i = firstScan; i + 1 < bytes.length; i++) {
            if (bytes[i] != (byte) 0xff) {
                continue;
            }
            int marker = bytes[i + 1] & 0xff;
            if (marker == 0xd9) {
                return;
            }
            if (marker == 0xda && ++scans > MAX_SCANS) {
                throw new PictureException(Reason.UNSUPPORTED, "a JPEG of more than " + MAX_SCANS + " scans");
            }
        }
    }

    /** A decoder fills what is missing with grey and says nothing, so a file that was cut off must be found here. */
    private static void requireEndOfImage(byte[] bytes, int firstScan) {
        for (int i = bytes.length - 2; i > firstScan; i--) {
            if (bytes[i] == (byte) 0xff && bytes[i + 1] == (byte) 0xd9) {
                return;
            }
        }
        throw new PictureException(Reason.TRUNCATED, "the JPEG has no end marker");
    }

    /** Walks the chunks to the last one. Source: W3C PNG specification, section 5. */
    private static PictureHeader png(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (!startsWith(bytes, 12, "IHDR")) {
            throw new PictureException(Reason.CORRUPT, "the PNG does not begin with its header");
        }
        PictureHeader header = plain(Format.PNG, in.getInt(16), in.getInt(20));
        long at = 8;
        while (at + 12 <= bytes.length) {
            if (startsWith(bytes, (int) at + 4, "IEND")) {
                return header;
            }
            at += 12L + Integer.toUnsignedLong(in.getInt((int) at));
        }
        throw new PictureException(Reason.TRUNCATED, "the PNG has no end chunk");
    }

    private static PictureHeader bmp(byte[] bytes) {
        ByteBuffer in = littleEndian(bytes);
        int headerBytes = in.getInt(14);
        if (headerBytes == 12) {
            return plain(Format.BMP, in.getShort(18) & 0xffff, in.getShort(20) & 0xffff);
        }
        // A negative height means rows from top to bottom.
        return plain(Format.BMP, in.getInt(18), Math.abs(in.getInt(22)));
    }

    /** Source: RFC 9649, sections 2.5 to 2.7. */
    private static PictureHeader webp(byte[] bytes) {
        ByteBuffer in = littleEndian(bytes);
        if (Integer.toUnsignedLong(in.getInt(4)) + 8 > bytes.length) {
            throw new PictureException(Reason.TRUNCATED, "the WebP is shorter than it says");
        }
        if (startsWith(bytes, 12, "VP8 ")) {
            return plain(Format.WEBP, in.getShort(26) & 0x3fff, in.getShort(28) & 0x3fff);
        } else if (startsWith(bytes, 12, "VP8L")) {
            int bits = in.getInt(21);
            return plain(Format.WEBP, (bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
        } else if (startsWith(bytes, 12, "VP8X")) {
            return plain(Format.WEBP, (in.getInt(24) & 0xffffff) + 1, (in.getInt(26) >>> 8) + 1);
        }
        throw new PictureException(Reason.CORRUPT, "the WebP has no picture");
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static boolean startsWith(byte[] bytes, int at, String latin1) {
        byte[] expected = latin1.getBytes(StandardCharsets.ISO_8859_1);
        if (at + expected.length > bytes.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (bytes[at + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }
}
