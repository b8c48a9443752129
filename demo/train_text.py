"""Trains the text tower: a text must point to the mean picture of the emoji that it means."""

import copy
import math
import time

import numpy as np
import torch
from torch.nn import functional

from model import TextTower
from wordpiece import MAX_LENGTH, Tokenizer

BATCH = 512
LEARNING_RATE = 3e-3
PIECES_LEARNING_RATE = 1e-2  # a piece is in few batches
LEARNING_RATE_LAST_SHARE = 0.01
WARM_UP_STEPS = 100
COSINE_SCALE = 30.0
ALIGNMENT_WEIGHT = 4.0
PIECES_LEFT_OUT_SHARE = 0.03
AVERAGING = 0.995
LOG_STEPS = 200


def batch_of_ids(tokenizer, texts):
    """int64[len(texts), longest] ids, padded with zeros, and the attention mask."""
    rows = [tokenizer(text, MAX_LENGTH) for text in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for row, pieces in enumerate(rows):
        ids[row, : len(pieces)] = pieces
        mask[row, : len(pieces)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def _leave_out_pieces(mask, rng):
    """Forgets some pieces, never the frame of [CLS] and [SEP] alone."""
    kept = torch.from_numpy((rng.random(mask.shape) >= PIECES_LEFT_OUT_SHARE).astype(np.int64))
    kept[:, :2] = 1
    return mask * kept


def _loss(embeddings, targets, anchors):
    """A text is nearer to the pictures it means than to others, and near at all.

    The latter matters to an index of inverted lists: it scans those around the query, which must be where the pictures are.
    """
    told_apart = functional.cross_entropy(COSINE_SCALE * embeddings @ anchors.T, targets)
    meant = functional.normalize(targets @ anchors, dim=1)
    return told_apart + ALIGNMENT_WEIGHT * (1 - (embeddings * meant).sum(1)).mean()


def train_text(training_texts, vocabulary, anchors, steps, seed, log):
    """`anchors`: float[emoji, DIMENSION], the unit vectors that texts are to point to. Returns the trained tower."""
    torch.manual_seed(seed)
    rng = np.random.default_rng((seed, 2))
    tokenizer = Tokenizer(vocabulary)
    tower = TextTower(len(vocabulary)).train()
    averaged = copy.deepcopy(tower).eval()
    pieces = list(tower.pieces.parameters())
    others = [each for name, each in tower.named_parameters() if not name.startswith("pieces.")]
    optimizer = torch.optim.Adam([
        {"params": pieces, "highest": PIECES_LEARNING_RATE}, {"params": others, "highest": LEARNING_RATE}])
    start = time.monotonic()
    losses = 0.0
    for step in range(steps):
        texts, targets = training_texts.draw_batch(rng, BATCH)
        ids, mask = batch_of_ids(tokenizer, texts)
        embeddings = tower(ids, _leave_out_pieces(mask, rng))
        loss = _loss(embeddings, torch.from_numpy(targets), anchors)
        share = 0.5 * (1 + math.cos(math.pi * step / steps)) + LEARNING_RATE_LAST_SHARE
        for group in optimizer.param_groups:
            group["lr"] = group["highest"] * min(1.0, (step + 1) / WARM_UP_STEPS) * share
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            keep = min(AVERAGING, (step + 1) / (step + 10))
            for mine, other in zip(averaged.parameters(), tower.parameters()):
                mine.mul_(keep).add_(other, alpha=1 - keep)
        losses += loss.item()
        if (step + 1) % LOG_STEPS == 0:
            log(f"text step {step + 1} minutes {(time.monotonic() - start) / 60:.1f} loss {losses / LOG_STEPS:.3f}")
            losses = 0.0
    return averaged
