#!/usr/bin/python3
"""Writes the golden vectors of the demo model: a few pictures and texts with their embeddings, as Pillow and torch compute them.

Usage: golden.py [BUNDLE]       the bundle's bundle.json must name golden.json as "golden"

The search system compares what it computes with them before it relies on a bundle.
"""

import base64
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

from onnx_in_torch import OnnxModel
from preprocessing import preprocess
from wordpiece import Tokenizer

LEAST_COSINE = 0.9999
TEXTS = (
    "red car", "hamburguesa", "красное сердце", "雪だるま", "قطة", "बंदर", "🍔", "Ein GROSSER Hund, der läuft!",
    "words beyond what the model reads " * 12, "",
)


def drawn(width, height, colours):
    """A picture of waves: the same bytes on every machine."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x * across + y * down) for across, down in colours]
    return Image.fromarray((127.5 + 127 * np.stack(planes, axis=-1)).round().astype(np.uint8))


def pictures():
    """Both orientations, odd sides, one that is enlarged, one of grey."""
    return {
        "wide.png": drawn(203, 131, [(0.05, 0.01), (0.02, 0.07), (0.09, 0.03)]),
        "high.png": drawn(97, 181, [(0.11, 0.00), (0.00, 0.05), (0.03, 0.03)]),
        "small.png": drawn(31, 23, [(0.30, 0.10), (0.00, 0.40), (0.20, 0.20)]),
        "grey.png": drawn(150, 149, [(0.06, 0.04)] * 3).convert("L"),
    }


def encoded(embedding):
    """float32, little endian, base64."""
    return base64.b64encode(embedding.numpy().astype("<f4").tobytes()).decode("ascii")


def write_golden(bundle):
    manifest = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    image_model, text_model = (OnnxModel(bundle / manifest[tower]["model"]) for tower in ("image", "text"))
    (bundle / "golden").mkdir(exist_ok=True)
    items = []
    for name, picture in pictures().items():
        file = bundle / "golden" / name
        picture.save(file, optimize=True)
        with Image.open(file) as opened:
            pixels = torch.from_numpy(preprocess(opened, manifest["image"]["size"]).copy())
        items.append({"file": f"golden/{name}", "embedding": encoded(image_model(pixels=pixels[None])[0])})
    tokenizer = Tokenizer.load(bundle / manifest["text"]["tokenizer"])
    texts = []
    for text in TEXTS:
        tokens = tokenizer(text, manifest["text"]["maxLength"])
        ids = torch.tensor([tokens])
        embedding = text_model(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
        texts.append({"text": text, "tokens": tokens, "embedding": encoded(embedding)})
    golden = {"formatVersion": 1, "cosine": LEAST_COSINE, "pictures": items, "texts": texts}
    (bundle / manifest["golden"]).write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "model")
