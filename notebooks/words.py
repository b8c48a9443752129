"""Words as embeddings, by the text model of a bundle."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np

from jvm import java_class

THREADS = 2
BATCH = 16


def encode(texts: Sequence[str], model: pathlib.Path) -> np.ndarray:
    """float32[n, dimension], each of length 1: what the server makes of the same words."""
    bundle = java_class("org.imagesearch.clip.ModelBundle").open(java_class("java.nio.file.Path").of(str(model)))
    settings = java_class("org.imagesearch.clip.EncoderSettings").cpu(THREADS, BATCH)
    with java_class("org.imagesearch.clip.TextEncoder").open(bundle, settings) as encoder:
        embeddings = encoder.encode(java_class("java.util.ArrayList")(list(texts)))
    return np.array(embeddings, dtype=np.float32).reshape(len(texts), bundle.dimension())
