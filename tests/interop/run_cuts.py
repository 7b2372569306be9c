"""Runs every cut that tests/cuts wrote in ONNX Runtime and compares with the whole model.

run_cuts.py FOLDER: prints a line a cut, then how many passed, failed and were skipped. Every part must pass
onnx.checker. A model that ONNX Runtime cannot run is computed by onnx's reference evaluator instead.
"""

import json
import os
import sys

import numpy
import onnx
import onnx.reference

import run_parts


def reference(path):
    evaluator = onnx.reference.ReferenceEvaluator(path)
    evaluator.get_outputs = lambda: onnx.load(path, load_external_data=False).graph.output
    return evaluator


class Model:
    """A model's inputs, and its outputs by the first engine that can compute them."""

    def __init__(self, path):
        with numpy.load(os.path.join(os.path.dirname(path), "inputs.npz")) as given:
            self.feeds = dict(given)
        for self.engine, self.open in ("ONNX Runtime", run_parts.session), ("onnx's reference", reference):
            try:
                whole = self.open(path)
                self.outputs = dict(zip([o.name for o in whole.get_outputs()], whole.run(None, self.feeds)))
                return
            except Exception as error:
                self.why = str(error).strip().splitlines()[0]
        self.open = None


def compare(folder, model):
    with open(os.path.join(folder, "manifest.json")) as file:
        manifest = json.load(file)
    run_parts.session = model.open
    found = run_parts.run_parts(folder, manifest, {v["name"]: model.feeds[v["name"]] for v in manifest["inputs"]})
    for name, whole in model.outputs.items():
        if not run_parts.same(whole, found[name]):
            raise ValueError(f"output '{name}' differs")


def main(top):
    counts, models = {"passed": 0, "failed": 0, "skipped": 0}, {}
    for folder in sorted(os.scandir(top), key=lambda entry: entry.name):
        with open(os.path.join(folder.path, "model")) as file:
            path = file.read().strip()
        model = models.setdefault(path, None) or Model(path)
        models[path] = model
        outcome, said = "passed", f"the same by {model.engine}"
        if not model.open:
            outcome, said = "skipped", f"nothing computes the whole: {model.why}"
        else:
            try:
                compare(folder.path, model)
            except (Exception, SystemExit) as error:
                outcome, said = "failed", str(error).strip().splitlines()[0]
        counts[outcome] += 1
        print(f"{folder.name:28s} {outcome}: {said}", flush=True)
    print(", ".join(f"{n} {outcome}" for outcome, n in counts.items()))
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
