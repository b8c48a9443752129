"""Embeds JPEG files as one would begin to: Pillow opens and resizes them one by one, torch embeds them in batches.

embed.py MODELS CHECKPOINT PICTURES BATCH EMBEDDINGS     a line of input is a number of pictures; it is answered with the seconds
that they took. EMBEDDINGS takes the embeddings of the last round, float32. MODELS holds the modules of torch that read CHECKPOINT.
"""

import itertools
import json
import pathlib
import sys
import time

import numpy as np
import torch
from PIL import Image


def load(models, checkpoint):
    sys.path[:0] = [models, f"{models}/tests"]
    import huggingface
    import tensors

    config = json.loads((pathlib.Path(checkpoint) / "config.json").read_text())
    model = huggingface.ClipModel(
        huggingface.settings(config["vision_config"]), huggingface.settings(config["text_config"]), config["projection_dim"])
    stored = tensors.open_checkpoint(tensors.find_checkpoint(pathlib.Path(checkpoint)))
    model.load_state_dict({name: torch.from_numpy(np.array(stored[name].numbers())) for name in stored}, strict=False)
    return model.eval()


def square(file, size):
    picture = Image.open(file).convert("RGB")
    width, height = picture.size
    short, long = min(width, height), max(width, height)
    long = int(size * long / short)
    resized = (size, long) if width <= height else (long, size)
    picture = picture.resize(resized, Image.BICUBIC)
    left, top = (resized[0] - size) // 2, (resized[1] - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)))


def embed(model, files, batch, preprocessor):
    size = preprocessor["crop_size"]["height"] if isinstance(preprocessor["crop_size"], dict) else preprocessor["crop_size"]
    mean, deviation = (np.array(preprocessor[key], dtype=np.float32) for key in ("image_mean", "image_std"))
    embeddings = []
    for start in range(0, len(files), batch):
        squares = np.stack([square(file, size) for file in files[start : start + batch]])
        pixels = (squares.astype(np.float32) / 255 - mean) / deviation
        embeddings.append(model.embed_pixels(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy())
    return np.concatenate(embeddings)


def main():
    models, checkpoint, pictures, batch, out = sys.argv[1:6]
    model = load(models, checkpoint)
    preprocessor = json.loads((pathlib.Path(checkpoint) / "preprocessor_config.json").read_text())
    found = sorted(pathlib.Path(pictures).glob("*.jpg"))
    with torch.no_grad():
        for line in sys.stdin:
            files = list(itertools.islice(itertools.cycle(found), int(line)))
            begin = time.perf_counter()
            embeddings = embed(model, files, int(batch), preprocessor)
            seconds = time.perf_counter() - begin
            embeddings.astype("<f4").tofile(out)
            print(json.dumps({"seconds": seconds, "version": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
