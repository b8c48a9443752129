#!/usr/bin/python3
"""Trains the demo model and writes its bundle. See MODEL_CARD.md for what it learns and how long that takes."""

import argparse
import functools
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional

from emoji_collection import load_collection
from export import copy_image, export_image, export_text
from golden import write_golden
from model import DIMENSION, IMAGE_SIZE, ImageTower
from onnx_in_torch import OnnxModel
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
def anchors_of(embed, texts, seed):
    """float[emoji, DIMENSION]: the direction in which the pictures of each emoji lie. `embed`: pixels -> unit vectors."""
    rng = np.random.default_rng((seed, 3))
    shown = [text for text in texts for _ in range(ANCHOR_PICTURES_PER_EMOJI)]
    embeddings = []
    for start in range(0, len(shown), ANCHOR_BATCH):
        pixels = [make_training_picture(rng, text, IMAGE_SIZE) for text in shown[start : start + ANCHOR_BATCH]]
        embeddings.append(embed(torch.from_numpy(np.stack(pixels))))
    sums = torch.cat(embeddings).view(len(texts), ANCHOR_PICTURES_PER_EMOJI, DIMENSION).sum(1)
    return functional.normalize(sums, dim=1)


def _trained_image_tower(options, texts):
    """The image tower (uint8 pixels -> unit vectors) and the function that writes it into a bundle."""
    if options.image_from:
        onnx_model = OnnxModel(options.image_from / "image.onnx")
        return lambda pixels: onnx_model(pixels=pixels), functools.partial(copy_image, options.image_from)
    options.work.mkdir(parents=True, exist_ok=True)
    checkpoint = options.work / "image.pt"
    train_image(texts, options.image_steps, options.image_minutes, options.seed, checkpoint, _log)
    tower = ImageTower().eval()
    tower.load_state_dict(torch.load(checkpoint)["tower"])
    return tower, functools.partial(export_image, tower)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Trains the demo model and writes its bundle.")
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR", help="folder of the bundle")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("work/training"), metavar="DIR",
                        help="folder of checkpoints; default %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image-steps", type=int, default=13_000, help="default %(default)s")
    parser.add_argument("--image-minutes", type=float, default=10_000, help="stop earlier, after this time")
    parser.add_argument("--text-steps", type=int, default=5_000, help="default %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="of the text training; default %(default)s")
    parser.add_argument("--image-from", type=pathlib.Path, metavar="BUNDLE",
                        help="train the text tower alone, towards the image tower of this bundle")
    options = parser.parse_args(arguments)

    collection = load_collection()
    texts = [emoji.text for emoji in collection]
    embed, write_image_tower = _trained_image_tower(options, texts)
    torch.set_num_threads(options.threads)

    _log("mean embeddings of the emoji")
    anchors = anchors_of(embed, texts, options.seed)
    training_texts = TrainingTexts(collection)
    vocabulary = learn_vocabulary(training_texts.all_texts(), VOCABULARY_SIZE)
    text_tower = train_text(training_texts, vocabulary, anchors, options.text_steps, options.seed, _log)
    export_text(text_tower, vocabulary, options.output)
    write_image_tower(options.output)
    write_golden(options.output)
    _log(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
