#!/usr/bin/python3
"""Makes the demo pictures: Noto Color Emoji on varied backgrounds, as JPEG files with their English names as captions.

The same count and seed give the same files. Usage: make_pictures.py --output DIR [--count N] [--seed S]
"""

import argparse
import functools
import json
import math
import multiprocessing
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

from emoji_collection import annotations, load_collection

FONT_FILE = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
FONT_SIZE = 109  # the one size of the font's bitmaps

SHORT_SIDE_PIXELS = (160, 448)
LONG_SIDE_PIXELS_MAX = 640
ASPECT_RATIO_MAX = 1.7
GLYPH_SHARE = (0.60, 0.90)  # of the picture's short side
TILT_DEGREES_MAX = 10.0
JPEG_QUALITY = (70, 95)
CONTRAST_MIN = 90.0  # distance in RGB between the background's mean colour and the glyph's
CONTRAST_TRIES = 8


@functools.lru_cache(maxsize=None)
def _font():
    if not features.check("raqm"):
        raise RuntimeError("Pillow lacks libraqm, without which flags cannot be drawn: install python3-pil and libraqm0")
    return ImageFont.truetype(FONT_FILE, FONT_SIZE, layout_engine=ImageFont.Layout.RAQM)


@functools.lru_cache(maxsize=None)
def draw_glyph(text):
    """The emoji as a tightly cropped RGBA picture, drawn once per process."""
    canvas = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((40, 20), text, font=_font(), embedded_color=True)
    box = canvas.getchannel("A").getbbox()
    if box is None:
        raise RuntimeError(f"{FONT_FILE} draws nothing for {text!r}")
    return canvas.crop(box)


@functools.lru_cache(maxsize=None)
def mean_colour(text):
    """Mean RGB of the emoji's opaque pixels."""
    pixels = np.asarray(draw_glyph(text), dtype=np.float32)
    weights = pixels[..., 3:] / 255
    return (pixels[..., :3] * weights).sum((0, 1)) / weights.sum()


def _solid(rng, size, colour):
    return Image.new("RGB", size, tuple(int(part) for part in colour))


def _patches(rng, size, colour, cells, spread, filter):
    """A small grid of colours around the given one, stretched over the picture."""
    grid = colour + rng.normal(0, spread, (cells[1], cells[0], 3))
    return Image.fromarray(np.clip(grid, 0, 255).astype(np.uint8)).resize(size, filter)


def _gradient(rng, size, colour):
    cells = ((2, 1), (1, 2), (2, 2))[rng.integers(3)]
    return _patches(rng, size, colour, cells, 35, Image.BILINEAR)


def _blobs(rng, size, colour):
    cells = (int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    return _patches(rng, size, colour, cells, 30, Image.BICUBIC)


def _tiles(rng, size, colour):
    cells = (int(rng.integers(3, 13)), int(rng.integers(3, 13)))
    return _patches(rng, size, colour, cells, 14, Image.NEAREST)


def _noise(rng, size, colour):
    grain = int(rng.integers(1, 5))
    cells = (max(2, size[0] // grain), max(2, size[1] // grain))
    shade = rng.integers(-28, 29, (cells[1], cells[0], 1), dtype=np.int16)
    grid = np.clip(colour.astype(np.int16) + shade, 0, 255).astype(np.uint8)
    return Image.fromarray(grid).resize(size, Image.BILINEAR)


def _stripes(rng, size, colour):
    other = colour + rng.normal(0, 22, 3)
    period = rng.uniform(0.04, 0.25) * min(size)
    angle = rng.uniform(0, math.pi)
    x = np.arange(size[0], dtype=np.float32) * (math.cos(angle) / period)
    y = np.arange(size[1], dtype=np.float32) * (math.sin(angle) / period)
    mask = ((y[:, None] + x[None, :]) % 1.0 < 0.5)[..., None]
    return Image.fromarray(np.clip(np.where(mask, colour, other), 0, 255).astype(np.uint8))


_BACKGROUNDS = (_solid, _gradient, _gradient, _blobs, _blobs, _tiles, _noise, _stripes)


def _background(rng, size, glyph_colour):
    for _ in range(CONTRAST_TRIES):
        colour = rng.uniform(0, 255, 3)
        colour += (colour.mean() - colour) * rng.uniform(0.1, 0.8)  # mostly muted
        if np.linalg.norm(colour - glyph_colour) >= CONTRAST_MIN:
            break
    return _BACKGROUNDS[rng.integers(len(_BACKGROUNDS))](rng, size, colour)


def _picture_size(rng, short_sides):
    short = int(round(math.exp(rng.uniform(math.log(short_sides[0]), math.log(short_sides[1])))))
    long = min(int(round(short * rng.uniform(1.0, ASPECT_RATIO_MAX))), LONG_SIDE_PIXELS_MAX)
    return (short, long) if rng.random() < 0.5 else (long, short)


def compose(rng, text, short_sides=SHORT_SIDE_PIXELS):
    """One picture of the emoji. It lies wholly inside the picture's centre square, which CLIP's centre crop keeps."""
    size = _picture_size(rng, short_sides)
    short = min(size)
    picture = _background(rng, size, mean_colour(text))

    glyph = draw_glyph(text)
    tilt = rng.uniform(-TILT_DEGREES_MAX, TILT_DEGREES_MAX)
    scale = rng.uniform(*GLYPH_SHARE) * short / max(glyph.size)
    glyph_size = tuple(max(1, round(side * scale)) for side in glyph.size)
    # Premultiplied ("RGBa"), so that the colour of transparent pixels does not bleed into the edges.
    glyph = glyph.convert("RGBa").resize(glyph_size, Image.BICUBIC)
    glyph = glyph.rotate(tilt, Image.BILINEAR, expand=True).convert("RGBA")

    room = [max(0, short - side) for side in glyph.size]
    place = [
        (side - short) // 2 + min(0, short - part) // 2 + int(rng.integers(0, free + 1))
        for side, part, free in zip(size, glyph.size, room)
    ]
    if rng.random() < 0.3:
        _cast_shadow(rng, picture, glyph, place, short)
    picture.paste(glyph, place, glyph)
    return picture


def _cast_shadow(rng, picture, glyph, place, short):
    reach = short * 0.02
    shadow = glyph.getchannel("A").point(lambda alpha: alpha * 2 // 5)
    shadow = shadow.filter(ImageFilter.BoxBlur(reach))
    offset = [at + int(round(reach * rng.uniform(0, 1.5))) for at in place]
    picture.paste((0, 0, 0), offset, shadow)


def emoji_of_picture(collection, count, seed):
    """Which emoji each picture shows: every emoji once in a seeded order, then every one again, and so on."""
    rng = np.random.default_rng((seed, 0))
    rounds = -(-count // len(collection))
    order = np.concatenate([rng.permutation(len(collection)) for _ in range(rounds)])[:count]
    return [collection[index] for index in order]


def make_picture(seed, number, text):
    """Picture `number` of the set made with `seed`, and the JPEG quality that it is written with."""
    rng = np.random.default_rng((seed, 1, number))
    picture = compose(rng, text)
    return picture, int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1))


def _write(task):
    folder, seed, number, text, caption = task
    picture, quality = make_picture(seed, number, text)
    stem = folder / f"{number:06d}"
    picture.save(stem.with_suffix(".jpg"), quality=quality)
    stem.with_suffix(".txt").write_text(caption, encoding="utf-8")


def make_pictures(folder, count, seed, processes=2, labels=None, progress=None):
    """Writes `count` pictures NNNNNN.jpg with captions NNNNNN.txt; `labels` is a file for lines of JSON, or None."""
    collection = load_collection()
    names = annotations("en")
    folder.mkdir(parents=True, exist_ok=True)
    shown = emoji_of_picture(collection, count, seed)
    tasks = [(folder, seed, number, emoji.text, names[emoji.key].name) for number, emoji in enumerate(shown)]
    with multiprocessing.Pool(processes) as pool:
        for done, _ in enumerate(pool.imap_unordered(_write, tasks, chunksize=64), start=1):
            if progress and (done % 1000 == 0 or done == count):
                progress(f"made {done} of {count} pictures")
    if labels:
        with open(labels, "w", encoding="utf-8") as lines:
            for number, emoji in enumerate(shown):
                label = {"file": f"{number:06d}.jpg", "emoji": emoji.key, "codePoints": emoji.code_points,
                         "caption": names[emoji.key].name}
                lines.write(json.dumps(label, ensure_ascii=False) + "\n")


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return value


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Makes the demo pictures: JPEG files with captions beside them.")
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument("--count", type=_positive, default=10_000, metavar="N", help="pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, other pictures (default 1)")
    parser.add_argument("--labels", type=pathlib.Path, metavar="FILE", help="also write which file shows which emoji")
    parser.add_argument("--processes", type=_positive, default=2, metavar="N", help="default %(default)s")
    options = parser.parse_args(arguments)
    make_pictures(options.output, options.count, options.seed, options.processes, options.labels,
                  lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
