"""Turns JPEG files into the squares that a CLIP model sees, on one thread, with Pillow; each line of input is one timed round.

preprocess.py FOLDER SIZE SQUARES     a line is decode, resize or both; `both` writes its squares to SQUARES (uint8)
"""

import io
import json
import pathlib
import sys
import time

import numpy as np
import PIL
from PIL import Image


def decode(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def square(picture, size):
    """Shortest edge to `size`, bicubic, then the middle square, as Hugging Face's CLIPImageProcessor does."""
    width, height = picture.size
    short, long = min(width, height), max(width, height)
    long = int(size * long / short)
    resized = (size, long) if width <= height else (long, size)
    picture = picture.resize(resized, Image.BICUBIC)
    left, top = (resized[0] - size) // 2, (resized[1] - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)))


def main():
    folder, size, square_file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    files = [path.read_bytes() for path in sorted(pathlib.Path(folder).glob("*.jpg"))]
    pictures = [decode(data) for data in files]
    rounds = {
        "decode": lambda: [decode(data) for data in files],
        "resize": lambda: [square(picture, size) for picture in pictures],
        "both": lambda: [square(decode(data), size) for data in files],
    }
    for line in sys.stdin:
        begin = time.perf_counter()
        made = rounds[line.strip()]()
        seconds = time.perf_counter() - begin
        if line.strip() == "both":
            np.stack(made).tofile(square_file)
        print(json.dumps({"seconds": seconds, "version": PIL.__version__}), flush=True)


if __name__ == "__main__":
    main()
