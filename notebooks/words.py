"""Words as embeddings, by the text model of a bundle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collection import Collection
from jvm import java_class

THREADS = 2
BATCH = 16


def encode(texts: Sequence[str], collection: Collection) -> np.ndarray:
    """float32[n, dimension], each of length 1: what the server makes of the same words with the collection's model."""
    bundle = java_class("org.imagesearch.clip.ModelBundle").open(java_class("java.nio.file.Path").of(str(collection.model_folder)))
    collection.require_model(str(bundle.fingerprint()), collection.model_folder)
    settings = java_class("org.imagesearch.clip.EncoderSettings").cpu(THREADS, BATCH)
    with java_class("org.imagesearch.clip.TextEncoder").open(bundle, settings) as encoder:
        embeddings = encoder.encode(java_class("java.util.ArrayList")(list(texts)))
    return np.array(embeddings, dtype=np.float32).reshape(len(texts), bundle.dimension())
