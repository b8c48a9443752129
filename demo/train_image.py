"""Trains the image tower: every emoji has a learned prototype vector, and a picture must lie nearest to its own.

Two processes with one thread each, which make their own pictures and average their gradients every step: on two cores
that is half again as fast as one process with two threads beside one that makes pictures.
"""

import copy
import math
import time

import numpy as np
import torch
from torch import multiprocessing, nn
from torch.nn import functional

from model import DIMENSION, IMAGE_SIZE, ImageTower
from training_pictures import Replay, make_training_pictures

PROCESSES = 2
BATCH = 64  # per process
FRESH = 20  # new pictures per batch; the rest is seen again from the replay
REPLAY_CAPACITY = 15_000
LEARNING_RATE = 2.5e-3
LEARNING_RATE_LAST_SHARE = 0.002
WEIGHT_DECAY = 0.02
WARM_UP_STEPS = 300
COSINE_SCALE = 30.0
MARGIN = 0.12  # by how much (in cosine) a picture must be nearer to its prototype than to any other
MARGIN_RISE_STEPS = 2000
AVERAGING = 0.998  # of the exponential moving average of the weights, which is what gets exported
SHIFT_PIXELS = 4
LOG_STEPS = 200
SAVE_STEPS = 500


class Prototypes(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(count, DIMENSION) / math.sqrt(DIMENSION))

    def forward(self, embeddings, labels, margin):
        cosines = embeddings @ functional.normalize(self.vectors, dim=1).T
        target = cosines - margin * functional.one_hot(labels, len(self.vectors))
        return functional.cross_entropy(COSINE_SCALE * target, labels), cosines


def _shift(pixels, rng):
    """Seen again, a picture is moved by some pixels."""
    top, left = rng.integers(0, 2 * SHIFT_PIXELS + 1, 2)
    size = pixels.shape[1]
    padded = np.pad(pixels, ((0, 0), (SHIFT_PIXELS,) * 2, (SHIFT_PIXELS,) * 2, (0, 0)), mode="edge")
    return padded[:, top : top + size, left : left + size]


def _normalised(tower, pixels, rng):
    """float[batch, 3, size, size], channels last: the tower's own normalisation, with varied contrast and brightness."""
    count = len(pixels)
    contrast = torch.from_numpy(rng.uniform(0.88, 1.12, (count, 1, 1, 1)).astype(np.float32))
    brightness = torch.from_numpy(rng.uniform(-12, 12, (count, 1, 1, 1)).astype(np.float32))
    mean, deviation = tower.mean.view(1, 1, 1, 3), tower.deviation.view(1, 1, 1, 3)
    offset = ((1 - contrast) * 127 + brightness - mean) / deviation
    return (torch.from_numpy(pixels).float() * (contrast / deviation)).add_(offset).permute(0, 3, 1, 2)


def learning_rate(progress, step):
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return LEARNING_RATE * warm_up * (cosine + LEARNING_RATE_LAST_SHARE)


@torch.no_grad()
def _average(averaged, tower, step):
    keep = min(AVERAGING, (step + 1) / (step + 10))
    for mine, other in zip(averaged.state_dict().values(), tower.state_dict().values()):
        if mine.is_floating_point():
            mine.mul_(keep).add_(other, alpha=1 - keep)
        else:
            mine.copy_(other)


class _Exchange:
    """Averages gradients between the processes, and tells all of them the first one's progress.

    Both live in two slots used in turn: nobody writes into a slot again before everybody has read it.
    """

    def __init__(self, size):
        self._gradients = torch.zeros(2, PROCESSES, size).share_memory_()
        self._progress = torch.zeros(2, dtype=torch.float64).share_memory_()
        self._barrier = multiprocessing.get_context("fork").Barrier(PROCESSES)

    def average(self, rank, step, parameters, progress):
        slot = step % 2
        mine = self._gradients[slot, rank]
        torch.cat([parameter.grad.reshape(-1) for parameter in parameters], out=mine)
        if rank == 0:
            self._progress[slot] = progress
        self._barrier.wait(timeout=600)
        mean = self._gradients[slot].mean(0)
        for parameter, part in zip(parameters, mean.split([each.numel() for each in parameters])):
            parameter.grad.copy_(part.view_as(parameter))
        return self._progress[slot].item()


def train_image(texts, steps, minutes, seed, checkpoint, log):
    """Trains until `steps` or `minutes` are over, whichever is first; leaves the averaged tower in `checkpoint`."""
    torch.manual_seed(seed)
    tower, prototypes = ImageTower(), Prototypes(len(texts))
    size = sum(parameter.numel() for module in (tower, prototypes) for parameter in module.parameters())
    arguments = (texts, steps, minutes, seed, checkpoint, log, tower, prototypes, _Exchange(size))
    multiprocessing.start_processes(_train, arguments, nprocs=PROCESSES, start_method="fork")


def _optimizer(parameters):
    return torch.optim.AdamW([
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ])


def _train(rank, texts, steps, minutes, seed, checkpoint, log, tower, prototypes, exchange):
    torch.set_num_threads(1)
    rng = np.random.default_rng((seed, rank))
    tower = tower.to(memory_format=torch.channels_last).train()
    averaged = copy.deepcopy(tower).eval()
    parameters = list(tower.parameters()) + list(prototypes.parameters())
    optimizer = _optimizer(parameters)
    replay = Replay(REPLAY_CAPACITY, IMAGE_SIZE)
    start = time.monotonic()
    progress, right, losses = 0.0, 0.0, 0.0
    step = 0
    while progress < 1:
        fresh = make_training_pictures(rng, texts, IMAGE_SIZE, FRESH)
        replay.add(*fresh)
        again = replay.draw(rng, BATCH - FRESH)
        pixels = _normalised(tower, np.concatenate([fresh[0], _shift(again[0], rng)]), rng)
        labels = torch.from_numpy(np.concatenate([fresh[1], again[1]]))

        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = tower.features(pixels)
        embeddings = tower.embedding(*features)
        loss, cosines = prototypes(embeddings, labels, MARGIN * min(1.0, step / MARGIN_RISE_STEPS))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        elapsed = (time.monotonic() - start) / 60
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress, step)
        progress = exchange.average(rank, step, parameters, max((step + 1) / steps, elapsed / minutes))
        optimizer.step()
        step += 1
        if rank > 0:
            continue

        _average(averaged, tower, step)
        losses += loss.item()
        right += (cosines.argmax(1) == labels).float().mean().item()
        if step % LOG_STEPS == 0:
            log(f"image step {step} minutes {elapsed:.1f} progress {progress:.3f} "
                f"loss {losses / LOG_STEPS:.3f} right {right / LOG_STEPS:.4f}")
            right, losses = 0.0, 0.0
        if step % SAVE_STEPS == 0 or progress >= 1:
            _save(checkpoint, averaged, prototypes, texts, step)


def _save(checkpoint, averaged, prototypes, texts, step):
    partial = checkpoint.with_suffix(".partial")
    torch.save({"tower": averaged.state_dict(), "prototypes": prototypes.vectors.detach(), "texts": texts,
                "step": step}, partial)
    partial.replace(checkpoint)
