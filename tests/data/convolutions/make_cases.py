"""Makes model.onnx, inputs.npz and outputs.npz in float/, float16/ and bfloat16/: Conv and ConvTranspose with every
attribute, as ONNX Runtime computes them.

Development only: needs onnx, onnxruntime and numpy. In 16 bits images are cast on their way in and out, weights are of the
type; what is expected is float32's result for the same rounded operands.

    python3 tests/data/convolutions/make_cases.py
"""
import os

import ml_dtypes
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))
TYPES = {"float": (np.float32, TensorProto.FLOAT), "float16": (np.float16, TensorProto.FLOAT16),
         "bfloat16": (ml_dtypes.bfloat16, TensorProto.BFLOAT16)}

# Name, image, weights, whether there is a bias, attributes.
CONVOLUTIONS = [
    ("point", (2, 12, 5, 7), (10, 12, 1, 1), True, {}),
    ("point_stride", (2, 8, 7, 5), (6, 8, 1, 1), False, dict(strides=[2, 3])),
    ("same", (3, 8, 9, 9), (16, 8, 3, 3), True, dict(pads=[1, 1, 1, 1])),
    ("wide", (1, 32, 14, 14), (32, 32, 3, 3), True, dict(pads=[1, 1, 1, 1])),
    ("first", (2, 3, 33, 31), (16, 3, 7, 7), True, dict(pads=[3, 3, 3, 3], strides=[2, 2])),
    ("rest", (2, 4, 8, 9), (6, 4, 3, 3), True, dict(pads=[1, 1, 1, 1], strides=[3, 2])),
    ("patches", (2, 3, 32, 16), (24, 3, 8, 8), True, dict(strides=[8, 8])),
    ("uneven", (2, 4, 8, 7), (5, 4, 3, 4), True, dict(pads=[2, 0, 1, 3], strides=[2, 1])),
    ("upper", (2, 4, 8, 8), (4, 4, 3, 3), True, dict(auto_pad="SAME_UPPER", strides=[2, 2])),
    ("lower", (2, 4, 8, 8), (4, 4, 3, 3), False, dict(auto_pad="SAME_LOWER", strides=[2, 2])),
    ("dilated", (2, 4, 11, 12), (6, 4, 3, 3), True, dict(dilations=[2, 3], pads=[2, 3, 2, 3])),
    ("groups", (2, 12, 6, 6), (8, 3, 3, 3), True, dict(group=4, pads=[1, 1, 1, 1])),
    ("deep", (2, 8, 9, 9), (8, 1, 3, 3), True, dict(group=8, pads=[1, 1, 1, 1], strides=[2, 2])),
    ("deep_rows", (2, 3, 13, 37), (3, 1, 3, 3), True, dict(group=3, pads=[1, 1, 1, 1])),
    ("deep_far", (1, 3, 6, 9), (3, 1, 7, 7), False, dict(group=3, pads=[9, 3, 2, 8], strides=[2, 2])),
    ("deep_wide", (2, 2, 14, 14), (2, 1, 7, 7), True, dict(group=2, pads=[3, 3, 3, 3])),
    ("deep_five", (1, 3, 11, 10), (3, 1, 5, 5), True, dict(group=3, pads=[2, 2, 2, 2], strides=[2, 2])),
    ("multiplied", (1, 4, 7, 7), (12, 1, 5, 5), True, dict(group=4, pads=[2, 2, 2, 2])),
    ("line", (2, 6, 31), (8, 6, 5), True, dict(pads=[2, 1], strides=[2])),
    ("line_groups", (3, 6, 20), (6, 1, 4), False, dict(group=6, pads=[3, 0])),
    ("volume", (2, 4, 5, 6, 7), (6, 4, 3, 2, 3), True, dict(pads=[1, 0, 1, 1, 0, 1], strides=[1, 2, 1])),
    ("flat", (2, 4, 1, 6, 7), (6, 4, 1, 3, 3), True, {}),
    ("nothing_but_padding", (1, 2, 2, 2), (3, 2, 1, 1), True, dict(pads=[2, 2, 2, 2])),
]
TRANSPOSED = [
    ("up_point", (2, 6, 5, 4), (6, 8, 1, 1), True, {}),
    ("up", (2, 8, 5, 6), (8, 4, 2, 2), True, dict(strides=[2, 2])),
    ("up_same", (2, 6, 5, 6), (6, 5, 3, 3), True, dict(strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])),
    ("up_wide", (1, 16, 8, 8), (16, 16, 4, 4), False, dict(strides=[2, 2], pads=[1, 1, 1, 1])),
    ("up_gaps", (2, 4, 4, 4), (4, 3, 2, 2), True, dict(strides=[3, 3])),
    ("up_uneven", (2, 4, 5, 5), (4, 3, 3, 4), True, dict(strides=[2, 1], pads=[0, 2, 1, 1])),
    ("up_dilated", (2, 4, 5, 5), (4, 3, 3, 3), True, dict(dilations=[2, 2], pads=[1, 1, 1, 1])),
    ("up_groups", (2, 8, 4, 5), (8, 3, 3, 3), True, dict(group=4, strides=[2, 2])),
    ("up_shape", (1, 4, 4, 4), (4, 3, 3, 3), True, dict(strides=[3, 2], output_shape=[12, 9])),
    ("up_line", (2, 4, 9), (4, 6, 4), True, dict(strides=[2], pads=[1, 1])),
    ("up_volume", (1, 4, 3, 4, 3), (4, 3, 2, 2, 3), True, dict(strides=[2, 2, 1])),
]


def model_of(kind, cases, feeds, weights):
    """One node a case; with casts around it where the kind is none of float32."""
    numpy_type, onnx_type = TYPES[kind]
    nodes, inputs, outputs, initializers = [], [], [], []
    for name, image, _, has_bias, attributes in cases:
        op = "ConvTranspose" if name.startswith("up") else "Conv"
        inputs.append(helper.make_tensor_value_info(name + ".x", TensorProto.FLOAT, image))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        for part in ("w", "b")[:1 + has_bias]:
            initializers.append(numpy_helper.from_array(weights[name + "." + part].astype(numpy_type), name + "." + part))
        x, y = (name + ".x", name) if kind == "float" else (name + ".narrow", name + ".made")
        operands = [x, name + ".w"] + [name + ".b"] * has_bias
        convolution = helper.make_node(op, operands, [y], name=name, **attributes)
        cast_in = helper.make_node("Cast", [name + ".x"], [x], to=onnx_type)
        cast_out = helper.make_node("Cast", [y], [name], to=TensorProto.FLOAT)
        nodes.extend([convolution] if kind == "float" else [cast_in, convolution, cast_out])
    graph = helper.make_graph(nodes, "convolutions", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10,
                             producer_name="make_cases.py")


def save(kind):
    rng = np.random.RandomState(0)
    cases, feeds, weights = CONVOLUTIONS + TRANSPOSED, {}, {}
    for name, image, shape, has_bias, attributes in cases:
        group = attributes.get("group", 1)
        taps = np.prod(shape[1:]) if not name.startswith("up") else shape[0] // group * np.prod(shape[2:])
        out = shape[1] * group if name.startswith("up") else shape[0]
        feeds[name + ".x"] = (rng.randint(-16, 17, image) / 8).astype(np.float32)
        weights[name + ".w"] = (rng.randn(*shape) / np.sqrt(taps)).astype(TYPES[kind][0]).astype(np.float32)
        if has_bias:
            weights[name + ".b"] = rng.randn(out).astype(TYPES[kind][0]).astype(np.float32)
    plain = model_of("float", cases, feeds, weights)
    session = ort.InferenceSession(plain.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, feeds)
    os.makedirs(os.path.join(here, kind), exist_ok=True)
    onnx.save(model_of(kind, cases, feeds, weights), os.path.join(here, kind, "model.onnx"))
    np.savez_compressed(os.path.join(here, kind, "inputs.npz"), **feeds)
    np.savez_compressed(os.path.join(here, kind, "outputs.npz"), **{c[0]: y for c, y in zip(cases, found)})
    print(kind, len(cases), "cases")


for kind in TYPES:
    save(kind)
