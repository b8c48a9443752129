#!/usr/bin/python3
"""Makes the tiny ONNX models of the tests of model bundles: right ones, and each of the wrong ones.

Usage: make_models.py [DIR]       writes src/test/resources/models unless told otherwise

A right image model takes uint8 [batch, SIZE, SIZE, 3] and gives the mean colour plus one, a right text model the sum of ids,
the count of tokens and one, both scaled to length 1. Models named foreign-* have the layouts of other people's exports. Made with Debian's python3-onnx 1.12; the same gives the same files.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 4
DIMENSION = 3
OPSET = 13


def write(target, name, nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="make_models.py")
    model.ir_version = 8
    (target / name).write_bytes(model.SerializeToString(deterministic=True))


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)


def image(
    target,
    name,
    *,
    input_name="pixels",
    kind=TensorProto.UINT8,
    shape=("batch", SIZE, SIZE, 3),
    output_name="embedding",
    output_shape=("batch", DIMENSION),
    ending="scaled",
    weights=None,
):
    axes = [2, 3] if shape[1] == 3 else [1, 2]
    nodes = [
        helper.make_node("Cast", [input_name], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("Add", ["mean", "one"], ["positive"]),
    ]
    nodes += {
        "scaled": [helper.make_node("LpNormalization", ["positive"], [output_name], axis=1, p=2)],
        "raw": [helper.make_node("Identity", ["positive"], [output_name])],
        "nan": [helper.make_node("Neg", ["positive"], ["negative"]), helper.make_node("Sqrt", ["negative"], [output_name])],
        # How many pictures the run has, and one twice.
        "batch": [
            helper.make_node("Shape", [input_name], ["shape"]),
            helper.make_node("Gather", ["shape", "first"], ["count"], axis=0),
            helper.make_node("Cast", ["count"], ["count_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["count_float", "column"], ["row"]),
            helper.make_node("Mul", ["positive", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "one"], ["ones"]),
            helper.make_node("Add", ["ones", "row"], ["told"]),
            helper.make_node("LpNormalization", ["told"], [output_name], axis=1, p=2),
        ],
        "wide": [
            helper.make_node("Concat", ["positive", "positive"], ["wide"], axis=1),
            helper.make_node("LpNormalization", ["wide"], [output_name], axis=1, p=2),
        ],
        "secretly wide": [
            # How often the colours are repeated is computed from the input, so that no shape inference sees it.
            helper.make_node("Shape", ["positive"], ["shape"]),
            helper.make_node("Div", ["shape", "shape"], ["ones"]),
            helper.make_node("Add", ["ones", "once_more"], ["repeats"]),
            helper.make_node("Tile", ["positive", "repeats"], ["wide"]),
            helper.make_node("LpNormalization", ["wide"], [output_name], axis=1, p=2),
        ],
    }[ending]
    inputs = [tensor(input_name, kind, shape)]
    outputs = [tensor(output_name, TensorProto.FLOAT, output_shape)]
    constants = [weights or constant("one", np.ones(DIMENSION))]
    if ending == "secretly wide":
        constants.append(numpy_helper.from_array(np.array([0, 1], dtype=np.int64), "once_more"))
    if ending == "batch":
        constants += [constant("zero", [0]), constant("column", [1, 0, 0]),
                      numpy_helper.from_array(np.array([0], dtype=np.int64), "first")]
    write(target, name, nodes, inputs, outputs, constants)


def text(target, name, *, kind=TensorProto.INT64, shape=("batch", "length"), extra=False, ending="scaled"):
    nodes = [
        helper.make_node("Mul", ["input_ids", "attention_mask"], ["kept"]),
        helper.make_node("Cast", ["kept"], ["kept_floats"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["mask_floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["kept_floats", "axis"], ["sum"], keepdims=1),
        helper.make_node("ReduceSum", ["mask_floats", "axis"], ["count"], keepdims=1),
        helper.make_node("Div", ["count", "count"], ["one"]),
        helper.make_node("Concat", ["sum", "count", "one"], ["all"], axis=1),
    ]
    nodes += {
        "scaled": [helper.make_node("LpNormalization", ["all"], ["embedding"], axis=1, p=2)],
        "raw": [helper.make_node("Identity", ["all"], ["embedding"])],
        # Texts of the run, their length, and one.
        "shape": [
            helper.make_node("Shape", ["input_ids"], ["shape"]),
            helper.make_node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["one", "sizes"], ["rows"]),
            helper.make_node("Concat", ["rows", "one"], ["told"], axis=1),
            helper.make_node("LpNormalization", ["told"], ["embedding"], axis=1, p=2),
        ],
    }[ending]
    inputs = [tensor("input_ids", kind, shape), tensor("attention_mask", kind, shape)]
    if extra:
        inputs.append(tensor("token_type_ids", kind, shape))
    outputs = [tensor("embedding", TensorProto.FLOAT, ("batch", DIMENSION))]
    write(target, name, nodes, inputs, outputs, [numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")])


def foreign_image(target, name, *, half=False, both_rank_two=False):
    """Floats, channels first; gives the mean of each channel, not scaled, and the pixels themselves as a second output."""
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Cast", ["mean"], ["image_embeds"], to=kind),
        helper.make_node("Identity", ["mean"], ["pooled"]) if both_rank_two
        else helper.make_node("ReduceMean", ["pixel_values"], ["last_hidden_state"], axes=[3], keepdims=0),
    ]
    second = tensor("pooled", TensorProto.FLOAT, ("batch", DIMENSION)) if both_rank_two \
        else tensor("last_hidden_state", TensorProto.FLOAT, ("batch", DIMENSION, SIZE))
    inputs = [tensor("pixel_values", TensorProto.FLOAT, ("batch", 3, SIZE, SIZE))]
    write(target, name, nodes, inputs, [tensor("image_embeds", kind, ("batch", DIMENSION)), second])


def foreign_text_of_fixed_length(target, name, length):
    """int32 ids alone, padded; gives the first id, the last one and one, not scaled."""
    nodes = [
        helper.make_node("Cast", ["text"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["floats", "first"], ["first_id"], axis=1),
        helper.make_node("Gather", ["floats", "last"], ["last_id"], axis=1),
        helper.make_node("Mul", ["last_id", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["ones"]),
        helper.make_node("Concat", ["first_id", "last_id", "ones"], ["embedding"], axis=1),
    ]
    positions = [numpy_helper.from_array(np.array([at], dtype=np.int64), name)
                 for name, at in (("first", 0), ("last", length - 1))]
    numbers = [constant("zero", [0]), constant("one", [1])]
    write(target, name, nodes, [tensor("text", TensorProto.INT32, ("batch", length))],
          [tensor("embedding", TensorProto.FLOAT, ("batch", DIMENSION))], positions + numbers)


def foreign_tokens(target, name, width="two"):
    """Gives two floats per token and leaves pooling to others: its id, and one, padding included."""
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["mask", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["ones"]),
        helper.make_node("Unsqueeze", ["ids", "axis"], ["id_column"]),
        helper.make_node("Unsqueeze", ["ones", "axis"], ["one_column"]),
        helper.make_node("Concat", ["id_column", "one_column"], ["both"], axis=2),
    ]
    if width == "two":
        nodes.append(helper.make_node("Identity", ["both"], ["token_embeddings"]))
    else:  # repeated as often as is computed from the input, so that no shape inference sees it
        nodes += [
            helper.make_node("Shape", ["both"], ["shape"]),
            helper.make_node("Div", ["shape", "shape"], ["repeats"]),
            helper.make_node("Tile", ["both", "repeats"], ["token_embeddings"]),
        ]
    inputs = [tensor(each, TensorProto.INT64, ("batch", "length")) for each in ("input_ids", "attention_mask")]
    weights = [constant("zero", [0]), constant("one", [1]),
               numpy_helper.from_array(np.array([2], dtype=np.int64), "axis")]
    write(target, name, nodes, inputs,
          [tensor("token_embeddings", TensorProto.FLOAT, ("batch", "length", 2 if width == "two" else width))], weights)


def safetensors(target, name, matrix):
    header = json.dumps({"__metadata__": {"format": "pt"}, "linear.weight": {
        "dtype": {"float32": "F32", "float16": "F16"}[matrix.dtype.name], "shape": list(matrix.shape),
        "data_offsets": [0, matrix.nbytes]}}).encode()
    (target / name).write_bytes(len(header).to_bytes(8, "little") + header + matrix.tobytes())


def external(target, name, location):
    """The constant lies in another file, whose name does not begin with the model's."""
    weights = TensorProto(name="one", data_type=TensorProto.FLOAT, dims=[DIMENSION], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", str(4 * DIMENSION))):
        weights.external_data.add(key=key, value=value)
    image(target, name, weights=weights)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "resources" / "models"
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    target.mkdir(parents=True, exist_ok=True)
    image(target, "image.onnx")
    image(target, "image-other-names.onnx", input_name="images", output_name="features")
    image(target, "image-of-floats.onnx", kind=TensorProto.FLOAT)
    image(target, "image-channels-first.onnx", shape=("batch", 3, SIZE, SIZE))
    image(target, "image-larger.onnx", shape=("batch", SIZE + 1, SIZE + 1, 3))
    image(target, "image-fixed-batch.onnx", shape=(1, SIZE, SIZE, 3), output_shape=(1, DIMENSION))
    image(target, "image-wide.onnx", output_shape=("batch", 2 * DIMENSION), ending="wide")
    image(target, "image-secretly-wide.onnx", output_shape=("batch", "features"), ending="secretly wide")
    image(target, "image-not-scaled.onnx", ending="raw")
    image(target, "image-not-a-number.onnx", ending="nan")
    image(target, "image-tells-batch.onnx", ending="batch")
    external(target, "image-external.onnx", "weights.bin")
    external(target, "image-external-outside.onnx", "../weights.bin")
    (target / "weights.bin").write_bytes(np.ones(DIMENSION, dtype="<f4").tobytes())
    text(target, "text.onnx")
    text(target, "text-of-int32.onnx", kind=TensorProto.INT32)
    text(target, "text-fixed-length.onnx", shape=("batch", 77))
    text(target, "text-token-types.onnx", extra=True)
    text(target, "text-not-scaled.onnx", ending="raw")
    text(target, "text-tells-shape.onnx", ending="shape")
    foreign_image(target, "foreign-image.onnx")
    foreign_image(target, "foreign-image-half.onnx", half=True)
    foreign_image(target, "foreign-image-ambiguous.onnx", both_rank_two=True)
    foreign_text_of_fixed_length(target, "foreign-text-fixed-length.onnx", 16)
    foreign_tokens(target, "foreign-tokens.onnx")
    foreign_tokens(target, "foreign-tokens-unknown-width.onnx", width="hidden")
    # Subnormal, negative, large: all that half precision can say exactly.
    dense = np.array([[0.5, -3], [-0.125, 2**-24], [1, 65504]])
    safetensors(target, "dense.safetensors", dense.astype("<f4"))
    safetensors(target, "dense-half.safetensors", dense.astype("<f2"))


if __name__ == "__main__":
    main()
