#!/usr/bin/python3
"""Makes checkpoints in the layouts, names and sizes of the published ones, filled with seeded random numbers.

Usage: make_checkpoints.py --output DIR [--seed N] [--size full|tiny] [--only FOLDER,...] [--reference FILE]
`--reference` writes torch's embeddings of pictures and texts, in the format of golden.json, with the pictures beside it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import pathlib
import random
import sys
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

MODELS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(MODELS))
sys.path.insert(0, str(MODELS / "tests"))

import huggingface  # noqa: E402
from config import Config  # noqa: E402
from golden import TEXTS, encoded, pictures, write_golden_file  # noqa: E402
from preprocessing import read_preprocessor  # noqa: E402
from problems import Problems  # noqa: E402
from tensors import write_safetensors  # noqa: E402
from tokenizing import byte_characters, read_tokenizer  # noqa: E402

CLIP, SENTENCE_CLIP, MULTILINGUAL = "clip-vit-base-patch32", "clip-ViT-B-32", "clip-ViT-B-32-multilingual-v1"
MULTILINGUAL_6 = "clip-ViT-B-32-multilingual-v1-written-by-6"
SIGLIP = "siglip-base-patch16-224"
QDRANT, XENOVA, IMMICH = "clip-ViT-B-32-vision", "xenova-clip-vit-base-patch32", "ViT-B-32__openai"
MULTILINGUAL_ONNX = "clip-ViT-B-32-multilingual-v1-onnx"
FOLDERS = (CLIP, SENTENCE_CLIP, MULTILINGUAL, MULTILINGUAL_6, SIGLIP, QDRANT, XENOVA, IMMICH, MULTILINGUAL_ONNX)

MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]
BATCH = 8
OPSET = 14

# Scripts of the made vocabulary: first and last character of the letters.
SCRIPTS = {
    "Latin": (0x21, 0x17F), "Vietnamese": (0x1EA0, 0x1EF9), "Greek": (0x370, 0x3FF), "Cyrillic": (0x400, 0x4FF),
    "Georgian": (0x10D0, 0x10FF), "Hebrew": (0x590, 0x5FF), "Arabic": (0x600, 0x6FF), "Devanagari": (0x900, 0x97F),
    "Bengali": (0x980, 0x9FF), "Tamil": (0xB80, 0xBFF), "Thai": (0xE00, 0xE7F), "Kana": (0x3040, 0x30FF),
    "Han": (0x4E00, 0x9FFF), "Hangul": (0xAC00, 0xD7A3),
}
# More texts than travel with a bundle.
MORE_TEXTS = (
    "a dog", "two dogs playing in the snow", "sunset over the sea", "ein roter Wagen", "Straßenbahn in Zürich",
    "une voiture rouge", "el perro corre", "um gato preto", "gatto sul tetto", "czerwony samochód", "piros autó",
    "kırmızı araba, İstanbul", "punainen auto", "собака бежит по снегу", "червона машина", "кола",
    "σκύλος στο χιόνι", "كلب يجري في الثلج", "کتاب قرمز روی میز", "מכונית אדומה", "कुत्ता बर्फ में",
    "รถสีแดง", "红色的汽车", "雪の中の犬", "눈 속의 개", "😀😃😄", "a1b2c3 2024-11-05", "...", "   ", "naïve café",
    "ﬁne ligature Ａｂｃ", "word " * 126, "word " * 127, "红" * 200,
)


def sizes(size: str) -> dict[str, Any]:
    """The settings of the published models, or the same shape in small."""
    full = size == "full"
    return {
        "vision": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
                   "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05}
        if full else {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
                      "image_size": 64, "patch_size": 16, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05},
        "text": {"vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
                 "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu",
                 "layer_norm_eps": 1e-05, "eos_token_id": 2}
        if full else {"vocab_size": 1024, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                      "num_attention_heads": 2, "max_position_embeddings": 77, "hidden_act": "quick_gelu",
                      "layer_norm_eps": 1e-05, "eos_token_id": 2},
        "distilbert": {"vocab_size": 119547, "max_position_embeddings": 512, "n_layers": 6, "n_heads": 12, "dim": 768,
                       "hidden_dim": 3072}
        if full else {"vocab_size": 4000, "max_position_embeddings": 512, "n_layers": 2, "n_heads": 4, "dim": 64,
                      "hidden_dim": 128},
        "dimension": 512 if full else 48,
    }


class Checkpoints:
    """Models with seeded weights, and the folders in which they are published."""

    def __init__(self, size: str, seed: int, dimension: int | None = None) -> None:
        self.sizes = sizes(size)
        self.sizes["dimension"] = dimension or self.sizes["dimension"]
        self.seed = seed
        vision, text = huggingface.settings(self.sizes["vision"]), huggingface.settings(self.sizes["text"])
        torch.manual_seed(seed)
        with torch.no_grad():
            self.clip = filled(huggingface.ClipModel(vision, text, self.sizes["dimension"]))
            self.distilbert = filled(huggingface.DistilBertModel(huggingface.settings(self.sizes["distilbert"])))
            self.dense = filled(huggingface.Dense(self.sizes["distilbert"]["dim"], self.sizes["dimension"]))

    def write(self, folder: pathlib.Path, name: str) -> pathlib.Path:
        """Writes one of FOLDERS below `folder`."""
        target = folder / name
        target.mkdir(parents=True)
        writers: dict[str, Callable[[pathlib.Path], None]] = {
            CLIP: self._write_clip, SENTENCE_CLIP: self._write_sentence_clip, MULTILINGUAL: self._write_multilingual,
            SIGLIP: self._write_siglip, QDRANT: self._write_qdrant, XENOVA: self._write_xenova, IMMICH: self._write_immich,
            MULTILINGUAL_ONNX: self._write_multilingual_onnx, MULTILINGUAL_6: self._write_multilingual_6,
        }
        writers[name](target)
        return target

    def siglip(self) -> huggingface.SiglipVisionModel:
        vision = {**self.sizes["vision"], "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-06}
        torch.manual_seed(self.seed + 1)
        with torch.no_grad():
            return filled(huggingface.SiglipVisionModel(huggingface.settings(vision)))

    def _write_clip(self, folder: pathlib.Path) -> None:
        """openai/clip-vit-base-patch32."""
        write_safetensors(folder / "model.safetensors", arrays(self.clip))
        self._write_clip_settings(folder)

    def _write_sentence_clip(self, folder: pathlib.Path) -> None:
        """sentence-transformers/clip-ViT-B-32."""
        _write_json(folder / "modules.json", [
            {"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}])
        inner = folder / "0_CLIPModel"
        inner.mkdir()
        torch.save(self.clip.state_dict(), inner / "pytorch_model.bin")
        self._write_clip_settings(inner)

    def _write_multilingual(self, folder: pathlib.Path) -> None:
        """sentence-transformers/clip-ViT-B-32-multilingual-v1."""
        torch.save(self.distilbert.state_dict(), folder / "pytorch_model.bin")
        self._write_multilingual_settings(folder)

    def _write_multilingual_6(self, folder: pathlib.Path) -> None:
        """sentence-transformers/clip-ViT-B-32-multilingual-v1 as sentence-transformers 6 saves it."""
        self._write_multilingual_settings(folder)
        write_safetensors(folder / "model.safetensors", arrays(self.distilbert))
        (folder / "2_Dense/pytorch_model.bin").unlink()
        write_safetensors(folder / "2_Dense/model.safetensors", arrays(self.dense))
        kinds = (("", "base.modules.transformer.Transformer"), ("1_Pooling", "sentence_transformer.modules.pooling.Pooling"),
                 ("2_Dense", "base.modules.dense.Dense"))
        _write_json(folder / "modules.json", [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.{kind}"}
            for index, (path, kind) in enumerate(kinds)])
        _write_json(folder / "sentence_bert_config.json", {
            "transformer_task": "feature-extraction", "module_output_name": "token_embeddings",
            "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}})
        _write_json(folder / "tokenizer_config.json", {"model_max_length": 128, "tokenizer_class": "BertTokenizer"})
        _write_json(folder / "1_Pooling/config.json", {
            "embedding_dimension": self.sizes["distilbert"]["dim"], "pooling_mode": "mean", "include_prompt": True})
        _write_json(folder / "2_Dense/config.json", {
            **json.loads((folder / "2_Dense/config.json").read_text(encoding="utf-8")),
            "module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"})

    def _write_siglip(self, folder: pathlib.Path) -> None:
        """google/siglip-base-patch16-224, its vision tower."""
        vision = {key: value for key, value in self.sizes["vision"].items()
                  if key not in ("hidden_act", "layer_norm_eps")}
        write_safetensors(folder / "model.safetensors", arrays(self.siglip()))
        _write_json(folder / "config.json", {"model_type": "siglip", "vision_config": vision})
        side = {"height": vision["image_size"], "width": vision["image_size"]}
        _write_json(folder / "preprocessor_config.json", {
            "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
            "resample": 3, "rescale_factor": 0.00392156862745098, "size": side})

    def _write_qdrant(self, folder: pathlib.Path) -> None:
        """Qdrant/clip-ViT-B-32-vision."""
        self._write_clip_settings(folder)
        self._export_vision(folder / "model.onnx", "pixel_values", "image_embeds")

    def _write_xenova(self, folder: pathlib.Path) -> None:
        """Xenova/clip-vit-base-patch32."""
        self._write_clip_settings(folder)
        (folder / "onnx").mkdir()
        self._export_vision(folder / "onnx/vision_model.onnx", "pixel_values", "image_embeds")
        self._export_text(folder / "onnx/text_model.onnx", "input_ids", "text_embeds", torch.int64, None)

    def _write_immich(self, folder: pathlib.Path) -> None:
        """immich-app/ViT-B-32__openai."""
        (folder / "visual").mkdir()
        (folder / "textual").mkdir()
        self._export_vision(folder / "visual/model.onnx", "image", "embedding")
        _write_json(folder / "visual/preprocess_cfg.json", {
            "size": [self.sizes["vision"]["image_size"]] * 2, "mode": "RGB", "mean": MEAN, "std": DEVIATION,
            "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0})
        length = self.sizes["text"]["max_position_embeddings"]
        self._export_text(folder / "textual/model.onnx", "text", "embedding", torch.int32, length)
        _write_json(folder / "textual/tokenizer.json", clip_tokenizer(self.sizes["text"]["vocab_size"]))

    def _write_multilingual_onnx(self, folder: pathlib.Path) -> None:
        """sentence-transformers/clip-ViT-B-32-multilingual-v1 with its onnx/model.onnx and no other weights of DistilBERT."""
        self._write_multilingual_settings(folder)
        (folder / "onnx").mkdir()
        ids = torch.ones(2, 7, dtype=torch.int64)
        axes = {0: "batch_size", 1: "sequence_length"}
        _export(self.distilbert, (ids, ids), folder / "onnx/model.onnx",
                {"input_ids": axes, "attention_mask": axes}, {"last_hidden_state": axes})

    def _export_vision(self, file: pathlib.Path, input_name: str, output: str) -> None:
        size = self.sizes["vision"]["image_size"]
        # Exports scale nothing: that is left to whoever runs them.
        module = nn.Sequential(self.clip.vision_model, self.clip.visual_projection)
        _export(module, (torch.zeros(2, 3, size, size),), file, {input_name: {0: "batch"}}, {output: {0: "batch"}})

    def _export_text(self, file: pathlib.Path, input_name: str, output: str, type_: Any, length: int | None) -> None:
        module = nn.Sequential(self.clip.text_model, self.clip.text_projection)
        axes = {0: "batch"} if length else {0: "batch", 1: "sequence"}
        _export(module, (torch.ones(2, length or 9, dtype=type_),), file, {input_name: axes}, {output: {0: "batch"}})

    def _write_clip_settings(self, folder: pathlib.Path) -> None:
        size = self.sizes["vision"]["image_size"]
        _write_json(folder / "config.json", {
            "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": self.sizes["dimension"],
            "vision_config": {**self.sizes["vision"], "model_type": "clip_vision_model", "dropout": 0.0,
                              "projection_dim": self.sizes["dimension"]},
            "text_config": {**self.sizes["text"], "model_type": "clip_text_model", "bos_token_id": 0, "pad_token_id": 1},
        })
        _write_json(folder / "preprocessor_config.json", {
            "crop_size": size, "do_center_crop": True, "do_normalize": True, "do_resize": True,
            "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": MEAN, "image_std": DEVIATION, "resample": 3,
            "size": size})
        _write_json(folder / "tokenizer.json", clip_tokenizer(self.sizes["text"]["vocab_size"]))

    def _write_multilingual_settings(self, folder: pathlib.Path) -> None:
        dim = self.sizes["distilbert"]["dim"]
        _write_json(folder / "modules.json", [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for index, (path, kind) in enumerate((("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")))])
        _write_json(folder / "config.json", {
            **self.sizes["distilbert"], "activation": "gelu", "architectures": ["DistilBertModel"],
            "model_type": "distilbert", "sinusoidal_pos_embds": False, "tie_weights_": True})
        _write_json(folder / "sentence_bert_config.json", {"max_seq_length": 128, "do_lower_case": False})
        (folder / "1_Pooling").mkdir()
        _write_json(folder / "1_Pooling/config.json", {
            "word_embedding_dimension": dim, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False})
        (folder / "2_Dense").mkdir()
        _write_json(folder / "2_Dense/config.json", {
            "in_features": dim, "out_features": self.sizes["dimension"], "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity"})
        torch.save(self.dense.state_dict(), folder / "2_Dense/pytorch_model.bin")
        _write_json(folder / "tokenizer.json", word_piece_tokenizer(self.sizes["distilbert"]["vocab_size"]))


def filled(module: nn.Module) -> Any:
    """Weights at scales at which activations neither die nor explode and different inputs stay apart, as in trained models."""
    for name, parameter in module.named_parameters():
        if parameter.ndim == 0:
            continue
        if "norm" in name.lower():
            parameter.normal_(1.0 if name.endswith("weight") else 0.0, 0.1)
        elif name.endswith("bias"):
            parameter.normal_(0.0, 0.05)
        elif any(part in name for part in ("q_proj", "k_proj", "q_lin", "k_lin")):
            parameter.normal_(0.0, 1.4 / math.sqrt(parameter.shape[-1]))  # attention that chooses
        elif "position_embedding" in name or "class_embedding" in name:
            parameter.normal_(0.0, 0.3)
        elif "patch_embedding" in name:
            parameter.normal_(0.0, 1.5 / math.sqrt(math.prod(parameter.shape[1:])))
        elif "embedding" in name:
            parameter.normal_(0.0, 1.0)
        else:
            parameter.normal_(0.0, 1.0 / math.sqrt(parameter.shape[-1]))
    return module.eval()


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def _export(
        module: nn.Module, inputs: tuple[torch.Tensor, ...], file: pathlib.Path, axes: dict[str, dict[int, str]],
        outputs: dict[str, dict[int, str]]) -> None:
    torch.onnx.export(
        module.eval(), inputs, str(file), opset_version=OPSET, input_names=list(axes), output_names=list(outputs),
        dynamic_axes={**axes, **outputs})


def word_piece_tokenizer(count: int) -> dict[str, Any]:
    """A tokenizer.json as bert-base-multilingual-cased has it, with `count` pieces over many scripts."""
    pieces = dict.fromkeys(["[PAD]", *(f"[unused{n}]" for n in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    letters = {
        script: [chr(code) for code in range(first, last + 1) if unicodedata.category(chr(code))[0] in "LMNPS"]
        for script, (first, last) in SCRIPTS.items()}
    # Small vocabularies cannot hold all characters of the large scripts: then words of these are unknown.
    for characters in letters.values():
        if count - len(pieces) > 3 * len(characters):
            pieces.update(dict.fromkeys(itertools.chain(characters, (f"##{each}" for each in characters))))
    words = sorted({word for text in (*TEXTS, *MORE_TEXTS) for word in text.split() if 2 <= len(word) <= 6})
    pieces.update(dict.fromkeys(words[: max(0, count - len(pieces))]))
    chance = random.Random(119547)
    alphabets = [each for script, each in letters.items() if script not in ("Han", "Hangul")]
    while len(pieces) < count:
        alphabet = chance.choice(alphabets)
        piece = "".join(chance.choices(alphabet, k=chance.randint(2, 4)))
        pieces[chance.choice(("", "##")) + piece] = None
    ids = {piece: index for index, piece in enumerate(itertools.islice(pieces, count))}
    start, end = ({"SpecialToken": {"id": token, "type_id": 0}} for token in ("[CLS]", "[SEP]"))
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": ids[token], "special": True, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False} for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": False},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "single": [start, {"Sequence": {"id": "A", "type_id": 0}}, end],
            "pair": [start, {"Sequence": {"id": "A", "type_id": 0}}, end, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    }


def clip_tokenizer(count: int) -> dict[str, Any]:
    """A tokenizer.json as CLIP has it: 256 bytes, the same at a word's end, merges, and the two markers last."""
    characters = list(byte_characters().values())
    pieces = dict.fromkeys([*characters, *(f"{each}</w>" for each in characters)])
    merges: list[str] = []
    chance = random.Random(49408)
    letters = "abcdefghijklmnopqrstuvwxyz"
    grown = list(letters)
    while len(pieces) < count - 2:
        left = chance.choice(grown)
        right = chance.choice(letters) + chance.choice(("", "</w>"))
        if left + right not in pieces:
            pieces[left + right] = None
            merges.append(f"{left} {right}")
            if not right.endswith("</w>"):
                grown.append(left + right)
    start, end = "<|startoftext|>", "<|endoftext|>"
    ids = {piece: index for index, piece in enumerate([*pieces, start, end])}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": ids[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": token == start, "special": True} for token in (start, end)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {
                "Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},
             "behavior": "Removed", "invert": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}]},
        "post_processor": {"type": "RobertaProcessing", "sep": [end, ids[end]], "cls": [start, ids[start]],
                           "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": end, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": False, "vocab": ids, "merges": merges},
    }


def more_pictures(seed: int) -> dict[str, Image.Image]:
    """Coloured noise of several roughnesses, of odd sides."""
    generator = np.random.default_rng(seed)
    drawn = {}
    for index in range(12):
        width, height = (int(side) for side in generator.integers(40, 420, 2))
        coarse = generator.integers(0, 256, (2 + index, 3 + index, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((width | 1, height), Image.Resampling.BICUBIC)
        drawn[f"noise-{index}.png"] = picture.convert("RGBA") if index % 4 == 3 else picture
    return drawn


@torch.no_grad()
def write_reference(checkpoints: Checkpoints, folder: pathlib.Path, file: pathlib.Path, image: str, text: str) -> None:
    """torch's embeddings by the towers of two of the folders."""
    beside = file.with_name(file.stem + "-pictures")
    beside.mkdir(parents=True)
    drawn = {**pictures(), **more_pictures(checkpoints.seed)}
    for name, picture in drawn.items():
        picture.save(beside / name)
    vision = checkpoints.siglip() if image == SIGLIP else checkpoints.clip
    preprocessing = read_preprocessor(Config.read(folder / image / "preprocessor_config.json", Problems()), None)
    items = []
    for names in _batches(list(drawn)):
        batch = [preprocessing.normalised(preprocessing.pixels(Image.open(beside / name))) for name in names]
        embeddings = vision.embed_pixels(torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2)).numpy()
        items += [{"file": f"{beside.name}/{name}", "embedding": encoded(each)} for name, each in zip(names, embeddings)]
    problems = Problems()
    tokenizer = read_tokenizer(folder / text / "tokenizer.json", problems)
    problems.raise_any()
    assert tokenizer is not None
    is_clip = text == CLIP
    texts = []
    for batch in _batches([*TEXTS, *MORE_TEXTS]):
        tokens = [tokenizer.tokens(each, 77 if is_clip else 128) for each in batch]
        longest = max(map(len, tokens))
        # Padding with end markers is what CLIP's own tokenizer does.
        ids = torch.tensor([each + [tokenizer.end if is_clip else 0] * (longest - len(each)) for each in tokens])
        mask = torch.tensor([[1] * len(each) + [0] * (longest - len(each)) for each in tokens])
        embeddings = (checkpoints.clip.embed_ids(ids) if is_clip
                      else huggingface.embed_sentences(checkpoints.distilbert, checkpoints.dense, ids, mask))
        texts += [{"text": each, "tokens": of, "embedding": encoded(embedding)}
                  for each, of, embedding in zip(batch, tokens, embeddings.numpy())]
    write_golden_file(file, 0.9999, items, texts)


def _batches(items: list[Any]) -> list[list[Any]]:
    return [items[at : at + BATCH] for at in range(0, len(items), BATCH)]


def _write_json(file: pathlib.Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", choices=("full", "tiny"), default="full")
    parser.add_argument("--only", default=f"{CLIP},{MULTILINGUAL}", help=f"comma-separated, of {', '.join(FOLDERS)}")
    parser.add_argument("--dimension", type=int, help="floats per embedding, if not the published number; SigLIP's is its width")
    parser.add_argument("--reference", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--reference-image", choices=(CLIP, SIGLIP), default=CLIP)
    parser.add_argument("--reference-text", choices=(CLIP, MULTILINGUAL), default=MULTILINGUAL)
    given = parser.parse_args()
    checkpoints = Checkpoints(given.size, given.seed, given.dimension)
    warnings.simplefilter("ignore")  # torch traces shapes when it exports, which are fixed here
    for name in given.only.split(","):
        checkpoints.write(given.output, name)
    if given.reference is not None:
        write_reference(checkpoints, given.output, given.reference, given.reference_image, given.reference_text)


if __name__ == "__main__":
    main()
