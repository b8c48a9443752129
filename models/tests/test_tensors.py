import json
import os
import pathlib
import pickle
import struct
import tempfile
import unittest
import zipfile

import folders
import numpy as np
import torch
from make_checkpoints import CLIP, SENTENCE_CLIP
from problems import ImportRefused
from tensors import open_checkpoint, write_safetensors


class Harmful:
    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


class TensorsTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_both_formats_give_the_same_tensors(self) -> None:
        safe = open_checkpoint(folders.folder(CLIP) / "model.safetensors")
        zipped = open_checkpoint(folders.folder(SENTENCE_CLIP) / "0_CLIPModel/pytorch_model.bin")
        self.assertEqual(sorted(safe), sorted(zipped))
        self.assertGreater(len(safe), 70)
        for name, tensor in safe.items():
            self.assertEqual(tensor.shape, zipped[name].shape)
            np.testing.assert_array_equal(tensor.numbers(), zipped[name].numbers(), name)
            np.testing.assert_array_equal(folders.checkpoints().clip.state_dict()[name].numpy(), tensor.numbers(), name)

    def test_torch_files_may_hold_views_other_types_and_parameters(self) -> None:
        whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        tensors = {
            "transposed": whole.T, "column": whole[1:, 2], "part": whole[2:, 1:5], "parameter": torch.nn.Parameter(whole),
            "half": whole.half(), "bfloat": torch.tensor([1.0, -3.5, 1e30]).bfloat16(), "double": whole.double(),
            "whole": torch.arange(3), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3),
        }
        torch.save(tensors, self.folder / "pytorch_model.bin")
        read = open_checkpoint(self.folder / "pytorch_model.bin")
        for name, tensor in tensors.items():
            expected = tensor.detach().float().numpy() if tensor.is_floating_point() else tensor.numpy()
            np.testing.assert_array_equal(expected, read[name].numbers(), name)

    def test_safetensors_in_half_precisions(self) -> None:
        values = np.array([[1.0, -2.5, 0.125]], np.float32)
        write_safetensors(self.folder / "half.safetensors", {"a": values.astype(np.float16)})
        np.testing.assert_array_equal(values, open_checkpoint(self.folder / "half.safetensors")["a"].numbers())
        header = json.dumps({"a": {"dtype": "BF16", "shape": [1, 3], "data_offsets": [0, 6]}}).encode()
        content = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
        (self.folder / "bf16.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + content)
        np.testing.assert_array_equal(values, open_checkpoint(self.folder / "bf16.safetensors")["a"].numbers())

    def test_shards_are_one_checkpoint(self) -> None:
        write_safetensors(self.folder / "one.safetensors", {"a": np.zeros(2, np.float32)})
        write_safetensors(self.folder / "two.safetensors", {"b": np.ones(3, np.float32)})
        index = self.folder / "model.safetensors.index.json"
        folders.write_json(index, {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})
        self.assertEqual([3], list(open_checkpoint(index)["b"].numbers().shape))
        for names, expected in (({"c": "two.safetensors"}, "c"), ({"a": "../one.safetensors"}, "../one.safetensors"),
                                ({"a": "three.safetensors"}, "three.safetensors")):
            folders.write_json(index, {"weight_map": names})
            self.assert_refused(index, expected)

    def test_a_pickle_that_calls_something_is_refused_by_name_and_nothing_runs(self) -> None:
        trace = self.folder / "trace"
        torch.save({"a": Harmful(str(trace))}, self.folder / "pytorch_model.bin")
        self.assert_refused(self.folder / "pytorch_model.bin", f"{os.system.__module__}.system")
        self.assertFalse(trace.exists())

    def test_what_is_no_table_of_tensors_is_refused(self) -> None:
        for content, expected in (({"a": 3}, "a is of type int"), ([torch.zeros(2)], "list"),
                                  (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear")):
            torch.save(content, self.folder / "pytorch_model.bin")
            self.assert_refused(self.folder / "pytorch_model.bin", expected)

    def test_the_format_before_zip_is_refused_with_what_to_do(self) -> None:
        torch.save({"a": torch.zeros(2)}, self.folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
        self.assert_refused(self.folder / "pytorch_model.bin", "before 1.6")

    def test_damaged_files_are_refused(self) -> None:
        torch.save({"a": torch.zeros(1000)}, self.folder / "whole.bin")
        content = (self.folder / "whole.bin").read_bytes()
        for name, damaged in (("cut.bin", content[: len(content) // 2]), ("empty.bin", b""), ("text.bin", b"version https")):
            (self.folder / name).write_bytes(damaged)
            self.assert_refused(self.folder / name, "cut off")
        write_safetensors(self.folder / "whole.safetensors", {"a": np.zeros(1000, np.float32)})
        content = (self.folder / "whole.safetensors").read_bytes()
        for name, damaged, expected in (
                ("cut.safetensors", content[:-1], "cut off"), ("short.safetensors", content[:20], "cut off"),
                ("empty.safetensors", b"", "no safetensors"),
                ("long.safetensors", struct.pack("<Q", 1 << 60) + content[8:], "header of"),
                ("json.safetensors", content[:8] + b"!" + content[9:], "cannot be read"),
                ("type.safetensors", content.replace(b'"F32"', b'"X32"'), "X32"),
                ("shape.safetensors", content.replace(b"[1000]", b"[9999]"), "39996 bytes")):
            (self.folder / name).write_bytes(damaged)
            self.assert_refused(self.folder / name, expected)

    def test_a_tensor_beyond_its_storage_is_refused(self) -> None:
        torch.save({"a": torch.zeros(10, 2)}, self.folder / "whole.bin")
        with zipfile.ZipFile(self.folder / "whole.bin") as whole, zipfile.ZipFile(self.folder / "small.bin", "w") as small:
            for entry in whole.infolist():
                content = whole.read(entry)
                small.writestr(entry.filename, content[:72] if entry.filename.endswith("data/0") else content)
        self.assert_refused(self.folder / "small.bin", "18 numbers")
        with zipfile.ZipFile(self.folder / "whole.bin") as whole, zipfile.ZipFile(
                self.folder / "packed.bin", "w", zipfile.ZIP_DEFLATED) as packed:
            for entry in whole.infolist():
                packed.writestr(entry.filename, whole.read(entry))
        self.assert_refused(self.folder / "packed.bin", "compressed")

    def test_a_zip_of_something_else_is_refused(self) -> None:
        with zipfile.ZipFile(self.folder / "other.bin", "w") as other:
            other.writestr("readme.txt", "none")
        self.assert_refused(self.folder / "other.bin", "data.pkl")
        with zipfile.ZipFile(self.folder / "storage.bin", "w") as other:
            other.writestr("archive/data.pkl", pickle.dumps({"a": 1}))
        self.assert_refused(self.folder / "storage.bin", "int")

    def assert_refused(self, file: pathlib.Path, expected: str) -> None:
        with self.assertRaises(ImportRefused) as refused:
            open_checkpoint(file)
        self.assertIn(expected, str(refused.exception))
        self.assertIn(file.name, str(refused.exception))
