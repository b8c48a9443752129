"""The towers that can be imported: their settings as Hugging Face writes them, and the tensors that they consist of.

Names and defaults: transformers' configuration_clip.py, configuration_siglip.py, configuration_distilbert.py and the modules
beside them; sentence-transformers' Pooling and Dense.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from config import Config
from problems import ImportRefused, Problems
from tensors import Checkpoint


# transformers gives DistilBERT's LayerNorm this and no setting for it.
DISTILBERT_EPSILON = 1e-12
CHANNELS = 3
# The two markers and a token between them.
_LEAST_LENGTH = 3
# What transformers writes into tokenizer_config.json where a tokenizer has no limit.
_UNLIMITED = int(1e30)
# What a bundle's logitScale may be.
_LOGIT_SCALES = (0.1, 1000.0)


@dataclasses.dataclass(frozen=True)
class Transformer:
    """The sizes that every tower has."""

    width: int
    layers: int
    heads: int
    inner: int
    activation: str
    epsilon: float

    @property
    def head_width(self) -> int:
        return self.width // self.heads


@dataclasses.dataclass(frozen=True)
class VisionTower:
    """CLIP's or SigLIP's vision transformer. `projection` is None for SigLIP, whose head ends at the tower's width."""

    transformer: Transformer
    image_size: int
    patch_size: int
    siglip: bool
    projection: int | None

    @property
    def side(self) -> int:
        """Patches in a row; what is left over at the right and at the bottom is not seen."""
        return self.image_size // self.patch_size

    @property
    def dimension(self) -> int:
        return self.projection or self.transformer.width


@dataclasses.dataclass(frozen=True)
class DistilBert:
    """sentence-transformers' multilingual text tower: DistilBERT, mean of the tokens, Dense without bias."""

    transformer: Transformer
    vocabulary: int
    positions: int
    dimension: int
    max_length: int


@dataclasses.dataclass(frozen=True)
class ClipText:
    """CLIP's own text tower: causal, pooled at the first end marker."""

    transformer: Transformer
    vocabulary: int
    positions: int
    dimension: int
    end_id: int

    @property
    def max_length(self) -> int:
        return self.positions


def read_vision(root: Config) -> VisionTower:
    """The vision tower of a config.json of CLIPModel, CLIPVisionModelWithProjection, SiglipModel or SiglipVisionModel."""
    kinds = ("clip", "clip_vision_model", "siglip", "siglip_vision_model")
    kind = root.one_of("model_type", kinds)
    siglip = kind.startswith("siglip")
    vision = root if kind.endswith("_vision_model") and not root.has("vision_config") else root.section("vision_config")
    vision.one_of("num_channels", (CHANNELS,), CHANNELS)
    transformer = _transformer(
        vision, 768, 3072, 12, 12, ("gelu_pytorch_tanh",) if siglip else ("quick_gelu", "gelu"), 1e-6 if siglip else 1e-5)
    image_size = vision.count("image_size", 224, 1024)
    patch_size = vision.count("patch_size", 16 if siglip else 32, image_size)
    if siglip:
        vision.one_of("vision_use_head", (True,), True)
        return VisionTower(transformer, image_size, patch_size, True, None)
    projection = root if root.has("projection_dim") else vision
    return VisionTower(transformer, image_size, patch_size, False, projection.count("projection_dim", 512, 8192))


def read_clip_text(root: Config, tokenizer_end: int, tokenizer_ids: int) -> ClipText:
    """CLIP's text tower; the tokenizer's end marker and number of ids decide where it is pooled."""
    kind = root.one_of("model_type", ("clip", "clip_text_model"))
    text = root if kind == "clip_text_model" and not root.has("text_config") else root.section("text_config")
    transformer = _transformer(text, 512, 2048, 12, 8, ("quick_gelu", "gelu"), 1e-5)
    vocabulary = text.count("vocab_size", 49408)
    end = text.content.get("eos_token_id", 49407)
    # Published checkpoints say 2, which no text has; transformers then takes the largest id's place instead.
    if end == 2 and tokenizer_end != tokenizer_ids - 1:
        text.refuse("eos_token_id", f"the tokenizer's end marker {tokenizer_end}, which is not its largest id")
    elif end not in (2, tokenizer_end):
        text.refuse("eos_token_id", f"the tokenizer's end marker {tokenizer_end}")
    projection = root if root.has("projection_dim") else text
    return ClipText(
        transformer, vocabulary, text.count("max_position_embeddings", 77, 4096),
        projection.count("projection_dim", 512, 8192), tokenizer_end)


def read_distilbert(root: Config, sentence: Config, pooling: Config, dense: Config) -> DistilBert:
    root.one_of("model_type", ("distilbert",))
    root.one_of("sinusoidal_pos_embds", (False, True), False)  # either way the table is in the checkpoint
    transformer = Transformer(
        root.count("dim", 768, 8192), root.count("n_layers", 6, 128), root.count("n_heads", 12, 128),
        root.count("hidden_dim", 3072, 65536), root.one_of("activation", ("gelu",), "gelu"), DISTILBERT_EPSILON)
    if transformer.width % transformer.heads:
        root.refuse("n_heads", f"a divisor of dim = {transformer.width}")
    positions = root.count("max_position_embeddings", 512, 4096)
    max_length = read_max_length(sentence, positions)
    read_mean_pooling(pooling, transformer.width)
    dimension = read_dense(dense, transformer.width)
    return DistilBert(transformer, root.count("vocab_size", 30522), positions, dimension, max_length)


def read_max_length(sentence: Config, positions: int) -> int:
    """sentence_bert_config.json: tokens of a text, at most the model's positions.

    sentence-transformers 6 leaves the number to tokenizer_config.json beside it, which may be without a limit.
    """
    sentence.one_of("transformer_task", ("feature-extraction",), "feature-extraction")
    sentence.one_of("module_output_name", ("token_embeddings",), "token_embeddings")
    sentence.one_of("processing_kwargs", ({},), {})
    if sentence.has("max_seq_length") or not sentence.file.is_file():
        return sentence.count("max_seq_length", most=positions, least=_LEAST_LENGTH)
    tokenizer = Config.read(sentence.file.with_name("tokenizer_config.json"), sentence.problems)
    return min(tokenizer.count("model_max_length", most=_UNLIMITED, least=_LEAST_LENGTH), positions)


def read_mean_pooling(pooling: Config, width: int) -> None:
    """1_Pooling: the mean of the tokens and nothing else; since sentence-transformers 6 under other names."""
    pooling.one_of("embedding_dimension" if pooling.has("embedding_dimension") else "word_embedding_dimension", (width,))
    if pooling.has("pooling_mode"):
        pooling.one_of("pooling_mode", ("mean",))
        pooling.one_of("pooling_mode_mean_tokens", (True,), True)
    else:
        pooling.one_of("pooling_mode_mean_tokens", (True,))
    for field in pooling.content:
        if field.startswith("pooling_mode_") and field != "pooling_mode_mean_tokens":
            pooling.one_of(field, (False,))


def read_dense(dense: Config, width: int) -> int:
    """2_Dense: floats that come out of it."""
    dense.one_of("in_features", (width,))
    dense.one_of("bias", (False,), True)
    dense.one_of("activation_function", ("torch.nn.modules.linear.Identity",))
    dense.one_of("use_residual", (False,), False)
    for name in ("module_input_name", "module_output_name"):
        dense.one_of(name, ("sentence_embedding",), "sentence_embedding")
    return dense.count("out_features", most=8192)


def read_logit_scale(checkpoint: Checkpoint, problems: Problems) -> float | None:
    """What CLIP multiplies inner products with before a softmax; None where a checkpoint is of one tower alone.

    The checkpoint holds its logarithm (modeling_clip.py, CLIPModel.forward).
    """
    tensor = checkpoint.get("logit_scale")
    if tensor is None:
        return None
    least, most = _LOGIT_SCALES
    stored = tensor.numbers().astype(np.float64).ravel()
    if stored.size != 1 or not math.log(least) <= stored[0] <= math.log(most):
        problems.add(
            f"{checkpoint.file}: tensor logit_scale is {stored[:4].tolist()}, expected one number whose exponential is"
            f" {least:g} to {most:g}")
        return None
    return round(math.exp(stored[0]), 4)


def _transformer(
        config: Config, width: int, inner: int, layers: int, heads: int, activations: tuple[str, ...],
        epsilon: float) -> Transformer:
    transformer = Transformer(
        config.count("hidden_size", width, 8192), config.count("num_hidden_layers", layers, 128),
        config.count("num_attention_heads", heads, 128), config.count("intermediate_size", inner, 65536),
        config.one_of("hidden_act", activations, activations[0]), config.number("layer_norm_eps", epsilon))
    if transformer.width % transformer.heads:
        config.refuse("num_attention_heads", f"a divisor of hidden_size = {transformer.width}")
    return transformer


@dataclasses.dataclass(frozen=True)
class Weights:
    """The tensors of one tower by the names that graph and reference ask for; all are there, of the right shape."""

    checkpoint: Checkpoint
    prefix: str

    def __call__(self, name: str) -> np.ndarray:
        """float32, of the checkpoint's shape.

        Raises ImportRefused if it holds a number that is not finite.
        """
        tensor = self.checkpoint[self.prefix + name]
        numbers = tensor.numbers()
        if not np.isfinite(numbers).all():
            raise ImportRefused(f"{tensor.file}: {tensor.name} has a number that is not finite")
        return numbers.astype(np.float32, copy=False)


def check_tensors(
        checkpoint: Checkpoint, prefix: str, expected: dict[str, tuple[int, ...]], own: tuple[str, ...],
        problems: Problems) -> Weights:
    """Compares a tower with a checkpoint.

    `expected`: shape by name behind the prefix. `own`: beginnings of names that belong to this tower; none may be left over.
    """
    for name, shape in expected.items():
        tensor = checkpoint.get(prefix + name)
        if tensor is None:
            problems.add(f"{checkpoint.file}: missing tensor {prefix}{name} of shape {list(shape)}")
        elif tensor.shape != shape:
            problems.add(
                f"{checkpoint.file}: tensor {prefix}{name} has the shape {list(tensor.shape)}, expected {list(shape)}")
        elif not tensor.type.lstrip("<").startswith(("f", "bfloat")):
            problems.add(f"{checkpoint.file}: tensor {prefix}{name} has the type {tensor.type}, expected floats")
    for name in checkpoint:
        behind = name.removeprefix(prefix)
        # A buffer 0, 1, 2 ... that older versions of transformers saved.
        if (name.startswith(own) and (behind == name and prefix or behind not in expected)
                and not name.endswith("embeddings.position_ids")):
            problems.add(f"{checkpoint.file}: tensor {name} of shape {list(checkpoint[name].shape)} is not part of the "
                         "tower that config.json describes")
    return Weights(checkpoint, prefix)


def vision_tensors(tower: VisionTower) -> dict[str, tuple[int, ...]]:
    """Shape by name of the tensors of a vision tower."""
    width, patch = tower.transformer.width, tower.patch_size
    tokens = tower.side**2 + (0 if tower.siglip else 1)
    shapes: dict[str, tuple[int, ...]] = {
        "vision_model.embeddings.patch_embedding.weight": (width, CHANNELS, patch, patch),
        "vision_model.embeddings.position_embedding.weight": (tokens, width),
        **_layers("vision_model.", tower.transformer),
        **_norm("vision_model.post_layernorm", width),
    }
    if not tower.siglip:
        return shapes | {
            "vision_model.embeddings.class_embedding": (width,),
            **_norm("vision_model.pre_layrnorm", width),  # so it is spelled
            "visual_projection.weight": (tower.dimension, width),
        }
    head = "vision_model.head."
    return shapes | {
        "vision_model.embeddings.patch_embedding.bias": (width,),
        f"{head}probe": (1, 1, width),
        f"{head}attention.in_proj_weight": (3 * width, width),
        f"{head}attention.in_proj_bias": (3 * width,),
        **_linear(f"{head}attention.out_proj", width, width),
        **_norm(f"{head}layernorm", width),
        **_linear(f"{head}mlp.fc1", width, tower.transformer.inner),
        **_linear(f"{head}mlp.fc2", tower.transformer.inner, width),
    }


def clip_text_tensors(tower: ClipText) -> dict[str, tuple[int, ...]]:
    width = tower.transformer.width
    return {
        "text_model.embeddings.token_embedding.weight": (tower.vocabulary, width),
        "text_model.embeddings.position_embedding.weight": (tower.positions, width),
        **_layers("text_model.", tower.transformer),
        **_norm("text_model.final_layer_norm", width),
        "text_projection.weight": (tower.dimension, width),
    }


def distilbert_tensors(tower: DistilBert) -> dict[str, tuple[int, ...]]:
    width, inner = tower.transformer.width, tower.transformer.inner
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (tower.vocabulary, width),
        "embeddings.position_embeddings.weight": (tower.positions, width),
        **_norm("embeddings.LayerNorm", width),
    }
    for layer in range(tower.transformer.layers):
        at = f"transformer.layer.{layer}."
        for name in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _linear(f"{at}attention.{name}", width, width)
        shapes |= _norm(f"{at}sa_layer_norm", width) | _norm(f"{at}output_layer_norm", width)
        shapes |= _linear(f"{at}ffn.lin1", width, inner) | _linear(f"{at}ffn.lin2", inner, width)
    return shapes


def dense_tensors(dimension: int, width: int) -> dict[str, tuple[int, ...]]:
    return {"linear.weight": (dimension, width)}


def _layers(prefix: str, transformer: Transformer) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(transformer.layers):
        at = f"{prefix}encoder.layers.{layer}."
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear(f"{at}self_attn.{name}", transformer.width, transformer.width)
        shapes |= _norm(f"{at}layer_norm1", transformer.width) | _norm(f"{at}layer_norm2", transformer.width)
        shapes |= _linear(f"{at}mlp.fc1", transformer.width, transformer.inner)
        shapes |= _linear(f"{at}mlp.fc2", transformer.inner, transformer.width)
    return shapes


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def attention_scale(transformer: Transformer) -> float:
    return 1.0 / math.sqrt(transformer.head_width)


def distilbert_prefix(checkpoint: Checkpoint) -> str:
    """sentence-transformers saves the bare model; transformers puts the model's name before the tensors."""
    return "distilbert." if "distilbert.embeddings.word_embeddings.weight" in checkpoint else ""


def own_names(tower: VisionTower | ClipText | DistilBert, prefix: str) -> tuple[str, ...]:
    """How the names of the tensors of a tower begin; other towers in the same file are not looked at."""
    if isinstance(tower, VisionTower):
        return ("vision_model.", "visual_projection.")
    if isinstance(tower, ClipText):
        return ("text_model.", "text_projection.")
    return (prefix,) if prefix else ("",)
