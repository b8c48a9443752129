import pathlib
import unittest

import numpy as np
from config import Config
from PIL import Image
from preprocessing import Preprocessing, read_open_clip, read_preprocessor
from problems import ImportRefused, Problems

MEAN, DEVIATION = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
PUBLISHED = {
    "crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True, "image_mean": MEAN,
    "image_std": DEVIATION, "resample": 3, "size": 224}


def read(content: dict, size: int | None = 224) -> Preprocessing:
    problems = Problems()
    preprocessing = read_preprocessor(Config(pathlib.Path("preprocessor_config.json"), content, problems), size)
    problems.raise_any()
    return preprocessing


class PreprocessingTest(unittest.TestCase):
    def test_old_and_new_spellings_mean_the_same(self) -> None:
        new = {**PUBLISHED, "crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 224}, "do_rescale": True,
               "rescale_factor": 0.00392156862745098, "do_convert_rgb": True, "image_processor_type": "CLIPImageProcessor"}
        self.assertEqual(Preprocessing(224, "shortest-edge-bicubic", MEAN, DEVIATION), read(PUBLISHED))
        self.assertEqual(read(PUBLISHED), read(new, None))

    def test_height_and_width_mean_a_square(self) -> None:
        siglip = {"do_normalize": True, "do_resize": True, "do_rescale": True, "image_mean": [0.5] * 3,
                  "image_std": [0.5] * 3, "resample": 3, "size": {"height": 224, "width": 224}}
        self.assertEqual("square-bicubic", read(siglip).resize)
        with self.assertRaises(ImportRefused):
            read({**siglip, "size": {"height": 224, "width": 225}})
        with self.assertRaises(ImportRefused):
            read({**siglip, "do_center_crop": True})

    def test_another_size_than_the_towers_is_refused(self) -> None:
        with self.assertRaises(ImportRefused) as refused:
            read(PUBLISHED, 336)
        self.assertIn("336", str(refused.exception))

    def test_open_clips_settings(self) -> None:
        content = {"size": [224, 224], "mode": "RGB", "mean": MEAN, "std": DEVIATION, "interpolation": "bicubic",
                   "resize_mode": "shortest", "fill_color": 0}
        problems = Problems()
        self.assertEqual(read(PUBLISHED), read_open_clip(Config(pathlib.Path("cfg.json"), content, problems)))
        read_open_clip(Config(pathlib.Path("cfg.json"), {**content, "size": 224}, problems))
        problems.raise_any()
        for field, value in (("interpolation", "bilinear"), ("resize_mode", "longest"), ("size", [224, 225])):
            read_open_clip(Config(pathlib.Path("cfg.json"), {**content, field: value}, problems := Problems()))
            with self.assertRaises(ImportRefused) as refused:
                problems.raise_any()
            self.assertIn(field, str(refused.exception))

    def test_the_middle_square_of_the_resized_picture(self) -> None:
        """Against the same steps, cut from the whole resized picture."""
        generator = np.random.default_rng(3)
        for width, height, resized in (
                (101, 40, (80, 32)), (40, 101, (32, 80)), (32, 32, (32, 32)), (1, 9, (32, 288)), (35, 33, (33, 32))):
            picture = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
            whole = np.asarray(picture.resize(resized, Image.Resampling.BICUBIC))
            left, top = (resized[0] - 32) // 2, (resized[1] - 32) // 2
            pixels = Preprocessing(32, "shortest-edge-bicubic", MEAN, DEVIATION).pixels(picture)
            np.testing.assert_array_equal(whole[top : top + 32, left : left + 32], pixels)

    def test_floats_are_those_of_float32_arithmetic(self) -> None:
        values = Preprocessing(1, "square-bicubic", MEAN, DEVIATION).normalised(np.array([[[0, 128, 255]]], np.uint8))
        self.assertEqual(np.float32, values.dtype)
        exact = [(value / 255 - mean) / deviation for value, mean, deviation in zip((0, 128, 255), MEAN, DEVIATION)]
        np.testing.assert_allclose(values[0, 0], exact, rtol=1e-6)
