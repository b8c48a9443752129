"""Writes JPEG files that cost what photographs cost to decode: soft patches of colour, some texture, some grain.

make_jpegs.py FOLDER COUNT WIDTH HEIGHT SEED     answers with one line of JSON
"""

import json
import sys

import numpy as np
from PIL import Image

QUALITY = 90


def picture(rng, width, height):
    grid = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(grid).resize((width, height), Image.BICUBIC), dtype=np.float32)
    texture = rng.integers(0, 256, (height // 4, width // 4), dtype=np.uint8)
    texture = np.asarray(Image.fromarray(texture).resize((width, height), Image.BICUBIC), dtype=np.float32)
    grain = rng.normal(0, 4, (height, width, 3))
    return Image.fromarray(np.clip(pixels + (texture[..., None] - 128) * 0.2 + grain, 0, 255).astype(np.uint8))


def main():
    folder, count, width, height, seed = sys.argv[1], *map(int, sys.argv[2:])
    rng = np.random.default_rng(seed)
    for number in range(count):
        picture(rng, width, height).save(f"{folder}/{number:06d}.jpg", quality=QUALITY)
    print(json.dumps({"pictures": count}), flush=True)


if __name__ == "__main__":
    main()
