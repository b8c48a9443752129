"""Training pictures without end: the picture maker's own compositions, preprocessed."""

import io

import numpy as np
from PIL import Image

import make_pictures
from preprocessing import preprocess

SMALL_SIDES = (128, 208)  # cheap to make, and hardly different once scaled to the model's input
FULL_SIZE_SHARE = 0.15
JPEG_SHARE = 0.6


def make_training_picture(rng, text, size):
    """uint8[size, size, 3]: the emoji as the model will meet it, or nearly so."""
    full_size = rng.random() < FULL_SIZE_SHARE
    picture = make_pictures.compose(rng, text, make_pictures.SHORT_SIDE_PIXELS if full_size else SMALL_SIDES)
    if full_size or rng.random() < JPEG_SHARE:
        low, high = make_pictures.JPEG_QUALITY
        file = io.BytesIO()
        picture.save(file, "jpeg", quality=int(rng.integers(low, high + 1)))
        picture = Image.open(file)
    return preprocess(picture, size)


def make_training_pictures(rng, texts, size, count):
    """`count` pictures of emoji drawn at random: uint8[count, size, size, 3] and int64[count]."""
    labels = rng.integers(0, len(texts), count)
    return np.stack([make_training_picture(rng, texts[label], size) for label in labels]), labels


class Replay:
    """Keeps the last `capacity` pictures, so that each can be learned from more than once."""

    def __init__(self, capacity, size):
        self._pixels = np.empty((capacity, size, size, 3), np.uint8)
        self._labels = np.empty(capacity, np.int64)
        self._count = 0

    def add(self, pixels, labels):
        at = (self._count + np.arange(len(labels))) % len(self._labels)
        self._pixels[at], self._labels[at] = pixels, labels
        self._count += len(labels)

    def draw(self, rng, count):
        at = rng.integers(0, min(self._count, len(self._labels)), count)
        return self._pixels[at], self._labels[at]
