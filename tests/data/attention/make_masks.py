"""Makes model.onnx, inputs.npz and outputs.npz beside itself: attention in float16 with masks of every kind that exporters
write, over sequences whose rows begin nowhere in particular, with what ONNX Runtime computes for it.

Development only: needs onnx, onnxruntime and numpy.

    python3 tests/data/attention/make_masks.py
"""
import os
import re

import numpy as np
import onnx
import onnx.numpy_helper
import onnx.parser
import onnxruntime as ort

here = os.path.dirname(os.path.abspath(__file__))
BATCH, HEADS, QUERIES, KEYS, SIZE = 2, 2, 70, 139, 16
rng = np.random.RandomState(0)


def eighths(*shape):
    return (rng.randint(-16, 17, shape) / 8).astype(np.float16)


flags = rng.rand(BATCH, 1, QUERIES, KEYS) < 0.3
slopes = (np.arange(1 - KEYS, 1) * np.float32([0.5, 0.0625])[:, None])[:, None]
inputs = {
    "q": eighths(BATCH, HEADS, QUERIES, SIZE), "k": eighths(BATCH, HEADS, KEYS, SIZE), "v": eighths(BATCH, HEADS, KEYS, SIZE),
    "flags": flags,  # what is hidden
    "mask": np.where(flags, -np.inf, 0).astype(np.float16),
    "padding": np.where(np.arange(KEYS) >= [[[[120]]], [[[60]]]], -65504, 0).astype(np.float16),
    "positions": eighths(1, HEADS, QUERIES, KEYS), "slopes": slopes.astype(np.float32),
    "seen": np.arange(KEYS)[None, None, None] < [[[[64]]], [[[33]]]],
}
inputs["slopes16"] = inputs["slopes"].astype(np.float16)
inputs["wide"] = inputs["positions"].astype(np.float32) + inputs["slopes"]

# Scores `s` become masked ones, `m`; those in float32 are wide.
WAYS = {
    "added": "m = Add (s, mask)",
    "chosen": "m = Where (flags, least, s)",
    "slopes": "b = Add (s, slopes16) m = Where (flags, least, b)",
    "padded": "b = Add (s, positions) m = Add (b, padding)",
    "padding": "m = Add (s, padding)",
    "keys": "m = Where (seen, s, least)",
    "both": "b = Add (s, positions) m = Where (flags, least, b)",
    "wide_slopes": "b = Add (s, slopes) m = Where (flags, wide_least, b)",
    "wide_positions": "m = Add (s, wide)",
    "wide_scaled": "b = Add (s, slopes) c = Mul (b, half) d = Cast <to = 1> (positions) m = Add (c, d)",
}


def spell(name, nodes):
    """One attention, its inner values named after it."""
    wide = name.startswith("wide")
    score = "p2 = Mul (p1, scale) s = Cast <to = 1> (p2)" if wide else "s = Mul (p1, scale)"
    weigh = "w = Softmax <axis = -1> (m) n = Cast <to = 10> (w)" if wide else "n = Softmax <axis = -1> (m)"
    text = f"t = Transpose <perm = [0, 1, 3, 2]> (k) p1 = MatMul (q, t) {score} {nodes} {weigh} y = MatMul (n, v)"
    return re.sub(r"\b(t|p1|p2|s|b|c|d|m|w|n|y)\b", name + r"_\1", text)


def main():
    kinds = {np.dtype(np.float16): "float16", np.dtype(np.float32): "float", np.dtype(bool): "bool"}
    operands = ", ".join(f"{kinds[a.dtype]}[{','.join(map(str, a.shape))}] {n}" for n, a in inputs.items())
    results = ", ".join(f"float16[{BATCH},{HEADS},{QUERIES},{SIZE}] {n}_y" for n in WAYS)
    nodes = " ".join(spell(*way) for way in WAYS.items())
    text = (f'<ir_version: 10, opset_import: ["": 18]> masks ({operands}) => ({results}) '
            f"{{ {nodes} }}")
    model = onnx.parser.parse_model(text)
    for name, x in (("scale", np.float16(0.25)), ("least", np.float16(-65504)), ("wide_least", np.float32(-65504)),
                    ("half", np.float32(0.5))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(x), name))
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = dict(zip([f"{n}_y" for n in WAYS], session.run(None, inputs)))
    assert all(np.isfinite(y).all() for y in outputs.values())
    onnx.save(model, os.path.join(here, "model.onnx"))
    np.savez_compressed(os.path.join(here, "inputs.npz"), **inputs)
    np.savez_compressed(os.path.join(here, "outputs.npz"), **outputs)


if __name__ == "__main__":
    main()
