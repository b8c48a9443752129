#!/usr/bin/python3
"""Turns published checkpoints into a model bundle. Usage: import_model.py --image DIR --text DIR --output BUNDLE"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
from typing import Any, NoReturn

from golden import COSINE_FP16, COSINE_FP32, FILE, write_golden
from layouts import ImageSource, TextSource, find_image, find_text
from problems import ImportRefused

_DESCRIPTION = """\
Turns published checkpoints into a model bundle, for bin/embed and bin/serve.

An image tower is a folder with config.json, preprocessor_config.json and model.safetensors or pytorch_model.bin, as in
openai/clip-vit-base-patch32 and sentence-transformers/clip-ViT-B-32 (CLIP of any size, SigLIP). A text tower is
sentence-transformers/clip-ViT-B-32-multilingual-v1, as published or as sentence-transformers 6 saves it, or a CLIP folder
with tokenizer.json. Either may be an ONNX export instead (Qdrant/clip-ViT-B-32-vision, Xenova/clip-vit-base-patch32,
immich-app/ViT-B-32__openai, onnx/model.onnx), which is taken as it is."""


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"import-model: {message} (see bin/import-model --help)", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: list[str] | None = None) -> int:
    parser = _Arguments(
        prog="bin/import-model", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False)
    parser.add_argument("--image", required=True, type=pathlib.Path, metavar="DIR", help="folder of the image tower")
    parser.add_argument("--text", required=True, type=pathlib.Path, metavar="DIR", help="folder of the text tower")
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="BUNDLE", help="folder to make; must not exist")
    parser.add_argument(
        "--precision", choices=("fp32", "fp16"),
        help="of weights and arithmetic (default: fp32); fp16 is for GPUs, and several times slower on a CPU")
    parser.add_argument("--name", help="of the bundle, for people (default: the folder of the image tower)")
    parser.add_argument("--onnx", action="store_true", help="take the ONNX exports where a folder has weights as well")
    given = parser.parse_args(arguments)
    if given.name is not None and not given.name.strip():
        parser.error("--name must not be blank")
    for option in ("image", "text"):
        if not getattr(given, option).is_dir():
            parser.error(f"--{option} {getattr(given, option)} is no folder")
    if given.output.exists() and (not given.output.is_dir() or any(given.output.iterdir())):
        parser.error(f"--output {given.output} exists")
    try:
        import_model(given.image, given.text, given.output, given.precision, given.name, given.onnx)
    except (ImportRefused, OSError) as error:
        print(f"import-model: {error}", file=sys.stderr)
        return 1
    return 0


def import_model(
        image_folder: pathlib.Path, text_folder: pathlib.Path, output: pathlib.Path, precision: str | None = None,
        name: str | None = None, prefer_export: bool = False) -> None:
    """Writes a bundle; `output` appears when it is whole.

    Raises ImportRefused, naming everything that is missing or not understood; OSError if a file cannot be read or written.
    """
    image, text = _find(image_folder, text_folder, prefer_export)
    if image.dimension != text.dimension:
        raise ImportRefused(
            f"the towers do not belong together: {image.file} gives {image.dimension} floats, {text.file} {text.dimension}")
    if precision is not None and (image.is_export or text.is_export):
        export = image.file if image.is_export else text.file
        raise ImportRefused(f"--precision is for weights, but {export} is an ONNX export, which is taken as it is")
    output = output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        _write(made, image, text, precision or "fp32", name or image_folder.resolve().name)
        made.chmod(0o755)
        os.replace(made, output)  # takes the place of an empty folder
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _find(image_folder: pathlib.Path, text_folder: pathlib.Path, prefer_export: bool) -> tuple[ImageSource, TextSource]:
    """Both towers, or the problems of both."""
    problems = []
    image = text = None
    try:
        image = find_image(image_folder, prefer_export)
    except ImportRefused as error:
        problems.append(str(error))
    try:
        text = find_text(text_folder, prefer_export)
    except ImportRefused as error:
        problems.append(str(error))
    if image is None or text is None:
        raise ImportRefused("\n".join(problems))
    return image, text


def _write(folder: pathlib.Path, image: ImageSource, text: TextSource, precision: str, name: str) -> None:
    half = precision == "fp16"
    is_export = image.is_export or text.is_export
    _say(f"image tower: {image.file}")
    image_section = image.write(folder, half)
    _say(f"text tower: {text.file}")
    text_section = text.write(folder, half)
    shutil.copyfile(text.tokenizer_file, folder / "tokenizer.json")
    manifest: dict[str, Any] = {
        "formatVersion": 1, "name": name, "version": "1", "dimension": image.dimension,
        "image": image_section,
        "text": text_section | {
            "tokenizer": "tokenizer.json", "maxLength": text.max_length, "lowercase": text.tokenizer.lowercase},
    }
    if image.logit_scale is not None:
        manifest["logitScale"] = image.logit_scale
    if image.embeddings is not None or text.embeddings is not None:
        _say("golden vectors")
        cosine = COSINE_FP16 if half or is_export else COSINE_FP32
        write_golden(
            folder, cosine, image.preprocessing, image.embeddings, text.tokenizer, text.max_length, text.embeddings)
        manifest["golden"] = FILE
    if not is_export:
        manifest["precision"] = precision
    manifest["source"] = {"image": _source(image.file), "text": _source(text.file)}
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _source(file: pathlib.Path) -> str:
    """The file with the folders that tell what it is."""
    return "/".join(file.resolve().parts[-3:])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
