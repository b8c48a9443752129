#!/usr/bin/python3
"""Makes the golden pictures: small files of every kind we decode, and the pixels that Pillow makes of them.

Usage: make_golden.py [DIR]       writes src/test/resources/golden unless told otherwise

    pictures/NAME          the files to decode
    decoded/NAME.png       their pixels, as Pillow's convert("RGB") shows them
    upright/NAME.png       the same, turned as their Exif orientation says; only where there is one
    preprocessed/NAME.png  the square of SQUARE pixels that a model would see, after Hugging Face's CLIPImageProcessor
    resized.csv            seed,width,height,newWidth,newHeight,crc32 of the pixels: noise(seed) resized by Pillow
    squares.csv            seed,width,height,size,crc32 of the pixels: noise(seed) preprocessed

The same Pillow gives the same files; made with Debian's python3-pil 9.4. One expectation is ours and not Pillow's: grey of
16 bits keeps its upper 8 bits, where Pillow's conversion cuts at 255 and leaves hardly more than white.
"""

import io
import pathlib
import random
import shutil
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

SQUARE = 16
RESIZED = 300
SQUARES = 150


# Reference: what CLIPImageProcessor does before it scales to floats, for pictures of any size.


def as_rgb(image):
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def preprocessed(rgb, size):
    shorter, longer = min(rgb.size), max(rgb.size)
    resized = int(size * longer / shorter)
    width, height = (size, resized) if rgb.width <= rgb.height else (resized, size)
    image = rgb.resize((width, height), resample=Image.Resampling.BICUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    return image.crop((left, top, left + size, top + size))


# Contents


def noise(seed, count):
    """Bytes that a few lines of any language give: a hash of the index, half of them pulled to 0 or 255."""
    h = np.arange(count, dtype=np.uint32) + np.uint32((seed * 0x9E3779B9) & 0xFFFFFFFF)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    extreme = ((h >> np.uint32(9)) & np.uint32(1)) * np.uint32(255)
    return np.where((h >> np.uint32(8)) & np.uint32(1), h >> np.uint32(24), extreme).astype(np.uint8)


def noisy(width, height, channels, seed):
    pixels = noise(seed, width * height * channels).reshape(height, width, channels)
    return pixels[:, :, 0] if channels == 1 else pixels


def smooth(width, height, channels, seed):
    """Colours that change slowly, with hard edges and a little noise: nearer to what JPEG is made for."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for channel in range(channels):
        wave = 128 + 100 * np.sin((x * (channel + 1) + seed) / 9.0) * np.cos((y + 3 * channel) / 7.0)
        wave[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2] = 250 - 110 * channel
        grain = noise(seed + channel, width * height).reshape(height, width) / 16.0
        planes.append(np.clip(wave + grain, 0, 255).astype(np.uint8))
    return planes[0] if channels == 1 else np.dstack(planes)


def picture(pixels, mode=None):
    return Image.fromarray(np.ascontiguousarray(pixels), mode)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# PNG by hand, for what Pillow does not write


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, colour, rows, extra=b"", interlaced=False):
    """rows: bytes of each row, without the filter byte; for interlaced pictures the rows of all passes."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def packed(row, bits):
    """One row of small numbers, several to a byte, the first in the upper bits."""
    return np.packbits(np.unpackbits(row[:, None], axis=1)[:, 8 - bits :].reshape(-1)).tobytes()


def deep(width, height, channels, seed):
    """Rows of 16 bits, big-endian."""
    raw = noise(seed, 2 * width * height * channels).reshape(height, -1)
    return [row.tobytes() for row in raw]


def adam7(pixels):
    for x, y, across, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = pixels[y::down, x::across]
        if part.size:
            yield from (row.tobytes() for row in part)


def png_pictures():
    rgba = noisy(21, 13, 4, 31)
    rgba[:4, :, 3] = 0
    palette_image = picture(noisy(23, 11, 3, 32)).quantize(40)
    grey = noisy(19, 14, 1, 33)
    palette = noise(34, 3 * 16).tobytes()
    yield "png-rgb.png", saved(picture(noisy(31, 17, 3, 30)), "PNG")
    yield "png-alpha.png", saved(picture(rgba), "PNG")
    yield "png-grey.png", saved(picture(grey), "PNG")
    yield "png-grey-alpha.png", saved(picture(noisy(18, 15, 2, 35), "LA"), "PNG")
    yield "png-1-bit.png", saved(picture(grey).convert("1"), "PNG")
    yield "png-palette.png", saved(palette_image, "PNG")
    yield "png-palette-one-transparent.png", saved(palette_image, "PNG", transparency=3)
    yield "png-palette-transparency.png", saved(palette_image, "PNG", transparency=bytes(range(0, 240, 6)))
    for bits in (1, 2, 4):
        small = grey & ((1 << bits) - 1)
        rows = [packed(row, bits) for row in small]
        yield f"png-grey-{bits}.png", png(19, 14, bits, 0, rows)
        yield f"png-palette-{bits}.png", png(19, 14, bits, 3, rows, chunk(b"PLTE", palette[: 3 << bits]))
    yield "png-grey-transparent.png", png(19, 14, 8, 0, [row.tobytes() for row in grey], chunk(b"tRNS", b"\0\xff"))
    rgb = noisy(19, 14, 3, 36)
    marked = chunk(b"tRNS", bytes((0, rgb[3, 3, 0], 0, rgb[3, 3, 1], 0, rgb[3, 3, 2])))
    yield "png-rgb-transparent.png", png(19, 14, 8, 2, [row.tobytes() for row in rgb], marked)
    yield "png-16-bit-grey.png", png(17, 12, 16, 0, deep(17, 12, 1, 37))
    yield "png-16-bit-grey-alpha.png", png(17, 12, 16, 4, deep(17, 12, 2, 38))
    yield "png-16-bit-rgb.png", png(17, 12, 16, 2, deep(17, 12, 3, 39))
    yield "png-16-bit-alpha.png", png(17, 12, 16, 6, deep(17, 12, 4, 40))
    yield "png-interlaced.png", png(19, 14, 8, 2, adam7(rgb), interlaced=True)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sRGB", b"\0")
    yield "png-gamma.png", png(19, 14, 8, 2, [row.tobytes() for row in rgb], gamma)
    frames = [picture(noisy(16, 12, 3, seed)) for seed in (41, 42)]
    yield "png-animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
    turned = Image.Exif()
    turned[0x0112] = 6
    yield "png-exif-ignored.png", saved(picture(noisy(14, 9, 3, 43)), "PNG", exif=turned)


# JPEG


def without_segment(jpeg, marker):
    at = 2
    while jpeg[at + 1] != marker:
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0] :]


def with_adobe_transform(jpeg, transform):
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + bytes([transform]) + jpeg[at + 1 :]


def jpeg_pictures():
    rgb = picture(smooth(61, 43, 3, 50))
    inks = picture(smooth(45, 33, 4, 51), "CMYK")
    yield "jpeg-420.jpg", saved(rgb, "JPEG", quality=88)
    yield "jpeg-422.jpg", saved(rgb, "JPEG", quality=88, subsampling=1)
    yield "jpeg-444.jpg", saved(rgb, "JPEG", quality=95, subsampling=0)
    yield "jpeg-noise.jpg", saved(picture(noisy(40, 40, 3, 52)), "JPEG", quality=60)
    yield "jpeg-progressive.jpg", saved(rgb, "JPEG", quality=88, progressive=True)
    yield "jpeg-optimised-dpi-comment.jpg", saved(rgb, "JPEG", optimize=True, dpi=(72, 72), comment=b"\xff\xd9")
    yield "jpeg-grey.jpg", saved(picture(smooth(37, 29, 1, 53)), "JPEG", quality=85)
    yield "jpeg-grey-progressive.jpg", saved(picture(smooth(37, 29, 1, 54)), "JPEG", progressive=True)
    stored_rgb = saved(rgb, "JPEG", quality=95, subsampling=0)
    adobe = b"\xff\xee" + struct.pack(">H", 14) + b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 0)
    yield "jpeg-adobe-rgb.jpg", stored_rgb[:2] + adobe + without_segment(stored_rgb, 0xE0)[2:]
    cmyk = saved(inks, "JPEG", quality=90)
    yield "jpeg-cmyk.jpg", cmyk
    yield "jpeg-cmyk-progressive.jpg", saved(inks, "JPEG", quality=90, progressive=True)
    yield "jpeg-cmyk-without-adobe.jpg", without_segment(cmyk, 0xEE)
    yield "jpeg-ycck.jpg", with_adobe_transform(cmyk, 2)
    yield "jpeg-ycck-noise.jpg", with_adobe_transform(saved(picture(noisy(24, 16, 4, 55), "CMYK"), "JPEG", quality=95), 2)
    yield "jpeg-trailing-bytes.jpg", saved(rgb, "JPEG", quality=50) + b"what a camera leaves behind the picture"
    small = picture(smooth(26, 17, 3, 56))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg-exif-{orientation}.jpg", saved(small, "JPEG", quality=90, exif=exif)
    for orientation in (0, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg-exif-{orientation}-unknown.jpg", saved(small, "JPEG", quality=70, exif=exif)


# GIF


def gif_placed(gif, width, height, left, top):
    """Enlarges the canvas and moves the first frame."""
    descriptor = 13 + 3 * (2 << (gif[10] & 7))
    while gif[descriptor] == 0x21:
        descriptor += 2
        while gif[descriptor]:
            descriptor += 1 + gif[descriptor]
        descriptor += 1
    assert gif[descriptor] == 0x2C
    placed = bytearray(gif)
    placed[6:10] = struct.pack("<HH", width, height)
    placed[descriptor + 1 : descriptor + 5] = struct.pack("<HH", left, top)
    return bytes(placed)


def gif_pictures():
    colours = picture(noisy(29, 19, 3, 60)).quantize(64)
    yield "gif.gif", saved(colours, "GIF")
    yield "gif-not-interlaced.gif", saved(colours, "GIF", interlace=0)
    yield "gif-transparent.gif", saved(colours, "GIF", transparency=5)
    yield "gif-grey.gif", saved(picture(noisy(17, 13, 1, 61)), "GIF")
    yield "gif-two-colours.gif", saved(picture(noisy(17, 13, 1, 62)).convert("1"), "GIF")
    frames = [picture(noisy(18, 12, 3, seed)).quantize(32) for seed in (63, 64, 65)]
    yield "gif-animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    yield "gif-frame-in-canvas.gif", gif_placed(saved(colours, "GIF"), 40, 30, 7, 5)
    yield "gif-transparent-frame-in-canvas.gif", gif_placed(saved(colours, "GIF", transparency=5), 40, 30, 7, 5)
    yield "gif-without-trailer.gif", saved(colours, "GIF")[:-1]


# BMP by hand, for what Pillow does not write


def bmp(width, height, bits, data, compression=0, palette=b"", masks=b""):
    offset = 14 + 40 + len(masks) + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + masks + palette + data


def padded(rows):
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def bmp_pictures():
    rgb = noisy(23, 15, 3, 70)
    yield "bmp-rgb.bmp", saved(picture(rgb), "BMP")
    yield "bmp-palette.bmp", saved(picture(rgb).quantize(50), "BMP")
    yield "bmp-grey.bmp", saved(picture(noisy(17, 13, 1, 71)), "BMP")
    yield "bmp-1-bit.bmp", saved(picture(noisy(35, 13, 1, 72)).convert("1"), "BMP")
    yield "bmp-alpha.bmp", saved(picture(noisy(17, 13, 4, 73)), "BMP")
    rows = [row.tobytes() for row in noise(74, 2 * 21 * 11).reshape(11, -1)]
    yield "bmp-555.bmp", bmp(21, 11, 16, padded(rows))
    yield "bmp-565.bmp", bmp(21, 11, 16, padded(rows), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    yield "bmp-top-down.bmp", bmp(23, -15, 24, padded(row.tobytes() for row in rgb))
    yield "bmp-32.bmp", bmp(17, 13, 32, noise(75, 4 * 17 * 13).tobytes())
    palette = b"".join(bytes(colour) + b"\0" for colour in noise(76, 48).reshape(16, 3))
    nibbles = noise(77, 19 * 11).reshape(11, 19) & 15
    yield "bmp-4-bit.bmp", bmp(19, 11, 4, padded(packed(row, 4) for row in nibbles), palette=palette)
    runs = b"".join(bytes((1 + i % 5, i % 16, 19 - 1 - i % 5, (i * 7) % 16, 0, 0)) for i in range(11)) + b"\0\1"
    yield "bmp-rle8.bmp", bmp(19, 11, 8, runs, 1, palette=palette)
    os2 = struct.pack("<IHHHH", 12, 23, 15, 1, 24)
    data = padded(row.tobytes() for row in rgb)
    yield "bmp-os2.bmp", b"BM" + struct.pack("<IHHI", 26 + len(data), 0, 0, 26) + os2 + data


def webp_pictures():
    rgba = noisy(20, 15, 4, 80)
    rgba[:5, :, 3] = 0
    soft = smooth(45, 33, 4, 81)
    yield "webp-lossless.webp", saved(picture(noisy(25, 18, 3, 82)), "WEBP", lossless=True)
    yield "webp-lossless-alpha.webp", saved(picture(rgba), "WEBP", lossless=True, exact=True)
    yield "webp-lossy.webp", saved(picture(smooth(61, 43, 3, 83)), "WEBP", quality=80)
    yield "webp-lossy-odd.webp", saved(picture(smooth(33, 27, 3, 84)), "WEBP", quality=40)
    yield "webp-lossy-alpha.webp", saved(picture(soft), "WEBP", quality=80)
    frames = [picture(smooth(24, 18, 3, seed)) for seed in (85, 86)]
    yield "webp-animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)


def sampled_pictures():
    """JPEGs whose chroma is sampled in ways that Pillow reads and does not write; the tests' RandomJpegs wrote them."""
    for path in sorted((pathlib.Path(__file__).resolve().parent / "sampled").glob("*.jpg")):
        yield path.name, path.read_bytes()


def size_pictures():
    """Shapes on which resizing and cropping go wrong first."""
    sizes = [(1, 1), (2, 1), (1, 2), (1, 97), (97, 1), (2, 211), (211, 3), (16, 16), (15, 16), (17, 16), (16, 47), (47, 16)]
    sizes += [(5, 7), (47, 49), (53, 35), (3, 190)]
    for seed, (width, height) in enumerate(sizes):
        yield f"size-{width}x{height}.png", saved(picture(noisy(width, height, 3, 100 + seed)), "PNG")


def pictures():
    makers = (png_pictures, jpeg_pictures, sampled_pictures, gif_pictures, bmp_pictures, webp_pictures, size_pictures)
    for make in makers:
        yield from make()


# Sizes by the hundred, of pictures that need not be stored


def any_side(rng):
    return rng.choice((rng.randint(1, 4), rng.randint(1, 60), rng.randint(1, 400)))


def resized_line(rng, seed):
    width, height, new_width, new_height = (any_side(rng) for _ in range(4))
    image = picture(noisy(width, height, 3, seed)).resize((new_width, new_height), resample=Image.Resampling.BICUBIC)
    return f"{seed},{width},{height},{new_width},{new_height},{zlib.crc32(image.tobytes())}"


def square_line(rng, seed):
    width, height, size = any_side(rng), any_side(rng), rng.choice((1, 8, 24, 33, 64, 224))
    image = preprocessed(picture(noisy(width, height, 3, seed)), size)
    return f"{seed},{width},{height},{size},{zlib.crc32(image.tobytes())}"


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "resources" / "golden"
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for part in ("pictures", "decoded", "upright", "preprocessed"):
        shutil.rmtree(target / part, ignore_errors=True)
        (target / part).mkdir(parents=True)
    for name, data in pictures():
        (target / "pictures" / name).write_bytes(data)
        image = Image.open(io.BytesIO(data))
        turned = image.format == "JPEG" and image.getexif().get(0x0112)
        rgb = as_rgb(image)
        rgb.save(target / "decoded" / f"{name}.png", optimize=True)
        preprocessed(rgb, SQUARE).save(target / "preprocessed" / f"{name}.png", optimize=True)
        if turned:
            as_rgb(ImageOps.exif_transpose(image)).save(target / "upright" / f"{name}.png", optimize=True)
    rng = random.Random(7)
    lines = [resized_line(rng, seed) for seed in range(1000, 1000 + RESIZED)]
    (target / "resized.csv").write_text("\n".join(lines) + "\n")
    lines = [square_line(rng, seed) for seed in range(2000, 2000 + SQUARES)]
    (target / "squares.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
