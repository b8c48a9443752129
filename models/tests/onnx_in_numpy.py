"""Runs our graphs operator by operator with numpy: Debian has no ONNX Runtime for Python. The system tests use the real one."""

from __future__ import annotations

import math
import pathlib
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_TYPES = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16, TensorProto.INT64: np.int64,
          TensorProto.INT32: np.int32}


def _layer_normalization(x: np.ndarray, scale: np.ndarray, bias: np.ndarray, *, axis: int, epsilon: float) -> np.ndarray:
    wide = x.astype(np.float32)
    centred = wide - wide.mean(axis, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis, keepdims=True) + np.float32(epsilon))
    return (normal * scale + bias).astype(x.dtype)


def _softmax(x: np.ndarray, *, axis: int) -> np.ndarray:
    wide = np.exp(x.astype(np.float32) - x.max(axis, keepdims=True).astype(np.float32))
    return (wide / wide.sum(axis, keepdims=True)).astype(x.dtype)


def _slice(x: np.ndarray, starts: np.ndarray, ends: np.ndarray, axes: np.ndarray) -> np.ndarray:
    at = [slice(None)] * x.ndim
    for start, end, axis in zip(starts, ends, axes):
        at[axis] = slice(int(start), int(end))
    return x[tuple(at)]


def _reshape(x: np.ndarray, shape: np.ndarray) -> np.ndarray:
    return x.reshape([x.shape[axis] if side == 0 else int(side) for axis, side in enumerate(shape)])


def _pad(x: np.ndarray, pads: np.ndarray) -> np.ndarray:
    return np.pad(x, list(zip(pads[: x.ndim], pads[x.ndim :])))


def _matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float32) @ b.astype(np.float32)).astype(a.dtype)


_OPERATORS: dict[str, Any] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum, "Neg": np.negative,
    "Sqrt": np.sqrt, "Tanh": np.tanh, "Equal": np.equal, "Identity": lambda x: x, "MatMul": _matmul, "Slice": _slice,
    "Reshape": _reshape, "Pad": _pad, "Softmax": _softmax, "LayerNormalization": _layer_normalization,
    "Sigmoid": lambda x: (1 / (1 + np.exp(-x.astype(np.float32)))).astype(x.dtype),
    "Erf": lambda x: np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype),
    "Cast": lambda x, *, to: x.astype(_TYPES[to]),
    "Transpose": lambda x, *, perm: x.transpose(perm),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(int(axis) for axis in axes)),
    "Gather": lambda x, at, *, axis: np.take(x, at, axis),
    "Shape": lambda x, *, start, end: np.array(x.shape[start:end], np.int64),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis),
    "CumSum": lambda x, axis: np.cumsum(x, int(axis), dtype=x.dtype),
}


def run(file: pathlib.Path, **inputs: np.ndarray) -> np.ndarray:
    """The one output of a checked model."""
    onnx.checker.check_model(str(file), full_check=True)
    graph = onnx.load(str(file)).graph
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for each in graph.input:
        element = helper.tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type) if hasattr(
            helper, "tensor_dtype_to_np_dtype") else onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[each.type.tensor_type.elem_type]
        assert inputs[each.name].dtype == element, f"{each.name}: {inputs[each.name].dtype}, expected {element}"
        values[each.name] = inputs[each.name]
    for node in graph.node:
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        given = [values[name] for name in node.input]
        if node.op_type == "Split":
            values.update(zip(node.output, np.split(given[0], len(node.output), attributes["axis"])))
        else:
            values[node.output[0]] = _OPERATORS[node.op_type](*given, **attributes)
    return values[graph.output[0].name]
