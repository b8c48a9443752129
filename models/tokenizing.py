"""Token ids by a tokenizer.json: WordPiece as BERT has it, and CLIP's byte pairs. For golden vectors; Debian has no `tokenizers`.

Source: Hugging Face's tokenizers, normalizers/bert.rs, pre_tokenizers/bert.rs, models/wordpiece, models/bpe.
"""

from __future__ import annotations

import functools
import json
import pathlib
import re
import unicodedata
from typing import Any

from problems import Problems

_CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)
_WHITE_CONTROLS = "\t\n\r"
_ASCII_PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class TokenizerFile:
    """A tokenizer.json. `tokens` gives the ids of a text with its markers, at most `max_length` of them."""

    def __init__(self, start: int, end: int, largest: int, lowercase: bool, pieces: Any) -> None:
        self.start = start
        self.end = end
        self.largest = largest
        self.lowercase = lowercase
        self._pieces = pieces

    def tokens(self, text: str, max_length: int) -> list[int]:
        return [self.start, *self._pieces(text)[: max_length - 2], self.end]


def read_tokenizer(file: pathlib.Path, problems: Problems) -> TokenizerFile | None:
    """None, and a problem noted, if the file is missing or of a kind that is not understood."""
    if not file.is_file():
        line = f"missing file: {file}"
        if (file.parent / "vocab.txt").is_file() or (file.parent / "vocab.json").is_file():
            line += (" (beside it is a vocabulary alone; save the tokenizer again with transformers: "
                     "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER))")
        problems.add(line)
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return _tokenizer(content)
    except _Unknown as error:
        problems.add(f"{file}: {error}")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        problems.add(f"{file} cannot be read: {error!r}")
    return None


class _Unknown(Exception):
    pass


def _tokenizer(content: dict[str, Any]) -> TokenizerFile:
    model = content["model"]
    kind = model.get("type", "BPE" if "merges" in model else "WordPiece")
    if kind == "WordPiece":
        pieces: Any = _WordPiece(content)
    elif kind == "BPE" and model.get("end_of_word_suffix") == "</w>":
        pieces = _BytePairs(content)
    else:
        raise _Unknown(f"model.type is {json.dumps(kind)}, expected \"WordPiece\", or \"BPE\" with the suffix \"</w>\"")
    ids = dict(model["vocab"])
    ids.update((token["content"], token["id"]) for token in content.get("added_tokens") or [])
    start, end = _markers(content.get("post_processor") or {})
    return TokenizerFile(ids[start], ids[end], max(ids.values()), pieces.lowercase, pieces)


def _markers(processor: dict[str, Any]) -> tuple[str, str]:
    """The tokens before and behind a text."""
    kind = processor.get("type")
    if kind in ("BertProcessing", "RobertaProcessing"):
        return processor["cls"][0], processor["sep"][0]
    if kind == "TemplateProcessing":
        parts = processor["single"]
        if [next(iter(part)) for part in parts] == ["SpecialToken", "Sequence", "SpecialToken"]:
            return parts[0]["SpecialToken"]["id"], parts[2]["SpecialToken"]["id"]
    raise _Unknown(f"post_processor.type is {json.dumps(kind)}, expected one that puts a marker before and behind a text")


def _normalizers(normalizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if normalizer is None:
        return []
    if normalizer["type"] == "Sequence":
        return [each for part in normalizer["normalizers"] for each in _normalizers(part)]
    return [normalizer]


def _normalised(text: str, normalizers: list[dict[str, Any]]) -> str:
    for each in normalizers:
        kind = each["type"]
        if kind == "BertNormalizer":
            text = _bert_normalised(text, each)
        elif kind in ("NFC", "NFD", "NFKC", "NFKD"):
            text = unicodedata.normalize(kind, text)
        elif kind == "Lowercase":
            text = text.lower()
        elif kind == "Replace" and each["pattern"] == {"Regex": "\\s+"}:
            text = re.sub(r"\s+", each["content"], text)
        else:
            raise _Unknown(f"normalizer {json.dumps(kind)} is not known")
    return text


def _is_lowercase(normalizers: list[dict[str, Any]]) -> bool:
    return any(each["type"] == "Lowercase" or each.get("lowercase") is True for each in normalizers)


def _bert_normalised(text: str, options: dict[str, Any]) -> str:
    if options.get("clean_text", True):
        text = "".join(_cleaned(character) for character in text)
    if options.get("handle_chinese_chars", True):
        text = "".join(f" {each} " if _is_chinese(each) else each for each in text)
    lowercase = options.get("lowercase", True)
    strip = options.get("strip_accents")
    if lowercase if strip is None else strip:
        text = "".join(each for each in unicodedata.normalize("NFD", text) if unicodedata.category(each) != "Mn")
    return text.lower() if lowercase else text


def _cleaned(character: str) -> str:
    category = unicodedata.category(character)
    if character in _WHITE_CONTROLS or category[0] == "Z":
        return " "
    return "" if category[0] == "C" or character == "\ufffd" else character


def _is_chinese(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _CHINESE)


def _is_punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P"


class _WordPiece:
    def __init__(self, content: dict[str, Any]) -> None:
        model = content["model"]
        self._ids: dict[str, int] = model["vocab"]
        self._unknown = self._ids[model.get("unk_token", "[UNK]")]
        self._prefix = model.get("continuing_subword_prefix", "##")
        self._longest = model.get("max_input_chars_per_word", 100)
        self._normalizers = _normalizers(content.get("normalizer"))
        self.lowercase = _is_lowercase(self._normalizers)
        kind = (content.get("pre_tokenizer") or {}).get("type")
        if kind != "BertPreTokenizer":
            raise _Unknown(f"pre_tokenizer.type is {json.dumps(kind)}, expected \"BertPreTokenizer\"")
        _normalised("", self._normalizers)  # refuses an unknown one now

    def __call__(self, text: str) -> list[int]:
        words: list[str] = []
        for part in _normalised(text, self._normalizers).split():
            word = ""
            for character in part:
                if _is_punctuation(character):
                    words += [word, character] if word else [character]
                    word = ""
                else:
                    word += character
            words += [word] if word else []
        return [piece for word in words for piece in self._word(word)]

    def _word(self, word: str) -> list[int]:
        """The longest known pieces from the left; a word with a part that no piece covers is unknown as a whole."""
        if len(word) > self._longest:
            return [self._unknown]
        pieces, at = [], 0
        while at < len(word):
            candidates = ((end, (self._prefix if at else "") + word[at:end]) for end in range(len(word), at, -1))
            end, piece = next((each for each in candidates if each[1] in self._ids), (at, ""))
            if end == at:
                return [self._unknown]
            pieces.append(self._ids[piece])
            at = end
        return pieces


class _BytePairs:
    """CLIP's: words and single digits, their UTF-8 bytes as characters, the last one marked as the word's end."""

    lowercase = True

    def __init__(self, content: dict[str, Any]) -> None:
        model = content["model"]
        self._ids: dict[str, int] = model["vocab"]
        merges = [tuple(each.split(" ")) if isinstance(each, str) else tuple(each) for each in model["merges"]]
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._normalizers = _normalizers(content.get("normalizer"))
        self.lowercase = _is_lowercase(self._normalizers)
        self._bytes = byte_characters()
        self._word = functools.lru_cache(maxsize=10_000)(self._merged)
        _normalised("", self._normalizers)

    def __call__(self, text: str) -> list[int]:
        ids: list[int] = []
        for word in _clip_words(_normalised(text, self._normalizers)):
            ids += self._word(word)
        return ids

    def _merged(self, word: str) -> list[int]:
        pieces = [self._bytes[byte] for byte in word.encode("utf-8")]
        pieces[-1] += "</w>"
        while len(pieces) > 1:
            rank, at = min(
                (self._ranks.get(pair, len(self._ranks)), index) for index, pair in enumerate(zip(pieces, pieces[1:])))
            if rank == len(self._ranks):
                break
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return [self._ids[piece] for piece in pieces]


def _clip_words(text: str) -> list[str]:
    """Contractions, runs of letters, single numbers, runs of anything else but white space."""
    words: list[str] = []
    kind = ""
    at = 0
    while at < len(text):
        contraction = re.match(r"'(?:s|t|re|ve|m|ll|d)", text[at:])
        if contraction and kind != "other":
            words.append(contraction.group())
            at += contraction.end()
            kind = ""
            continue
        character = text[at]
        category = unicodedata.category(character)[0]
        found = "" if character.isspace() else {"L": "letter", "N": "number"}.get(category, "other")
        if found and found == kind and found != "number":
            words[-1] += character
        elif found:
            words.append(character)
        kind = found
        at += 1
    return words


def byte_characters() -> dict[int, str]:
    """GPT-2's printable stand-ins for bytes."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + index) for index, byte in enumerate(others)}}
