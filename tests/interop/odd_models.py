"""Writes small models of what splitting must not lose: odd_models.py FOLDER

One folder each, with model.onnx and inputs.npz: branches and loops that capture values of the main graph and weights, sparse
and quantised initializers, functions, operators of other domains, sequences, sizes that depend on data, inputs with
defaults, weights as outputs.
"""

import os
import sys

import numpy
from onnx import TensorProto, checker, helper, numpy_helper, save

node, graph = helper.make_node, helper.make_graph
ROWS = numpy.arange(12, dtype=numpy.float32).reshape(3, 4) / 10
RANDOM = numpy.random.default_rng(1)


def value(name, shape=("n", 4), kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def weight(name, array):
    return numpy_helper.from_array(numpy.asarray(array), name)


def wide(name, columns=300):
    return weight(name, RANDOM.standard_normal((4, columns)).astype(numpy.float32))


def branches():
    then = graph([node("Add", ["a", "W"], ["t"])], "then", [], [value("t", None)])
    other = graph([node("Neg", ["a"], ["e1"]), node("Mul", ["e1", "k"], ["e"])], "other", [], [value("e", None)],
                  [weight("k", numpy.float32(3))])
    return graph(
        [node("Relu", ["x"], ["a"]), node("ReduceSum", ["x"], ["s"], keepdims=0), node("Greater", ["s", "z"], ["c"]),
         node("If", ["c"], ["y"], then_branch=then, else_branch=other), node("MatMul", ["y", "V"], ["o"])],
        "branches", [value("x")], [value("o", ("n", 300))],
        [weight("z", numpy.float32(0)), weight("W", numpy.ones((1, 4), numpy.float32)), wide("V")])


def loop():
    body = graph(
        [node("Add", ["state", "a"], ["next"]), node("Identity", ["go"], ["on"]), node("MatMul", ["next", "W"], ["scan"])],
        "body", [value("i", (), TensorProto.INT64), value("go", (), TensorProto.BOOL), value("state")],
        [value("on", (), TensorProto.BOOL), value("next"), value("scan", ("n", 300))])
    return graph(
        [node("Exp", ["x"], ["a"]), node("Loop", ["times", "yes", "x"], ["last", "scans"], body=body),
         node("ReduceSum", ["scans", "axes"], ["sum"], keepdims=0), node("MatMul", ["last", "W"], ["m"]),
         node("Add", ["m", "sum"], ["o"])],
        "loop", [value("x")], [value("o", ("n", 300))],
        [weight("times", numpy.int64(3)), weight("yes", True), wide("W"), weight("axes", numpy.array([0]))])


def quantised():
    g = graph(
        [node("DequantizeLinear", ["W8", "s", "zero"], ["W"]), node("MatMul", ["x", "W"], ["a"]),
         node("QuantizeLinear", ["a", "s2", "zero2"], ["q"]), node("DequantizeLinear", ["q", "s2", "zero2"], ["o"])],
        "quantised", [value("x")], [value("o", ("n", 512))],
        [weight("W8", RANDOM.integers(-100, 100, (4, 512)).astype(numpy.int8)), weight("s", numpy.float32(0.01)),
         weight("zero", numpy.int8(1)), weight("s2", numpy.float32(0.1)), weight("zero2", numpy.uint8(128))])
    g.quantization_annotation.add(tensor_name="a").quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="s2")
    return g


def four_bits():
    elements = RANDOM.integers(-8, 8, 4 * 4096).tolist()
    return graph(
        [node("DequantizeLinear", ["W4", "s"], ["W"]), node("MatMul", ["x", "W"], ["a"]), node("Tanh", ["a"], ["o"])],
        "four_bits", [value("x")], [value("o", ("n", 4096))],
        [helper.make_tensor("W4", TensorProto.INT4, (4, 4096), elements), weight("s", numpy.float32(0.01))])


def sparse():
    tensor = helper.make_sparse_tensor(weight("S", numpy.array([1, 2, 3], numpy.float32)),
                                       weight("places", numpy.array([0, 5, 9])), [4, 4])
    return graph(
        [node("MatMul", ["x", "S"], ["a"]), node("Constant", [], ["T"], sparse_value=tensor),
         node("MatMul", ["a", "T"], ["b"]), node("Tanh", ["b"], ["o"])],
        "sparse", [value("x")], [value("o")], sparse_initializer=[tensor])


def functions():
    return graph(
        [node("Block", ["x"], ["a"], domain="test"), node("Gelu", ["a"], ["b"], domain="com.microsoft"),
         node("Block", ["b"], ["o"], domain="test")], "functions", [value("x")], [value("o")])


def sequences():
    return graph(
        [node("SplitToSequence", ["x"], ["s"], axis=0), node("ConcatFromSequence", ["s"], ["a"], axis=1),
         node("Tanh", ["a"], ["o"])], "sequences", [value("x", (3, 4))], [value("o", ("p", "q"))])


def sizes_of_data():
    return graph(
        [node("NonZero", ["x"], ["s"]), node("Transpose", ["s"], ["t"]), node("GatherND", ["x", "t"], ["g"]),
         node("Tanh", ["g"], ["o"])], "sizes_of_data", [value("x")], [value("o", ("k",))])


def defaults():
    return graph(
        [node("Add", ["x", "d"], ["a"]), node("Relu", ["a"], ["o"]), node("Identity", ["w"], ["w2"])], "defaults",
        [value("x"), value("d", (4,))], [value("o"), value("w2", (400,))],
        [weight("d", numpy.ones(4, numpy.float32)), weight("w", numpy.ones(400, numpy.float32))])


BLOCK = helper.make_function("test", "Block", ["X"], ["Y"], [node("Relu", ["X"], ["A"]), node("Neg", ["A"], ["Y"])],
                             [helper.make_opsetid("", 21)])

for make in (branches, loop, quantised, four_bits, sparse, functions, sequences, sizes_of_data, defaults):
    domains = [("", 21)] + ([("test", 1), ("com.microsoft", 1)] if make is functions else [])
    model = helper.make_model(make(), opset_imports=[helper.make_opsetid(*d) for d in domains], ir_version=10,
                              functions=[BLOCK] if make is functions else [])
    for i, one in enumerate(model.graph.node):
        one.name = f"n{i}"
    model.metadata_props.add(key="made", value="here")
    checker.check_model(model)
    folder = os.path.join(sys.argv[1], make.__name__)
    os.makedirs(folder)
    save(model, os.path.join(folder, "model.onnx"))
    numpy.savez(os.path.join(folder, "inputs.npz"), x=ROWS)
