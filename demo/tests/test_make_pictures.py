import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image

DEMO = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DEMO))

import make_pictures  # noqa: E402
from emoji_collection import LANGUAGES, LEFT_OUT, annotations, load_collection  # noqa: E402
from preprocessing import preprocess  # noqa: E402

COUNT = 24


def made(folder, seed):
    labels = folder.parent / f"{folder.name}.jsonl"
    command = [sys.executable, DEMO / "make_pictures.py", "--output", folder, "--count", COUNT, "--seed", seed]
    subprocess.run([*map(str, command), "--labels", str(labels)], check=True, stdout=subprocess.DEVNULL)
    return {file.name: file.read_bytes() for file in folder.iterdir()}, labels


class MakePicturesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.first, cls.labels = made(root / "first", 7)
        cls.again, _ = made(root / "again", 7)
        cls.other, _ = made(root / "other", 8)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_same_seed_gives_same_files(self):
        self.assertEqual(self.first, self.again)

    def test_other_seed_gives_other_pictures(self):
        self.assertNotEqual(self.first["000000.jpg"], self.other["000000.jpg"])

    def test_writes_only_pictures_and_their_captions(self):
        expected = {f"{number:06d}.{ending}" for number in range(COUNT) for ending in ("jpg", "txt")}
        self.assertEqual(expected, set(self.first))

    def test_captions_are_the_english_names_of_what_the_labels_say(self):
        english = annotations("en")
        lines = [json.loads(line) for line in self.labels.read_text(encoding="utf-8").splitlines()]
        self.assertEqual(COUNT, len(lines))
        for label in lines:
            caption = self.first[label["file"].replace(".jpg", ".txt")].decode("utf-8")
            self.assertEqual(english[label["emoji"]].name, caption)
            self.assertEqual(caption, label["caption"])

    def test_a_wrong_count_is_refused_with_usage(self):
        command = [sys.executable, str(DEMO / "make_pictures.py"), "--output", self.folder.name, "--count", "0"]
        outcome = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(2, outcome.returncode)
        self.assertIn("0 is not a positive number", outcome.stderr)


class CompositionTest(unittest.TestCase):
    def test_sizes_stay_within_the_stated_range(self):
        for number in range(60):
            picture, _ = make_pictures.make_picture(3, number, "🍔")
            self.assertGreaterEqual(min(picture.size), make_pictures.SHORT_SIDE_PIXELS[0])
            self.assertLessEqual(max(picture.size), make_pictures.LONG_SIDE_PIXELS_MAX)

    def test_the_emoji_lies_inside_the_centre_square(self):
        glyph_mean = make_pictures.mean_colour("🍅")
        for number in range(20):
            rng = np.random.default_rng((11, number))
            picture = make_pictures.compose(rng, "🍅")
            short = min(picture.size)
            centre = preprocess(picture, short)
            near = (np.linalg.norm(centre - glyph_mean, axis=2) < 60).mean()
            self.assertGreater(near, 0.08, f"picture {number} shows too little of the tomato")

    def test_every_emoji_comes_before_any_comes_twice(self):
        collection = load_collection()
        shown = make_pictures.emoji_of_picture(collection, len(collection) + 10, 5)
        self.assertEqual(set(collection), set(shown[: len(collection)]))

    def test_flags_are_drawn_as_flags(self):
        width, height = make_pictures.draw_glyph("🇫🇮").size
        self.assertLess(width, 150, "two letters side by side instead of one flag")
        self.assertGreater(height, 50)


class CollectionTest(unittest.TestCase):
    def test_every_emoji_has_a_name_in_every_language(self):
        collection = load_collection()
        self.assertGreater(len(collection), 1500)
        for language in LANGUAGES:
            missing = [emoji.text for emoji in collection if emoji.key not in annotations(language)]
            self.assertEqual([], missing, f"without a name in {language}")

    def test_what_is_left_out_exists_and_is_not_in_the_collection(self):
        keys = {emoji.key for emoji in load_collection()}
        english = annotations("en")
        for group in LEFT_OUT.values():
            for key in group:
                self.assertIn(key, english)
                self.assertNotIn(key, keys)

    def test_a_locale_that_cldr_does_not_have_is_named(self):
        with self.assertRaisesRegex(FileNotFoundError, "xx_YY"):
            annotations("xx_YY")


class PreprocessingTest(unittest.TestCase):
    def test_crops_the_centre_of_odd_sizes(self):
        for size in ((101, 37), (37, 101), (1, 9), (128, 128)):
            self.assertEqual((128, 128, 3), preprocess(Image.new("RGB", size, (9, 8, 7)), 128).shape)


if __name__ == "__main__":
    unittest.main()
