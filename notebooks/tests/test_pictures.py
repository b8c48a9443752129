import io
import pathlib
import sys
import tarfile
import tempfile
import unittest

import matplotlib
import numpy as np
from PIL import Image

matplotlib.use("Agg")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import pictures  # noqa: E402

RED, BLUE = (250, 10, 10), (10, 10, 250)
ORIENTATION, TURNED = 0x0112, 6  # of Exif: to be turned clockwise by 90 degrees


def drawn():
    """Twice as wide as high: red on the left, blue on the right."""
    picture = Image.new("RGB", (80, 40), RED)
    picture.paste(BLUE, (40, 0, 80, 40))
    return picture


def near(colour, pixel):
    return max(abs(a - b) for a, b in zip(colour, pixel)) < 40


class ThumbnailTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_picture_is_whole_in_the_middle_of_a_square(self):
        file = self.folder / "a #b %20.png"
        drawn().save(file)
        square = pictures.thumbnail(file.as_uri(), 20)
        self.assertEqual((20, 20), square.size)
        self.assertTrue(near(RED, square.getpixel((2, 10))) and near(BLUE, square.getpixel((17, 10))))
        self.assertEqual(pictures.PAPER, square.getpixel((10, 2)))

    def test_a_filled_square_has_no_margin(self):
        file = self.folder / "a.png"
        drawn().save(file)
        square = pictures.thumbnail(file.as_uri(), 20, fill=True)
        self.assertTrue(near(RED, square.getpixel((2, 1))) and near(BLUE, square.getpixel((17, 18))))

    def test_pictures_are_turned_as_exif_says(self):
        exif = Image.Exif()
        exif[ORIENTATION] = TURNED
        file = self.folder / "a.jpg"
        drawn().save(file, exif=exif, quality=95)
        square = pictures.thumbnail(file.as_uri(), 20)
        self.assertTrue(near(RED, square.getpixel((10, 2))) and near(BLUE, square.getpixel((10, 17))))

    def test_members_of_tars_are_found_by_their_escaped_names(self):
        packed = io.BytesIO()
        drawn().save(packed, "PNG")
        with tarfile.open(self.folder / "some.tar", "w") as tar:
            member = tarfile.TarInfo("in/a b.png")
            member.size = packed.tell()
            packed.seek(0)
            tar.addfile(member, packed)
        square = pictures.thumbnail((self.folder / "some.tar").as_uri() + "#in/a%20b.png", 20)
        self.assertTrue(near(RED, square.getpixel((2, 10))))

    def test_what_cannot_be_had_is_grey(self):
        (self.folder / "text.jpg").write_text("no picture", encoding="utf-8")
        packed = io.BytesIO()
        drawn().save(packed, "PNG")
        (self.folder / "cut.png").write_bytes(packed.getvalue()[:-30])
        (self.folder / "broken.png").write_bytes(packed.getvalue()[:12] + b"\0" * 40)
        with tarfile.open(self.folder / "some.tar", "w") as tar:
            tar.add(self.folder, "folder", recursive=False)
        missing = [(self.folder / "cut.png").as_uri(), (self.folder / "broken.png").as_uri(), (self.folder / "some.tar").as_uri() + "#folder",
                   (self.folder / "gone.jpg").as_uri(), (self.folder / "text.jpg").as_uri(), "https://example.org/a.jpg", "s3a://bucket/a.jpg",
                   (self.folder / "text.jpg").as_uri() + "#member.png"]
        for uri in missing:
            self.assertEqual({pictures.MISSING}, set(pictures.thumbnail(uri, 8).getdata()), uri)


class CaptionTest(unittest.TestCase):
    def test_captions_are_cut_and_letters_without_a_shape_become_dots(self):
        self.assertEqual("a $5 café", pictures._short("a $5 café"))
        self.assertEqual("a " + "·" * 3, pictures._short("a \u30cf\u30f3\u30d0"))
        self.assertEqual(pictures.TITLE_LETTERS_MAX, len(pictures._short("long " * 10)))
        self.assertEqual("", pictures._short(None))


class PlacesTest(unittest.TestCase):
    def test_a_picture_stands_on_its_own_place_or_one_beside_it_or_nowhere(self):
        taken = set()
        spot = np.array([1.2, 1.0])
        given = []
        for _ in range(9):
            given.append(pictures._free_place(spot, taken, 3))
            taken.add(given[-1])
        self.assertEqual([(1, 1), (2, 1)], given[:2])
        self.assertEqual(9, len(set(given)))
        self.assertIsNone(pictures._free_place(spot, taken, 3))


if __name__ == "__main__":
    unittest.main()
