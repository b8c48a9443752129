"""What the tests share: tiny checkpoints in every layout, made once."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import pathlib
import sys
import tempfile
import warnings
from typing import Any

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(MODELS), str(MODELS / "tests")]

import import_model  # noqa: E402
import make_checkpoints  # noqa: E402

SEED = 20

_temporary = tempfile.TemporaryDirectory(prefix="imagesearch-models-")
ROOT = pathlib.Path(_temporary.name)


@functools.lru_cache(maxsize=None)
def checkpoints() -> make_checkpoints.Checkpoints:
    return make_checkpoints.Checkpoints("tiny", SEED)


@functools.lru_cache(maxsize=None)
def folder(name: str) -> pathlib.Path:
    """One of make_checkpoints.FOLDERS; not to be changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch traces shapes, which are fixed here
        return checkpoints().write(ROOT / "made", name)


def imported(*arguments: Any) -> tuple[int, str]:
    """Exit status and standard error of bin/import-model."""
    error = io.StringIO()
    with contextlib.redirect_stderr(error):
        try:
            status = import_model.main([str(each) for each in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
    return status, error.getvalue()


def read_json(file: pathlib.Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def write_json(file: pathlib.Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def decoded(embedding: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(embedding), "<f4")


def least_cosine(first: np.ndarray, second: np.ndarray) -> float:
    a, b = first.astype(np.float64), second.astype(np.float64)
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())
