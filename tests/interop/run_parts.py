"""Runs a model, and the parts that it was split into one after another, in ONNX Runtime and compares.

run_parts.py MODEL FOLDER [INPUTS.npz] [SYMBOL=N ...]: exit status 0 where every part passes
onnx.checker and the outputs agree, 1 with the reason where not, 77 where ONNX Runtime cannot run
the whole model. Without a file of inputs they are seeded random values.
"""

import json
import os
import sys

import numpy
import onnx
import onnxruntime

TYPES = {
    "float": "float32", "double": "float64", "int64": "int64", "int32": "int32", "bool": "bool",
    "float16": "float16", "int8": "int8", "uint8": "uint8", "int16": "int16", "uint16": "uint16",
}


def session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def make_inputs(values, sizes):
    random = numpy.random.default_rng(1)
    feeds = {}
    for value in values:
        shape = [d if isinstance(d, int) else sizes.get(d, 2) for d in value["shape"] or []]
        kind = numpy.dtype(TYPES[value["type"]])
        if kind.kind == "f":
            feeds[value["name"]] = random.standard_normal(shape).astype(kind)
        else:
            feeds[value["name"]] = random.integers(0, 2, shape).astype(kind)
    return feeds


def run_parts(folder, manifest, feeds):
    values = dict(feeds)
    for part in manifest["parts"]:
        path = os.path.join(folder, part["file"])
        onnx.checker.check_model(path)
        inputs = {v["name"]: values[v["name"]] for v in part["inputs"]}
        names = [v["name"] for v in part["outputs"]]
        one = session(path)
        found = [o.name for o in one.get_outputs()]
        if found != names:
            sys.exit(f"{part['file']}: outputs {found}, the manifest says {names}")
        values.update(zip(names, one.run(names, inputs)))
        for name in part["consumed"]:
            del values[name]
    return {v["name"]: values[v["name"]] for v in manifest["outputs"]}


def same(a, b):
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    a, b = numpy.asarray(a), numpy.asarray(b)
    if a.dtype.kind != "f":
        return a.shape == b.shape and bool((a == b).all())
    # ONNX Runtime computes runs of float16 nodes in float32: a cut between them rounds once more.
    rtol, atol = (1e-2, 2e-3) if a.dtype == numpy.float16 else (1e-5, 1e-6)
    return a.shape == b.shape and numpy.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True)


def main(model, folder, *rest):
    with open(os.path.join(folder, "manifest.json")) as file:
        manifest = json.load(file)
    sizes = {k: int(v) for k, v in (word.split("=") for word in rest if "=" in word)}
    files = [word for word in rest if "=" not in word]
    feeds = make_inputs(manifest["inputs"], sizes)
    if files:
        given = numpy.load(files[0])
        feeds = {name: given[name] for name in feeds}
    try:
        whole = session(model)
        expected = whole.run(None, feeds)
    except Exception as error:  # what it cannot run, it cannot compare
        print(f"ONNX Runtime cannot run {model}: {error}")
        sys.exit(77)
    found = run_parts(folder, manifest, feeds)
    for output, a in zip(whole.get_outputs(), expected):
        if not same(a, found[output.name]):
            sys.exit(f"output '{output.name}' differs")


if __name__ == "__main__":
    main(*sys.argv[1:])
