"""A collection of pictures as the notebooks see it: the dataset that bin/embed wrote and the index that bin/merge made of it."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterator

import faiss
import numpy as np
import pandas as pd

import parquet

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAX_PICTURES = 100_000  # 200 MB of embeddings of 512 floats; what needs all of them goes through them by batches()


class Collection:
    """Dataset, index and model bundle. Files are read when something is asked for.

    Without arguments: the folders that IMAGESEARCH_EMBEDDINGS, IMAGESEARCH_INDEX and IMAGESEARCH_MODEL name,
    else those that bin/demo made last.
    """

    def __init__(self, embeddings=None, index=None, model=None):
        demo = _newest_demo() if (embeddings or os.environ.get("IMAGESEARCH_EMBEDDINGS")) is None else None
        self.embeddings_folder = _folder(embeddings, "IMAGESEARCH_EMBEDDINGS", demo and demo / "embeddings", "dataset.json")
        self.index_folder = _folder(index, "IMAGESEARCH_INDEX", self.embeddings_folder.parent / "index", "CURRENT")
        self.model_folder = _folder(model, "IMAGESEARCH_MODEL", ROOT / "demo" / "model", "bundle.json")
        self.dataset = _json(self.embeddings_folder / "dataset.json")
        self.model = _json(self.model_folder / "bundle.json")

    def __repr__(self):
        return f"{self.embeddings_folder}: {self.dataset['embedded']:,} pictures of {self.dataset['listed']:,}, by {self.dataset['modelName']}"

    def images(self, limit=MAX_PICTURES, seed=1) -> pd.DataFrame:
        """A row per picture: id, uri, width, height, caption, embedding and what the input had, by ascending id.

        Of a collection with more than `limit` pictures, files drawn at random until there are enough.
        """
        files = parquet.files(self.embeddings_folder / "images")
        if self.dataset["embedded"] > limit:
            files = np.random.default_rng(seed).permutation(np.array(files, dtype=object))
        frames, rows = [], 0
        for file in files:
            frames.append(parquet.read(file))
            rows += len(frames[-1])
            if rows >= limit:
                break
        return pd.concat(frames, ignore_index=True).head(limit).sort_values("id", ignore_index=True)

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All pictures, a file at a time: ids int64[n], embeddings float32[n, dimension]."""
        for file in parquet.files(self.embeddings_folder / "images"):
            frame = parquet.read(file, ["id", "embedding"])
            if len(frame):
                yield frame["id"].to_numpy(np.int64), matrix(frame)

    def failures(self) -> pd.DataFrame:
        """A row per picture that could not be embedded: id, uri, stage, error, message, attempts."""
        return _table(self.embeddings_folder / "failures", ["id", "uri", "stage", "error", "message", "attempts"])

    def queries(self) -> pd.DataFrame:
        """Captions as the text encoder sees them: text, id of its picture, embedding."""
        return _table(self.embeddings_folder / "queries", ["text", "id", "embedding"])

    def index(self) -> Index:
        """The published generation, which must be made of what the dataset's model made."""
        index = Index(self.index_folder / (self.index_folder / "CURRENT").read_text(encoding="utf-8").strip())
        self.require_model(index.manifest["model"], index.folder)
        return index

    def require_model(self, fingerprint: str, where: pathlib.Path) -> None:
        if fingerprint != self.dataset["model"]:
            raise ValueError(f"{self.embeddings_folder} is of model {self.dataset['model']}, {where} of {fingerprint}")


class Index:
    """A generation: index.json, and its shards opened by Faiss, mapped and not loaded."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.manifest = _json(folder / "index.json")
        self.shards = [
            faiss.read_index(str(folder / shard["index"]["name"]), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
            for shard in self.manifest["shards"]
        ]
        self.nlist = self.manifest["nlist"]

    def search(self, queries: np.ndarray, k: int, nprobe: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The best k of all shards: scores float32[n, k], ids int64[n, k]; best first, id -1 where there are fewer."""
        found = []
        for shard in self.shards:
            shard.nprobe = nprobe or self.manifest["defaultNprobe"]
            found.append(shard.search(np.ascontiguousarray(queries, np.float32), k))
        return best(found, k)

    def centroids(self) -> np.ndarray:
        """float32[nlist, dimension], the same in every shard."""
        return self.shards[0].quantizer.reconstruct_n(0, self.nlist)

    def list_ids(self, number: int) -> np.ndarray:
        """The ids of the pictures in an inverted list, of all shards."""
        parts = []
        for shard in self.shards:
            lists = shard.invlists
            size = lists.list_size(int(number))
            if size:
                parts.append(faiss.rev_swig_ptr(lists.get_ids(int(number)), size).copy())
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def list_sizes(self) -> np.ndarray:
        """int64[nlist]: pictures per inverted list, in all shards."""
        return sum(np.array([shard.invlists.list_size(number) for number in range(self.nlist)]) for shard in self.shards)


def matrix(frame: pd.DataFrame) -> np.ndarray:
    """The column embedding as float32[n, dimension]."""
    return np.array(frame["embedding"].tolist(), dtype=np.float32)


def best(found: list[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """The best k of several results of the same queries, each scores[n, any] and ids[n, any]."""
    scores = np.concatenate([scores for scores, _ in found], axis=1)
    ids = np.concatenate([ids for _, ids in found], axis=1)
    scores = np.where(ids < 0, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def exact_search(collection: Collection, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The best k among all pictures of the collection, by comparing with every one: scores[n, k], ids[n, k]."""
    found = None
    for ids, embeddings in collection.batches():
        flat = faiss.IndexFlatIP(embeddings.shape[1])
        flat.add(embeddings)
        scores, rows = flat.search(np.ascontiguousarray(queries, np.float32), min(k, len(ids)))
        found = best(([found] if found else []) + [(scores, ids[rows])], k)
    if found is None:
        raise ValueError(f"no pictures in {collection.embeddings_folder}")
    return found


def recall(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """float[n]: of every query's exact neighbours, the share that was found. Ids below 0 stand for none."""
    return np.array([len(np.intersect1d(some[some >= 0], true[true >= 0])) / max(1, (true >= 0).sum()) for some, true in zip(found, exact)])


def _table(folder: pathlib.Path, columns: list[str]) -> pd.DataFrame:
    frames = [parquet.read(file) for file in parquet.files(folder)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _json(file: pathlib.Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


def _folder(given, variable: str, default: pathlib.Path | None, marker: str) -> pathlib.Path:
    folder = given or os.environ.get(variable) or default
    if folder is None:
        raise FileNotFoundError(f"no collection: run bin/demo once, or set {variable}")
    folder = pathlib.Path(folder).resolve()
    if not (folder / marker).exists():
        raise FileNotFoundError(f"{folder} has no {marker}: set {variable} to another folder")
    return folder


def _newest_demo() -> pathlib.Path | None:
    made = (ROOT / "work" / "demo").glob("*/model-*/embeddings/dataset.json")
    newest = max(made, key=lambda file: file.stat().st_mtime, default=None)
    return newest.parents[1] if newest else None
