"""Makes model.onnx, inputs.npz and outputs.npz in planes/: convolutions with what models have between them, in chains of one to
three axes and of 8 bits, and what ONNX Runtime computes for them. Convolutions may leave their results in another order of axes than others read:
every kind of reader stands behind one here, and every second value is an output as well.

Development only: needs onnx, onnxruntime and numpy.

    python3 tests/data/runtime/make_planes.py
"""
import os

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(1)
nodes, initializers, outputs = [], [], []


def type_of(output):
    return TensorProto.UINT8 if output.startswith("qlinear") else TensorProto.FLOAT


def constant(*shape, values=None):
    name = f"c{len(initializers)}"
    array = rng.randn(*shape).astype(np.float32) if values is None else values
    initializers.append(numpy_helper.from_array(array, name))
    return name


def add(op, *operands, shown=False, n_outputs=1, **attributes):
    names = [f"{op.lower()}{len(nodes)}" + (f".{i}" if i else "") for i in range(n_outputs)]
    nodes.append(helper.make_node(op, operands, names, **attributes))
    outputs.extend(names if shown else [])
    return names if n_outputs > 1 else names[0]


def conv(x, inputs, results, *kernel, groups=1, bias=True, **attributes):
    w = rng.randn(results, inputs // groups, *kernel).astype(np.float32)
    w = constant(values=w / np.float32(np.sqrt(w[0].size)))
    b = [constant(results)] if bias else []
    return add("Conv", x, w, *b, group=groups, **attributes)


def ints(*values):
    return constant(values=np.array(values, np.int64))


def chain(x, channels, n):
    """Over `n` axes: elementwise readers with every kind of other operand, then readers of every other kind."""
    ones = (1,) * n
    first = conv(x, channels, 24, *(3,) * n, pads=(1,) * 2 * n)
    y = add("Clip", first, constant(values=np.float32(-2)), constant(values=np.float32(3)), shown=True)
    y = conv(y, 24, 24, *(3,) * n, groups=24, pads=(1,) * 2 * n, bias=False)
    y = add("Mul", add("Sigmoid", y), y)
    y = add("Add", add("Mul", y, constant(24, *ones)), constant(1, 24, *ones), shown=True)
    y = add("PRelu", add("Sub", constant(values=np.float32(0.5)), y), constant(24, *ones))
    y = add("Add", y, first)
    y = add("Add", y, constant(1, 24, *(9, 7, 5)[:n]))  # not along the channels alone
    z = conv(y, 24, 16, *ones)
    z = add("Where", add("Greater", z, constant(values=np.float32(0))), z, add("Mul", z, constant(*(9, 7, 5)[:n])), shown=True)
    pooled = add("MaxPool", z, kernel_shape=(3,) * n, strides=(2,) * n, pads=(1,) * 2 * n)
    mean = add("GlobalAveragePool", pooled)
    gate = add("HardSigmoid", conv(add("Relu", conv(mean, 16, 8, *ones)), 8, 16, *ones))
    y = add("Mul", pooled, gate, shown=True)
    y = conv(y, 16, 20, *(3,) * n, pads=(1,) * 2 * n)
    y = add("BatchNormalization", y, constant(20), constant(20), constant(20), constant(values=rng.rand(20).astype(np.float32) + 0.5))
    y = add("AveragePool", y, kernel_shape=(2,) * n, pads=(0,) * n + (1,) * n)
    y = add("Concat", y, conv(y, 20, 12, *ones), pooled, axis=1)
    left, right = add("Split", y, ints(30, 18), n_outputs=2, axis=1)
    left = conv(left, 30, 8, *ones)
    right = conv(add("Relu", right), 18, 8, *ones)
    y = add("Concat", add("LeakyRelu", left), right, axis=1, shown=True)
    y = add("Max", y, add("Neg", y), constant(values=np.float32(0.25)))
    y = add("Resize", y, "", constant(values=np.array([1, 1] + [2] * n, np.float32)), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    y = conv(y, 16, 4, *(3,) * n)
    y = add("Transpose", y, perm=[0, *range(2, n + 2), 1], shown=True)
    add("Softmax", add("Reshape", conv(add("Transpose", y, perm=[0, n + 1, *range(1, n + 1)]), 4, 6, *ones), ints(2, -1)), shown=True)


def byte_conv(x, inputs, results, groups=1, **attributes):
    """QLinearConv of uint8 with the scales and zero points of `quantised`."""
    w = constant(values=rng.randint(-128, 128, (results, inputs // groups, 3, 3)).astype(np.int8))
    scales = constant(values=(rng.rand(results) * 0.004 + 0.001).astype(np.float32))
    return add("QLinearConv", x, *steps, w, scales, constant(values=np.zeros(results, np.int8)), *steps,
               constant(values=rng.randint(-900, 900, results).astype(np.int32)), shown=True, group=groups, **attributes)


def quantised(x, channels):
    """Convolutions of 8 bits, what quantises before and after them, and readers between."""
    q = add("QuantizeLinear", x, *steps)
    y = byte_conv(q, channels, 24, pads=(1, 0, 1, 2))
    y = byte_conv(y, 24, 24, groups=24, pads=(1,) * 4)
    y = add("Concat", y, byte_conv(y, 24, 9, pads=(1,) * 4), axis=1)
    add("Relu", conv(add("DequantizeLinear", y, *steps), 33, 16, 1, 1), shown=True)
    w = constant(values=rng.randint(-128, 128, (8, 33, 3, 3)).astype(np.int8))
    add("Cast", add("ConvInteger", y, w, steps[1], strides=(2, 2)), to=TensorProto.FLOAT, shown=True)


steps = constant(values=np.float32(0.04)), constant(values=np.uint8(117))
rank = {"line": 1, "plane": 2, "space": 3}
shapes = {name: (2, 5, *(9, 7, 5)[:n]) for name, n in rank.items()}
for name, n in rank.items():
    chain(name, 5, n)
quantised("plane", 5)
feeds = {name: rng.randn(*shape).astype(np.float32) for name, shape in shapes.items()}
graph = helper.make_graph(nodes, "planes", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
                          [helper.make_tensor_value_info(n, type_of(n), None) for n in outputs], initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
results = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(outputs, feeds)
for info, result in zip(model.graph.output, results):
    info.CopyFrom(helper.make_tensor_value_info(info.name, type_of(info.name), result.shape))
onnx.checker.check_model(model)
folder = os.path.join(here, "planes")
os.makedirs(folder, exist_ok=True)
onnx.save(model, os.path.join(folder, "model.onnx"))
np.savez_compressed(os.path.join(folder, "inputs.npz"), **feeds)
np.savez_compressed(os.path.join(folder, "outputs.npz"), **dict(zip(outputs, results)))
print(len(nodes), "nodes,", len(outputs), "outputs")
