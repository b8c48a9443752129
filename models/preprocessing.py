"""What preprocessor_config.json says, and Hugging Face's image processor with Pillow, for golden vectors.

Source: transformers' image_processing_clip.py and image_processing_siglip.py (the slow ones), image_transforms.py.
"""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
from PIL import Image

from config import Config

SHORTEST_EDGE, SQUARE = "shortest-edge-bicubic", "square-bicubic"
_BICUBIC = 3  # PIL.Image.Resampling.BICUBIC
_RESCALE_FACTOR = 1 / 255


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the model's pixels."""

    size: int
    resize: str
    mean: list[float]
    deviation: list[float]

    def pixels(self, picture: Image.Image) -> np.ndarray:
        """uint8 [size, size, 3], RGB."""
        picture = picture.convert("RGB")
        if self.resize == SQUARE:
            return np.asarray(picture.resize((self.size, self.size), Image.Resampling.BICUBIC))
        width, height = picture.size
        longer = int(self.size * max(width, height) / min(width, height))
        resized = (self.size, longer) if width <= height else (longer, self.size)
        picture = picture.resize(resized, Image.Resampling.BICUBIC)
        left, top = (resized[0] - self.size) // 2, (resized[1] - self.size) // 2
        return np.asarray(picture.crop((left, top, left + self.size, top + self.size)))

    def normalised(self, pixels: np.ndarray) -> np.ndarray:
        """float32 of the same shape: scaled in float64, then rounded, then normalised in float32, as the image processor does."""
        scaled = (pixels.astype(np.float64) * _RESCALE_FACTOR).astype(np.float32)
        return (scaled - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)


def read_preprocessor(config: Config, image_size: int | None) -> Preprocessing:
    """Reads preprocessor_config.json; `image_size` is what the tower takes, None if only this file says it."""
    for field in ("do_resize", "do_normalize", "do_rescale"):
        config.one_of(field, (True,), True)
    config.one_of("do_convert_rgb", (True,), True)
    config.one_of("resample", (_BICUBIC,))
    _check_rescale(config)
    is_square = _is_square(config)
    crops = config.one_of("do_center_crop", (False,) if is_square else (True,), not is_square)
    resized = _side(config, "size")
    size = resized
    if crops:
        size = _side(config, "crop_size")
        if size != resized:
            config.refuse("crop_size", f"the side {resized} that size gives")
    if image_size is not None and size != image_size:
        config.refuse("size", f"the side {image_size} that the vision tower takes")
    deviation = config.numbers("image_std", 3)
    if min(deviation) <= 0:
        config.refuse("image_std", "numbers above 0")
        deviation = [1.0] * 3
    return Preprocessing(size, SQUARE if is_square else SHORTEST_EDGE, config.numbers("image_mean", 3), deviation)


def read_open_clip(config: Config) -> Preprocessing:
    """Reads preprocess_cfg.json, as open_clip writes it."""
    config.one_of("mode", ("RGB",), "RGB")
    config.one_of("interpolation", ("bicubic",))
    resize = config.one_of("resize_mode", ("shortest", "squash"), "shortest")
    size = config.content.get("size")
    if isinstance(size, list) and len(size) == 2 and size[0] == size[1]:
        size = size[0]
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 1024:
        config.refuse("size", "a side of 1 to 1024 pixels, or twice the same")
        size = 1
    return Preprocessing(
        size, SHORTEST_EDGE if resize == "shortest" else SQUARE, config.numbers("mean", 3), config.numbers("std", 3))


def _check_rescale(config: Config) -> None:
    if not math.isclose(config.number("rescale_factor", _RESCALE_FACTOR), _RESCALE_FACTOR, rel_tol=1e-6):
        config.refuse("rescale_factor", "1/255")


def _is_square(config: Config) -> bool:
    """SigLIP gives height and width; CLIP the shortest edge, in older files as a bare number."""
    size = config.content.get("size")
    return isinstance(size, dict) and "shortest_edge" not in size


def _side(config: Config, field: str) -> int:
    value = config.content.get(field)
    sides = [value] if not isinstance(value, dict) else (
        [value["shortest_edge"]] if set(value) == {"shortest_edge"} else [value.get("height"), value.get("width")])
    side = sides[0]
    if any(each != side for each in sides) or not isinstance(side, int) or isinstance(side, bool) or not 1 <= side <= 1024:
        config.refuse(field, "one side of 1 to 1024 pixels, such as 224 or " + json.dumps({"height": 224, "width": 224}))
        return 1
    return side
