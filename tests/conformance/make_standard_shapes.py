"""Writes standard_shapes.txt: what onnx's own shape inference says of the official cases, from each model alone.

Development only: needs onnx. What a model declares of its nodes' results is left out first, so that inference has to
find it.

    python3 tests/conformance/make_standard_shapes.py [ROOT] > tests/conformance/standard_shapes.txt
"""
import glob
import sys

import onnx
from onnx import shape_inference

TYPES = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}


def forget_results(graph):
    """Of the bodies of If, Loop and Scan too."""
    del graph.value_info[:]
    for attribute in (a for node in graph.node for a in node.attribute):
        for body in list(attribute.graphs) + [attribute.g] * attribute.HasField("g"):
            forget_results(body)
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")


def type_text(t):
    if not t.HasField("shape"):
        return TYPES[t.elem_type]
    dims = [str(d.dim_value) if d.HasField("dim_value") else "?" for d in t.shape.dim]
    return f"{TYPES[t.elem_type]}[{','.join(dims)}]"


def line(path):
    model = onnx.load(path)
    forget_results(model.graph)
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    known = {v.name: v.type.tensor_type for v in list(graph.value_info) + list(graph.output)
             if v.type.HasField("tensor_type")}
    results = [name for node in graph.node for name in node.output if name]
    types = [type_text(known[name]) if name in known else "?" for name in results]
    return "\t".join(["/".join(path.split("/")[-3:-1])] + types)


root = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/libonnx-testdata/data"
print(f"# CASE, then the type of each result of each node in turn: made by make_standard_shapes.py with onnx {onnx.__version__}")
for path in sorted(glob.glob(root + "/*/*/model.onnx")):
    print(line(path))
