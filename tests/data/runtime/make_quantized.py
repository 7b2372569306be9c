"""Makes model.onnx, inputs.npz and outputs.npz in quantized/: products of bytes spelled out in floats between QuantizeLinear and
DequantizeLinear, as quantisers write them, and what ONNX Runtime, which multiplies the bytes, computes for them.

Development only: needs onnx, onnxruntime and numpy; a processor that multiplies bytes (others saturate sums).

    python3 tests/data/runtime/make_quantized.py
"""
import os

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(2)
nodes, initializers, graph_inputs, graph_outputs, inputs = [], [], [], [], {}


def constant(array):
    initializers.append(numpy_helper.from_array(np.asarray(array), f"c{len(initializers)}"))
    return initializers[-1].name


def node(op, *operands, **attributes):
    nodes.append(helper.make_node(op, operands, [f"{op.lower()}{len(nodes)}"], **attributes))
    return nodes[-1].output[0]


def params(scale, zero, dtype):
    return constant(np.float32(scale)), constant(np.array(zero, dtype))


def given(*shape, scale=0.02, zero=121, dtype=np.uint8):
    """A float input, as bytes and numbers again, and its scale."""
    name = f"x{len(inputs)}"
    inputs[name] = rng.randn(*shape).astype(np.float32)
    graph_inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    p = params(scale, zero, dtype)
    return node("DequantizeLinear", node("QuantizeLinear", name, *p), *p), scale


def weights(*shape, axis=None, dtype=np.int8, zero=0):
    """Weights as numbers, and their scales."""
    w = rng.randint(-127, 128, shape).astype(np.int8) if dtype == np.int8 else rng.randint(0, 256, shape).astype(dtype)
    scale = np.float32(0.004) if axis is None else (rng.rand(shape[axis]) * 0.006 + 0.002).astype(np.float32)
    zeros = np.full(scale.shape, zero, dtype)
    along = {} if axis is None else {"axis": axis}
    return node("DequantizeLinear", constant(w), constant(scale), constant(zeros), **along), scale


def bias(n, x_scale, w_scale):
    scale = (np.float32(x_scale) * w_scale * np.ones(n, np.float32)).astype(np.float32)
    b = rng.randint(-20000, 20000, n).astype(np.int32)
    return node("DequantizeLinear", constant(b), constant(scale), constant(np.zeros(n, np.int32)), axis=0)


def shown(y, scale=0.05, zero=117, dtype=np.uint8):
    q = node("QuantizeLinear", y, *params(scale, zero, dtype))
    graph_outputs.append(helper.make_tensor_value_info(q, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None))
    return node("DequantizeLinear", q, *nodes[-1].input[1:])


def conv(shape, w_shape, axis=0, after=None, x=None, y=None, **attributes):
    d, xs = given(*shape, **(x or {}))
    v, ws = weights(*w_shape, axis=axis)
    p = node("Conv", d, v, bias(w_shape[0], xs, ws), **attributes)
    return d, shown(after(p) if after else p, **(y or {}))


signed = {"zero": -3, "dtype": np.int8}
conv((2, 5, 9, 11), (8, 5, 3, 3), pads=[1, 1, 1, 1])
conv((2, 5, 9, 11), (8, 5, 3, 3), axis=None, strides=[2, 2], x=signed, y=signed)
conv((1, 8, 12, 10), (8, 1, 3, 3), group=8, pads=[0, 1, 1, 0], x=signed, y=signed)
conv((1, 8, 12, 10), (16, 4, 1, 1), group=2, after=lambda p: node("Relu", p), y={"scale": 0.02, "zero": 0})
conv((1, 6, 30), (4, 6, 5), dilations=[2], after=lambda p: node("Clip", p, constant(np.float32(-1)), constant(np.float32(2))))
# A block with a bypass: others read the numbers of x.
d, y = conv((1, 6, 10, 10), (6, 6, 3, 3), pads=[1, 1, 1, 1])
v, ws = weights(6, 6, 1, 1, axis=0)
shown(node("Add", shown(node("Conv", y, v, bias(6, 0.05, ws))), y))
shown(node("Add", d, y))

for dtype, kind in ((np.uint8, {}), (np.int8, signed)):
    d, xs = given(7, 40, dtype=dtype, zero=kind.get("zero", 121))
    v, ws = weights(13, 40, axis=0)
    shown(node("Gemm", d, v, bias(13, xs, ws), transB=1), **kind)
    v, ws = weights(40, 13)
    shown(node("Gemm", d, v, bias(13, xs, ws)), **kind)
    d, xs = given(2, 5, 40, dtype=dtype, zero=kind.get("zero", 121))
    v, ws = weights(40, 17, axis=1)
    shown(node("MatMul", d, v), **kind)
    a, _ = given(2, 3, 5, 8, dtype=dtype, zero=kind.get("zero", 121))
    b, _ = given(2, 3, 8, 6, dtype=dtype, zero=kind.get("zero", 121))
    shown(node("MatMul", a, b), **kind)
d, xs = given(4, 260)
v, ws = weights(260, 256, dtype=np.uint8, zero=131)  # too large to be folded
shown(node("MatMul", d, v), scale=0.2)

graph = helper.make_graph(nodes, "quantized", graph_inputs, graph_outputs, initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
results = dict(zip([o.name for o in graph_outputs], session.run(None, inputs)))
folder = os.path.join(here, "quantized")
os.makedirs(folder, exist_ok=True)
onnx.save(model, os.path.join(folder, "model.onnx"))
np.savez_compressed(os.path.join(folder, "inputs.npz"), **inputs)
np.savez_compressed(os.path.join(folder, "outputs.npz"), **results)
for name, r in results.items():
    print(name, r.shape, "std", r.astype(float).std().round(1))
