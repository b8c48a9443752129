import json
import pathlib
import sys
import tempfile
import unittest

import numpy as np
import onnx
import torch

DEMO = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DEMO))

import evaluate  # noqa: E402
import model  # noqa: E402
from colours import COLOURS, colour_words, coloured, colours_of  # noqa: E402
from emoji_collection import LANGUAGES  # noqa: E402
from export import bundle_description, export_bundle  # noqa: E402
from golden import pictures as golden_pictures  # noqa: E402
from onnx_in_torch import OnnxModel  # noqa: E402
from train_text import batch_of_ids  # noqa: E402
from wordpiece import SPECIAL, Tokenizer, learn_vocabulary, words_of  # noqa: E402

BUNDLE = DEMO / "model"
FILE_BYTES_MAX = 7_500_000
BUNDLE_BYTES_MAX = 15_000_000


class BundleTest(unittest.TestCase):
    def test_describes_what_it_holds(self):
        description = json.loads((BUNDLE / "bundle.json").read_text(encoding="utf-8"))
        self.assertEqual(json.loads(json.dumps(bundle_description())), description)
        image = onnx.load(str(BUNDLE / description["image"]["model"])).graph
        text = onnx.load(str(BUNDLE / description["text"]["model"])).graph
        size, dimension = description["image"]["size"], description["dimension"]
        self.assertEqual({"pixels": (onnx.TensorProto.UINT8, [0, size, size, 3])}, _signature(image.input))
        self.assertEqual({"embedding": (onnx.TensorProto.FLOAT, [0, dimension])}, _signature(image.output))
        ids = (onnx.TensorProto.INT64, [0, 0])
        self.assertEqual({"input_ids": ids, "attention_mask": ids}, _signature(text.input))
        self.assertEqual({"embedding": (onnx.TensorProto.FLOAT, [0, dimension])}, _signature(text.output))

    def test_is_small_enough_for_the_repository(self):
        files = [file for file in BUNDLE.rglob("*") if file.is_file()]
        sizes = {str(file.relative_to(BUNDLE)): file.stat().st_size for file in files}
        golden = {f"golden/{name}" for name in golden_pictures()}
        self.assertEqual(
            {"bundle.json", "image.onnx", "text.onnx", "tokenizer.json", "golden.json"} | golden, set(sizes))
        self.assertLessEqual(max(sizes.values()), FILE_BYTES_MAX, sizes)
        self.assertLessEqual(sum(sizes.values()), BUNDLE_BYTES_MAX, sizes)

    def test_embeddings_are_unit_vectors_and_padding_changes_nothing(self):
        bundle = evaluate.Bundle(BUNDLE)
        alone = bundle.embed_texts(["red car"])
        beside = bundle.embed_texts(["red car", "a rather longer text of several words"])
        self.assertAlmostEqual(1.0, float(alone.norm()), places=5)
        self.assertLess(float((alone[0] - beside[0]).abs().max()), 1e-5)


def _signature(values):
    return {
        each.name: (each.type.tensor_type.elem_type, [side.dim_value for side in each.type.tensor_type.shape.dim])
        for each in values
    }


class ExportTest(unittest.TestCase):
    def test_exported_towers_give_what_torch_gives(self):
        torch.manual_seed(5)
        vocabulary = learn_vocabulary(["red car", "punainen auto", "赤い車"], 60)
        image, text = model.ImageTower().eval(), model.TextTower(len(vocabulary)).eval()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            export_bundle(image, text, vocabulary, folder)
            pixels = torch.randint(0, 256, (3, model.IMAGE_SIZE, model.IMAGE_SIZE, 3), dtype=torch.uint8)
            ids, mask = batch_of_ids(Tokenizer.load(folder / "tokenizer.json"), ["red", "punainen auto", "車"])
            with torch.no_grad():
                expected_image, expected_text = image(pixels), text(ids, mask)
            image_onnx, text_onnx = OnnxModel(folder / "image.onnx"), OnnxModel(folder / "text.onnx")
            np.testing.assert_allclose(image_onnx(pixels=pixels), expected_image, atol=1e-5)
            # The table of pieces is stored in half precision.
            actual = text_onnx(input_ids=ids, attention_mask=mask)
            np.testing.assert_allclose(actual, expected_text, atol=2e-3)


class WordPieceTest(unittest.TestCase):
    def test_splits_as_bert_does(self):
        self.assertEqual(["red", "-", "hot", "!"], words_of("Red-hot!"))
        self.assertEqual(["赤", "い", "車"], words_of("赤い車"))
        self.assertEqual(["ハンバーガー"], words_of("ハンバーガー"))
        self.assertEqual(["ハンバーガー"], words_of("ﾊﾝﾊﾞｰｶﾞｰ"), "half width is the same word")
        self.assertEqual(["corazón"], words_of("corazo\u0301n"), "composed or not is the same word")
        self.assertEqual(["i\u0307stanbul"], words_of("İstanbul"))
        self.assertEqual(["drapeau", ":", "france"], words_of("drapeau\u202f: France"))

    def test_takes_the_longest_known_pieces_from_the_left(self):
        vocabulary = [*SPECIAL, "ham", "##bur", "##burger", "h", "##a"]
        self.assertEqual([2, 5, 7, 3], Tokenizer(vocabulary)("Hamburger"))

    def test_a_word_with_an_unknown_character_is_unknown(self):
        self.assertEqual([2, 1, 3], Tokenizer([*SPECIAL, "a", "##a"])("ab"))

    def test_long_texts_keep_their_end_mark(self):
        ids = Tokenizer([*SPECIAL, "a"])("a " * 100, max_length=48)
        self.assertEqual(48, len(ids))
        self.assertEqual(3, ids[-1])

    def test_vocabulary_merges_what_is_frequent(self):
        vocabulary = learn_vocabulary(["auto"] * 5 + ["aura"], 40)
        self.assertIn("auto", vocabulary)
        self.assertEqual(list(SPECIAL), vocabulary[:5])


class ColoursTest(unittest.TestCase):
    def test_every_language_names_every_colour(self):
        for language in LANGUAGES:
            self.assertEqual(len(COLOURS), len(colour_words(language)))

    def test_word_order_is_the_language_s(self):
        self.assertEqual("red car", coloured("en", "red", "car"))
        self.assertEqual("carro rojo", coloured("es", "rojo", "carro"))
        self.assertEqual("赤い車", coloured("ja", "赤い", "車"))

    def test_colours_are_those_of_the_drawing(self):
        self.assertEqual("red", colours_of("🚗")[0])
        self.assertEqual("blue", colours_of("🚙")[0])
        self.assertEqual("green", colours_of("🍏")[0])
        self.assertEqual("purple", colours_of("🍇")[0])
        self.assertEqual("yellow", colours_of("🌻")[0])
        self.assertEqual("green", colours_of("🐸")[0])
        self.assertNotIn("yellow", colours_of("💐"), "the leaves of a bouquet are green")


if __name__ == "__main__":
    unittest.main()
