"""Extracts one part of a split model with onnx.utils.extract_model: what tests/bench.sh times beside graphcut.

extract.py MODEL FOLDER OUT.onnx: the middle part of FOLDER's manifest, by the names of its inputs and outputs.
"""

import json
import os
import sys

import onnx.utils

model, folder, out = sys.argv[1:]
with open(os.path.join(folder, "manifest.json")) as file:
    parts = json.load(file)["parts"]
part = parts[len(parts) // 2]
names = [[value["name"] for value in part[kind]] for kind in ("inputs", "outputs")]
onnx.utils.extract_model(model, out, *names, check_model=False)
