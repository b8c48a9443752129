#!/usr/bin/python3
"""Trains the demo model and writes its bundle. See MODEL_CARD.md for what it learns and how long that takes."""

import argparse
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional

from emoji_collection import load_collection
from export import export_bundle
from model import DIMENSION, IMAGE_SIZE, ImageTower
from train_image import train_image
from train_text import train_text
from training_pictures import make_training_picture
from training_texts import TrainingTexts
from wordpiece import learn_vocabulary

VOCABULARY_SIZE = 16_000
ANCHOR_PICTURES_PER_EMOJI = 6  # whose mean embedding is the anchor of its texts
ANCHOR_BATCH = 64


def _log(line):
    print(line, flush=True)


@torch.no_grad()
def anchors_of(tower, texts, seed):
    """float[emoji, DIMENSION]: the direction in which the pictures of each emoji lie."""
    rng = np.random.default_rng((seed, 3))
    shown = [text for text in texts for _ in range(ANCHOR_PICTURES_PER_EMOJI)]
    embeddings = []
    for start in range(0, len(shown), ANCHOR_BATCH):
        pixels = [make_training_picture(rng, text, IMAGE_SIZE) for text in shown[start : start + ANCHOR_BATCH]]
        embeddings.append(tower(torch.from_numpy(np.stack(pixels))))
    sums = torch.cat(embeddings).view(len(texts), ANCHOR_PICTURES_PER_EMOJI, DIMENSION).sum(1)
    return functional.normalize(sums, dim=1)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Trains the demo model and writes its bundle.")
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR", help="folder of the bundle")
    parser.add_argument("--work", type=pathlib.Path, required=True, metavar="DIR", help="folder of checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image-steps", type=int, default=13_000, help="default %(default)s")
    parser.add_argument("--image-minutes", type=float, default=10_000, help="stop earlier, after this time")
    parser.add_argument("--text-steps", type=int, default=4_000, help="default %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="of the text training; default %(default)s")
    parser.add_argument("--skip-image", action="store_true", help="take the image tower from the work folder")
    options = parser.parse_args(arguments)

    options.work.mkdir(parents=True, exist_ok=True)
    collection = load_collection()
    texts = [emoji.text for emoji in collection]
    checkpoint = options.work / "image.pt"
    if not options.skip_image:
        train_image(texts, options.image_steps, options.image_minutes, options.seed, checkpoint, _log)
    saved = torch.load(checkpoint)
    if saved["texts"] != texts:
        raise ValueError(f"{checkpoint} was trained on another collection of emoji")
    image_tower = ImageTower().eval()
    image_tower.load_state_dict(saved["tower"])
    torch.set_num_threads(options.threads)

    _log("mean embeddings of the emoji")
    anchors = anchors_of(image_tower, texts, options.seed)
    training_texts = TrainingTexts(collection)
    vocabulary = learn_vocabulary(training_texts.all_texts(), VOCABULARY_SIZE)
    text_tower = train_text(training_texts, vocabulary, anchors, options.text_steps, options.seed, _log)
    export_bundle(image_tower, text_tower, vocabulary, options.output)
    _log(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
