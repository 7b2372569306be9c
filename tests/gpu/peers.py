"""PyTorch on the same work: an 8B-shaped decoder in bfloat16, 16 samples of so many tokens, on one card.

Rows: everything resident, eager and compiled; the swapped loops as plain pipelines have them (pageable, synchronous);
the swapped loops over a ring of two pinned layers, activations through the host. python3 peers.py [tokens [layers]]
"""
import sys
import time

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaModel

TOKENS = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
LAYERS = int(sys.argv[2]) if len(sys.argv) > 2 else 32
SAMPLES = 16


def build():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    config = LlamaConfig(hidden_size=4096, intermediate_size=14336, num_hidden_layers=LAYERS, num_attention_heads=32,
                         num_key_value_heads=8, vocab_size=128256, max_position_embeddings=8192, rope_theta=500000.0)
    config._attn_implementation = "sdpa"
    with torch.device("cuda"):
        model = LlamaModel(config)
    return model.eval().requires_grad_(False)


def row(name, run):
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    print(f"{name:<34} {SAMPLES * TOKENS / seconds:9.0f} {seconds:8.3f} {'':8} {'':8} "
          f"{torch.cuda.max_memory_allocated() / 2**30:8.2f}", flush=True)


def resident(model, samples):
    for sample in samples:
        model(sample, use_cache=False)


def head(model, samples):
    model.embed_tokens.cuda(), model.rotary_emb.cuda(), model.norm.cuda()
    hidden = [model.embed_tokens(sample) for sample in samples]
    model.embed_tokens.cpu()
    return hidden, model.rotary_emb(hidden[0], torch.arange(TOKENS, device="cuda")[None])


def step(layer, hidden, tables):
    out = layer(hidden, attention_mask=None, position_embeddings=tables)
    return out[0] if isinstance(out, tuple) else out


def swapped(model, samples):
    hidden, tables = head(model, samples)
    hidden = [h.cpu() for h in hidden]
    for layer in model.layers:
        layer.cuda()
        hidden = [step(layer, h.cuda(), tables).cpu() for h in hidden]
        layer.cpu()
    return [model.norm(h.cuda()).cpu() for h in hidden]


class Ring:
    """Two layers on the card, filled in turn from pinned memory on a stream of their own."""

    def __init__(self, layers):
        self.layers = [{k: v.pin_memory() for k, v in layer.state_dict().items()} for layer in layers]
        self.slots = [layers[0].__class__(layers[0].self_attn.config, 0).cuda().eval() for _ in range(2)]
        self.stream = torch.cuda.Stream()
        self.ready = [torch.cuda.Event() for _ in range(2)]
        self.free = [torch.cuda.Event() for _ in range(2)]

    def load(self, i):
        with torch.cuda.stream(self.stream):
            self.stream.wait_event(self.free[i % 2])
            for name, parameter in self.slots[i % 2].state_dict().items():
                parameter.copy_(self.layers[i][name], non_blocking=True)
            self.ready[i % 2].record()


def ring_run(model, ring, samples, pinned):
    hidden, tables = head(model, samples)
    for h, p in zip(hidden, pinned):
        p.copy_(h)
    ring.load(0)
    for i in range(len(ring.layers)):
        if i + 1 < len(ring.layers):
            ring.load(i + 1)
        torch.cuda.current_stream().wait_event(ring.ready[i % 2])
        for p in pinned:
            p.copy_(step(ring.slots[i % 2], p.to("cuda", non_blocking=True), tables), non_blocking=True)
        ring.free[i % 2].record()
    torch.cuda.synchronize()


@torch.no_grad()
def main():
    model = build()
    samples = [torch.randint(0, 128256, (1, TOKENS), device="cuda") for _ in range(SAMPLES)]
    print(f"\n{'PyTorch ' + torch.__version__:<34} {'tokens/s':>9} {'seconds':>8} {'':8} {'':8} {'dev GiB':>8}")
    resident(model, samples[:1])
    row("resident, eager", lambda: resident(model, samples))
    compiled = torch.compile(model)
    resident(compiled, samples[:2])
    row("resident, compiled", lambda: resident(compiled, samples))
    torch.compiler.reset()
    model.cpu()
    torch.cuda.empty_cache()
    row("swapped loops, pageable", lambda: swapped(model, samples))
    ring = Ring(model.layers)
    pinned = [torch.empty(1, TOKENS, 4096, pin_memory=True) for _ in samples]
    ring_run(model, ring, samples[:1], pinned[:1])
    row("swapped loops, pinned ring", lambda: ring_run(model, ring, samples, pinned))


main()
