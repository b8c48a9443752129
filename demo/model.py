"""The demo's two towers, behind the same contract as real CLIP exports: pixels or token ids in, unit vectors out."""

import torch
from torch import nn
from torch.nn import functional

DIMENSION = 192
IMAGE_SIZE = 128
MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's
STANDARD_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def _convolution(inputs, outputs, kernel, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class _Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = _convolution(channels, channels, 3, 1)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return functional.relu(x + self.second(self.first(x)))


class ImageTower(nn.Module):
    """uint8[batch, IMAGE_SIZE, IMAGE_SIZE, 3] RGB -> float[batch, DIMENSION], L2-normalised."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("deviation", torch.tensor(STANDARD_DEVIATION).view(1, 3, 1, 1) * 255)
        self.body = nn.Sequential(
            _convolution(3, 48, 7, 4),  # 32 x 32
            _convolution(48, 64, 3, 2),  # 16 x 16
            _Residual(64),
            _convolution(64, 128, 3, 2),  # 8 x 8
            _Residual(128),
            _convolution(128, 192, 3, 2),  # 4 x 4
            _Residual(192),
        )
        self.narrow = nn.Conv2d(192, 96, 1)
        # Where a thing is told by the whole map, what it is by its mean and maximum.
        self.head = nn.Linear(96 * 16 + 192 * 2, DIMENSION)

    def forward(self, pixels):
        x = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.deviation
        return self.embedding(*self.features(x))

    def features(self, x):
        """Normalised pixels, NCHW -> the last map, and fewer channels of it with their places, flattened."""
        x = self.body(x)
        return x.float(), self.narrow(x).flatten(1).float()

    def embedding(self, features, places):
        pooled = torch.cat([places, features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return functional.normalize(self.head(pooled), dim=1)


class TextTower(nn.Module):
    """int64[batch, sequence] ids and attention mask -> float[batch, DIMENSION], L2-normalised.

    A bag of pieces, and beside it a window of three pieces, so that neighbours can mean something together.
    """

    PIECE = 160
    WINDOW = 256
    HIDDEN = 640

    def __init__(self, vocabulary_size):
        super().__init__()
        self.pieces = nn.Embedding(vocabulary_size, self.PIECE)
        nn.init.normal_(self.pieces.weight, std=0.1)
        self.window = nn.Conv1d(self.PIECE, self.WINDOW, 3, padding=1)
        self.hidden = nn.Linear(self.PIECE + self.WINDOW, self.HIDDEN)
        self.head = nn.Linear(self.HIDDEN + self.PIECE, DIMENSION)

    def forward(self, input_ids, attention_mask):
        return self.embedding(self.pieces(input_ids), attention_mask)

    def embedding(self, pieces, attention_mask):
        mask = attention_mask.unsqueeze(2).float()
        pieces = pieces * mask
        bag = pieces.sum(1) / mask.sum(1).clamp(min=1).sqrt()
        windows = functional.relu(self.window(pieces.transpose(1, 2))) * mask.transpose(1, 2)
        hidden = functional.relu(self.hidden(torch.cat([bag, windows.amax(2)], dim=1)))
        return functional.normalize(self.head(torch.cat([hidden, bag], dim=1)), dim=1)


class ExportedTextTower(nn.Module):
    """The same with the table of pieces, nearly all of the weights, in half precision."""

    def __init__(self, tower):
        super().__init__()
        self.tower = tower
        self.register_buffer("table", tower.pieces.weight.detach().half())

    def forward(self, input_ids, attention_mask):
        return self.tower.embedding(self.table[input_ids].float(), attention_mask)
