"""Looks into an ONNX file that somebody else exported: its inputs, its outputs, the files in which it keeps weights.

The file is mapped and its weights are stepped over. Field numbers: onnx.proto3.
"""

from __future__ import annotations

import dataclasses
import mmap
import os
import pathlib
import shutil
from collections.abc import Iterator

from onnx import TensorProto, ValueInfoProto

from problems import ImportRefused

_GRAPH, _INITIALIZER, _INPUT, _OUTPUT, _TENSOR_NAME = 7, 5, 11, 12, 8
# A tensor whose weights lie in another file is a name, a shape and a few texts.
_EXTERNAL_TENSOR_BYTES_MAX = 1 << 16
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


@dataclasses.dataclass(frozen=True)
class Value:
    """An input or output; -1 stands for a side of any size."""

    name: str
    element_type: int
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {TensorProto.DataType.Name(self.element_type)} {list(self.shape)}"


@dataclasses.dataclass(frozen=True)
class OnnxExport:
    file: pathlib.Path
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    external: tuple[str, ...]

    def copy_to(self, folder: pathlib.Path) -> str:
        """Puts the file and its weights into a folder, by hard links where that can be; returns the file's name."""
        folder.mkdir()
        for name in (self.file.name, *self.external):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(self.file.parent / name, target)
        return self.file.name


def link_or_copy(source: pathlib.Path, target: pathlib.Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def read_export(file: pathlib.Path) -> OnnxExport:
    """Raises ImportRefused, naming the file, if it is no ONNX model or weights beside it are missing."""
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            with memoryview(content) as whole:
                return _read(file, whole)
    except ImportRefused:
        raise
    except Exception as error:  # protobuf's own errors have no common type over its versions
        raise ImportRefused(f"{file} is no ONNX model, or it is cut off: {error!r}") from error


def _read(file: pathlib.Path, content: memoryview) -> OnnxExport:
    inputs, outputs, initializers, external = [], [], set(), set()
    for number, start, end in _fields(content, 0, len(content)):
        if number != _GRAPH:
            continue
        for kind, first, last in _fields(content, start, end):
            if kind == _INPUT:
                inputs.append(_value(bytes(content[first:last])))
            elif kind == _OUTPUT:
                outputs.append(_value(bytes(content[first:last])))
            elif kind == _INITIALIZER:
                initializers.update(
                    str(content[a:b], "utf-8") for part, a, b in _fields(content, first, last) if part == _TENSOR_NAME)
                if last - first <= _EXTERNAL_TENSOR_BYTES_MAX:
                    tensor = TensorProto.FromString(bytes(content[first:last]))
                    external.update(each.value for each in tensor.external_data if each.key == "location")
    if not inputs or not outputs:
        raise ImportRefused(f"{file} is no ONNX model: it has {len(inputs)} inputs and {len(outputs)} outputs")
    for name in sorted(external):
        path = pathlib.PurePath(name)
        if path.is_absolute() or ".." in path.parts or not (file.parent / name).is_file():
            raise ImportRefused(f"{file} keeps weights in {name}, which is not there")
    # Old exporters list weights among the inputs.
    wanted = tuple(each for each in inputs if each.name not in initializers)
    return OnnxExport(file, wanted, tuple(outputs), tuple(sorted(external)))


def _value(encoded: bytes) -> Value:
    value = ValueInfoProto.FromString(encoded)
    tensor = value.type.tensor_type
    sides = tuple(side.dim_value if side.HasField("dim_value") else -1 for side in tensor.shape.dim)
    return Value(value.name, tensor.elem_type, sides)


def _fields(content: memoryview, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of every length-delimited field of a message."""
    while at < end:
        tag, at = _varint(content, at, end)
        kind = tag & 7
        if kind == 2:
            length, at = _varint(content, at, end)
            if at + length > end:
                raise ValueError(f"a field of {length} bytes where {end - at} are left")
            yield tag >> 3, at, at + length
            at += length
        elif kind == 0:
            _, at = _varint(content, at, end)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")


def _varint(content: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number without an end")
