"""The 8B decoder on a card against float32, layer by layer: python3 reference.py GRAPHCUT MODEL.onnx FOLDER [tokens]

The same weights go through PyTorch in float32 and in bfloat16. For the output of each layer, the distance of graphcut's
bfloat16 from float32 is printed beside that of PyTorch's bfloat16; it may be a quarter larger, no more. FOLDER takes
inputs and outputs. Needs torch, transformers, onnx, numpy.
"""
import os
import subprocess
import sys

import numpy as np
import onnx
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaModel


def read_weights(path):
    """Tensors by name, from the model's file and from the weights file beside it."""
    model = onnx.load(path, load_external_data=False)
    data = {}
    for i in model.graph.initializer:
        if i.external_data:
            where = {e.key: e.value for e in i.external_data}
            raw = np.memmap(os.path.join(os.path.dirname(path), where["location"]), np.uint16, "r",
                            int(where["offset"]), int(where["length"]) // 2)
        elif i.data_type == onnx.TensorProto.BFLOAT16:
            raw = np.frombuffer(i.raw_data, np.uint16)
        else:
            continue
        data[i.name] = torch.from_numpy(np.array(raw)).view(torch.bfloat16).reshape(tuple(i.dims))
    return model, data


def layer_outputs(model):
    """Names of the sums that end each layer: those that add what down_proj gives."""
    products = {n.output[0] for n in model.graph.node if n.op_type == "MatMul" and "down_proj" in n.input[1]}
    return [n.output[0] for n in model.graph.node if n.op_type == "Add" and products & set(n.input)]


def build(weights, dtype):
    config = LlamaConfig(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
                         num_key_value_heads=8, vocab_size=128256, max_position_embeddings=8192, rope_theta=500000.0)
    config._attn_implementation = "sdpa"
    torch.set_default_dtype(dtype)
    with torch.device("cuda"):
        model = LlamaModel(config)
    for name, parameter in model.named_parameters():
        w = weights.get("m.model." + name)
        if w is None:
            print(f"no weight for {name}")
            continue
        w = w.to("cuda", dtype)
        parameter.data.copy_(w.T if name.endswith("proj.weight") else w)  # MatMul multiplies by [in, out]
    return model.eval().requires_grad_(False)


@torch.no_grad()
def run_layers(weights, dtype, ids):
    model = build(weights, dtype)
    found = []
    for layer in model.layers:
        layer.register_forward_hook(lambda _, __, out: found.append((out[0] if isinstance(out, tuple) else out).float().cpu()))
    model(ids, use_cache=False)
    del model
    torch.cuda.empty_cache()
    return found


def run_graphcut(command, path, folder, names, ids):
    np.savez(f"{folder}/reference-in.npz", input_ids=ids.cpu().numpy(), attention_mask=np.ones(tuple(ids.shape), np.int64))
    subprocess.run([command, "run", path, "--device", "cuda", "--targets", "LlamaDecoderLayer", "--offload", "prefetch",
                    "--budget", "2GiB", "--input", f"{folder}/reference-in.npz", "--output", f"{folder}/reference-out.npz",
                    "--fetch", ",".join(names)], check=True)
    out = np.load(f"{folder}/reference-out.npz")
    return [torch.from_numpy(out[n].view(np.uint16).copy()).view(torch.bfloat16).reshape(*ids.shape, -1).float() for n in names]


def distance(x, reference):
    return ((x - reference).norm() / reference.norm()).item()


def main():
    command, path, folder = sys.argv[1:4]
    tokens = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(0)
    model, weights = read_weights(path)
    ids = torch.randint(0, 128256, (1, tokens), device="cuda")
    names = layer_outputs(model)
    ours = run_graphcut(command, path, folder, names, ids)
    exact, theirs = run_layers(weights, torch.float32, ids), run_layers(weights, torch.bfloat16, ids)
    worst = 0.0
    for i, name in enumerate(names):
        a, b = distance(ours[i], exact[i]), distance(theirs[i], exact[i])
        worst = max(worst, a / b)
        print(f"layer {i:2d} {name:12s} graphcut {a:.5f}  PyTorch {b:.5f}  ratio {a / b:.3f}")
    print(f"{'passed' if worst <= 1.25 else 'FAILED'}: at most {worst:.3f} of PyTorch's own distance from float32")
    sys.exit(worst > 1.25)


main()
