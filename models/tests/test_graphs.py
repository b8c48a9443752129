import math
import pathlib
import tempfile
import unittest

import folders
import graphs
import huggingface
import make_checkpoints
import numpy as np
import onnx
import onnx_in_numpy
import reference
import torch
from config import Config
from make_checkpoints import DEVIATION, MEAN
from preprocessing import SHORTEST_EDGE, Preprocessing
from problems import ImportRefused, Problems
from tensors import open_checkpoint, write_safetensors
from towers import (
    Transformer, VisionTower, check_tensors, clip_text_tensors, dense_tensors, distilbert_tensors, own_names, read_clip_text,
    read_distilbert, read_vision, vision_tensors)

FP32, FP16 = 0.999999, 0.9999


class GraphsTest(unittest.TestCase):
    """ONNX graph, numpy reference and torch: three computations of the same embeddings."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.generator = np.random.default_rng(5)
        torch.manual_seed(6)

    def test_clip_pictures(self) -> None:
        for name, changes in (
                ("published", {}), ("gelu", {"hidden_act": "gelu"}), ("patches that leave a rest", {"patch_size": 15}),
                ("another shape", {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 32})):
            with self.subTest(name):
                self.assert_pictures_agree(False, {**make_checkpoints.sizes("tiny")["vision"], **changes})

    def test_siglip_pictures(self) -> None:
        vision = {**make_checkpoints.sizes("tiny")["vision"], "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6}
        self.assert_pictures_agree(True, vision)
        self.assert_pictures_agree(True, {**vision, "patch_size": 15})

    def assert_pictures_agree(self, siglip: bool, vision: dict) -> None:
        settings = huggingface.settings(vision)
        text = huggingface.settings(make_checkpoints.sizes("tiny")["text"])
        with torch.no_grad():
            model = make_checkpoints.filled(
                huggingface.SiglipVisionModel(settings) if siglip else huggingface.ClipModel(settings, text, 40))
        config = {"model_type": "siglip" if siglip else "clip", "vision_config": vision, "projection_dim": 40}
        problems = Problems()
        tower = read_vision(Config(pathlib.Path("config.json"), config, problems))
        weights = self.weights(model, vision_tensors(tower), own_names(tower, ""), problems)
        size = tower.image_size
        pixels = self.generator.integers(0, 256, (5, size, size, 3), dtype=np.uint8)
        preprocessing = Preprocessing(size, SHORTEST_EDGE, MEAN, DEVIATION)
        floats = np.stack([preprocessing.normalised(each) for each in pixels])
        with torch.no_grad():
            expected = model.embed_pixels(torch.from_numpy(floats).permute(0, 3, 1, 2)).numpy()
        self.assertLess(np.sort((expected @ expected.T).ravel())[-6], 0.99)  # a test of nothing if all were alike
        self.assertGreater(folders.least_cosine(expected, reference.image_embeddings(tower, weights, list(floats))), FP32)
        for half in (False, True):
            graphs.vision_graph(tower, weights, MEAN, DEVIATION, half).write(self.folder / "image.onnx")
            actual = onnx_in_numpy.run(self.folder / "image.onnx", pixels=pixels)
            self.assert_units(actual, expected, FP16 if half else FP32)

    def test_multilingual_texts_and_their_padding(self) -> None:
        checkpoints, sizes = folders.checkpoints(), make_checkpoints.sizes("tiny")
        problems = Problems()
        configs = [Config(pathlib.Path(name), content, problems) for name, content in (
            ("config.json", {**sizes["distilbert"], "model_type": "distilbert"}), ("sentence", {"max_seq_length": 128}),
            ("pooling", {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True}),
            ("dense", {"in_features": 64, "out_features": 48, "bias": False,
                       "activation_function": "torch.nn.modules.linear.Identity"}))]
        tower = read_distilbert(*configs)
        weights = self.weights(checkpoints.distilbert, distilbert_tensors(tower), ("",), problems)
        dense = self.weights(checkpoints.dense, dense_tensors(48, 64), ("",), problems, "dense.safetensors")
        texts = [[101, *self.generator.integers(104, 4000, length).tolist(), 102] for length in (0, 1, 6, 126)]
        ids, mask = self.padded(texts, 0)
        with torch.no_grad():
            expected = huggingface.embed_sentences(
                checkpoints.distilbert, checkpoints.dense, torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        self.assertGreater(
            folders.least_cosine(expected, reference.distilbert_embeddings(tower, weights, dense, texts)), FP32)
        for half in (False, True):
            graphs.distilbert_graph(tower, weights, dense, half).write(self.folder / "text.onnx")
            together = onnx_in_numpy.run(self.folder / "text.onnx", input_ids=ids, attention_mask=mask)
            self.assert_units(together, expected, FP16 if half else FP32)
            alone = onnx_in_numpy.run(
                self.folder / "text.onnx", input_ids=ids[1:2, :3], attention_mask=mask[1:2, :3])
            self.assertLess(float(np.abs(alone[0] - together[1]).max()), 2e-3 if half else 1e-6)

    def test_clip_texts_end_at_the_first_end_marker(self) -> None:
        sizes = make_checkpoints.sizes("tiny")["text"]
        last = sizes["vocab_size"] - 1
        texts = [[last - 1, *self.generator.integers(0, 1000, length).tolist(), last] for length in (0, 3, 75)]
        for end in (2, last):
            model = folders.checkpoints().clip
            model.text_model.eos_token_id = end
            self.addCleanup(setattr, model.text_model, "eos_token_id", 2)
            problems = Problems()
            content = {"model_type": "clip", "text_config": {**sizes, "eos_token_id": end}, "projection_dim": 48}
            tower = read_clip_text(Config(pathlib.Path("config.json"), content, problems), last, last + 1)
            weights = self.weights(model, clip_text_tensors(tower), own_names(tower, ""), problems)
            for padding in (0, last):
                ids, _mask = self.padded(texts, padding)
                with torch.no_grad():
                    expected = model.embed_ids(torch.from_numpy(ids)).numpy()
                self.assertGreater(
                    folders.least_cosine(expected, reference.clip_text_embeddings(tower, weights, texts)), FP32)
                for half in (False, True):
                    graphs.clip_text_graph(tower, weights, half).write(self.folder / "text.onnx")
                    actual = onnx_in_numpy.run(self.folder / "text.onnx", input_ids=ids)
                    self.assert_units(actual, expected, FP16 if half else FP32)

    def test_the_graphs_need_no_cudnn_and_no_operators_of_one_vendor(self) -> None:
        file = folders.ROOT / "operators.onnx"
        tower = VisionTower(Transformer(64, 2, 4, 128, "quick_gelu", 1e-5), 64, 16, False, 48)
        problems = Problems()
        weights = self.weights(folders.checkpoints().clip, vision_tensors(tower), own_names(tower, ""), problems)
        graphs.vision_graph(tower, weights, MEAN, DEVIATION, False).write(file)
        model = onnx.load(str(file))
        operators = {node.op_type for node in model.graph.node}
        self.assertEqual(set(), {each for each in operators if each.startswith(("Conv", "Reduce", "Arg", "Lp"))})
        self.assertEqual([("", 17)], [(each.domain, each.version) for each in model.opset_import])

    def test_large_models_keep_their_weights_beside_them(self) -> None:
        tower = VisionTower(Transformer(64, 2, 4, 128, "quick_gelu", 1e-5), 64, 16, False, 48)
        weights = self.weights(folders.checkpoints().clip, vision_tensors(tower), own_names(tower, ""), Problems())
        graph = graphs.vision_graph(tower, weights, MEAN, DEVIATION, False)
        pixels = self.generator.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        graph.write(self.folder / "image.onnx")
        inside = onnx_in_numpy.run(self.folder / "image.onnx", pixels=pixels)
        graph.write(self.folder / "large.onnx", external_from_bytes=1000)
        self.assertLess((self.folder / "large.onnx").stat().st_size, (self.folder / "image.onnx").stat().st_size / 5)
        np.testing.assert_array_equal(inside, onnx_in_numpy.run(self.folder / "large.onnx", pixels=pixels))

    def test_numbers_that_are_none_are_refused_by_name(self) -> None:
        tower = VisionTower(Transformer(64, 2, 4, 128, "quick_gelu", 1e-5), 64, 16, False, 48)
        for bad in (float("nan"), float("inf"), 1e6):
            state = folders.checkpoints().clip.state_dict()
            state = {name: tensor.clone() for name, tensor in state.items()}
            state["vision_model.encoder.layers.1.mlp.fc2.weight"][3, 4] = bad
            write_safetensors(self.folder / "bad.safetensors", {name: each.numpy() for name, each in state.items()})
            weights = check_tensors(
                open_checkpoint(self.folder / "bad.safetensors"), "", vision_tensors(tower), own_names(tower, ""), Problems())
            with self.assertRaises(ImportRefused) as refused:
                graphs.vision_graph(tower, weights, MEAN, DEVIATION, True).write(self.folder / "bad.onnx")
            self.assertIn("vision_model.encoder.layers.1.mlp.fc2.weight", str(refused.exception))

    def test_erf_of_the_reference(self) -> None:
        places = np.concatenate([np.linspace(-7, 7, 10_001), [0.0, 1e-9, -30.0, 30.0]])
        expected = np.array([math.erf(x) for x in places])
        self.assertLess(float(np.abs(reference._erf(places) - expected).max()), 1e-12)

    def weights(self, model: torch.nn.Module, expected: dict, own: tuple, problems: Problems, name: str = "w.safetensors"):
        write_safetensors(self.folder / name, make_checkpoints.arrays(model))
        weights = check_tensors(open_checkpoint(self.folder / name), "", expected, own, problems)
        problems.raise_any()
        # The names are torch's as well: what we expect, the modules take.
        model.load_state_dict({key: torch.from_numpy(np.array(weights.checkpoint[key].numbers()))
                               for key in weights.checkpoint}, strict=True)
        return weights

    def padded(self, texts: list[list[int]], padding: int) -> tuple[np.ndarray, np.ndarray]:
        longest = max(map(len, texts))
        ids = np.array([each + [padding] * (longest - len(each)) for each in texts], np.int64)
        return ids, np.array([[1] * len(each) + [0] * (longest - len(each)) for each in texts], np.int64)

    def assert_units(self, actual: np.ndarray, expected: np.ndarray, cosine: float) -> None:
        self.assertEqual((np.float32, expected.shape), (actual.dtype, actual.shape))
        self.assertLess(float(np.abs(np.linalg.norm(actual, axis=1) - 1).max()), 1e-5)
        self.assertGreater(folders.least_cosine(actual, expected), cosine)
