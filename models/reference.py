"""Embeddings straight from a checkpoint, in float64 and layer by layer as Hugging Face's modules compute them.

Slow and plain: the yardstick for the ONNX graphs, with which it shares the tensors' names and nothing else.
Sources: transformers' modeling_clip.py, modeling_siglip.py, modeling_distilbert.py; sentence-transformers' Pooling and Dense.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from towers import ClipText, DistilBert, VisionTower, Weights


def image_embeddings(tower: VisionTower, weights: Weights, pictures: list[np.ndarray]) -> np.ndarray:
    """Normalised pixels, each float32 [size, size, 3], to float64 [pictures, dimension], rows of length 1."""
    read = _Reader(weights)
    sizes, patch, side = tower.transformer, tower.patch_size, tower.side
    kernel = read("vision_model.embeddings.patch_embedding.weight")
    bias = read("vision_model.embeddings.patch_embedding.bias") if tower.siglip else 0.0
    positions = read("vision_model.embeddings.position_embedding.weight")
    sequences = []
    for pixels in pictures:
        tokens = []
        for row in range(side):
            for column in range(side):
                window = pixels[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
                tokens.append(np.tensordot(kernel, window.transpose(2, 0, 1).astype(np.float64), 3) + bias)
        if not tower.siglip:
            tokens.insert(0, read("vision_model.embeddings.class_embedding"))
        sequences.append(np.stack(tokens) + positions)
    hidden, lengths = np.concatenate(sequences), [len(each) for each in sequences]
    if not tower.siglip:
        hidden = read.norm(hidden, "vision_model.pre_layrnorm", sizes.epsilon)
    for layer in range(sizes.layers):
        hidden = _clip_layer(read, hidden, lengths, f"vision_model.encoder.layers.{layer}.", tower)
    hidden = read.norm(hidden, "vision_model.post_layernorm", sizes.epsilon)
    if tower.siglip:
        return _unit(_siglip_head(read, hidden, lengths, tower))
    return _unit(hidden[_starts(lengths)] @ read("visual_projection.weight").T)


def clip_text_embeddings(tower: ClipText, weights: Weights, texts: list[list[int]]) -> np.ndarray:
    """Token ids with markers, without padding, to float64 [texts, dimension], rows of length 1."""
    read = _Reader(weights)
    hidden, lengths = _embedded(
        read, texts, "text_model.embeddings.token_embedding.weight", "text_model.embeddings.position_embedding.weight")
    for layer in range(tower.transformer.layers):
        hidden = _clip_layer(read, hidden, lengths, f"text_model.encoder.layers.{layer}.", tower)
    hidden = read.norm(hidden, "text_model.final_layer_norm", tower.transformer.epsilon)
    ends = _starts(lengths) + [ids.index(tower.end_id) for ids in texts]
    return _unit(hidden[ends] @ read("text_projection.weight").T)


def distilbert_embeddings(tower: DistilBert, weights: Weights, dense: Weights, texts: list[list[int]]) -> np.ndarray:
    """Token ids with markers, without padding, to float64 [texts, dimension], rows of length 1."""
    read, sizes = _Reader(weights), tower.transformer
    hidden, lengths = _embedded(
        read, texts, "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight")
    hidden = read.norm(hidden, "embeddings.LayerNorm", sizes.epsilon)
    for layer in range(sizes.layers):
        at = f"transformer.layer.{layer}."
        query, key, value = (read.linear(hidden, f"{at}attention.{name}_lin") for name in "qkv")
        mixed = _attention(query, key, value, lengths, lengths, sizes.heads)
        hidden = read.norm(read.linear(mixed, f"{at}attention.out_lin") + hidden, f"{at}sa_layer_norm", sizes.epsilon)
        inner = _activation(read.linear(hidden, f"{at}ffn.lin1"), sizes.activation)
        hidden = read.norm(read.linear(inner, f"{at}ffn.lin2") + hidden, f"{at}output_layer_norm", sizes.epsilon)
    means = np.stack([each.mean(0) for each in _cut(hidden, lengths)])
    return _unit(means @ dense("linear.weight").astype(np.float64).T)


class _Reader:
    """Tensors as float64."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def __call__(self, name: str) -> np.ndarray:
        return self._weights(name).astype(np.float64)

    def rows(self, name: str, chosen: list[int]) -> np.ndarray:
        return self._weights(name)[chosen].astype(np.float64)

    def linear(self, value: np.ndarray, name: str) -> np.ndarray:
        return value @ self(f"{name}.weight").T + self(f"{name}.bias")

    def norm(self, value: np.ndarray, name: str, epsilon: float) -> np.ndarray:
        centred = value - value.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        return centred / np.sqrt(variance + epsilon) * self(f"{name}.weight") + self(f"{name}.bias")


def _starts(lengths: list[int]) -> np.ndarray:
    """Where each sequence begins; sequences lie one behind the other, without padding."""
    return np.cumsum([0, *lengths[:-1]])


def _cut(hidden: np.ndarray, lengths: list[int]) -> list[np.ndarray]:
    return np.split(hidden, np.cumsum(lengths)[:-1])


def _embedded(read: _Reader, texts: list[list[int]], words: str, positions: str) -> tuple[np.ndarray, list[int]]:
    places = read(positions)
    sequences = [read.rows(words, ids) + places[: len(ids)] for ids in texts]
    return np.concatenate(sequences), [len(each) for each in sequences]


def _clip_layer(
        read: _Reader, hidden: np.ndarray, lengths: list[int], at: str, tower: VisionTower | ClipText) -> np.ndarray:
    sizes = tower.transformer
    normed = read.norm(hidden, f"{at}layer_norm1", sizes.epsilon)
    query, key, value = (read.linear(normed, f"{at}self_attn.{name}_proj") for name in "qkv")
    mixed = _attention(query, key, value, lengths, lengths, sizes.heads, causal=isinstance(tower, ClipText))
    hidden = hidden + read.linear(mixed, f"{at}self_attn.out_proj")
    normed = read.norm(hidden, f"{at}layer_norm2", sizes.epsilon)
    return hidden + read.linear(_activation(read.linear(normed, f"{at}mlp.fc1"), sizes.activation), f"{at}mlp.fc2")


def _siglip_head(read: _Reader, hidden: np.ndarray, lengths: list[int], tower: VisionTower) -> np.ndarray:
    at, sizes = "vision_model.head.", tower.transformer
    weight = np.split(read(f"{at}attention.in_proj_weight"), 3)
    bias = np.split(read(f"{at}attention.in_proj_bias"), 3)
    query = np.repeat(read(f"{at}probe")[0] @ weight[0].T + bias[0], len(lengths), 0)
    key, value = hidden @ weight[1].T + bias[1], hidden @ weight[2].T + bias[2]
    mixed = _attention(query, key, value, [1] * len(lengths), lengths, sizes.heads)
    pooled = read.linear(mixed, f"{at}attention.out_proj")
    normed = read.norm(pooled, f"{at}layernorm", sizes.epsilon)
    inner = _activation(read.linear(normed, f"{at}mlp.fc1"), sizes.activation)
    return pooled + read.linear(inner, f"{at}mlp.fc2")


def _attention(
        query: np.ndarray, key: np.ndarray, value: np.ndarray, asking: list[int], answering: list[int], heads: int,
        causal: bool = False) -> np.ndarray:
    """Within each sequence, head by head."""
    outputs = []
    for sequence in zip(_cut(query, asking), _cut(key, answering), _cut(value, answering)):
        mixed = []
        for q, k, v in zip(*(np.split(each, heads, axis=1) for each in sequence)):
            scores = q @ k.T / math.sqrt(q.shape[1])
            if causal:
                scores = scores + np.triu(np.full(scores.shape, -np.inf), 1)
            shares = np.exp(scores - scores.max(1, keepdims=True))
            mixed.append(shares / shares.sum(1, keepdims=True) @ v)
        outputs.append(np.concatenate(mixed, 1))
    return np.concatenate(outputs)


def _activation(value: np.ndarray, name: str) -> np.ndarray:
    if name == "quick_gelu":
        return value / (1 + np.exp(-1.702 * value))
    if name == "gelu":
        return value * (1 + _erf(value / math.sqrt(2))) / 2
    return value * (1 + np.tanh(math.sqrt(2 / math.pi) * (value + 0.044715 * value**3))) / 2


_ERF_STEP = 1 / 512
_ERF_END = 6.0  # beyond, erf is 1 within float64


@functools.lru_cache(maxsize=None)
def _erf_table() -> tuple[np.ndarray, np.ndarray]:
    """erf and its derivative times the step."""
    places = np.arange(0, _ERF_END + 2 * _ERF_STEP, _ERF_STEP)
    return np.array([math.erf(x) for x in places]), 2 / math.sqrt(math.pi) * np.exp(-(places**2)) * _ERF_STEP


def _erf(value: np.ndarray) -> np.ndarray:
    """Cubic interpolation in a table, to 1e-13: numpy has no erf."""
    values, slopes = _erf_table()
    place = np.minimum(np.abs(value), _ERF_END) / _ERF_STEP
    left = place.astype(np.int64)
    t = place - left
    a, b, da, db = values[left], values[left + 1], slopes[left], slopes[left + 1]
    change = b - a
    result = a + t * (da + t * (3 * change - 2 * da - db + t * (da + db - 2 * change)))
    return np.copysign(result, value)


def _unit(value: np.ndarray) -> np.ndarray:
    return value / np.linalg.norm(value, axis=1, keepdims=True)
