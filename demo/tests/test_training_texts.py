import pathlib
import sys
import unittest

import numpy as np

DEMO = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DEMO))

from emoji_collection import load_collection  # noqa: E402
from training_texts import NAMED_SHARE_MIN, LanguageTexts, without_accents  # noqa: E402


class LanguageTextsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collection = load_collection()
        cls.english = LanguageTexts("en", cls.collection)

    def meant_by(self, text):
        return {self.collection[index].text: weight for index, weight in self.english.entries[text].items()}

    def test_a_name_means_first_of_all_the_emoji_of_that_name(self):
        cats = self.meant_by("cat")
        self.assertGreater(len(cats), 5)
        self.assertGreaterEqual(cats["🐈"] / sum(cats.values()), NAMED_SHARE_MIN - 1e-9)

    def test_a_keyword_says_more_of_an_emoji_that_has_few(self):
        cars = self.meant_by("car")
        self.assertGreater(cars["🚗"], cars["🚨"])

    def test_a_country_alone_means_its_flag(self):
        self.assertEqual(["🇫🇮"], list(self.meant_by("finland")))

    def test_a_coloured_noun_means_those_of_that_colour(self):
        by_colour = dict(self.english.nouns)["car"]
        red = {self.collection[index].text for index in by_colour["red"]}
        self.assertIn("🚗", red)
        self.assertNotIn("🚃", red)

    def test_a_coloured_noun_that_is_a_name_means_what_it_names(self):
        rng = np.random.default_rng(2)
        drawn = dict(self.english.draw_coloured(rng) for _ in range(20_000))
        self.assertIn("red heart", drawn)
        self.assertEqual(self.english.entries["red heart"], drawn["red heart"])

    def test_the_same_seed_draws_the_same_texts(self):
        drawn = [[self.english.draw_coloured(rng), self.english.draw_pair(rng), self.english.draw_entry(rng)]
                 for rng in (np.random.default_rng(4), np.random.default_rng(4))]
        self.assertEqual(drawn[0], drawn[1])


class AccentsTest(unittest.TestCase):
    def test_leaves_out_accents_but_not_marks_of_other_scripts(self):
        self.assertEqual("corazon rojo", without_accents("corazón rojo"))
        self.assertEqual("हिन्दी", without_accents("हिन्दी"))


if __name__ == "__main__":
    unittest.main()
