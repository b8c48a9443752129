"""Runs the bundle's ONNX files with torch, operator by operator: Debian has no ONNX Runtime for Python."""

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional

_TYPES = {
    onnx.TensorProto.FLOAT: torch.float32, onnx.TensorProto.FLOAT16: torch.float16,
    onnx.TensorProto.INT64: torch.int64, onnx.TensorProto.INT32: torch.int32, onnx.TensorProto.BOOL: torch.bool,
}


def _convolution(x, weight, bias=None, *, kernel_shape, strides, pads, dilations, group):
    half = len(pads) // 2
    if pads[:half] != pads[half:]:
        raise NotImplementedError(f"unequal padding {pads}")
    run = functional.conv1d if len(kernel_shape) == 1 else functional.conv2d
    return run(x, weight, bias, strides, pads[:half], dilations, group)


def _reduce(operation):
    def run(x, axes, *, keepdims=1, noop_with_empty_axes=0):  # an attribute in most operators, an input in some
        axes = axes.tolist() if isinstance(axes, torch.Tensor) else axes
        return operation(x, dim=tuple(axes), keepdim=bool(keepdims))

    return run


def _unsqueeze(x, axes):
    for axis in sorted(axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def _gather(x, indices, *, axis=0):
    if axis != 0:
        return x.index_select(axis, indices.reshape(-1)).reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return x[indices]


def _gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    product = alpha * (a.T if transA else a) @ (b.T if transB else b)
    return product if c is None else product + beta * c


_OPERATORS = {
    "Add": torch.add,
    "Cast": lambda x, *, to: x.to(_TYPES[to]),
    "Clip": lambda x, low=None, high=None: x.clamp(min=low, max=high),
    "Concat": lambda *parts, axis: torch.cat(parts, axis),
    "Constant": lambda *, value: torch.from_numpy(numpy_helper.to_array(value).copy()),
    "Conv": _convolution,
    "Div": torch.div,
    "Expand": lambda x, shape: x.expand(shape.tolist()),
    "Flatten": lambda x, *, axis=1: x.flatten(axis),
    "Gather": _gather,
    "Gemm": _gemm,
    "Identity": lambda x: x,
    "MatMul": torch.matmul,
    "Mul": torch.mul,
    "ReduceL2": _reduce(lambda x, dim, keepdim: torch.linalg.vector_norm(x, dim=dim, keepdim=keepdim)),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceSum": _reduce(torch.sum),
    "Relu": torch.relu,
    "Reshape": lambda x, shape, *, allowzero=0: x.reshape(
        [x.shape[axis] if side == 0 else side for axis, side in enumerate(shape.tolist())]),
    "Shape": lambda x: torch.tensor(x.shape),
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
    "Transpose": lambda x, *, perm: x.permute(perm),
    "Unsqueeze": _unsqueeze,
}


class OnnxModel:
    """One ONNX file; call it with its inputs as tensors by name, get its one output."""

    def __init__(self, file):
        self._graph = onnx.load(str(file)).graph
        unknown = {node.op_type for node in self._graph.node} - _OPERATORS.keys()
        if unknown:
            raise NotImplementedError(f"{file} has operators that are not known here: {sorted(unknown)}")
        self._constants = {
            each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in self._graph.initializer
        }

    @torch.no_grad()
    def __call__(self, **inputs):
        values = {"": None, **self._constants, **inputs}
        for node in self._graph.node:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            values[node.output[0]] = _OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes)
        return values[self._graph.output[0].name]
