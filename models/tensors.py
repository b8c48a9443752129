"""Tensors of a checkpoint by name: safetensors files, torch's zip files, and either cut into shards.

Nothing is read before it is asked for, and what is read is mapped, so memory stays at one tensor whatever the file's size.
Sources: the format of safetensors (https://github.com/huggingface/safetensors, "Format"); torch/serialization.py for the zip.
"""

from __future__ import annotations

import collections
import dataclasses
import io
import json
import math
import pathlib
import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from problems import ImportRefused

# Far above any published model's; keep a damaged or hostile file from being taken into memory.
_HEADER_BYTES_MAX = 100 << 20
_PICKLE_BYTES_MAX = 64 << 20

_BFLOAT16 = "bfloat16"
_SAFETENSORS_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": _BFLOAT16, "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U8": "u1", "BOOL": "?",
}
_STORAGE_TYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclasses.dataclass(frozen=True)
class StoredTensor:
    """A tensor where it lies in its file. `strides` count elements."""

    file: pathlib.Path
    name: str
    type: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    def numbers(self) -> np.ndarray:
        """float32 (float64 stays, whole numbers stay), of the tensor's shape; a view of the file where its type allows."""
        is_bfloat16 = self.type == _BFLOAT16
        element = np.dtype("<u2" if is_bfloat16 else self.type)
        # One more than the last element's index.
        span = 1 + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides))
        if 0 in self.shape:
            return np.zeros(self.shape, np.float32)
        flat = np.memmap(self.file, element, "r", self.offset, (span,))
        view = np.lib.stride_tricks.as_strided(
            flat, self.shape, tuple(stride * element.itemsize for stride in self.strides), writeable=False)
        if is_bfloat16:
            return (view.astype(np.uint32) << 16).view(np.float32)
        return view.astype(np.float32) if element == np.float16 else np.asarray(view)


def element_bytes(type_name: str) -> int:
    return 2 if type_name == _BFLOAT16 else np.dtype(type_name).itemsize


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))


class Checkpoint(Mapping[str, StoredTensor]):
    """The tensors of one model, by name."""

    def __init__(self, file: pathlib.Path, tensors: dict[str, StoredTensor]) -> None:
        self.file = file
        self._tensors = tensors

    def __getitem__(self, name: str) -> StoredTensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


# In the order in which they are preferred.
CHECKPOINT_NAMES = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


def find_checkpoint(folder: pathlib.Path) -> pathlib.Path | None:
    """The file with a folder's weights, or None."""
    return next((folder / name for name in CHECKPOINT_NAMES if (folder / name).is_file()), None)


def open_checkpoint(file: pathlib.Path) -> Checkpoint:
    """Reads the table of contents of a checkpoint.

    Raises ImportRefused, naming the file, if it is damaged, of an unknown kind, or holds anything but tensors.
    """
    if file.name.endswith(".index.json"):
        return Checkpoint(file, _read_shards(file))
    if file.suffix == ".safetensors":
        return Checkpoint(file, _read_safetensors(file))
    return Checkpoint(file, _read_torch(file))


def _read_shards(index: pathlib.Path) -> dict[str, StoredTensor]:
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        shards = sorted(set(names.values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ImportRefused(f"{index}: expected an object 'weight_map' from tensor to file: {error!r}") from error
    tensors: dict[str, StoredTensor] = {}
    for name in shards:
        file = index.parent / name
        if pathlib.PurePath(name).name != name or not file.is_file():
            raise ImportRefused(f"{index} names a file that is not beside it: {name}")
        tensors.update(open_checkpoint(file))
    missing = sorted(set(names) - set(tensors))
    if missing:
        raise ImportRefused(f"{index} names tensors that its files do not have: {', '.join(missing)}")
    return tensors


def _read_safetensors(file: pathlib.Path) -> dict[str, StoredTensor]:
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = struct.unpack("<Q", opened.read(8).ljust(8, b"\0"))[0]
        if not 2 <= length <= min(_HEADER_BYTES_MAX, size - 8):
            raise ImportRefused(f"{file} is no safetensors file, or it is cut off: header of {length} bytes in {size}")
        try:
            header = json.loads(opened.read(length))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            return {name: _safetensor(file, name, entry, 8 + length, size) for name, entry in entries.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ImportRefused(f"{file} has a header that cannot be read: {error!r}") from error


def _safetensor(file: pathlib.Path, name: str, entry: dict[str, Any], start: int, size: int) -> StoredTensor:
    type_name = _SAFETENSORS_TYPES.get(entry["dtype"])
    if type_name is None:
        raise ImportRefused(
            f"{file}: {name} has the type {entry['dtype']}, expected one of {', '.join(_SAFETENSORS_TYPES)}")
    shape, (first, end) = tuple(entry["shape"]), entry["data_offsets"]
    needed = math.prod(shape) * element_bytes(type_name)
    if min((*shape, 0)) < 0 or first < 0 or end - first != needed or start + end > size:
        raise ImportRefused(
            f"{file}: {name} should have {needed} bytes, but lies at {first} to {end} of {size - start}: cut off?")
    return StoredTensor(file, name, type_name, shape, contiguous(shape), start + first)


@dataclasses.dataclass(frozen=True)
class _Storage:
    """A storage of torch: a file of the zip."""

    type: str
    key: str
    count: int


@dataclasses.dataclass(frozen=True)
class _Rebuilt:
    """The arguments of torch._utils._rebuild_tensor_v2 that say where a tensor lies."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_ignored: Any) -> _Rebuilt:
    return _Rebuilt(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: _Rebuilt, *_ignored: Any) -> _Rebuilt:
    return tensor


class _TensorsOnly(pickle.Unpickler):
    """Unpickles tables of tensors and nothing else: whatever else a pickle may call is refused by name."""

    _CALLABLE = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    }

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGE_TYPES:
            return _STORAGE_TYPES[name]
        if (module, name) not in self._CALLABLE:
            raise ImportRefused(f"it wants to call {module}.{name}; only tensors are read from a checkpoint")
        return self._CALLABLE[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, type_name, key, _device, count = pid
        if kind != "storage" or not isinstance(type_name, str):
            raise ImportRefused(f"it refers to {pid!r}, expected a storage of torch")
        return _Storage(type_name, str(key), int(count))


def _read_torch(file: pathlib.Path) -> dict[str, StoredTensor]:
    if not zipfile.is_zipfile(file):
        with file.open("rb") as opened:
            start = opened.read(2)
        if start[:1] == b"\x80":
            raise ImportRefused(
                f"{file} has torch's format of before 1.6, which is not read: take model.safetensors, "
                "or load it with torch and save it again")
        raise ImportRefused(f"{file} is no checkpoint of torch, or it is cut off: no zip file")
    try:
        with zipfile.ZipFile(file) as archive:
            return _read_torch_zip(file, archive)
    except ImportRefused as error:
        raise ImportRefused(f"{file}: {error}") from error
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError,
            KeyError, struct.error) as error:
        raise ImportRefused(f"{file} cannot be read: {error!r}") from error


def _read_torch_zip(file: pathlib.Path, archive: zipfile.ZipFile) -> dict[str, StoredTensor]:
    entries = {entry.filename: entry for entry in archive.infolist()}
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ImportRefused("no checkpoint of torch: a zip file without data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in entries and archive.read(f"{root}byteorder") != b"little":
        raise ImportRefused("written on a big-endian machine")
    if entries[pickles[0]].file_size > _PICKLE_BYTES_MAX:
        raise ImportRefused(f"data.pkl has more than {_PICKLE_BYTES_MAX} bytes")
    table = _TensorsOnly(io.BytesIO(archive.read(pickles[0]))).load()
    if not isinstance(table, dict):
        raise ImportRefused(f"expected a table of tensors, found {type(table).__name__}")
    tensors = {}
    with file.open("rb") as opened:
        for name, value in table.items():
            if not isinstance(value, _Rebuilt):
                raise ImportRefused(f"{name} is of type {type(value).__name__}, expected a tensor")
            entry = entries.get(f"{root}data/{value.storage.key}")
            if entry is None:
                raise ImportRefused(f"{name} lies in the storage {value.storage.key}, which is not there")
            tensors[name] = _tensor_in_zip(file, opened, name, value, entry)
    return tensors


def _tensor_in_zip(
        file: pathlib.Path, opened: io.BufferedReader, name: str, tensor: _Rebuilt, entry: zipfile.ZipInfo) -> StoredTensor:
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ImportRefused(f"{name} is compressed, which torch never does")
    size = element_bytes(tensor.storage.type)
    span = tensor.offset + 1 + sum((side - 1) * stride for side, stride in zip(tensor.shape, tensor.strides))
    if (len(tensor.shape) != len(tensor.strides) or min((*tensor.shape, *tensor.strides, tensor.offset)) < 0
            or (0 not in tensor.shape and span * size > entry.file_size)):
        raise ImportRefused(
            f"{name} of shape {list(tensor.shape)} does not fit its storage of {entry.file_size // size} numbers")
    # The data begin behind the local header, whose name and extra field may be longer than the directory's.
    opened.seek(entry.header_offset)
    local = opened.read(30)
    if local[:4] != b"PK\3\4":
        raise ImportRefused(f"{name}: the zip's directory and its entries do not fit")
    name_length, extra_length = struct.unpack("<HH", local[26:30])
    start = entry.header_offset + 30 + name_length + extra_length
    return StoredTensor(file, name, tensor.storage.type, tensor.shape, tensor.strides, start + tensor.offset * size)


def write_safetensors(file: pathlib.Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes float32, float16 and whole-number arrays."""
    names = {np.dtype(type_name): name for name, type_name in _SAFETENSORS_TYPES.items() if type_name != _BFLOAT16}
    header, position = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape),
                        "data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # data begin at a multiple of eight
    with file.open("wb") as opened:
        opened.write(struct.pack("<Q", len(encoded)) + encoded)
        for array in tensors.values():
            opened.write(np.ascontiguousarray(array).data)
