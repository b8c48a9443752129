"""Writes a model bundle: bundle.json, image.onnx, text.onnx, tokenizer.json."""

import json
import shutil

import onnx
import torch

from model import DIMENSION, IMAGE_SIZE, MEAN, STANDARD_DEVIATION, ExportedTextTower
from wordpiece import MAX_LENGTH, write_tokenizer

OPSET = 16
VERSION = "1"


def bundle_description():
    return {
        "formatVersion": 1,
        "name": "emoji-clip",
        "version": VERSION,
        "dimension": DIMENSION,
        "image": {
            "model": "image.onnx", "input": "pixels", "output": "embedding", "size": IMAGE_SIZE,
            "resize": "shortest-edge-bicubic", "mean": MEAN, "std": STANDARD_DEVIATION, "pixels": "uint8-nhwc",
        },
        "text": {
            "model": "text.onnx", "inputIds": "input_ids", "attentionMask": "attention_mask", "output": "embedding",
            "tokenizer": "tokenizer.json", "maxLength": MAX_LENGTH, "pooling": "in-graph", "lowercase": True,
        },
        "golden": "golden.json",
    }


def export_bundle(image_tower, text_tower, vocabulary, folder):
    export_image(image_tower, folder)
    export_text(text_tower, vocabulary, folder)


def export_image(tower, folder):
    folder.mkdir(parents=True, exist_ok=True)
    tower = tower.eval().to(memory_format=torch.contiguous_format)
    pixels = torch.zeros(2, IMAGE_SIZE, IMAGE_SIZE, 3, dtype=torch.uint8)
    _export(tower, (pixels,), folder / "image.onnx", {"pixels": {0: "batch"}})
    _describe(folder)


def copy_image(bundle, folder):
    """Takes over the image tower of another bundle as it is."""
    if folder.resolve() != bundle.resolve():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle / "image.onnx", folder / "image.onnx")
    _describe(folder)


def export_text(tower, vocabulary, folder):
    folder.mkdir(parents=True, exist_ok=True)
    ids = torch.ones(2, 5, dtype=torch.int64)
    axes = {0: "batch", 1: "sequence"}
    _export(ExportedTextTower(tower).eval(), (ids, ids), folder / "text.onnx",
            {"input_ids": axes, "attention_mask": axes})
    write_tokenizer(vocabulary, folder / "tokenizer.json")
    _describe(folder)


def _describe(folder):
    description = json.dumps(bundle_description(), indent=2)
    (folder / "bundle.json").write_text(description + "\n", encoding="utf-8")


def _export(module, inputs, file, axes_of_inputs):
    torch.onnx.export(
        module, inputs, str(file), opset_version=OPSET, input_names=list(axes_of_inputs), output_names=["embedding"],
        dynamic_axes={**axes_of_inputs, "embedding": {0: "batch"}},
    )
    model = onnx.load(str(file))
    # The exporter loses the dimension behind the division by the norm.
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = DIMENSION
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))
