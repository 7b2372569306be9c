"""PyTorch on a layer of Mixtral 8x7B in bfloat16, on one card: python3 peers_moe.py [tokens]

Every way that the installed transformers has to compute experts, milliseconds for one sample of so many tokens with the
layer resident; then how long the layer takes to come from pinned memory. A pipeline over layers can do no better than
the longer of the two, times samples and once.
"""
import sys
import time

import torch
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralDecoderLayer, MixtralRotaryEmbedding

TOKENS = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
WAYS = ("eager", "grouped_mm", "batched_mm")


def build(way):
    config = MixtralConfig(hidden_size=4096, intermediate_size=14336, num_hidden_layers=1, num_attention_heads=32,
                           num_key_value_heads=8, num_local_experts=8, num_experts_per_tok=2)
    config._attn_implementation = "sdpa"
    config._experts_implementation = way
    torch.manual_seed(0)
    with torch.device("cuda"):
        layer = MixtralDecoderLayer(config, 0).to(torch.bfloat16)
        rotary = MixtralRotaryEmbedding(config)
    for p in layer.parameters():
        torch.nn.init.normal_(p, std=0.02)
    return layer.eval().requires_grad_(False), rotary


def seconds(work, times=20):
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / times


def main():
    hidden = torch.randn(1, TOKENS, 4096, dtype=torch.bfloat16, device="cuda")
    for way in WAYS:
        try:
            layer, rotary = build(way)
            tables = rotary(hidden, torch.arange(TOKENS, device="cuda")[None])
            for name, step in (("as it is", layer), ("compiled", torch.compile(layer))):
                took = seconds(lambda: step(hidden, attention_mask=None, position_embeddings=tables))
                print(f"experts by {way}, {name}: {took * 1e3:.2f} ms a sample", flush=True)
        except Exception as error:  # a way that this version lacks, or that runs out of memory
            print(f"experts by {way}: {type(error).__name__}: {str(error).splitlines()[0][:120]}", flush=True)
    size = sum(p.numel() * p.element_size() for p in layer.parameters())
    pinned = torch.empty(size // 2, dtype=torch.bfloat16, pin_memory=True)
    room = torch.empty_like(pinned, device="cuda", pin_memory=False)
    took = seconds(lambda: room.copy_(pinned, non_blocking=True), 5)
    print(f"the layer from pinned memory: {took * 1e3:.1f} ms, {size / took / 1e9:.1f} GB/s")


with torch.no_grad():
    main()
