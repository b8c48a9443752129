"""The pictures and texts whose embeddings travel with a bundle, so that any machine can tell whether it computes the same."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from preprocessing import Preprocessing
from tokenizing import TokenizerFile

FILE = "golden.json"
FOLDER = "golden"

# Least cosine between a bundle's embedding and the reference; float16 has a thousandth of the precision.
COSINE_FP32 = 0.9999
COSINE_FP16 = 0.999

TEXTS = (
    "red car",
    "a photo of a cat sitting on a wooden table, next to a cup of coffee",
    "Zwei Hunde laufen über eine grüne Wiese",
    "un château fort au bord de la rivière, à l'automne",
    "Đà Lạt: một khu vườn đầy hoa",
    "красная машина на улице",
    "Το πλοίο στο λιμάνι",
    "سيارة حمراء في الشارع",
    "כלב קטן על החוף",
    "एक लाल गाड़ी सड़क पर",
    "লাল গাড়ি",
    "சிவப்பு கார்",
    "แมวนอนอยู่บนโซฟา",
    "წითელი მანქანა",
    "一辆红色的汽车停在路边",
    "窓辺で眠っている猫",
    "해변을 달리는 개",
    "🍔 hamburger & 🏳️‍🌈, 50% off!!! (C3PO)",
    "  white\tspace \n and e\u0301 combining marks ",
    "a word that is long: " + "donaudampfschifffahrtsgesellschaft" * 4,
    "more words than the model reads: " + "one two three four five six seven eight nine ten " * 20,
    "",
)


def pictures() -> dict[str, Image.Image]:
    """Drawn by arithmetic, the same everywhere: both orientations, odd sides, one smaller and one narrower than any patch."""
    return {
        "stripes.png": _drawn(317, 211, lambda x, y: (np.sin(x * 31), np.sin(x * 17 + y * 5), np.cos(y * 23))),
        "rings.png": _drawn(211, 317, lambda x, y: _rings(x - 0.4, y - 0.6)),
        "board.png": _drawn(288, 288, lambda x, y: [np.sign(np.sin(x * 40) * np.sin(y * 40))] * 3),
        "horizon.png": _drawn(401, 97, lambda x, y: (y * 2 - 1, np.where(y > 0.6, 0.8, -0.2), 1 - 2 * y)),
        "tower.png": _drawn(61, 403, lambda x, y: (np.sin(y * 60) * x, x * 2 - 1, np.cos(x * 9 + y * 30))),
        "small.png": _drawn(7, 5, lambda x, y: (x * 2 - 1, y * 2 - 1, x - y)),
        "line.png": _drawn(1, 9, lambda x, y: (y * 2 - 1, 0 * x, 1 - 2 * y)),
        "grey.png": _drawn(151, 149, lambda x, y: [np.sin(30 * x * y)] * 3).convert("L"),
    }


def _drawn(width: int, height: int, colours: Callable[[np.ndarray, np.ndarray], Any]) -> Image.Image:
    """A picture from a function of x and y in [0, 1) to three values in [-1, 1]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    values = np.stack(np.broadcast_arrays(*colours(x / width, y / height)), axis=-1)
    return Image.fromarray(np.clip(np.floor(127.5 + 127.5 * values + 0.5), 0, 255).astype(np.uint8))


def _rings(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    radius = np.hypot(x, y)
    return np.sin(radius * 50), np.sin(radius * 30 + 1), np.cos(radius * 12)


def write_golden(
        folder: pathlib.Path,
        cosine: float,
        preprocessing: Preprocessing,
        image_embeddings: Callable[[list[np.ndarray]], np.ndarray] | None,
        tokenizer: TokenizerFile,
        max_length: int,
        text_embeddings: Callable[[list[list[int]]], np.ndarray] | None,
) -> None:
    """Writes golden.json and its pictures into a bundle; a tower without reference has no items."""
    items: list[dict[str, Any]] = []
    if image_embeddings is not None:
        (folder / FOLDER).mkdir()
        names, pixels = [], []
        for name, picture in pictures().items():
            file = folder / FOLDER / name
            picture.save(file, optimize=True)
            names.append(f"{FOLDER}/{name}")
            with Image.open(file) as opened:
                pixels.append(preprocessing.normalised(preprocessing.pixels(opened)))
        items = [{"file": name, "embedding": encoded(each)} for name, each in zip(names, image_embeddings(pixels))]
    texts: list[dict[str, Any]] = []
    if text_embeddings is not None:
        tokens = [tokenizer.tokens(text, max_length) for text in TEXTS]
        texts = [{"text": text, "tokens": ids, "embedding": encoded(each)}
                 for text, ids, each in zip(TEXTS, tokens, text_embeddings(tokens))]
    write_golden_file(folder / FILE, cosine, items, texts)


def write_golden_file(
        file: pathlib.Path, cosine: float, items: list[dict[str, Any]], texts: list[dict[str, Any]]) -> None:
    content = {"formatVersion": 1, "cosine": cosine, "pictures": items, "texts": texts}
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def encoded(embedding: np.ndarray) -> str:
    """float32, little endian, base64."""
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode("ascii")
