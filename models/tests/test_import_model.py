import math
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import folders
import numpy as np
import onnx
import onnx_in_numpy
from folders import imported, read_json, write_json
from golden import TEXTS
from make_checkpoints import (
    CLIP, IMMICH, MULTILINGUAL, MULTILINGUAL_6, MULTILINGUAL_ONNX, QDRANT, SENTENCE_CLIP, SIGLIP, XENOVA, Checkpoints,
    write_reference)
from PIL import Image
from preprocessing import Preprocessing
from tensors import open_checkpoint, write_safetensors


class ImportModelTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.bundle = self.folder / "bundle"

    def copy(self, name: str) -> pathlib.Path:
        return pathlib.Path(shutil.copytree(folders.folder(name), self.folder / f"copy-{name}"))

    def import_both(self, image: pathlib.Path, text: pathlib.Path, *more: str) -> dict:
        status, error = imported("--image", image, "--text", text, "--output", self.bundle, *more)
        self.assertEqual(0, status, error)
        return read_json(self.bundle / "bundle.json")

    def refused(self, image: pathlib.Path, text: pathlib.Path, *more: str) -> str:
        """What is said; nothing may be left behind."""
        before = sorted(self.folder.iterdir())
        status, error = imported("--image", image, "--text", text, "--output", self.bundle, *more)
        self.assertEqual(1, status, error)
        self.assertEqual(before, sorted(self.folder.iterdir()))
        return error

    def test_a_bundle_says_what_the_folders_said(self) -> None:
        manifest = self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL), "--name", "mine")
        self.assertEqual(
            {"formatVersion": 1, "name": "mine", "version": "1", "dimension": 48, "logitScale": 14.2849, "precision": "fp32",
             "golden": "golden.json"},
            {key: value for key, value in manifest.items() if key not in ("image", "text", "source")})
        self.assertEqual({
            "model": "image.onnx", "input": "pixels", "output": "embedding", "size": 64, "resize": "shortest-edge-bicubic",
            "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
            "pixels": "uint8-nhwc"}, manifest["image"])
        self.assertEqual({
            "model": "text.onnx", "inputIds": "input_ids", "attentionMask": "attention_mask", "output": "embedding",
            "pooling": "in-graph", "tokenizer": "tokenizer.json", "maxLength": 128, "lowercase": False}, manifest["text"])
        self.assertEqual(
            (folders.folder(MULTILINGUAL) / "tokenizer.json").read_bytes(), (self.bundle / "tokenizer.json").read_bytes())
        self.assertNotIn(str(self.folder), (self.bundle / "bundle.json").read_text())

    def test_both_layouts_of_clip_give_the_same_files(self) -> None:
        self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL), "--name", "same")
        first = {file.name: file.read_bytes() for file in self.bundle.iterdir() if file.is_file() and file.suffix == ".onnx"}
        shutil.rmtree(self.bundle)
        self.import_both(folders.folder(SENTENCE_CLIP), folders.folder(MULTILINGUAL), "--name", "same")
        self.assertEqual({"image.onnx", "text.onnx"}, set(first))
        for name, content in first.items():
            self.assertEqual(content, (self.bundle / name).read_bytes(), name)

    def test_golden_vectors_are_torchs_and_the_graphs_reach_them(self) -> None:
        for precision, declared, cosine in (("fp32", 0.9999, 0.999999), ("fp16", 0.999, 0.9999)):
            self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL), "--precision", precision)
            golden = read_json(self.bundle / "golden.json")
            self.assertEqual((1, declared), (golden["formatVersion"], golden["cosine"]))
            self.assertEqual(8, len(golden["pictures"]))
            self.assertEqual(list(TEXTS), [each["text"] for each in golden["texts"]])
            self.assertEqual([101, 102], golden["texts"][-1]["tokens"])
            self.assertIn(128, [len(each["tokens"]) for each in golden["texts"]])
            reference = self.folder / "reference.json"
            write_reference(folders.checkpoints(), folders.folder(CLIP).parent, reference, CLIP, MULTILINGUAL)
            torchs = read_json(reference)
            self.assert_items_agree(torchs["pictures"], golden["pictures"], lambda each: pathlib.Path(each["file"]).name)
            self.assert_items_agree(torchs["texts"], golden["texts"], lambda each: each["text"])
            self.assert_graphs_reach(golden, cosine)
            shutil.rmtree(self.bundle)
            shutil.rmtree(self.folder / "reference-pictures")
            reference.unlink()

    def assert_items_agree(self, torchs: list, ours: list, key) -> None:
        expected = {key(each): folders.decoded(each["embedding"]) for each in torchs}
        for each in ours:
            self.assertGreater(
                folders.least_cosine(expected[key(each)][None], folders.decoded(each["embedding"])[None]), 0.999999, key(each))

    def assert_graphs_reach(self, golden: dict, cosine: float) -> None:
        preprocessing = Preprocessing(64, "shortest-edge-bicubic", [0.0] * 3, [1.0] * 3)
        for each in golden["pictures"]:
            pixels = preprocessing.pixels(Image.open(self.bundle / each["file"]))
            actual = onnx_in_numpy.run(self.bundle / "image.onnx", pixels=pixels[None])
            self.assertGreater(folders.least_cosine(folders.decoded(each["embedding"])[None], actual), cosine, each["file"])
        for each in golden["texts"]:
            ids = np.array([each["tokens"]], np.int64)
            actual = onnx_in_numpy.run(self.bundle / "text.onnx", input_ids=ids, attention_mask=np.ones_like(ids))
            self.assertGreater(folders.least_cosine(folders.decoded(each["embedding"])[None], actual), cosine, each["text"])

    def test_fp16_takes_half_the_room(self) -> None:
        sizes = {}
        for precision in ("fp32", "fp16"):
            manifest = self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL), "--precision", precision)
            self.assertEqual(precision, manifest["precision"])
            sizes[precision] = (self.bundle / "text.onnx").stat().st_size
            model = onnx.load(str(self.bundle / "image.onnx"))
            self.assertEqual(onnx.TensorProto.FLOAT, model.graph.output[0].type.tensor_type.elem_type)
            shutil.rmtree(self.bundle)
        self.assertLess(sizes["fp16"], 0.56 * sizes["fp32"])

    def test_clips_own_text_tower_and_siglip(self) -> None:
        manifest = self.import_both(folders.folder(CLIP), folders.folder(CLIP))
        self.assertEqual((77, True), (manifest["text"]["maxLength"], manifest["text"]["lowercase"]))
        self.assertNotIn("attentionMask", manifest["text"])
        for each in read_json(self.bundle / "golden.json")["texts"][:6]:
            actual = onnx_in_numpy.run(self.bundle / "text.onnx", input_ids=np.array([each["tokens"]], np.int64))
            self.assertGreater(folders.least_cosine(folders.decoded(each["embedding"])[None], actual), 0.999999)
        text = self.multilingual_of_width_64()
        shutil.rmtree(self.bundle)
        manifest = self.import_both(folders.folder(SIGLIP), text)
        self.assertEqual(("square-bicubic", [0.5] * 3), (manifest["image"]["resize"], manifest["image"]["std"]))
        self.assertNotIn("logitScale", manifest)
        preprocessing = Preprocessing(64, "square-bicubic", [0.0] * 3, [1.0] * 3)
        for each in read_json(self.bundle / "golden.json")["pictures"]:
            pixels = preprocessing.pixels(Image.open(self.bundle / each["file"]))
            actual = onnx_in_numpy.run(self.bundle / "image.onnx", pixels=pixels[None])
            self.assertGreater(folders.least_cosine(folders.decoded(each["embedding"])[None], actual), 0.999999)

    def test_what_sentence_transformers_6_saves_gives_the_same_bundle(self) -> None:
        files = ("text.onnx", "tokenizer.json", "golden.json")
        expected = self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL))
        bytes_of = {name: (self.bundle / name).read_bytes() for name in files}
        shutil.rmtree(self.bundle)
        found = self.import_both(folders.folder(CLIP), folders.folder(MULTILINGUAL_6))
        self.assertEqual(expected["text"], found["text"])
        self.assertEqual(bytes_of, {name: (self.bundle / name).read_bytes() for name in files})

    def test_the_length_of_texts_ends_with_the_positions_where_the_tokenizer_has_no_limit(self) -> None:
        text = self.copy(MULTILINGUAL_6)
        write_json(text / "tokenizer_config.json", {"model_max_length": int(1e30)})
        self.assertEqual(512, self.import_both(folders.folder(CLIP), text)["text"]["maxLength"])

    def test_a_length_that_no_file_tells_is_refused(self) -> None:
        text = self.copy(MULTILINGUAL_6)
        write_json(text / "tokenizer_config.json", {"do_lower_case": False})
        self.assertIn(
            "tokenizer_config.json: model_max_length is missing, expected", self.refused(folders.folder(CLIP), text))
        (text / "tokenizer_config.json").unlink()
        self.assertIn(f"missing file: {text}/tokenizer_config.json", self.refused(folders.folder(CLIP), text))

    def test_the_scale_of_a_softmax_is_clips_own(self) -> None:
        image = self.copy(CLIP)
        tensors = {name: np.array(each.numbers()) for name, each in open_checkpoint(image / "model.safetensors").items()}
        for stored, expected in ((4.6052, 100.003), (math.log(1 / 0.07), 14.2857)):
            write_safetensors(image / "model.safetensors", {**tensors, "logit_scale": np.array(stored, np.float32)})
            self.assertEqual(expected, self.import_both(image, folders.folder(MULTILINGUAL))["logitScale"])
            shutil.rmtree(self.bundle)
        for wrong in (np.array(7.0), np.array(np.nan), np.array([1.0, 2.0])):
            write_safetensors(image / "model.safetensors", {**tensors, "logit_scale": wrong.astype(np.float32)})
            self.assertRegex(
                self.refused(image, folders.folder(MULTILINGUAL)), "tensor logit_scale is .+, expected one number")
        del tensors["logit_scale"]
        write_safetensors(image / "model.safetensors", tensors)
        self.assertNotIn("logitScale", self.import_both(image, folders.folder(MULTILINGUAL)))

    def multilingual_of_width_64(self) -> pathlib.Path:
        text = self.copy(MULTILINGUAL)
        config = read_json(text / "2_Dense/config.json")
        write_json(text / "2_Dense/config.json", {**config, "out_features": 64})
        (text / "2_Dense/pytorch_model.bin").unlink()
        write_safetensors(text / "2_Dense/model.safetensors", {"linear.weight": np.eye(64, dtype=np.float32)})
        return text

    def test_exports_are_taken_as_they_are(self) -> None:
        for image, text, expected_image, expected_text in (
                (QDRANT, MULTILINGUAL_ONNX, {"model": "image/model.onnx", "input": "pixel_values", "output": "image_embeds"},
                 {"model": "text/model.onnx", "inputIds": "input_ids", "attentionMask": "attention_mask", "maxLength": 128,
                  "output": "last_hidden_state", "pooling": "mean", "dense": "dense.safetensors"}),
                (XENOVA, XENOVA, {"model": "image/vision_model.onnx", "input": "pixel_values", "output": "image_embeds"},
                 {"model": "text/text_model.onnx", "inputIds": "input_ids", "output": "text_embeds", "pooling": "in-graph",
                  "maxLength": 77}),
                (IMMICH, IMMICH, {"model": "image/model.onnx", "input": "image", "output": "embedding"},
                 {"model": "text/model.onnx", "inputIds": "text", "output": "embedding", "pooling": "in-graph",
                  "padding": "max-length", "maxLength": 77})):
            with self.subTest(image):
                manifest = self.import_both(folders.folder(image), folders.folder(text))
                for section, expected in (("image", expected_image), ("text", expected_text)):
                    found = manifest[section]
                    self.assertEqual(expected, {key: found.get(key) for key in expected})
                    self.assertIs(False, found["normalised"])
                    file = self.bundle / found["model"]
                    original = next((folders.folder(image if section == "image" else text)).glob(
                        f"**/{'textual' if (section, text) == ('text', IMMICH) else ''}/{file.name}".replace("//", "/")))
                    self.assertEqual(original.read_bytes(), file.read_bytes())
                self.assertEqual(("float32-nchw", 64, 48), (
                    manifest["image"]["pixels"], manifest["image"]["size"], manifest["dimension"]))
                self.assertFalse({"golden", "precision"} & set(manifest))
                shutil.rmtree(self.bundle)

    def test_dense_of_an_export_is_converted(self) -> None:
        self.import_both(folders.folder(QDRANT), folders.folder(MULTILINGUAL_ONNX))
        dense = open_checkpoint(self.bundle / "dense.safetensors")
        np.testing.assert_array_equal(
            folders.checkpoints().dense.linear.weight.detach().numpy(), dense["linear.weight"].numbers())

    def test_weights_go_before_exports_unless_asked(self) -> None:
        both = self.copy(CLIP)
        shutil.copytree(folders.folder(XENOVA) / "onnx", both / "onnx")
        manifest = self.import_both(both, both)
        self.assertEqual(("image.onnx", "text.onnx"), (manifest["image"]["model"], manifest["text"]["model"]))
        shutil.rmtree(self.bundle)
        manifest = self.import_both(both, both, "--onnx")
        self.assertEqual("image/vision_model.onnx", manifest["image"]["model"])
        # The weights beside it still give golden vectors.
        self.assertEqual("golden.json", manifest["golden"])
        self.assertEqual(8, len(read_json(self.bundle / "golden.json")["pictures"]))
        shutil.rmtree(self.bundle)
        self.assertIn("--precision", self.refused(both, both, "--onnx", "--precision", "fp16"))
        self.assertIn("no ONNX export", self.refused(folders.folder(CLIP), both, "--onnx"))

    def test_weights_of_an_export_in_other_files_come_along(self) -> None:
        image = self.copy(QDRANT)
        model = onnx.load(str(image / "model.onnx"))
        onnx.save(model, str(image / "model.onnx"), save_as_external_data=True, location="model.onnx_data", size_threshold=64)
        self.import_both(image, folders.folder(MULTILINGUAL))
        self.assertEqual((image / "model.onnx_data").read_bytes(), (self.bundle / "image/model.onnx_data").read_bytes())
        shutil.rmtree(self.bundle)
        (image / "model.onnx_data").unlink()
        self.assertIn("model.onnx_data", self.refused(image, folders.folder(MULTILINGUAL)))

    def test_damaged_exports_are_refused(self) -> None:
        image = self.copy(QDRANT)
        for content in (b"", b"no model", (image / "model.onnx").read_bytes()[:-100]):
            (image / "model.onnx").write_bytes(content)
            self.assertIn("model.onnx", self.refused(image, folders.folder(MULTILINGUAL)))

    def test_an_export_of_another_size_or_with_other_inputs_is_refused(self) -> None:
        image = self.copy(QDRANT)
        config = read_json(image / "preprocessor_config.json")
        write_json(image / "preprocessor_config.json", {**config, "size": 32, "crop_size": 32})
        self.assertIn("[-1, 3, 32, 32]", self.refused(image, folders.folder(MULTILINGUAL)))
        write_json(image / "preprocessor_config.json", config)
        model = onnx.load(str(image / "model.onnx"))
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
        onnx.save(model, str(image / "model.onnx"))
        self.assertIn("takes pixel_values FLOAT [1, 3, 64, 64]", self.refused(image, folders.folder(MULTILINGUAL)))
        text = self.copy(MULTILINGUAL_ONNX)
        model = onnx.load(str(text / "onnx/model.onnx"))
        model.graph.input.append(onnx.helper.make_tensor_value_info("token_type_ids", onnx.TensorProto.INT64, ("b", "l")))
        onnx.save(model, str(text / "onnx/model.onnx"))
        self.assertIn("token_type_ids", self.refused(folders.folder(CLIP), text))

    def test_everything_that_is_missing_is_named_at_once(self) -> None:
        image, text = self.folder / "image", self.folder / "text"
        image.mkdir()
        text.mkdir()
        (image / "config.json").write_text("{}")
        shutil.copy(folders.folder(MULTILINGUAL) / "modules.json", text)
        error = self.refused(image, text)
        for name in ("image/preprocessor_config.json", "image/model.safetensors or pytorch_model.bin", "text/config.json",
                     "text/sentence_bert_config.json", "text/tokenizer.json", "text/1_Pooling/config.json",
                     "text/2_Dense/config.json", "text/2_Dense/model.safetensors"):
            self.assertIn(f"missing file: {self.folder}/{name}", error)

    def test_missing_and_surplus_tensors_are_named(self) -> None:
        image = self.copy(CLIP)
        tensors = {name: np.array(each.numbers()) for name, each in open_checkpoint(image / "model.safetensors").items()}
        layer = "vision_model.encoder.layers."
        del tensors[f"{layer}0.mlp.fc1.bias"], tensors["visual_projection.weight"]
        tensors[f"{layer}1.layer_norm1.weight"] = np.zeros(63, np.float32)
        tensors[f"{layer}2.mlp.fc1.bias"] = np.zeros(128, np.float32)
        tensors["another_tower.weight"] = np.zeros(3, np.float32)
        write_safetensors(image / "model.safetensors", tensors)
        error = self.refused(image, folders.folder(MULTILINGUAL))
        self.assertIn(f"missing tensor {layer}0.mlp.fc1.bias of shape [128]", error)
        self.assertIn("missing tensor visual_projection.weight of shape [48, 64]", error)
        self.assertIn(f"{layer}1.layer_norm1.weight has the shape [63], expected [64]", error)
        self.assertIn(f"{layer}2.mlp.fc1.bias of shape [128] is not part of the tower", error)
        self.assertNotIn("another_tower", error)

    def test_fields_that_are_not_understood_are_named_with_their_values(self) -> None:
        for file, path, value in (
                ("config.json", "model_type", "blip"), ("config.json", "vision_config.hidden_act", "relu"),
                ("config.json", "vision_config.num_channels", 4), ("config.json", "vision_config.num_attention_heads", 5),
                ("config.json", "vision_config.hidden_size", "64"), ("config.json", "projection_dim", 0),
                ("config.json", "vision_config", 7), ("preprocessor_config.json", "resample", 2),
                ("preprocessor_config.json", "do_center_crop", False), ("preprocessor_config.json", "crop_size", 60),
                ("preprocessor_config.json", "size", {"longest_edge": 64}),
                ("preprocessor_config.json", "image_mean", [0.5]), ("preprocessor_config.json", "image_std", [0.5, 0, 1]),
                ("preprocessor_config.json", "rescale_factor", 0.5), ("preprocessor_config.json", "do_normalize", False)):
            with self.subTest(f"{file} {path}"):
                self.assert_field_refused(CLIP, file, path, value, image=True)
        for file, path, value in (
                ("config.json", "model_type", "bert"), ("config.json", "activation", "relu"), ("config.json", "n_heads", 7),
                ("sentence_bert_config.json", "max_seq_length", 2), ("sentence_bert_config.json", "max_seq_length", 513),
                ("sentence_bert_config.json", "processing_kwargs", {"text": {"max_length": 7}}),
                ("1_Pooling/config.json", "word_embedding_dimension", 32), ("1_Pooling/config.json", "pooling_mode", "max"),
                ("1_Pooling/config.json", "pooling_mode_mean_tokens", False),
                ("1_Pooling/config.json", "pooling_mode_cls_token", True), ("2_Dense/config.json", "bias", True),
                ("2_Dense/config.json", "activation_function", "torch.nn.modules.activation.Tanh"),
                ("2_Dense/config.json", "in_features", 32)):
            with self.subTest(f"{file} {path}"):
                self.assert_field_refused(MULTILINGUAL, file, path, value, image=False)
        for file, path, value in (
                ("tokenizer_config.json", "model_max_length", 2), ("tokenizer_config.json", "model_max_length", "128"),
                ("sentence_bert_config.json", "transformer_task", "fill-mask"),
                ("1_Pooling/config.json", "embedding_dimension", 32), ("1_Pooling/config.json", "pooling_mode", ["mean", "max"]),
                ("1_Pooling/config.json", "pooling_mode_cls_token", True), ("2_Dense/config.json", "use_residual", True),
                ("2_Dense/config.json", "module_input_name", "token_embeddings")):
            with self.subTest(f"of sentence-transformers 6, {file} {path}"):
                self.assert_field_refused(MULTILINGUAL_6, file, path, value, image=False)
        for path, value in (("text_config.eos_token_id", 5), ("text_config.hidden_act", "relu")):
            with self.subTest(path):
                self.assert_field_refused(CLIP, "config.json", path, value, image=False)

    def assert_field_refused(self, name: str, file: str, path: str, value: object, image: bool) -> None:
        copy = self.folder / "changed"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folders.folder(name), copy)
        content = read_json(copy / file)
        *outer, field = path.split(".")
        inner = content
        for each in outer:
            inner = inner[each]
        inner[field] = value
        write_json(copy / file, content)
        error = self.refused(copy, folders.folder(MULTILINGUAL)) if image else self.refused(folders.folder(CLIP), copy)
        self.assertRegex(error, rf"{copy / file}: {path.replace('.', '[.]')} is .+, expected ")

    def test_towers_that_do_not_belong_together_are_refused(self) -> None:
        error = self.refused(folders.folder(SIGLIP), folders.folder(MULTILINGUAL))
        self.assertRegex(error, "gives 64 floats, .* 48")

    def test_other_kinds_of_folders_and_tokenizers_are_refused(self) -> None:
        text = self.copy(MULTILINGUAL)
        modules = read_json(text / "modules.json")
        write_json(text / "modules.json", modules[:2])
        self.assertIn(
            "type is Transformer, Pooling, expected Transformer, Pooling, Dense", self.refused(folders.folder(CLIP), text))
        write_json(text / "modules.json", [*modules[:2], {**modules[2], "path": "../2_Dense"}])
        self.assertIn("../2_Dense leads out", self.refused(folders.folder(CLIP), text))
        write_json(text / "modules.json", modules)
        tokenizer = read_json(text / "tokenizer.json")
        write_json(text / "tokenizer.json", {**tokenizer, "model": {"type": "Unigram", "vocab": []}})
        self.assertIn('model.type is "Unigram"', self.refused(folders.folder(CLIP), text))
        tokenizer["model"]["vocab"]["surplus"] = 4000
        write_json(text / "tokenizer.json", tokenizer)
        self.assertIn("ids up to 4000", self.refused(folders.folder(CLIP), text))
        (text / "tokenizer.json").unlink()
        (text / "vocab.txt").write_text("[PAD]\n")
        self.assertIn("AutoTokenizer", self.refused(folders.folder(CLIP), text))
        self.assertIn("type is Transformer", self.refused(folders.folder(MULTILINGUAL), folders.folder(MULTILINGUAL)))

    def test_wrong_usage_is_one_line_and_exit_2(self) -> None:
        self.bundle.mkdir()
        (self.bundle / "file").touch()
        clip = folders.folder(CLIP)
        for arguments in (
                (), ("--image", clip), ("--image", clip, "--text", clip, "--output", self.bundle),
                ("--image", self.folder / "none", "--text", clip, "--output", self.folder / "new"),
                ("--image", clip, "--text", clip, "--output", self.folder / "new", "--precision", "int8"),
                ("--image", clip, "--text", clip, "--output", self.folder / "new", "--name", " ")):
            status, error = imported(*arguments)
            self.assertEqual(2, status)
            self.assertEqual(1, len(error.splitlines()), error)
        self.assertEqual([self.bundle], list(self.folder.iterdir()))

    def test_the_program_of_bin_imports_without_torch(self) -> None:
        program = ("import sys; sys.modules['torch'] = None; sys.path.insert(0, sys.argv[1]); import import_model; "
                   "sys.exit(import_model.main(sys.argv[2:]))")
        ran = subprocess.run(
            ["/usr/bin/python3", "-c", program, folders.MODELS, "--image", folders.folder(SENTENCE_CLIP),
             "--text", folders.folder(MULTILINGUAL), "--output", self.bundle], capture_output=True, text=True, check=False)
        self.assertEqual(0, ran.returncode, ran.stderr)
        self.assertTrue((self.bundle / "bundle.json").is_file())

    def test_the_same_seed_makes_the_same_checkpoint(self) -> None:
        again = Checkpoints("tiny", folders.SEED).clip.state_dict()
        for name, tensor in folders.checkpoints().clip.state_dict().items():
            np.testing.assert_array_equal(tensor.numpy(), again[name].numpy())
