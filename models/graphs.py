"""The towers as ONNX graphs: pixels or tokens in, rows of length 1 out.

Written for ONNX Runtime on the CPU, and on CUDA without cuDNN: no convolution and no reduction operator, which need it there;
sums are matrix products. Every operator is a standard one. See docs/adr/0009-import-by-own-graphs.md.

fp16: weights and activations are float16. In float32 stay what loses by it: normalisation of pixels, the sums of pooling and
of the norm. LayerNormalization and Softmax sum in float32 whatever their type.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from onnx_file import Graph
from problems import ImportRefused
from towers import CHANNELS, ClipText, DistilBert, Transformer, VisionTower, Weights, attention_scale

PIXELS, INPUT_IDS, ATTENTION_MASK, EMBEDDING = "pixels", "input_ids", "attention_mask", "embedding"

_TANH_SLOPE = 0.044715
_QUICK_GELU_SLOPE = 1.702
# Enough to make a token's share exactly zero, and within float16.
_MASKED = -10000.0
_LEAST_NORM = 1e-12
_FLOAT16_MAX = float(np.finfo(np.float16).max)


@dataclasses.dataclass(frozen=True)
class _Names:
    """What the layers of a family call their parts."""

    query: str
    key: str
    value: str
    out: str
    first: str
    second: str


_CLIP_NAMES = _Names("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2")
_DISTILBERT_NAMES = _Names(
    "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2")


def vision_graph(tower: VisionTower, weights: Weights, mean: list[float], deviation: list[float], half: bool) -> Graph:
    """uint8 [batch, size, size, 3] to float [batch, dimension]."""
    build = _Build("image", weights, half)
    graph, size, width = build.graph, tower.image_size, tower.transformer.width
    graph.input(PIXELS, TensorProto.UINT8, ("batch", size, size, CHANNELS))
    patches = build.patches(tower, mean, deviation)
    vision = "vision_model."
    # The class token is a row of zeros before the patches; what it holds is added with its position.
    tokens = tower.side**2 + (0 if tower.siglip else 1)
    rows = graph.node("MatMul", patches, build.weight(
        f"{vision}embeddings.patch_embedding.weight", (tower.patch_size**2 * CHANNELS, width),
        lambda kernel: kernel.transpose(2, 3, 1, 0).reshape(-1, width)))
    if not tower.siglip:
        rows = graph.node("Pad", rows, graph.constant([0, 1, 0, 0, 0, 0], np.int64))
    hidden = graph.node("Add", rows, build.made("positions", (tokens, width), lambda: _positions(tower, weights)))
    if not tower.siglip:
        hidden = build.norm(hidden, f"{vision}pre_layrnorm", width, tower.transformer.epsilon)
    for layer in range(tower.transformer.layers):
        # Of CLIP's last layer only the class token is seen: it asks, all others only answer.
        only_first = not tower.siglip and layer == tower.transformer.layers - 1
        hidden = build.pre_norm_layer(hidden, f"{vision}encoder.layers.{layer}.", tower.transformer, only_first=only_first)
    if tower.siglip:
        hidden = build.norm(hidden, f"{vision}post_layernorm", width, tower.transformer.epsilon)
        embedding = build.siglip_head(hidden, f"{vision}head.", tower.transformer)
    else:
        pooled = build.norm(build.row(hidden, width), f"{vision}post_layernorm", width, tower.transformer.epsilon)
        embedding = build.product(pooled, "visual_projection", width, tower.dimension)
    graph.output(build.unit_length(embedding, tower.dimension), EMBEDDING, TensorProto.FLOAT, ("batch", tower.dimension))
    return graph


def clip_text_graph(tower: ClipText, weights: Weights, half: bool) -> Graph:
    """int64 [batch, length] to float [batch, dimension]. What is behind the first end marker is not seen: no mask is needed."""
    build = _Build("text", weights, half)
    graph, transformer, text = build.graph, tower.transformer, "text_model."
    width = transformer.width
    ids = graph.input(INPUT_IDS, TensorProto.INT64, ("batch", "length"))
    hidden = build.embedded(
        ids, f"{text}embeddings.token_embedding.weight", tower.vocabulary,
        f"{text}embeddings.position_embedding.weight", tower.positions, width)
    causal = graph.constant(np.triu(np.full((tower.positions, tower.positions), _MASKED), 1), build.type)
    length = build.length(ids)
    mask = graph.node(
        "Slice", causal, graph.constant([0, 0], np.int64), graph.node("Concat", length, length, axis=0),
        graph.constant([0, 1], np.int64))
    for layer in range(transformer.layers):
        hidden = build.pre_norm_layer(hidden, f"{text}encoder.layers.{layer}.", transformer, mask)
    ends = graph.node("Cast", graph.node("Equal", ids, graph.constant(tower.end_id, np.int64)), to=TensorProto.INT32)
    count = graph.node("CumSum", ends, graph.constant(1, np.int32))
    first = graph.node("Mul", ends, graph.node(
        "Cast", graph.node("Equal", count, graph.constant(1, np.int32)), to=TensorProto.INT32))
    chosen = graph.node("Unsqueeze", build.cast(first), graph.constant([1], np.int64))
    pooled = build.row(graph.node("MatMul", chosen, hidden), width)
    pooled = build.norm(pooled, f"{text}final_layer_norm", width, transformer.epsilon)
    embedding = build.product(pooled, "text_projection", width, tower.dimension)
    graph.output(build.unit_length(embedding, tower.dimension), EMBEDDING, TensorProto.FLOAT, ("batch", tower.dimension))
    return graph


def distilbert_graph(tower: DistilBert, weights: Weights, dense: Weights, half: bool) -> Graph:
    """int64 [batch, length] twice, ids and mask (1 for a token, 0 for padding), to float [batch, dimension]."""
    build = _Build("text", weights, half)
    graph, transformer = build.graph, tower.transformer
    width = transformer.width
    ids = graph.input(INPUT_IDS, TensorProto.INT64, ("batch", "length"))
    given_mask = graph.input(ATTENTION_MASK, TensorProto.INT64, ("batch", "length"))
    hidden = build.embedded(
        ids, "embeddings.word_embeddings.weight", tower.vocabulary,
        "embeddings.position_embeddings.weight", tower.positions, width)
    hidden = build.norm(hidden, "embeddings.LayerNorm", width, transformer.epsilon)
    is_token = graph.node(
        "Unsqueeze", graph.node("Cast", given_mask, to=TensorProto.FLOAT), graph.constant([1], np.int64))
    penalty = graph.node(
        "Mul", graph.node("Sub", graph.constant(1.0, np.float32), is_token), graph.constant(-_MASKED, np.float32))
    mask = build.cast(graph.node("Unsqueeze", graph.node("Neg", penalty), graph.constant([1], np.int64)))
    for layer in range(transformer.layers):
        hidden = build.post_norm_layer(hidden, f"transformer.layer.{layer}.", transformer, mask)
    # [batch, 1, length] x [batch, length, width]: the sum over the tokens; and the mask with itself: how many there are.
    total = graph.node("MatMul", is_token, build.as_float32(hidden))
    count = graph.node("MatMul", is_token, graph.node("Transpose", is_token, perm=(0, 2, 1)))
    pooled = build.row(graph.node("Div", total, count), width)
    projection = graph.weight(
        "dense.weight", (width, tower.dimension), np.float32,
        lambda: dense("linear.weight").T)
    embedding = graph.node("MatMul", pooled, projection)
    graph.output(build.unit_length(embedding, tower.dimension), EMBEDDING, TensorProto.FLOAT, ("batch", tower.dimension))
    return graph


class _Build:
    """Adds the parts of which towers consist to a graph."""

    def __init__(self, name: str, weights: Weights, half: bool) -> None:
        self.graph = Graph(name)
        self.type = np.float16 if half else np.float32
        self._half = half
        self._weights = weights

    def weight(
            self, name: str, shape: tuple[int, ...], change: Callable[[np.ndarray], np.ndarray] = lambda given: given) -> str:
        return self.made(name, shape, lambda: change(self._weights(name)))

    def made(self, name: str, shape: tuple[int, ...], load: Callable[[], np.ndarray]) -> str:
        """A weight that is computed from others, in the graph's precision."""
        return self.graph.weight(name, shape, self.type, lambda: self._converted(load(), name))

    def _converted(self, array: np.ndarray, name: str) -> np.ndarray:
        if self._half and max(float(array.max()), -float(array.min())) > _FLOAT16_MAX:
            raise ImportRefused(f"{name} has a number beyond {_FLOAT16_MAX}, the largest of float16: import it as fp32")
        return array.astype(self.type)

    def cast(self, value: str) -> str:
        """To the graph's precision."""
        return self.graph.node("Cast", value, to=TensorProto.FLOAT16 if self._half else TensorProto.FLOAT)

    def as_float32(self, value: str) -> str:
        return self.graph.node("Cast", value, to=TensorProto.FLOAT) if self._half else value

    def patches(self, tower: VisionTower, mean: list[float], deviation: list[float]) -> str:
        """[batch, patches, patch * patch * 3] in the graph's precision, normalised.

        The order within a patch is row, column, colour. Bytes are moved, not floats, and a patch's row lies together.
        """
        graph, side, patch = self.graph, tower.side, tower.patch_size
        pixels, seen = PIXELS, side * patch
        if seen < tower.image_size:
            pixels = graph.node(
                "Slice", pixels, graph.constant([0, 0], np.int64), graph.constant([seen, seen], np.int64),
                graph.constant([1, 2], np.int64))
        cut = graph.node("Reshape", pixels, graph.constant([-1, side, patch, side, patch * CHANNELS], np.int64))
        cut = graph.node("Transpose", cut, perm=(0, 1, 3, 2, 4))
        cut = graph.node("Reshape", cut, graph.constant([-1, side * side, patch * patch * CHANNELS], np.int64))
        # (x / 255 - mean) / deviation in one product and one sum, their factors rounded once.
        factors = np.tile(1 / (255 * np.array(deviation, np.float64)), patch * patch).astype(np.float32)
        offsets = np.tile(-np.array(mean, np.float64) / np.array(deviation, np.float64), patch * patch).astype(np.float32)
        floats = graph.node("Cast", cut, to=TensorProto.FLOAT)
        scaled = graph.node("Mul", floats, graph.constant(factors, np.float32))
        normalised = graph.node("Add", scaled, graph.constant(offsets, np.float32))
        return self.cast(normalised) if self._half else normalised

    def embedded(
            self, ids: str, words: str, vocabulary: int, positions_name: str, positions: int, width: int) -> str:
        """Token plus position."""
        graph = self.graph
        table = self.weight(positions_name, (positions, width))
        places = graph.node(
            "Slice", table, graph.constant([0], np.int64), self.length(ids), graph.constant([0], np.int64))
        return graph.node("Add", graph.node("Gather", self.weight(words, (vocabulary, width)), ids, axis=0), places)

    def length(self, ids: str) -> str:
        """Tokens of a text, as int64 [1]."""
        return self.graph.node("Shape", ids, start=1, end=2)

    def pre_norm_layer(
            self, hidden: str, at: str, sizes: Transformer, mask: str | None = None, only_first: bool = False) -> str:
        """A layer of CLIP or SigLIP. `only_first`: only the first token comes out, the others are only attended to."""
        normed = self.norm(hidden, f"{at}layer_norm1", sizes.width, sizes.epsilon)
        attended = self.attention(normed, at, _CLIP_NAMES, sizes, mask, only_first)
        if only_first:
            hidden = self._first(hidden)
        hidden = self.graph.node("Add", hidden, attended)
        normed = self.norm(hidden, f"{at}layer_norm2", sizes.width, sizes.epsilon)
        return self.graph.node("Add", hidden, self._inner(normed, at, _CLIP_NAMES, sizes))

    def post_norm_layer(self, hidden: str, at: str, sizes: Transformer, mask: str) -> str:
        """A layer of DistilBERT."""
        attended = self.attention(hidden, at, _DISTILBERT_NAMES, sizes, mask, False)
        hidden = self.norm(self.graph.node("Add", attended, hidden), f"{at}sa_layer_norm", sizes.width, sizes.epsilon)
        inner = self._inner(hidden, at, _DISTILBERT_NAMES, sizes)
        return self.norm(self.graph.node("Add", inner, hidden), f"{at}output_layer_norm", sizes.width, sizes.epsilon)

    def attention(
            self, tokens: str, at: str, names: _Names, sizes: Transformer, mask: str | None, only_first: bool) -> str:
        """Multi-head attention of tokens to tokens; the scale is part of the weights of the query."""
        graph, width = self.graph, sizes.width
        query, key, value = (at + name for name in (names.query, names.key, names.value))
        scale = attention_scale(sizes)
        if only_first:
            asked = self._packed(self._first(tokens), f"{at}query", [(query, scale)], width)
            answers = self._packed(tokens, f"{at}key_value", [(key, 1.0), (value, 1.0)], width)
            keys, values = graph.node("Split", answers, outputs=2, axis=2)
        else:
            packed = self._packed(tokens, f"{at}query_key_value", [(query, scale), (key, 1.0), (value, 1.0)], width)
            asked, keys, values = graph.node("Split", packed, outputs=3, axis=2)
        mixed = self._mixed(asked, keys, values, sizes, mask)
        return self.linear(mixed, at + names.out, width, width)

    def _mixed(self, query: str, key: str, value: str, sizes: Transformer, mask: str | None) -> str:
        """softmax(query x key + mask) x value for every head, [batch, tokens, width]."""
        graph = self.graph
        heads = graph.constant([0, -1, sizes.heads, sizes.head_width], np.int64)
        query = graph.node("Transpose", graph.node("Reshape", query, heads), perm=(0, 2, 1, 3))
        key = graph.node("Transpose", graph.node("Reshape", key, heads), perm=(0, 2, 3, 1))
        value = graph.node("Transpose", graph.node("Reshape", value, heads), perm=(0, 2, 1, 3))
        scores = graph.node("MatMul", query, key)
        if mask is not None:
            scores = graph.node("Add", scores, mask)
        mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
        return graph.node(
            "Reshape", graph.node("Transpose", mixed, perm=(0, 2, 1, 3)), graph.constant([0, -1, sizes.width], np.int64))

    def _packed(self, tokens: str, name: str, parts: list[tuple[str, float]], width: int) -> str:
        """Several linear layers of the same input as one product."""
        def kernel() -> np.ndarray:
            return np.concatenate([self._weights(f"{part}.weight").T * np.float32(scale) for part, scale in parts], 1)

        def bias() -> np.ndarray:
            return np.concatenate([self._weights(f"{part}.bias") * np.float32(scale) for part, scale in parts])

        outputs = len(parts) * width
        product = self.graph.node("MatMul", tokens, self.made(f"{name}.weight", (width, outputs), kernel))
        return self.graph.node("Add", product, self.made(f"{name}.bias", (outputs,), bias))

    def _inner(self, tokens: str, at: str, names: _Names, sizes: Transformer) -> str:
        inner = self.activation(self.linear(tokens, at + names.first, sizes.width, sizes.inner), sizes.activation)
        return self.linear(inner, at + names.second, sizes.inner, sizes.width)

    def siglip_head(self, tokens: str, at: str, sizes: Transformer) -> str:
        """A learned probe attends to all tokens; what it finds goes through one more block. [batch, width]."""
        graph, width = self.graph, sizes.width
        scale = np.float32(attention_scale(sizes))
        name = f"{at}attention.in_proj"

        def asked() -> np.ndarray:
            weight, bias = self._weights(f"{name}_weight")[:width], self._weights(f"{name}_bias")[:width]
            probe = self._weights(f"{at}probe").reshape(1, width)
            return ((probe.astype(np.float64) @ weight.T + bias) * scale).astype(np.float32).reshape(1, 1, width)

        answers = graph.node("MatMul", tokens, self.made(
            f"{name}_weight", (width, 2 * width), lambda: self._weights(f"{name}_weight")[width:].T))
        answers = graph.node(
            "Add", answers, self.made(f"{name}_bias", (2 * width,), lambda: self._weights(f"{name}_bias")[width:]))
        keys, values = graph.node("Split", answers, outputs=2, axis=2)
        mixed = self._mixed(self.made(f"{at}query", (1, 1, width), asked), keys, values, sizes, None)
        hidden = self.row(self.linear(mixed, f"{at}attention.out_proj", width, width), width)
        normed = self.norm(hidden, f"{at}layernorm", width, sizes.epsilon)
        inner = self.activation(self.linear(normed, f"{at}mlp.fc1", width, sizes.inner), sizes.activation)
        return graph.node("Add", hidden, self.linear(inner, f"{at}mlp.fc2", sizes.inner, width))

    def activation(self, value: str, name: str) -> str:
        """In the forms that ONNX Runtime recognises and computes in one step."""
        graph = self.graph
        if name == "quick_gelu":
            return graph.node(
                "Mul", value, graph.node("Sigmoid", graph.node("Mul", value, self._number(_QUICK_GELU_SLOPE))))
        if name == "gelu":
            inner = graph.node("Erf", graph.node("Div", value, self._number(math.sqrt(2.0))))
        else:
            cube = graph.node("Mul", graph.node("Mul", value, value), value)
            sum_ = graph.node("Add", value, graph.node("Mul", cube, self._number(_TANH_SLOPE)))
            inner = graph.node("Tanh", graph.node("Mul", sum_, self._number(math.sqrt(2.0 / math.pi))))
        return graph.node(
            "Mul", graph.node("Mul", value, graph.node("Add", inner, self._number(1.0))), self._number(0.5))

    def linear(self, value: str, name: str, inputs: int, outputs: int) -> str:
        return self.graph.node(
            "Add", self.product(value, name, inputs, outputs), self.weight(f"{name}.bias", (outputs,)))

    def product(self, value: str, name: str, inputs: int, outputs: int) -> str:
        """A linear layer without bias."""
        return self.graph.node("MatMul", value, self.weight(f"{name}.weight", (inputs, outputs), np.transpose))

    def norm(self, value: str, name: str, width: int, epsilon: float) -> str:
        return self.graph.node(
            "LayerNormalization", value, self.weight(f"{name}.weight", (width,)), self.weight(f"{name}.bias", (width,)),
            axis=-1, epsilon=epsilon)

    def row(self, value: str, width: int) -> str:
        """[batch, 1, width] as [batch, width]."""
        return self.graph.node("Reshape", value, self.graph.constant([-1, width], np.int64))

    def unit_length(self, value: str, width: int) -> str:
        """Each row divided by its length, in float32."""
        graph, value = self.graph, self.as_float32(value)
        squares = graph.node("MatMul", graph.node("Mul", value, value), graph.constant(np.ones((width, 1)), np.float32))
        length = graph.node("Max", graph.node("Sqrt", squares), graph.constant(_LEAST_NORM, np.float32))
        return graph.node("Div", value, length)

    def _first(self, tokens: str) -> str:
        """[batch, 1, width]."""
        zero, one = self.graph.constant([0], np.int64), self.graph.constant([1], np.int64)
        return self.graph.node("Slice", tokens, zero, one, one)

    def _number(self, value: float) -> str:
        return self.graph.constant(value, self.type)


def _positions(tower: VisionTower, weights: Weights) -> np.ndarray:
    """What is added to the patches' products: positions, the class token, and the bias that SigLIP's patches have."""
    embeddings = "vision_model.embeddings."
    positions = weights(f"{embeddings}position_embedding.weight")
    if tower.siglip:
        return positions + weights(f"{embeddings}patch_embedding.bias")
    positions = positions.copy()
    positions[0] += weights(f"{embeddings}class_embedding")
    return positions
