import pathlib
import tempfile
import unittest

import folders
from make_checkpoints import clip_tokenizer, word_piece_tokenizer
from problems import Problems
from tokenizing import read_tokenizer


class TokenizingTest(unittest.TestCase):
    """Rules by hand; the system tests compare whole texts with Hugging Face's own tokenizer."""

    def tokenizer(self, content: dict):
        with tempfile.TemporaryDirectory() as folder:
            folders.write_json(pathlib.Path(folder) / "tokenizer.json", content)
            problems = Problems()
            tokenizer = read_tokenizer(pathlib.Path(folder) / "tokenizer.json", problems)
            problems.raise_any()
            return tokenizer

    def word_piece(self, *pieces: str, **normalizer: object):
        content = word_piece_tokenizer(200)
        content["model"]["vocab"] = {
            piece: index for index, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces])}
        content["added_tokens"] = []
        content["normalizer"].update(normalizer)
        return self.tokenizer(content)

    def test_words_are_the_longest_pieces_from_the_left(self) -> None:
        tokenizer = self.word_piece("a", "ab", "##b", "##c", "##bc", ",")
        self.assertEqual([2, 6, 8, 3], tokenizer.tokens("abc", 128))
        self.assertEqual([2, 5, 10, 1, 3], tokenizer.tokens("a, xb", 128))
        self.assertEqual([2, 1, 3], tokenizer.tokens("a" * 101, 128))
        self.assertEqual([2, 3], tokenizer.tokens(" \t\n\u3000", 128))

    def test_texts_are_cut_with_their_end_marker(self) -> None:
        tokenizer = self.word_piece("a")
        self.assertEqual([2, *[5] * 126, 3], tokenizer.tokens("a " * 126, 128))
        self.assertEqual([2, *[5] * 126, 3], tokenizer.tokens("a " * 300, 128))

    def test_bert_cleans_sets_chinese_apart_and_keeps_case_and_accents(self) -> None:
        tokenizer = self.word_piece("红", "色", "É", "é", "e", "A", "a")
        self.assertEqual([2, 5, 6, 3], tokenizer.tokens("红色", 128))
        self.assertEqual([2, 7, 8, 1, 3], tokenizer.tokens("É é e\u0301", 128))
        self.assertEqual([2, 10, 3], tokenizer.tokens("\u200bA\ufffd\0", 128))
        self.assertFalse(tokenizer.lowercase)

    def test_lowering_strips_accents_unless_told_otherwise(self) -> None:
        self.assertEqual([2, 5, 3], self.word_piece("e", "é", lowercase=True).tokens("É", 128))
        self.assertEqual([2, 6, 3], self.word_piece("e", "é", lowercase=True, strip_accents=False).tokens("É", 128))

    def test_clip_merges_by_rank_within_words(self) -> None:
        content = clip_tokenizer(600)
        content["model"]["merges"] = ["a b", "ab c</w>", "1 2</w>"]
        base = len([piece for piece in content["model"]["vocab"] if not piece.startswith("<|")])
        content["model"]["vocab"].update({"ab": base + 2, "abc</w>": base + 3})
        tokenizer = self.tokenizer(content)
        vocabulary = content["model"]["vocab"]
        start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
        self.assertEqual([start, base + 3, end], tokenizer.tokens("ABC", 77))
        self.assertEqual([start, vocabulary["1</w>"], vocabulary["2</w>"], end], tokenizer.tokens("12", 77))
        self.assertEqual(
            [start, base + 2, vocabulary["t</w>"], vocabulary["'"], vocabulary["s</w>"], end],
            tokenizer.tokens("abt's", 77))
        self.assertEqual([start, end], tokenizer.tokens("", 77))
