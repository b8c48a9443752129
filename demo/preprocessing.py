"""The pixels that the image model gets: exactly what the search system makes of a picture, here with Pillow."""

import numpy as np
from PIL import Image


def preprocess(picture, size):
    """Shortest edge to `size` (bicubic), centre crop: uint8[size, size, 3], RGB. As Hugging Face's CLIPImageProcessor."""
    picture = picture.convert("RGB")
    width, height = picture.size
    short, long = min(width, height), max(width, height)
    long = int(size * long / short)
    resized = (size, long) if width <= height else (long, size)
    if picture.size != resized:
        picture = picture.resize(resized, Image.BICUBIC)
    left, top = (resized[0] - size) // 2, (resized[1] - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)))
