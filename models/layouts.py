"""Finds the towers in a folder as it was downloaded, in the layouts of which such folders are published."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

import graphs
import reference
from config import Config
from onnx_export import FLOATS, OnnxExport, Value, read_export
from preprocessing import Preprocessing, read_open_clip, read_preprocessor
from problems import ImportRefused, Problems
from tensors import CHECKPOINT_NAMES, Checkpoint, find_checkpoint, open_checkpoint, write_safetensors
from tokenizing import TokenizerFile, read_tokenizer
from towers import (
    Weights, check_tensors, clip_text_tensors, dense_tensors, distilbert_prefix, distilbert_tensors, own_names, read_clip_text,
    read_dense, read_distilbert, read_logit_scale, read_max_length, read_mean_pooling, read_vision, vision_tensors,
)

IMAGE_MODEL, TEXT_MODEL, DENSE = "image.onnx", "text.onnx", "dense.safetensors"
IMAGE_FOLDER, TEXT_FOLDER = "image", "text"
_CLIP_POSITIONS = 77


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """A vision tower that was found. `write` puts the model into a bundle and returns what bundle.json says of it.

    `logit_scale` is what the whole model multiplies inner products with, None where the folder does not tell.
    """

    file: pathlib.Path
    is_export: bool
    dimension: int
    preprocessing: Preprocessing
    logit_scale: float | None
    write: Callable[[pathlib.Path, bool], dict[str, Any]]
    embeddings: Callable[[list[np.ndarray]], np.ndarray] | None


@dataclasses.dataclass(frozen=True)
class TextSource:
    """A text tower that was found; `write` as for the image."""

    file: pathlib.Path
    is_export: bool
    dimension: int
    tokenizer_file: pathlib.Path
    tokenizer: TokenizerFile
    max_length: int
    write: Callable[[pathlib.Path, bool], dict[str, Any]]
    embeddings: Callable[[list[list[int]]], np.ndarray] | None


def find_image(folder: pathlib.Path, prefer_export: bool) -> ImageSource:
    """Raises ImportRefused with everything that is missing or not understood."""
    export = _first(folder, ("model.onnx", "onnx/vision_model.onnx", "visual/model.onnx"))
    model_folder = _module_folder(folder, "CLIPModel")
    has_weights = find_checkpoint(model_folder) is not None
    if export is not None and (prefer_export or not has_weights):
        return _exported_image(folder, model_folder, export, has_weights)
    if prefer_export:
        raise ImportRefused(
            f"{folder} has no ONNX export of an image tower: looked for model.onnx, onnx/vision_model.onnx, visual/model.onnx")
    return _image_from_weights(model_folder)


def find_text(folder: pathlib.Path, prefer_export: bool) -> TextSource:
    """Raises ImportRefused with everything that is missing or not understood."""
    is_sentence = (folder / "modules.json").is_file() and not _is_clip_module(folder)
    names = ("onnx/model.onnx", "model.onnx") if is_sentence else ("onnx/text_model.onnx", "textual/model.onnx")
    export = _first(folder, names)
    model_folder = folder if is_sentence else _module_folder(folder, "CLIPModel")
    has_weights = find_checkpoint(model_folder) is not None
    if export is not None and (prefer_export or not has_weights):
        return (_exported_sentence_text if is_sentence else _exported_clip_text)(folder, model_folder, export, has_weights)
    if prefer_export:
        raise ImportRefused(f"{folder} has no ONNX export of a text tower: looked for {', '.join(names)}")
    return _sentence_text(folder) if is_sentence else _clip_text(model_folder)


def _image_from_weights(folder: pathlib.Path) -> ImageSource:
    problems = Problems()
    root = Config.read(folder / "config.json", problems)
    preprocessor = Config.read(folder / "preprocessor_config.json", problems)
    checkpoint = _checkpoint(folder, problems)
    if not root.content:
        problems.raise_any()
    tower = read_vision(root)
    preprocessing = read_preprocessor(preprocessor, tower.image_size)
    problems.raise_any()
    assert checkpoint is not None
    weights = check_tensors(checkpoint, "", vision_tensors(tower), own_names(tower, ""), problems)
    # SigLIP's belongs to a sigmoid.
    logit_scale = None if tower.siglip else read_logit_scale(checkpoint, problems)
    problems.raise_any()

    def write(bundle: pathlib.Path, half: bool) -> dict[str, Any]:
        graph = graphs.vision_graph(tower, weights, preprocessing.mean, preprocessing.deviation, half)
        graph.write(bundle / IMAGE_MODEL)
        return _image_section(IMAGE_MODEL, graphs.PIXELS, graphs.EMBEDDING, preprocessing, "uint8-nhwc")

    return ImageSource(
        checkpoint.file, False, tower.dimension, preprocessing, logit_scale, write,
        lambda pictures: reference.image_embeddings(tower, weights, pictures))


def _exported_image(
        folder: pathlib.Path, model_folder: pathlib.Path, file: pathlib.Path, has_weights: bool) -> ImageSource:
    problems = Problems()
    if file.parent.name == "visual":
        preprocessing = read_open_clip(Config.read(file.parent / "preprocess_cfg.json", problems))
    else:
        preprocessing = read_preprocessor(Config.read(_beside(folder, model_folder, "preprocessor_config.json"), problems), None)
    export = read_export(file)
    size = preprocessing.size
    if (len(export.inputs) != 1 or export.inputs[0].shape[:1] != (-1,)
            or not _fits(export.inputs[0], (TensorProto.FLOAT,), (-1, 3, size, size))):
        problems.add(f"{file} takes {_listed(export.inputs)}, expected one input FLOAT [-1, 3, {size}, {size}]")
    output = _rank_two_output(export, "image_embeds", problems)
    problems.raise_any()
    assert output is not None
    source = _image_from_weights(model_folder) if has_weights else None

    def write(bundle: pathlib.Path, _half: bool) -> dict[str, Any]:
        name = export.copy_to(bundle / IMAGE_FOLDER)
        section = _image_section(
            f"{IMAGE_FOLDER}/{name}", export.inputs[0].name, output.name, preprocessing, "float32-nchw")
        return section | {"normalised": False}

    return ImageSource(
        file, True, output.shape[1], preprocessing, source.logit_scale if source else None, write,
        source.embeddings if source else None)


def _sentence_text(folder: pathlib.Path) -> TextSource:
    problems = Problems()
    model, pooling, dense = _sentence_modules(folder, problems)
    root = Config.read(model / "config.json", problems)
    sentence = Config.read(model / "sentence_bert_config.json", problems)
    pooling_config = Config.read(pooling / "config.json", problems)
    dense_config = Config.read(dense / "config.json", problems)
    tokenizer_file = _beside(model, folder, "tokenizer.json")
    tokenizer = read_tokenizer(tokenizer_file, problems)
    checkpoint, dense_checkpoint = _checkpoint(model, problems), _checkpoint(dense, problems)
    if not root.content or not dense_config.content or not pooling_config.content:
        problems.raise_any()
    tower = read_distilbert(root, sentence, pooling_config, dense_config)
    problems.raise_any()
    assert checkpoint is not None and dense_checkpoint is not None and tokenizer is not None
    prefix = distilbert_prefix(checkpoint)
    weights = check_tensors(checkpoint, prefix, distilbert_tensors(tower), own_names(tower, prefix), problems)
    projection = check_tensors(
        dense_checkpoint, "", dense_tensors(tower.dimension, tower.transformer.width), ("",), problems)
    _check_vocabulary(tokenizer_file, tokenizer, tower.vocabulary, problems)
    problems.raise_any()

    def write(bundle: pathlib.Path, half: bool) -> dict[str, Any]:
        graphs.distilbert_graph(tower, weights, projection, half).write(bundle / TEXT_MODEL)
        return _text_section(TEXT_MODEL, graphs.INPUT_IDS, graphs.ATTENTION_MASK, graphs.EMBEDDING)

    return TextSource(
        checkpoint.file, False, tower.dimension, tokenizer_file, tokenizer, tower.max_length, write,
        lambda texts: reference.distilbert_embeddings(tower, weights, projection, texts))


def _exported_sentence_text(
        folder: pathlib.Path, _model_folder: pathlib.Path, file: pathlib.Path, has_weights: bool) -> TextSource:
    """Ready-made exports hold the bare transformer; pooling and Dense are done by whoever runs it."""
    problems = Problems()
    model, pooling, dense = _sentence_modules(folder, problems)
    root = Config.read(model / "config.json", problems)
    sentence = Config.read(model / "sentence_bert_config.json", problems)
    max_length = read_max_length(sentence, root.count("max_position_embeddings", 512, 4096))
    width = root.count("dim", 768, 8192) if root.has("dim") else root.count("hidden_size", 768, 8192)
    pooling_config = Config.read(pooling / "config.json", problems)
    dense_config = Config.read(dense / "config.json", problems)
    if pooling_config.content:
        read_mean_pooling(pooling_config, width)
    dimension = read_dense(dense_config, width) if dense_config.content else 1
    tokenizer_file = _beside(model, folder, "tokenizer.json")
    tokenizer = read_tokenizer(tokenizer_file, problems)
    dense_checkpoint = _checkpoint(dense, problems)
    export = read_export(file)
    ids, mask, _length = _text_inputs(export, problems)
    tokens = next((each for each in export.outputs if _fits(each, FLOATS, (-1, -1, width))), None)
    if tokens is None:
        problems.add(f"{file} gives {_listed(export.outputs)}, expected the embeddings of tokens, FLOAT [-1, -1, {width}]")
    problems.raise_any()
    assert dense_checkpoint is not None and tokenizer is not None and tokens is not None
    projection = check_tensors(dense_checkpoint, "", dense_tensors(dimension, width), ("",), problems)
    problems.raise_any()
    source = _sentence_text(folder) if has_weights else None

    def write(bundle: pathlib.Path, _half: bool) -> dict[str, Any]:
        name = export.copy_to(bundle / TEXT_FOLDER)
        write_safetensors(bundle / DENSE, {"linear.weight": projection("linear.weight")})
        section = _text_section(f"{TEXT_FOLDER}/{name}", ids, mask, tokens.name)
        return section | {"pooling": "mean", "dense": DENSE, "normalised": False}

    return TextSource(
        file, True, dimension, tokenizer_file, tokenizer, max_length, write, source.embeddings if source else None)


def _clip_text(folder: pathlib.Path) -> TextSource:
    problems = Problems()
    root = Config.read(folder / "config.json", problems)
    if root.has("model_type"):
        root.one_of("model_type", ("clip", "clip_text_model"))
    tokenizer_file = folder / "tokenizer.json"
    tokenizer = read_tokenizer(tokenizer_file, problems)
    checkpoint = _checkpoint(folder, problems)
    problems.raise_any()
    assert tokenizer is not None and checkpoint is not None
    tower = read_clip_text(root, tokenizer.end, tokenizer.largest + 1)
    problems.raise_any()
    weights = check_tensors(checkpoint, "", clip_text_tensors(tower), own_names(tower, ""), problems)
    _check_vocabulary(tokenizer_file, tokenizer, tower.vocabulary, problems)
    problems.raise_any()

    def write(bundle: pathlib.Path, half: bool) -> dict[str, Any]:
        graphs.clip_text_graph(tower, weights, half).write(bundle / TEXT_MODEL)
        return _text_section(TEXT_MODEL, graphs.INPUT_IDS, None, graphs.EMBEDDING)

    return TextSource(
        checkpoint.file, False, tower.dimension, tokenizer_file, tokenizer, tower.max_length, write,
        lambda texts: reference.clip_text_embeddings(tower, weights, texts))


def _exported_clip_text(
        folder: pathlib.Path, model_folder: pathlib.Path, file: pathlib.Path, has_weights: bool) -> TextSource:
    problems = Problems()
    is_open_clip = file.parent.name == "textual"
    tokenizer_file = (file.parent if is_open_clip else _beside(folder, model_folder, "config.json").parent) / "tokenizer.json"
    tokenizer = read_tokenizer(tokenizer_file, problems)
    export = read_export(file)
    ids, mask, length = _text_inputs(export, problems)
    output = _rank_two_output(export, "text_embeds", problems)
    problems.raise_any()
    assert tokenizer is not None and output is not None
    source = _clip_text(model_folder) if has_weights else None
    max_length = length if length > 0 else _CLIP_POSITIONS

    def write(bundle: pathlib.Path, _half: bool) -> dict[str, Any]:
        name = export.copy_to(bundle / TEXT_FOLDER)
        section = _text_section(f"{TEXT_FOLDER}/{name}", ids, mask, output.name) | {"normalised": False}
        # open_clip always gives its towers the whole length.
        return section | ({"padding": "max-length"} if length > 0 or is_open_clip else {})

    return TextSource(
        file, True, output.shape[1], tokenizer_file, tokenizer, max_length, write, source.embeddings if source else None)


def _image_section(
        model: str, input_name: str, output: str, preprocessing: Preprocessing, pixels: str) -> dict[str, Any]:
    return {
        "model": model, "input": input_name, "output": output, "size": preprocessing.size, "resize": preprocessing.resize,
        "mean": preprocessing.mean, "std": preprocessing.deviation, "pixels": pixels,
    }


def _text_section(model: str, ids: str, mask: str | None, output: str) -> dict[str, Any]:
    names = {"inputIds": ids} | ({"attentionMask": mask} if mask else {})
    return {"model": model, **names, "output": output, "pooling": "in-graph"}


def _first(folder: pathlib.Path, names: tuple[str, ...]) -> pathlib.Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _beside(folder: pathlib.Path, other: pathlib.Path, name: str) -> pathlib.Path:
    """The file in whichever folder has it; in the first if neither has."""
    return other / name if not (folder / name).is_file() and (other / name).is_file() else folder / name


def _modules(folder: pathlib.Path) -> list[tuple[str, str]]:
    """Kind and path of the modules of a sentence-transformers folder; none if it is no such folder."""
    file = folder / "modules.json"
    if not file.is_file():
        return []
    try:
        modules = json.loads(file.read_text(encoding="utf-8"))
        found = [(str(each["type"]).rsplit(".", 1)[-1], str(each["path"])) for each in modules]
    except (ValueError, KeyError, TypeError) as error:
        raise ImportRefused(f"{file}: expected a list of objects with type and path: {error!r}") from error
    for _kind, path in found:
        if pathlib.PurePath(path).is_absolute() or ".." in pathlib.PurePath(path).parts:
            raise ImportRefused(f"{file}: {path} leads out of the folder")
    return found


def _is_clip_module(folder: pathlib.Path) -> bool:
    return any(kind == "CLIPModel" for kind, _path in _modules(folder))


def _module_folder(folder: pathlib.Path, kind: str) -> pathlib.Path:
    modules = _modules(folder)
    if modules and not any(each == kind for each, _path in modules):
        raise ImportRefused(f"{folder / 'modules.json'}: type is {', '.join(each for each, _path in modules)}, expected {kind}")
    return next((folder / path for each, path in modules if each == kind), folder)


def _sentence_modules(folder: pathlib.Path, problems: Problems) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    modules = _modules(folder)
    kinds = [kind for kind, _path in modules]
    # Scaling to unit length is done in any case.
    if [kind for kind in kinds if kind != "Normalize"] != ["Transformer", "Pooling", "Dense"]:
        problems.add(f"{folder / 'modules.json'}: type is {', '.join(kinds)}, expected Transformer, Pooling, Dense")
        problems.raise_any()
    paths = dict(modules)
    return folder / paths["Transformer"], folder / paths["Pooling"], folder / paths["Dense"]


def _checkpoint(folder: pathlib.Path, problems: Problems) -> Checkpoint | None:
    file = find_checkpoint(folder)
    if file is None:
        problems.add(f"missing file: {folder / CHECKPOINT_NAMES[0]} or {CHECKPOINT_NAMES[2]}")
        return None
    return open_checkpoint(file)


def _check_vocabulary(file: pathlib.Path, tokenizer: TokenizerFile, vocabulary: int, problems: Problems) -> None:
    if tokenizer.largest >= vocabulary:
        problems.add(f"{file} has ids up to {tokenizer.largest}, expected less than the {vocabulary} rows of the model")


def _fits(value: Value, types: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return (value.element_type in types and len(value.shape) == len(shape)
            and all(has < 0 or wanted < 0 or has == wanted for has, wanted in zip(value.shape, shape)))


def _listed(values: tuple[Value, ...]) -> str:
    return ", ".join(map(str, values))


def _rank_two_output(export: OnnxExport, preferred: str, problems: Problems) -> Value | None:
    fitting = [each for each in export.outputs if _fits(each, FLOATS, (-1, -1)) and each.shape[1] > 0]
    chosen = [each for each in fitting if each.name == preferred] or fitting
    if len(chosen) == 1:
        return chosen[0]
    problems.add(
        f"{export.file} gives {_listed(export.outputs)}, expected one output FLOAT [-1, dimension], or one named {preferred}")
    return None


def _text_inputs(export: OnnxExport, problems: Problems) -> tuple[str, str | None, int]:
    """Names of the inputs for ids and for the mask, and the length of a text, -1 for any."""
    types = (TensorProto.INT64, TensorProto.INT32)
    masks = [each for each in export.inputs if "mask" in each.name]
    ids = [each for each in export.inputs if each not in masks]
    if (len(ids) != 1 or len(masks) > 1
            or not all(_fits(each, types, (-1, -1)) and each.shape[0] == -1 for each in export.inputs)):
        problems.add(f"{export.file} takes {_listed(export.inputs)}, expected the ids and at most a mask, INT64 [-1, -1]")
        return "", None, -1
    return ids[0].name, masks[0].name if masks else None, ids[0].shape[1]
