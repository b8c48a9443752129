import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import faiss
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import collection  # noqa: E402
from collection import Collection, Index, best, recall  # noqa: E402

SEED, DIMENSION, NLIST = 5, 16, 8


class IndexTest(unittest.TestCase):
    """Two shards that Faiss wrote, with the same centroids and ids that are no positions."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        draw = np.random.default_rng(SEED)
        cls.vectors = draw.normal(size=(400, DIMENSION)).astype(np.float32)
        faiss.normalize_L2(cls.vectors)
        cls.ids = draw.permutation(10_000)[:400].astype(np.int64)
        trained = faiss.index_factory(DIMENSION, f"IVF{NLIST},Flat", faiss.METRIC_INNER_PRODUCT)
        trained.train(cls.vectors)
        for number, part in enumerate((slice(0, 150), slice(150, 400))):
            shard = faiss.clone_index(trained)
            shard.add_with_ids(cls.vectors[part], cls.ids[part])
            faiss.write_index(shard, str(folder / f"shard-0000{number}.faiss"))
        shards = [{"index": {"name": f"shard-0000{number}.faiss"}} for number in range(2)]
        (folder / "index.json").write_text(json.dumps({"nlist": NLIST, "defaultNprobe": 2, "shards": shards}), encoding="utf-8")
        cls.index = Index(folder)
        cls.lists = np.stack([trained.quantizer.reconstruct(number) for number in range(NLIST)])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_search_of_every_list_finds_what_comparing_with_every_vector_finds(self):
        scores, ids = self.index.search(self.vectors[:20], 7, nprobe=NLIST)
        expected = self.vectors[:20] @ self.vectors.T
        order = np.argsort(-expected, axis=1)[:, :7]
        np.testing.assert_array_equal(self.ids[order], ids)
        np.testing.assert_allclose(np.take_along_axis(expected, order, axis=1), scores, atol=1e-5)

    def test_the_default_nprobe_is_the_manifests(self):
        _, ids = self.index.search(self.vectors[:50], 5)
        _, two = self.index.search(self.vectors[:50], 5, nprobe=2)
        _, every = self.index.search(self.vectors[:50], 5, nprobe=NLIST)
        np.testing.assert_array_equal(two, ids)
        self.assertFalse(np.array_equal(every, ids))

    def test_lists_hold_the_ids_of_all_shards_once(self):
        lists = [self.index.list_ids(number) for number in range(NLIST)]
        self.assertEqual(sorted(self.ids), sorted(np.concatenate(lists)))
        self.assertEqual([len(ids) for ids in lists], list(self.index.list_sizes()))

    def test_a_vector_is_in_the_list_of_its_nearest_centroid(self):
        np.testing.assert_array_equal(self.lists, self.index.centroids())
        nearest = np.argmax(self.vectors @ self.lists.T, axis=1)
        for number in range(NLIST):
            self.assertEqual(set(self.ids[nearest == number]), set(self.index.list_ids(number)))


class BestTest(unittest.TestCase):
    def test_merges_by_score_and_puts_what_is_missing_last(self):
        first = (np.array([[0.9, 0.1]]), np.array([[4, 5]]))
        second = (np.array([[0.5, 99.0]]), np.array([[6, -1]]))
        scores, ids = best([first, second], 4)
        self.assertEqual([[4, 6, 5, -1]], ids.tolist())
        self.assertEqual([0.9, 0.5, 0.1, -np.inf], scores[0].tolist())

    def test_recall_is_the_share_of_the_exact_neighbours(self):
        found = np.array([[1, 2, 3], [7, 8, -1], [1, 2, -1]])
        exact = np.array([[3, 2, 9], [1, 2, 3], [2, 1, -1]])
        np.testing.assert_allclose([2 / 3, 0, 1], recall(found, exact))


class FoldersTest(unittest.TestCase):
    def test_a_folder_that_is_no_dataset_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(FileNotFoundError, f"{folder} has no dataset.json: set IMAGESEARCH_EMBEDDINGS"):
                Collection(embeddings=folder)

    def test_the_variables_name_the_folders(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            files = {"a/dataset.json": {"embedded": 1, "listed": 2, "modelName": "m"}, "b/CURRENT": "gen-000001", "c/bundle.json": {}}
            for name, content in files.items():
                (root / name).parent.mkdir()
                (root / name).write_text(json.dumps(content), encoding="utf-8")
            variables = {"IMAGESEARCH_EMBEDDINGS": f"{root}/a", "IMAGESEARCH_INDEX": f"{root}/b", "IMAGESEARCH_MODEL": f"{root}/c"}
            with mock.patch.dict(os.environ, variables):
                named = Collection()
            self.assertEqual([root / "a", root / "b", root / "c"], [named.embeddings_folder, named.index_folder, named.model_folder])
            self.assertEqual(f"{root}/a: 1 pictures of 2, by m", repr(named))
            self.assertEqual(0, len(named.failures()))

    def test_without_variables_it_is_what_the_demo_made_last(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ), mock.patch.object(collection, "ROOT", pathlib.Path(folder)):
            for name in ("IMAGESEARCH_EMBEDDINGS", "IMAGESEARCH_INDEX", "IMAGESEARCH_MODEL"):
                os.environ.pop(name, None)
            with self.assertRaisesRegex(FileNotFoundError, "^no collection: run bin/demo once, or set IMAGESEARCH_EMBEDDINGS$"):
                Collection()
            root = pathlib.Path(folder).resolve()
            made = [root / "work" / "demo" / count / "model-0a1b" for count in ("900", "10000", "500")]
            for seconds, demo in zip((10, 30, 20), made):
                for name in ("embeddings/dataset.json", "index/CURRENT"):
                    (demo / name).parent.mkdir(parents=True)
                    (demo / name).write_text("{}", encoding="utf-8")
                os.utime(demo / "embeddings" / "dataset.json", (seconds, seconds))
            (root / "demo" / "model").mkdir(parents=True)
            (root / "demo" / "model" / "bundle.json").write_text("{}", encoding="utf-8")
            self.assertEqual(made[1] / "index", Collection().index_folder)

    def test_an_index_of_another_model_is_refused_with_both_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "embeddings").mkdir()
            (root / "index" / "gen-000001").mkdir(parents=True)
            (root / "embeddings" / "dataset.json").write_text(json.dumps({"model": "sha256:aa"}), encoding="utf-8")
            (root / "index" / "CURRENT").write_text("gen-000001\n", encoding="utf-8")
            manifest = {"model": "sha256:bb", "nlist": 1, "shards": []}
            (root / "index" / "gen-000001" / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
            with self.assertRaisesRegex(ValueError, "embeddings is of model sha256:aa, .*gen-000001 of sha256:bb"):
                Collection(embeddings=root / "embeddings", index=root / "index").index()


if __name__ == "__main__":
    unittest.main()
