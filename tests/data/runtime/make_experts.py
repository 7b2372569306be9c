"""Makes model.onnx, inputs.npz and outputs.npz in experts/, experts-f16/ and experts-bf16/: products of rows that each
pick a matrix, in the forms in which exporters write a mixture of experts, with what ONNX Runtime computes for them.

Development only: needs onnx, onnxruntime and numpy. In 16 bits operands and results are float32 and pass through Casts;
the runtime computes those in float32, of the rounded operands.

    python3 tests/data/runtime/make_experts.py
"""
import os

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))
# name: indices' shape, experts, n, k, w is [experts, k, n], rows on the left, by Gather, a Transpose of what is picked
CASES = {
    "odd": ((5,), 3, 7, 9, False, False, False, False),
    "even": ((70,), 4, 72, 40, False, False, False, False),
    "tall": ((150,), 2, 24, 16, True, True, False, False),
    "batches": ((2, 3), 5, 8, 24, False, False, False, False),
    "by_gather": ((9,), 4, 16, 8, True, True, True, False),
    "behind_transpose": ((11,), 4, 16, 32, True, False, False, True),
    "one_has_all": ((66,), 6, 8, 16, False, False, False, False),
    "ends": ((40,), 9, 8, 8, False, False, True, False),
    "gated": ((70,), 4, 48, 32, False, False, False, False),
}


def pick(rng, name, shape, experts):
    ids = rng.randint(0, experts, shape)
    if name == "one_has_all":
        ids[:] = 3
    if name == "ends":
        ids = np.where(ids % 2, experts - 1, 0)
    if name == "by_gather":
        ids = np.where(ids % 2, ids, ids - experts).astype(np.int32)
    return ids


def product(name, shape, gathered, left, behind):
    """Nodes from name.w, name.ids and name.x to name.z, and their constants."""
    rank = len(shape)
    at = rank if left else rank + 1
    unit = numpy_helper.from_array(np.array([at]), f"{name}.at")
    end = numpy_helper.from_array(np.array([-1]), f"{name}.end")
    nodes, tensors, ids = [], [unit], f"{name}.ids"
    if not gathered:
        tensors.append(end)
        nodes.append(helper.make_node("Unsqueeze", [ids, f"{name}.end"], [f"{name}.tuples"]))
        ids = f"{name}.tuples"
    nodes.append(helper.make_node("Gather" if gathered else "GatherND", [f"{name}.w", ids], [f"{name}.picked"]))
    matrices = f"{name}.picked"
    if behind:
        perm = list(range(rank)) + [rank + 1, rank]
        nodes.append(helper.make_node("Transpose", [matrices], [f"{name}.turned"], perm=perm))
        matrices = f"{name}.turned"
    nodes.append(helper.make_node("Unsqueeze", [f"{name}.x", f"{name}.at"], [f"{name}.column"]))
    operands = [f"{name}.column", matrices] if left else [matrices, f"{name}.column"]
    nodes.append(helper.make_node("MatMul", operands, [f"{name}.z"]))
    return nodes, tensors


def swiglu(name):
    """Nodes from name.p [.., n, 1] to name.z [.., n / 2]."""
    return [helper.make_node("Squeeze", [f"{name}.p", f"{name}.end"], [f"{name}.flat"]),
            helper.make_node("Split", [f"{name}.flat"], [f"{name}.gate", f"{name}.up"], axis=-1, num_outputs=2),
            helper.make_node("Sigmoid", [f"{name}.gate"], [f"{name}.sigmoid"]),
            helper.make_node("Mul", [f"{name}.gate", f"{name}.sigmoid"], [f"{name}.silu"]),
            helper.make_node("Mul", [f"{name}.silu", f"{name}.up"], [f"{name}.z"])]


def make(folder, kind):
    rng = np.random.RandomState(0)
    nodes, tensors, graph_inputs, graph_outputs, inputs = [], [], [], [], {}
    element = TensorProto.FLOAT if kind != TensorProto.DOUBLE else kind
    for name, (shape, experts, n, k, turned, left, gathered, behind) in CASES.items():
        w = rng.randn(experts, *((k, n) if turned else (n, k))).astype(np.float32)
        values = {"x": rng.randn(*shape, k).astype(np.float32), "ids": pick(rng, name, shape, experts)}
        for which, value in values.items():
            full = f"{name}.{which}"
            inputs[full] = value
            graph_inputs.append(helper.make_tensor_value_info(full, helper.np_dtype_to_tensor_dtype(value.dtype),
                                                              value.shape))
        tensors.append(numpy_helper.from_array(w, f"{name}.w"))
        made, constants = product(name, shape, gathered, left, behind)
        result = (*shape, 1, n) if left else (*shape, n, 1)
        if name == "gated":
            made[-1].output[0] = f"{name}.p"
            made += swiglu(name)
            result = (*shape, n // 2)
        for operand in ("x", "w") if kind != element else ():
            nodes.append(helper.make_node("Cast", [f"{name}.{operand}"], [f"{name}.{operand}.cast"], to=kind))
            for node in made:
                for i, read in enumerate(node.input):
                    if read == f"{name}.{operand}":
                        node.input[i] = read + ".cast"
        nodes.extend(made)
        tensors.extend(constants)
        nodes.append(helper.make_node("Cast", [f"{name}.z"], [f"{name}.y"], to=TensorProto.FLOAT))
        graph_outputs.append(helper.make_tensor_value_info(f"{name}.y", TensorProto.FLOAT, result))
    graph = helper.make_graph(nodes, folder, graph_inputs, graph_outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10,
                             producer_name="make_experts.py"), inputs


def widened(model):
    """The same with float32 after the operands' Casts."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.output[0].endswith(".cast"):
            wide = helper.make_node("Cast", [node.output[0] + ".narrow"], [node.output[0]], to=TensorProto.FLOAT)
            node.output[0] += ".narrow"
            nodes += [node, wide]
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


for folder, kind in (("experts", TensorProto.FLOAT), ("experts-f16", TensorProto.FLOAT16),
                     ("experts-bf16", TensorProto.BFLOAT16)):
    model, inputs = make(folder, kind)
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(widened(model).SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, inputs)
    os.makedirs(os.path.join(here, folder), exist_ok=True)
    onnx.save(model, os.path.join(here, folder, "model.onnx"))
    np.savez_compressed(os.path.join(here, folder, "inputs.npz"), **inputs)
    np.savez_compressed(os.path.join(here, folder, "outputs.npz"),
                        **{o.name: r for o, r in zip(model.graph.output, results)})
    print(folder, len(CASES), "cases")
