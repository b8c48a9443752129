#!/usr/bin/python3
"""Measures the bundle on freshly made pictures: names and keywords to pictures by language, pictures to pictures.

With --dump DIR it measures nothing, but writes the pictures, which emoji each shows and the queries, for others to.
"""

import argparse
import functools
import io
import json
import multiprocessing
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

from check import is_right
from emoji_collection import LANGUAGES, annotations, load_collection
from make_pictures import emoji_of_picture, make_picture, make_pictures
from onnx_in_torch import OnnxModel
from preprocessing import preprocess
from train_text import batch_of_ids
from wordpiece import Tokenizer

MODEL_FOLDER = pathlib.Path(__file__).parent / "model"
QUESTIONS_FILE = pathlib.Path(__file__).parent / "questions.json"
BATCH = 64
TOP = 10
SEED = 20_000  # training never saw pictures made with it


def names_of(annotation):
    return (annotation.name,)


def keywords_of(annotation):
    return annotation.keywords


def queries_of(collection, texts_of=names_of):
    """For every language and text: the text and all emoji that bear it, one query per text."""
    for language in LANGUAGES:
        keys = {}
        for emoji in collection:
            for text in {text.lower() for text in texts_of(annotations(language)[emoji.key])}:
                keys.setdefault(text, []).append(emoji.key)
        for text, emoji in keys.items():
            yield {"language": language, "text": text, "emoji": emoji}


def _decoded(task, size):
    seed, number, text = task
    picture, quality = make_picture(seed, number, text)
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=quality)
    return preprocess(Image.open(file), size)


class Bundle:
    """The exported model, run as the search system runs it."""

    def __init__(self, folder):
        description = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        self.size = description["image"]["size"]
        self.image = OnnxModel(folder / description["image"]["model"])
        self.text = OnnxModel(folder / description["text"]["model"])
        self.tokenizer = Tokenizer.load(folder / description["text"]["tokenizer"])

    def embed_texts(self, texts):
        parts = []
        for start in range(0, len(texts), BATCH):
            ids, mask = batch_of_ids(self.tokenizer, texts[start : start + BATCH])
            parts.append(self.text(input_ids=ids, attention_mask=mask))
        return torch.cat(parts)

    def embed_pictures(self, seed, texts):
        tasks = [(seed, number, text) for number, text in enumerate(texts)]
        parts, batch = [], []
        with multiprocessing.Pool(2) as pool:
            for pixels in pool.imap(functools.partial(_decoded, size=self.size), tasks, chunksize=64):
                batch.append(pixels)
                if len(batch) == BATCH or len(batch) + sum(map(len, parts)) == len(tasks):
                    parts.append(self.image(pixels=torch.from_numpy(np.stack(batch))))
                    batch = []
        return torch.cat(parts)


def measure(bundle, count, seed, confusions=0):
    """All figures as a dictionary."""
    collection = load_collection()
    shown = emoji_of_picture(collection, count, seed)
    keys = np.array([emoji.key for emoji in shown])
    english = annotations("en")
    names = np.array([english[key].name for key in keys])
    pictures = bundle.embed_pictures(seed, [emoji.text for emoji in shown])

    result = {"pictures": count, "seed": seed, "emoji": len(set(keys))}
    for kind, texts_of in (("names", names_of), ("keywords", keywords_of)):
        queries = [query for query in queries_of(collection, texts_of) if set(query["emoji"]) & set(keys)]
        result[kind] = {language: _words_to_pictures(
            bundle, [query for query in queries if query["language"] == language], pictures, keys)
            for language in LANGUAGES}
    nearest = np.empty(count, np.int64)
    for start in range(0, count, 500):
        similar = pictures[start : start + 500] @ pictures.T
        similar[range(len(similar)), range(start, start + len(similar))] = -1
        nearest[start : start + 500] = similar.argmax(1)
    right = names[nearest] == names
    result["pictureToPicture@1"] = round(float(right.mean()), 4)
    if confusions:
        pairs = {}
        for mine, other in zip(names[~right], names[nearest][~right]):
            pair = " / ".join(sorted((mine, other)))
            pairs[pair] = pairs.get(pair, 0) + 1
        result["confusions"] = dict(sorted(pairs.items(), key=lambda item: -item[1])[:confusions])
    result["questions"] = _ask(bundle, pictures, names)
    return result


def _words_to_pictures(bundle, queries, pictures, keys):
    """Share of the queries that find a picture of one of their emoji among the first TOP, and as the first."""
    best = (bundle.embed_texts([query["text"] for query in queries]) @ pictures.T).topk(TOP).indices.numpy()
    hits = [np.isin(keys[row], query["emoji"]) for row, query in zip(best, queries)]
    return {
        "queries": len(queries),
        f"recall@{TOP}": round(float(np.mean([hit.any() for hit in hits])), 4),
        "first": round(float(np.mean([hit[0] for hit in hits])), 4),
    }


def _ask(bundle, pictures, names):
    """What `bin/demo --check` asks, with the names of the first hits."""
    if not QUESTIONS_FILE.exists():
        return []
    questions = json.loads(QUESTIONS_FILE.read_text(encoding="utf-8"))
    scores = bundle.embed_texts([question["text"] for question in questions]) @ pictures.T
    answers = []
    for question, row in zip(questions, scores):
        hits = list(map(str, names[row.topk(TOP).indices.numpy()]))
        answers.append({**question, "hits": hits, "right": is_right(hits, question["expect"])})
    return answers


def dump(folder, count, seed):
    """DIR/pictures/NNNNNN.jpg, DIR/labels.jsonl (one line per picture) and DIR/queries.jsonl (one per query)."""
    make_pictures(folder / "pictures", count, seed, labels=folder / "labels.jsonl")
    with open(folder / "queries.jsonl", "w", encoding="utf-8") as lines:
        for query in queries_of(load_collection()):
            lines.write(json.dumps(query, ensure_ascii=False) + "\n")


def _markdown(result):
    lines = [f"{result['pictures']} pictures of {result['emoji']} emoji, seed {result['seed']}", "",
             f"| language | names | recall@{TOP} | first hit right | keywords | recall@{TOP} | first hit right |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for language in result["names"]:
        figures = [f"{part['queries']} | {part[f'recall@{TOP}']:.4f} | {part['first']:.4f}"
                   for part in (result["names"][language], result["keywords"][language])]
        lines.append(f"| {language} | {' | '.join(figures)} |")
    lines += ["", f"Picture to picture @1: {result['pictureToPicture@1']:.4f}"]
    lines += [f"{count} x {pair}" for pair, count in result.get("confusions", {}).items()]
    lines += [f"{'right' if each['right'] else 'WRONG'}: {each['text']}: {', '.join(each['hits'][:5])}"
              for each in result["questions"]]
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Measures the demo model on freshly made pictures.")
    parser.add_argument("--model", type=pathlib.Path, default=MODEL_FOLDER, metavar="BUNDLE")
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help="default %(default)s")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--confusions", type=int, default=0, metavar="N", help="show the N pairs confused most often")
    parser.add_argument("--dump", type=pathlib.Path, metavar="DIR", help="only write pictures, labels and queries")
    options = parser.parse_args(arguments)
    if options.dump:
        dump(options.dump, options.count, options.seed)
        return 0
    result = measure(Bundle(options.model), options.count, options.seed, options.confusions)
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(_markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
