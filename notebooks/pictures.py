"""How the notebooks draw: one style for plots, and the pictures themselves."""

from __future__ import annotations

import io
import itertools
import pathlib
import tarfile
import urllib.parse
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.font_manager import FontProperties, findfont, get_font
from PIL import Image, ImageDraw, ImageOps

BLUE, ORANGE, GREY = "#2a6fbb", "#d9722b", "#8a8f98"
PAPER = (255, 255, 255)
MISSING = (225, 227, 231)
DOT = (200, 205, 213)
# What Pillow and tarfile throw at files that are gone, elsewhere, broken, or too large; SyntaxError is a broken PNG.
UNREADABLE = (OSError, KeyError, ValueError, SyntaxError, tarfile.TarError, Image.DecompressionBombError)
TITLE_LETTERS_MAX = 16


def use_style() -> None:
    """Plots without frames and ink that says nothing."""
    plt.rcParams.update({
        "figure.figsize": (8, 4.2),
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "text.parse_math": False,  # captions may have dollars
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelcolor": "#444",
        "axes.edgecolor": "#bbb",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREY]),
        "grid.color": "#ececec",
        "xtick.color": "#666",
        "ytick.color": "#666",
        "legend.framealpha": 0.9,
        "legend.edgecolor": "none",
    })


def thumbnail(uri: str, side: int, fill: bool = False) -> Image.Image:
    """The picture in a square of `side` pixels: whole, or with `fill` the middle of it. Grey if it is not on this disk, or no picture."""
    square = Image.new("RGB", (side, side), PAPER)
    try:
        picture = _open(uri, side, ImageOps.fit if fill else ImageOps.contain)
    except UNREADABLE:
        square.paste(MISSING, (0, 0, side, side))
        return square
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return square


def _open(uri: str, side: int, resize: Callable[[Image.Image, tuple[int, int]], Image.Image]) -> Image.Image:
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme != "file":
        raise ValueError(f"not on this disk: {uri}")
    path = urllib.parse.unquote(parts.path)
    source = path
    if parts.fragment:  # a member of a tar
        with tarfile.open(path) as tar:
            member = tar.extractfile(urllib.parse.unquote(parts.fragment))
            if member is None:
                raise ValueError(f"no file: {uri}")
            source = io.BytesIO(member.read())
    with Image.open(source) as picture:
        picture.draft("RGB", (side, side))  # a large JPEG is decoded small
        picture = ImageOps.exif_transpose(picture).convert("RGB")
        return resize(picture, (side, side))


def show_rows(rows: Sequence[tuple[str, pd.DataFrame]], most: int = 10, title: str = "", side: int = 84) -> None:
    """A row of pictures with their captions per (label, images), at most `most` of each."""
    width, height = side + 12, side + 26
    rows = [(label, images.head(most)) for label, images in rows]
    most = max((len(images) for _, images in rows), default=0)
    if not most:
        print(f"{title}: none")
        return
    sheet = Image.new("RGB", (max(most, 4) * width, len(rows) * height), PAPER)
    axis = _sheet_axis(sheet, left=130 if any(label for label, _ in rows) else 10, title=title)
    for line, (label, images) in enumerate(rows):
        axis.text(-12, line * height + side / 2, label, ha="right", va="center", fontsize=9)
        for place, image in enumerate(images.itertuples()):
            sheet.paste(thumbnail(image.uri, side), (place * width, line * height))
            axis.text(place * width + side / 2, line * height + side + 9, _short(image.caption), ha="center", va="center", fontsize=6.5, color="#555")
    axis.imshow(np.asarray(sheet))
    plt.show()


def show_map(points: np.ndarray, images: pd.DataFrame, title: str, side: int = 36, places: int = 28) -> None:
    """Dots at points[n, 2], and pictures on a grid of places² over them: each on the free place nearest to it, at most one beside its own."""
    pixels = places * side
    sheet = Image.new("RGB", (pixels, pixels), PAPER)
    low, high = points.min(axis=0), points.max(axis=0)
    spots = (points - low) / np.maximum(high - low, 1e-9) * [1, -1] + [0, 1]
    dots = ImageDraw.Draw(sheet)
    for x, y in spots * (pixels - 4) + 2:
        dots.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=DOT)
    taken: set[tuple[int, int]] = set()
    for spot, uri in zip(spots * places - 0.5, images["uri"]):
        place = _free_place(spot, taken, places)
        if place:
            taken.add(place)
            sheet.paste(thumbnail(uri, side - 2, fill=True), (place[0] * side + 1, place[1] * side + 1))
    axis = _sheet_axis(sheet, left=10, title=title)
    axis.imshow(np.asarray(sheet))
    plt.show()


def _free_place(spot: np.ndarray, taken: set[tuple[int, int]], places: int) -> tuple[int, int] | None:
    column, row = np.clip(np.round(spot), 0, places - 1).astype(int)
    around = itertools.product(range(max(0, column - 1), min(places, column + 2)), range(max(0, row - 1), min(places, row + 2)))
    free = [place for place in around if place not in taken]
    return min(free, key=lambda place: np.hypot(*(spot - place)), default=None)


def _sheet_axis(sheet: Image.Image, left: int, title: str) -> plt.Axes:
    """An axis on which the sheet's pixels are the screen's."""
    top, dpi = 34 if title else 6, 100
    width, height = sheet.width + left, sheet.height + top
    figure = plt.figure(figsize=(width / dpi, height / dpi), dpi=dpi, layout="none")
    axis = figure.add_axes((left / width, 0, sheet.width / width, sheet.height / height))
    axis.set(xlim=(0, sheet.width), ylim=(sheet.height, 0))
    axis.set_axis_off()
    figure.text(10 / width, 1 - 10 / height, title, va="top", fontsize=12)
    return axis


def _short(caption: str | None) -> str:
    if not isinstance(caption, str):
        return ""
    font = get_font(findfont(FontProperties()))
    plain = "".join(letter if font.get_char_index(ord(letter)) else "·" for letter in caption)  # else a box, and a warning
    return plain if len(plain) <= TITLE_LETTERS_MAX else plain[: TITLE_LETTERS_MAX - 1] + "…"
