"""Builds an ONNX graph node by node and writes it with one weight in memory at a time.

The onnx package would hold a model twice while it writes it. A protobuf message may be written field after field, so here the
nodes are serialised by that package, and the weights follow one by one. Field numbers: onnx.proto3.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# LayerNormalization came with 17, which is also the newest that Debian's onnx knows.
OPSET = 17
IR_VERSION = 8
PRODUCER = "imagesearch"

# A protobuf message ends at 2 GiB; ONNX keeps larger weights in a file beside the model.
EXTERNAL_FROM_BYTES = (2 << 30) - (64 << 20)
# Weights in an external file begin at multiples of this, so that they can be mapped.
_ALIGNMENT = 4096

_MODEL_GRAPH, _GRAPH_INITIALIZER, _TENSOR_RAW_DATA = 7, 5, 9
_TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float16): TensorProto.FLOAT16}


@dataclasses.dataclass(frozen=True)
class _Weight:
    name: str
    shape: tuple[int, ...]
    type: np.dtype
    load: Callable[[], np.ndarray]

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.type.itemsize


class Graph:
    """An ONNX graph under construction. Values are known by their names."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple, str] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._weights: list[_Weight] = []

    def input(self, name: str, element_type: int, shape: Sequence[int | str]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, element_type, shape))
        return name

    def output(self, value: str, name: str, element_type: int, shape: Sequence[int | str]) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, element_type, shape))

    def node(self, operator: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        """Adds an operator; returns the name of its output, or the names of its outputs."""
        number = len(self._nodes)
        names = [f"{operator}_{number}" + (f"_{index}" if outputs > 1 else "") for index in range(outputs)]
        self._nodes.append(
            helper.make_node(operator, list(inputs), names, name=f"{operator}_{number}", domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values: Any, element_type: Any) -> str:
        """A small constant; the same one is stored once."""
        array = np.asarray(values, element_type)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = name = f"constant_{len(self._constants)}"
            self._initializers.append(numpy_helper.from_array(array, name))
        return self._constants[key]

    def weight(self, name: str, shape: Sequence[int], element_type: Any, load: Callable[[], np.ndarray]) -> str:
        """A weight that is loaded when the file is written."""
        self._weights.append(_Weight(name, tuple(shape), np.dtype(element_type), load))
        return name

    def write(self, file: pathlib.Path, external_from_bytes: int = EXTERNAL_FROM_BYTES) -> None:
        """Writes the model, and beside it `<file>.data` if the weights have `external_from_bytes` or more.

        Raises ImportRefused as the weights' loaders do.
        """
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._initializers)
        model = helper.make_model(
            helper.make_graph([], "", [], []), opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name=PRODUCER, ir_version=IR_VERSION)
        model.ClearField("graph")
        if sum(weight.bytes for weight in self._weights) >= external_from_bytes:
            self._write_external(graph, file.with_name(file.name + ".data"))
            weights = []
        else:
            weights = self._weights
        nodes = graph.SerializeToString()
        heads = [_tensor_head(weight) for weight in weights]
        sizes = [len(head) + weight.bytes for head, weight in zip(heads, weights)]
        length = len(nodes) + sum(len(_key(_GRAPH_INITIALIZER, size)) + size for size in sizes)
        with file.open("wb") as opened:
            opened.write(model.SerializeToString() + _key(_MODEL_GRAPH, length) + nodes)
            for weight, head, size in zip(weights, heads, sizes):
                opened.write(_key(_GRAPH_INITIALIZER, size) + head)
                opened.write(_loaded(weight).data)

    def _write_external(self, graph: onnx.GraphProto, file: pathlib.Path) -> None:
        with file.open("wb") as opened:
            for weight in self._weights:
                opened.seek(-opened.tell() % _ALIGNMENT, 1)
                tensor = graph.initializer.add(
                    name=weight.name, data_type=_TYPES[weight.type], dims=weight.shape,
                    data_location=TensorProto.EXTERNAL)
                for key, value in (("location", file.name), ("offset", opened.tell()), ("length", weight.bytes)):
                    tensor.external_data.add(key=key, value=str(value))
                opened.write(_loaded(weight).data)


def _loaded(weight: _Weight) -> np.ndarray:
    array = np.ascontiguousarray(weight.load())
    if array.shape != weight.shape or array.dtype != weight.type:
        raise AssertionError(f"{weight.name}: {array.shape} {array.dtype}, announced {weight.shape} {weight.type}")
    return array.reshape(-1).view(np.uint8)


def _tensor_head(weight: _Weight) -> bytes:
    tensor = TensorProto(name=weight.name, data_type=_TYPES[weight.type], dims=weight.shape)
    return tensor.SerializeToString() + _key(_TENSOR_RAW_DATA, weight.bytes)


def _key(field: int, length: int) -> bytes:
    """What stands before a length-delimited field."""
    return _varint(field << 3 | 2) + _varint(length)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
