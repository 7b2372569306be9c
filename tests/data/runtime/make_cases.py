"""Makes model.onnx, inputs.npz and outputs.npz in microsoft/, recurrent/, halves/, learning/, images/ and experimental/:
operators of com.microsoft, the same in float16, ai.onnx.ml's, those of ai.onnx whose official cases have as inputs what models have
as constants, and those that the standard has dropped, with what ONNX Runtime computes for them.

Development only: needs onnx, onnxruntime and numpy. One node a case; its operands are graph inputs, or initializers
where the runtime wants constants. A case that the runtime refuses, or dies of, is left out and named; where its CPU
kernels lack a form, or only approximate it, the expected results are derived here from the operator's formula or from
an equal form that the runtime knows.

    python3 tests/data/runtime/make_cases.py
"""
import os
import pickle
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(0)
nodes, graph_inputs, graph_outputs, initializers, inputs, outputs = [], [], [], [], {}, {}
options = ort.SessionOptions()
options.log_severity_level = 4
standard = 21  # the opset of ai.onnx


def opsets():
    return [helper.make_opsetid("", standard), helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("ai.onnx.ml", 3)]


def dtype_of(array):
    return onnx.TensorProto.STRING if array.dtype.kind in "OU" else helper.np_dtype_to_tensor_dtype(array.dtype)


def run_apart(model, feeds):
    """The runtime's results, from a process of its own: a crash is its problem."""
    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if child == 0:
            try:
                session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
                result = session.run(None, feeds)
            except Exception as e:
                result = str(e)
            with open(file.name, "wb") as out:
                pickle.dump(result, out)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return "it died" if status else pickle.load(open(file.name, "rb"))


def case(name, op, operands, n_outputs=1, wanted=None, constants=(), domain="com.microsoft", expected=None,
         **attributes):
    """wanted: which outputs exist, all of them by default; constants: operands that are initializers; expected:
    results to take instead of the runtime's. Returns the results."""
    names, values, feeds, tensors = [], [], {}, []
    for i, operand in enumerate(operands):
        full = f"{name}.{i}"
        if operand is None:
            names.append("")
        elif isinstance(operand, onnx.TensorProto) or i in constants:
            tensor = operand if isinstance(operand, onnx.TensorProto) else numpy_helper.from_array(operand)
            tensor.name = full
            tensors.append(tensor)
            names.append(full)
        else:
            operand = np.asarray(operand)
            kind = dtype_of(operand)
            values.append(helper.make_tensor_value_info(full, kind, operand.shape))
            feeds[full] = operand
            names.append(full)
    there = range(n_outputs) if wanted is None else wanted
    results = [f"{name}.out{i}" if i in there else "" for i in range(n_outputs)]
    node = helper.make_node(op, names, results, name=name, domain=domain, **attributes)
    infos = [helper.make_empty_tensor_value_info(r) for r in results if r]
    graph = helper.make_graph([node], "case", values, infos, tensors)
    found = expected or run_apart(helper.make_model(graph, opset_imports=opsets(), ir_version=10), feeds)
    if isinstance(found, str):
        print(f"left out {name}: {found[:160]}")
        return None
    nodes.append(node)
    graph_inputs.extend(values)
    initializers.extend(tensors)
    inputs.update(feeds)
    for info, result in zip(infos, found):
        graph_outputs.append(helper.make_tensor_value_info(info.name, dtype_of(result), result.shape))
        outputs[info.name] = result.astype(str) if result.dtype == object else result
    return found


# ---- formulas ----

def unpacked(data, bits):
    """Values of a tensor of uint8 whose last axis holds 8 / bits values a byte, the first in the lowest bits."""
    parts = [data >> shift & (1 << bits) - 1 for shift in range(0, 8, bits)]
    return np.stack(parts, -1).reshape(*data.shape[:-1], -1).astype(np.float64)


def block_product(x, weights, scales, points, order, bits):
    """MatMulNBits: weights [n, blocks, bytes], scales [n, blocks], points of the block that order names."""
    n, k = weights.shape[0], x.shape[-1]
    values = unpacked(weights, bits).reshape(n, -1)[:, :k]
    if points.dtype == np.uint8:
        points = unpacked(points, bits)
    return (x @ ((values - points[:, order]) * scales[:, order]).T).astype(np.float32)


def silu(x):
    return x / (1 + np.exp(-x))


def swiglu(x, halves=False, alpha=1.702, beta=1.0, limit=7.0):
    gate, linear = np.split(x, 2) if halves else (x[0::2], x[1::2])
    gate, linear = np.minimum(gate, limit), np.clip(linear, -limit, limit)
    return gate / (1 + np.exp(-alpha * gate)) * (linear + beta)


def mixture(x, router, first, first_bias, second, second_bias, activate, k=2):
    """MoE whose routing weights add up to 1: first [n, inner, h], second [n, h, inner]."""
    out = np.zeros(x.shape)
    for row, logits, y in zip(x, router, out):
        best = np.argsort(-logits)[:k]
        shares = np.exp(logits[best] - logits.max())
        for e, share in zip(best, shares / shares.sum()):
            inner = activate(first[e] @ row + first_bias[e])
            y += share * (second[e] @ inner + second_bias[e])
    return out.astype(np.float32)


# ---- operands ----

def f(*shape):
    return rng.randn(*shape).astype(np.float32)


def positive(*shape):
    return (rng.rand(*shape) * 0.1 + 0.01).astype(np.float32)


def u8(*shape):
    return rng.randint(0, 256, shape).astype(np.uint8)


def i8(*shape):
    return rng.randint(-128, 128, shape).astype(np.int8)


def i32(*values):
    return np.array(values, np.int32)


def scale(value):
    return np.array(value, np.float32)


def zero(value, kind=np.uint8):
    return np.array(value, kind)


def bits(*shape):
    return (rng.rand(*shape) > 0.3).astype(np.int32)


def activations_and_norms():
    x, gamma, beta = f(2, 3, 8) * 2, f(8), f(8)
    case("gelu", "Gelu", [x])
    case("fast_gelu", "FastGelu", [x, f(8)])
    case("quick_gelu", "QuickGelu", [x], alpha=0.5)
    case("bias_gelu", "BiasGelu", [x, f(8)])
    case("skip", "SkipLayerNormalization", [x, f(2, 3, 8), gamma, beta, f(8)], 4, (0, 3), epsilon=1e-5)
    case("skip_row", "SkipLayerNormalization", [x, f(1, 3, 8), gamma], epsilon=1e-5)
    case("skip_matrix", "SkipLayerNormalization", [x, f(3, 8), gamma, beta], epsilon=1e-5)
    case("skip_rms", "SkipSimplifiedLayerNormalization", [x, f(2, 3, 8), gamma, f(8)], 4, (0, 3), epsilon=1e-5)
    ids, segments = rng.randint(0, 9, (2, 3)).astype(np.int32), rng.randint(0, 2, (2, 3)).astype(np.int32)
    case("embed", "EmbedLayerNormalization", [ids, segments, f(9, 8), f(4, 8), f(2, 8), gamma, beta, bits(2, 3)], 3)
    places = rng.randint(0, 4, (1, 3)).astype(np.int32)
    case("embed_places", "EmbedLayerNormalization", [ids, None, f(9, 8), f(4, 8), None, gamma, beta, None, places], 2)
    cosine, sine, at = np.cos(f(9, 4)), np.sin(f(9, 4)), rng.randint(0, 9, (2, 3))
    case("rotary", "RotaryEmbedding", [f(2, 3, 16), at, cosine, sine])
    case("rotary_from", "RotaryEmbedding", [f(2, 3, 16), np.array([3]), cosine, sine], interleaved=1)
    case("rotary_heads", "RotaryEmbedding", [f(2, 2, 3, 8), at, cosine, sine])
    case("rotary_part", "RotaryEmbedding", [f(2, 3, 20), at, cosine, sine], num_heads=2, rotary_embedding_dim=8)
    case("rotary_scaled", "RotaryEmbedding", [f(2, 3, 16), at, cosine, sine], scale=0.5)
    case("embed_sum", "EmbedLayerNormalization", [ids, segments, f(9, 8), f(4, 8), f(2, 8), gamma, beta], 3,
         mask_index_type=0, epsilon=1e-5)
    case("simplified", "SimplifiedLayerNormalization", [x, gamma], domain="", axis=-1, epsilon=1e-5)
    case("skip_rms_row", "SkipSimplifiedLayerNormalization", [x, f(1, 3, 8), gamma], epsilon=1e-5)
    decay, rate = -abs(f(2, 3, 2)), rng.rand(2, 3, 2).astype(np.float32)
    operands = [f(2, 3, 24), f(2, 3, 12), f(2, 3, 10), f(2, 2, 6, 5), decay, rate]
    case("linear_attention", "LinearAttention", operands, 2, q_num_heads=4, kv_num_heads=2)
    case("causal_conv", "CausalConvWithState", [f(2, 3, 7), f(3, 1, 4), f(3), f(2, 3, 6)], 2, dilation=2)


def products():
    case("matmul_ta", "FusedMatMul", [f(2, 5, 4), f(2, 5, 6)], transA=1, alpha=0.5)
    case("matmul_tb", "FusedMatMul", [f(2, 3, 4, 5), f(3, 6, 5)], transB=1)
    case("matmul_batch_a", "FusedMatMul", [f(4, 2, 3, 5), f(2, 3, 5, 6)], transBatchA=1)
    case("matmul_batch_b", "FusedMatMul", [f(2, 3, 4, 5), f(6, 2, 3, 5)], transBatchB=1, transB=1)
    case("matmul_vector", "FusedMatMul", [f(5), f(2, 5, 6)])
    for name, alpha in (("Relu", {}), ("Tanh", {}), ("Sigmoid", {}), ("LeakyRelu", {"activation_alpha": 0.2})):
        case("gemm_" + name, "FusedGemm", [f(3, 4), f(4, 5), f(5)], activation=name, **alpha)
    for name, given in (("Relu", []), ("Tanh", []), ("Sigmoid", []), ("Clip", [-0.5, 0.5]), ("HardSigmoid", [0.2, 0.4]),
                        ("LeakyRelu", [0.1])):
        more = {"activation_params": given} if given else {}
        operands = [f(1, 3, 5, 5), f(4, 3, 3, 3) * 0.3, f(4)]
        case("conv_" + name, "FusedConv", operands, kernel_shape=[3, 3], pads=[1] * 4, activation=name, **more)
    operands = [f(1, 4, 5, 5), f(4, 4, 3, 3) * 0.3, f(4), f(1, 4, 5, 5)]
    case("conv_sum", "FusedConv", operands, kernel_shape=[3, 3], pads=[1] * 4, activation="Relu")
    for width in (2, 4, 8):
        for zeros in ("none", "packed", "float"):
            n, k, block = 5, 40, 16
            n_blocks = -(-k // block)
            point = {"none": None, "packed": u8(n, -(-n_blocks * width // 8)), "float": positive(n, n_blocks) * 80}
            operands = [f(2, k), u8(n, n_blocks, block * width // 8), positive(n, n_blocks), point[zeros]]
            lacks = (width, zeros) == (8, "float")
            expected = [block_product(*operands, np.arange(k) // block, width)] if lacks else None
            case(f"nbits_{width}_{zeros}", "MatMulNBits", operands, constants=(1, 2, 3), K=k, N=n, bits=width,
                 block_size=block, expected=expected)
    for width in (2, 4, 8):
        for block, k, rows in ((16, 16, 1), (32, 70, 3), (64, 64, 2), (128, 200, 1)):
            n, n_blocks = 6, -(-k // block)
            operands = [f(rows, k), u8(n, n_blocks, block * width // 8), positive(n, n_blocks),
                        u8(n, -(-n_blocks * width // 8)), None, f(n)]
            case(f"nbits_{width}_{block}_{k}", "MatMulNBits", operands, constants=(1, 2, 3, 5), K=k, N=n, bits=width,
                 block_size=block)
    for block in (16, 32):
        k, n = 64, 5
        operands = [f(2, 3, k), u8(n, k // block, block // 2), positive(n, k // block), u8(n, k // block // 2),
                    rng.permutation(k).astype(np.int32) // block]
        case(f"nbits_order_{block}", "MatMulNBits", operands, constants=(1, 2, 3, 4), K=k, N=n, bits=4,
             block_size=block, expected=[block_product(*operands, 4)])  # the runtime forgets the zero points
        case(f"nbits_order_{block}_plain", "MatMulNBits", operands[:3] + [None] + operands[4:], constants=(1, 2, 4),
             K=k, N=n, bits=4, block_size=block)
    operands = [f(3, 32), u8(5, 1, 16), positive(5, 1), None, None, f(5)]
    case("nbits_bias", "MatMulNBits", operands, constants=(1, 2), K=32, N=5, bits=4, block_size=32)
    for width in (2, 4, 8):
        operands = [u8(6, 32 * width // 8), rng.randint(-6, 6, (2, 3)), positive(6, 2), u8(6, -(-2 * width // 8))]
        case(f"gather_{width}", "GatherBlockQuantized", operands, constants=(0, 2, 3), bits=width, block_size=16)
    for kind, low, high in ((onnx.TensorProto.UINT4, 0, 16), (onnx.TensorProto.INT4, -8, 8)):
        for axis, blocked, shape in ((0, 2, (4, 3, 32)), (1, 2, (3, 5, 16)), (0, 1, (4, 32, 3)), (1, 0, (32, 6))):
            blocks = [d // 16 if i == blocked else d for i, d in enumerate(shape)]
            data = helper.make_tensor("", kind, shape, rng.randint(low, high, shape).reshape(-1).tolist())
            point = helper.make_tensor("", kind, blocks, rng.randint(low, high, blocks).reshape(-1).tolist())
            operands = [data, rng.randint(0, shape[axis], (2,)).astype(np.int32), positive(*blocks), point]
            case(f"gather_{kind}_{axis}_{blocked}", "GatherBlockQuantized", operands, constants=(2,), block_size=16,
                 gather_axis=axis, quantize_axis=blocked)


def attention():
    b, s, k, n, size = 2, 3, 5, 2, 4
    d = n * size
    q, key, value, past = f(b, s, d), f(b, k, d), f(b, k, d), [f(b, n, 4, size), f(b, n, 4, size)]
    op, heads = "MultiHeadAttention", {"num_heads": n}
    case("mha", op, [q, key, value], **heads)
    case("mha_bias", op, [q, key, value, f(3 * d)], **heads)
    case("mha_values", op, [q, key, f(b, k, n * 3)], scale=0.3, **heads)
    case("mha_causal", op, [f(b, k, d), key, value], unidirectional=1, **heads)
    for name, mask in (("ends", i32(3, 5)), ("keys", bits(b, k)), ("each", bits(b, s, k))):
        case("mha_" + name, op, [q, key, value, None, mask], **heads)
    case("mha_scores", op, [q, key, value, None, bits(b, k), f(b, 1, s, k)], **heads)
    case("mha_past", op, [q, f(b, s, d), f(b, s, d), f(3 * d), bits(b, s + 4), f(1, n, s, s + 4)] + past, 3,
         unidirectional=1, **heads)
    packed, mask = f(b, s, n, 3, size), bits(b, s)  # the runtime packs on other devices only
    apart = [packed[:, :, :, i].reshape(b, s, d) for i in range(3)]
    case("mha_packed", op, [packed], expected=case("mha_apart", op, apart, **heads), **heads)
    case("mha_packed_mask", op, [packed, None, None, None, mask],
         expected=case("mha_apart_mask", op, apart + [None, mask], **heads), **heads)
    case("mha_packed_keys", op, [apart[0], packed[:, :, :, 1:]], expected=[outputs["mha_apart.out0"]], **heads)
    case("mha_filter", op, [q, key, value, f(3 * d), bits(b, k)], mask_filter_value=-7.0, **heads)
    case("mha_scores_row", op, [q, key, value, None, None, f(b, n, s, k)], **heads)
    case("mha_past_only", op, [q, f(b, s, d), f(b, s, d), None, None, None] + past, 3, **heads)
    case("mha_cross", op, [q, f(b, n, 7, size), f(b, n, 7, size), f(3 * d)], **heads)
    op, x, w, bias = "Attention", f(b, s, 6), f(6, 3 * d) * 0.3, f(3 * d)
    case("attention", op, [x, w, bias], **heads)
    sizes = [d, d, n * 3]
    case("attention_sizes", op, [x, f(6, sum(sizes)) * 0.3, f(sum(sizes))], qkv_hidden_sizes=sizes, **heads)
    for name, mask in (("ends", i32(2, 3)), ("starts", i32(2, 3, 1, 0)), ("keys", bits(b, s)), ("each", bits(b, s, s))):
        case("attention_" + name, op, [x, w, bias, mask], unidirectional=1, **heads)
    case("attention_past", op, [x, w, bias, bits(b, s + 4), f(2, b, n, 4, size)], 2, **heads)
    case("attention_scores", op, [x, w, bias, None, None, f(b, n, s, s)], **heads)
    case("attention_scores_row", op, [x, w, bias, bits(b, s), None, f(1, 1, s, s)], scale=0.7, **heads)
    case("attention_filter", op, [x, w, bias, bits(b, s)], mask_filter_value=-3.0, **heads)
    case("attention_no_bias", op, [x, w], expected=case("attention_zero_bias", op, [x, w, 0 * bias], **heads), **heads)
    operands = [u8(b, s, 6), i8(6, 3 * d), bias, scale(0.02), scale(0.01), None, zero(120), zero(3, np.int8)]
    case("attention_8bit", "QAttention", operands, **heads)


def grouped(name, queries, past, lengths, total, packed=False, turned=False, capacity=None, ids=None, scores=None,
            sinks=None, n_outputs=3, batch=2, n=4, groups=2, size=8, **attributes):
    if turned:
        size = 16  # what the runtime asks for
    q, key, value = f(batch, queries, n * size), f(batch, queries, groups * size), f(batch, queries, groups * size)
    if packed:
        q, key, value = np.concatenate([q, key, value], -1), None, None
    cache = [None, None] if past is None else [f(batch, groups, capacity or past, size) for _ in range(2)]
    tables = [np.cos(f(12, size // 2)), np.sin(f(12, size // 2))] if turned else [None, None]
    operands = [q, key, value] + cache + [i32(*lengths), i32(total)] + tables + [ids, scores, sinks]
    while operands[-1] is None:
        operands.pop()
    case("gqa_" + name, "GroupQueryAttention", operands, n_outputs, num_heads=n, kv_num_heads=groups,
         do_rotary=int(turned), **attributes)


def groups():
    grouped("prompt", 4, None, [3, 3], 4)
    grouped("prompt_turned", 4, None, [3, 3], 4, turned=True)
    grouped("prompt_window", 6, None, [5, 5], 6, local_window_size=3)
    grouped("step", 1, 5, [5, 3], 6)
    grouped("step_packed", 1, 5, [5, 3], 6, packed=True, turned=True)
    grouped("step_interleaved", 1, 5, [5, 3], 6, turned=True, rotary_interleaved=1)
    grouped("step_room", 1, 5, [5, 3], 6, capacity=9)
    grouped("step_window", 1, 7, [7, 5], 8, local_window_size=3)
    grouped("step_ids", 1, 5, [5, 3], 6, turned=True, ids=np.array([[7], [2]]))
    grouped("chunk", 3, 5, [7], 8, turned=True, batch=1)
    grouped("cap", 4, None, [3, 3], 4, softcap=2.0, scale=0.2)
    grouped("scores", 1, 5, [5, 5], 6, scores=f(1, 4, 1, 6), softcap=1.5)
    grouped("smooth", 4, None, [3, 3], 4, smooth_softmax=1)
    grouped("sinks", 1, 5, [5, 3], 6, sinks=f(4))
    grouped("all", 4, None, [3, 3], 4, causal=0)
    grouped("products", 1, 5, [5, 5], 6, n_outputs=4, qk_output=1, scores=f(1, 1, 1, 6), softcap=1.5)
    grouped("packed", 4, None, [3, 3], 4, packed=True)
    grouped("packed_window", 1, 9, [9, 6], 10, packed=True, turned=True, local_window_size=4, softcap=3.0)
    grouped("chunk_window", 4, 6, [9], 10, batch=1, local_window_size=5)
    grouped("chunk_packed", 2, 6, [7], 8, batch=1, packed=True, turned=True, rotary_interleaved=1)
    grouped("one_group", 3, None, [2, 1], 3, n=6, groups=1, softcap=4.0)
    grouped("full_groups", 3, None, [2, 1], 3, n=3, groups=3)
    grouped("shares", 1, 5, [5, 5], 6, n_outputs=4, qk_output=2)


def eight_bits():
    for op in ("QLinearAdd", "QLinearMul"):
        operands = [u8(2, 3, 4), scale(0.02), zero(120), u8(3, 1), scale(0.03), zero(100), scale(0.05), zero(110)]
        case(op, op, operands, constants=(1, 2, 4, 5, 6, 7))
        operands = [i8(2, 3, 4), scale(0.021), zero(-12, np.int8), i8(2, 3, 4), scale(0.033), zero(10, np.int8),
                    scale(0.051), zero(-11, np.int8)]
        case(op + "_signed", op, operands, constants=(1, 2, 4, 5, 6, 7))
    everything = np.arange(256).astype(np.uint8)
    case("QLinearSigmoid", "QLinearSigmoid", [everything, scale(0.05), zero(120), scale(0.004), zero(2)],
         constants=(1, 2, 3, 4))
    case("QLinearLeakyRelu", "QLinearLeakyRelu", [everything.view(np.int8), scale(0.05), zero(12, np.int8),
         scale(0.06), zero(-2, np.int8)], constants=(1, 2, 3, 4), alpha=0.2)
    operands = [scale(0.05), zero(110), u8(2, 3, 2), scale(0.04), zero(100), u8(2, 1, 2), scale(0.06), zero(3)]
    case("QLinearConcat", "QLinearConcat", operands, constants=(0, 1, 3, 4, 6, 7), axis=1)
    operands = [rng.rand(3, 4) > 0.5, u8(3, 4), scale(0.04), zero(100), u8(4), scale(0.06), zero(3), scale(0.05),
                zero(110)]
    case("QLinearWhere", "QLinearWhere", operands, constants=(2, 3, 5, 6, 7, 8))
    numbers = [scale(0.041), zero(100), scale(0.023), zero(110)]  # no ties
    case("QLinearGlobalAveragePool", "QLinearGlobalAveragePool", [u8(2, 3, 4, 5)] + numbers, constants=(1, 2, 3, 4))
    case("QLinearAveragePool", "QLinearAveragePool", [u8(1, 2, 5, 6)] + numbers, constants=(1, 2, 3, 4),
         kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    numbers = [scale(0.04), zero(100), scale(1 / 256), zero(0)]
    case("QLinearSoftmax", "QLinearSoftmax", [u8(3, 10)] + numbers, constants=(1, 2, 3, 4), opset=13, axis=-1)
    for kind in (u8, i8):
        name = kind.__name__
        operands = [u8(3, 20), kind(20, 5), scale(0.02), positive(5), zero(120), kind(5), f(5)]
        case("to_float_" + name, "MatMulIntegerToFloat", operands, constants=(1, 5))
        case("dynamic_" + name, "DynamicQuantizeMatMul", [f(2, 3, 20), kind(20, 5), positive(5), kind(5), f(5)],
             constants=(1,))
        operands = [u8(3, 20), scale(0.02), zero(120), kind(5, 20), positive(5), kind(5),
                    rng.randint(-999, 999, 5).astype(np.int32), scale(0.3), zero(100)]
        case("to_float_plain_" + name, "MatMulIntegerToFloat", [u8(3, 20), kind(20, 5), scale(0.02), scale(0.03)],
             constants=(1,))
        case("to_float_batch_" + name, "MatMulIntegerToFloat",
             [u8(2, 3, 20), kind(2, 20, 5), scale(0.02), scale(0.03), zero(7), kind(1)[0]], constants=(1,))
        case("dynamic_plain_" + name, "DynamicQuantizeMatMul", [f(3, 20), kind(20, 5), scale(0.03)], constants=(1,))
        case("gemm_8bit_" + name, "QGemm", operands, constants=range(1, 9), transB=1, alpha=0.7)
        case("gemm_float_" + name, "QGemm", operands[:7], constants=range(1, 7), transB=1)


def recurrent():
    """One sample a case: the runtime chooses 8 bits for as many rows as a thread has."""
    for name, n in (("forward", 1), ("reverse", 1), ("bidirectional", 2)):
        steps, inputs, h = 5, 12, 8
        weights = [u8(n, inputs, 4 * h), u8(n, h, 4 * h)] if n == 1 else [i8(n, inputs, 4 * h), i8(n, h, 4 * h)]
        kind = weights[0].dtype
        numbers = [positive(n) * 0.01, np.full(n, 128 if n == 1 else 0, kind)] * 2
        rest = [f(n, 8 * h), None, f(n, 1, h), f(n, 1, h), f(n, 3 * h) if name == "forward" else None]
        case("lstm_" + name, "DynamicQuantizeLSTM", [f(steps, 1, inputs)] + weights + rest + numbers, 3,
             constants=(1, 2, 8, 9, 10, 11), direction=name, hidden_size=h)


def experts():
    t, h, inner, n = 5, 8, 6, 4
    for name in ("relu", "gelu", "silu", "identity"):
        operands = [f(t, h), f(t, n), f(n, inner, h), f(n, inner), f(n, h, inner), f(n, h)]
        case("moe_" + name, "MoE", operands, k=1, activation_type=name)
        case(f"moe_{name}_2", "MoE", operands, k=2, activation_type=name, normalize_routing_weights=1)
    operands = [f(t, h), f(t, n), f(n, 2 * inner, h), f(n, 2 * inner), f(n, h, inner), f(n, h)]
    case("moe_swiglu", "MoE", operands, k=2, activation_type="swiglu", swiglu_fusion=1, activation_alpha=1.702,
         activation_beta=1.0, swiglu_limit=7.0, normalize_routing_weights=1)
    case("moe_interleaved", "MoE", operands, k=1, activation_type="swiglu", swiglu_fusion=1)
    halves = mixture(*operands, lambda x: swiglu(x, halves=True))  # the runtime knows them interleaved
    case("moe_halves", "MoE", operands, k=2, activation_type="swiglu", swiglu_fusion=2, activation_alpha=1.702,
         activation_beta=1.0, swiglu_limit=7.0, normalize_routing_weights=1, expected=[halves])
    case("moe_plain", "MoE", [f(2, 3, h), f(6, n), f(n, inner, h), None, f(n, h, inner)], k=2, activation_type="silu")
    h = inner = 16
    for block in (0, 16):
        def scales(rows):
            return positive(n, rows, 1) * 0.1 if block else positive(n, rows) * 0.1
        more = {"block_size": block} if block else {}
        operands = [f(t, h), f(t, n), u8(n, inner, h // 2), scales(inner), f(n, inner), u8(n, h, inner // 2),
                    scales(h), f(n, h)]
        case(f"qmoe_{block}", "QMoE", operands, constants=range(2, 8), k=2, activation_type="relu",
             normalize_routing_weights=1, **more)  # the runtime normalises in any case
        for width in (4, 8):
            def points(rows):
                return u8(n, rows, 1) if block else u8(n, -(-rows * width // 8))
            def dequantized(weights, by, zeros=None):
                return (weights - (128.0 if zeros is None else zeros.astype(np.float64))) * by
            approximates = (block, width) == (16, 8)  # the runtime rounds the activations to 8 bits
            operands = [f(t, h), f(t, n), u8(n, 2 * inner, h * width // 8), scales(2 * inner), f(n, 2 * inner),
                        u8(n, h, inner * width // 8), scales(h), f(n, h)]
            x, router, first, by, bias, second, by_second, bias_second = operands
            exact = [mixture(x, router, dequantized(first, by), bias, dequantized(second, by_second), bias_second,
                             swiglu)] if approximates else None
            case(f"qmoe_{block}_{width}_swiglu", "QMoE", operands, constants=range(2, 8), k=2, swiglu_fusion=1,
                 activation_type="swiglu", activation_alpha=1.702, activation_beta=1.0, swiglu_limit=7.0,
                 expert_weight_bits=width, normalize_routing_weights=1, expected=exact, **more)
            operands = [f(t, h), f(t, n), u8(n, inner, h * width // 8), scales(inner), None,
                        u8(n, h, inner * width // 8), scales(h), None, None, None, None, points(inner), points(h)]
            x, router, first, by, _, second, by_second = operands[:7]
            exact = [mixture(x, router, dequantized(first, by, operands[11]), [0] * n,
                             dequantized(second, by_second, operands[12]), [0] * n, silu)] if approximates else None
            case(f"qmoe_{block}_{width}_points", "QMoE", operands, constants=(2, 3, 5, 6, 11, 12), k=2,
                 activation_type="silu", expert_weight_bits=width, normalize_routing_weights=1, expected=exact, **more)


def four_bits():
    """MatMulBnb4, with numbers of its own: those of the cases after it stay as they were."""
    own = np.random.RandomState(4)
    for name, kind, n, k, block in (("fp4", 0, 5, 64, 16), ("nf4", 1, 5, 64, 64), ("nf4_across", 1, 7, 27, 16)):
        operands = [own.randn(2, 3, k).astype(np.float32), own.randint(0, 256, (n * k + 1) // 2).astype(np.uint8),
                    own.rand(-(-n * k // block)).astype(np.float32)]
        case("bnb4_" + name, "MatMulBnb4", operands, constants=(1, 2), K=k, N=n, block_size=block, quant_type=kind)


def windows():
    """Caches that hold a window: full ones, for of others the runtime leaves rows as they are. Numbers of their own."""
    own = np.random.RandomState(5)

    def heads(*shape):
        return own.randn(*shape).astype(np.float32)

    turns = np.arange(40)[:, None] / 3.0 ** np.arange(8)
    for name, batch, queries, lengths, room, window in (
            ("prompt", 2, 9, [9, 9], 6, 6), ("prompt_slack", 1, 13, [13], 7, 5), ("step", 2, 1, [20, 9], 6, 6),
            ("step_slack", 2, 1, [13, 10], 7, 5), ("chunk", 1, 4, [15], 6, 6), ("long_chunk", 1, 9, [16], 7, 5)):
        operands = [heads(batch, queries, 64), heads(batch, queries, 32), heads(batch, queries, 32),
                    heads(batch, 2, room, 16), heads(batch, 2, room, 16), np.array(lengths, np.int32) - 1,
                    np.array(max(lengths), np.int32), np.cos(turns).astype(np.float32), np.sin(turns).astype(np.float32)]
        bias = heads(1, 1, queries, max(lengths)) if "slack" in name else None
        case("window_" + name, "GroupQueryAttention", operands + [None, bias, heads(4)], 3, num_heads=4, kv_num_heads=2,
             do_rotary=1, local_window_size=window, sliding_window_cache=1)


def halves():
    def h(*shape):
        return f(*shape).astype(np.float16)

    x, gamma, beta = h(2, 3, 8), h(8), h(8)
    case("gelu", "Gelu", [x])
    case("fast_gelu", "FastGelu", [x, h(8)])
    case("quick_gelu", "QuickGelu", [x])
    case("bias_gelu", "BiasGelu", [x, h(8)])
    case("skip", "SkipLayerNormalization", [x, h(2, 3, 8), gamma, beta, h(8)], 4, (0, 3), epsilon=1e-5)
    case("skip_rms", "SkipSimplifiedLayerNormalization", [x, h(2, 3, 8), gamma], epsilon=1e-5)
    tables = [np.cos(f(9, 4)).astype(np.float16), np.sin(f(9, 4)).astype(np.float16)]
    case("rotary", "RotaryEmbedding", [h(2, 3, 16), rng.randint(0, 9, (2, 3))] + tables)
    case("matmul", "FusedMatMul", [h(2, 3, 4), h(2, 5, 4)], transB=1, alpha=0.5)
    for width in (2, 4, 8):
        n, k, block = 5, 64, 32
        operands = [h(2, k), u8(n, k // block, block * width // 8), positive(n, k // block).astype(np.float16),
                    u8(n, -(-k // block * width // 8)), None, h(n)]
        case(f"nbits_{width}", "MatMulNBits", operands, constants=(1, 2, 3, 5), K=k, N=n, bits=width, block_size=block)
    operands = [u8(6, 16), rng.randint(0, 6, (2, 3)), positive(6, 2).astype(np.float16), u8(6, 1)]
    case("gather", "GatherBlockQuantized", operands, constants=(0, 2, 3), bits=4, block_size=16)
    case("mha", "MultiHeadAttention", [h(2, 3, 8), h(2, 5, 8), h(2, 5, 8), h(24)], num_heads=2)
    case("attention", "Attention", [h(2, 3, 6), h(6, 24), h(24)], num_heads=2)
    for name, past in (("prompt", None), ("step", 5)):
        queries, tables = (1, [h(2, 2, past, 16), h(2, 2, past, 16)]) if past else (4, [None, None])
        lengths, turns = (i32(5, 3), i32(6)) if past else (i32(3, 3), i32(4)), [np.cos(f(12, 8)), np.sin(f(12, 8))]
        operands = [h(2, queries, 64), h(2, queries, 32), h(2, queries, 32)] + tables + list(lengths)
        case("gqa_" + name, "GroupQueryAttention", operands + [t.astype(np.float16) for t in turns], 3, num_heads=4,
             kv_num_heads=2, do_rotary=1)
    operands = [h(5, 8), h(5, 4), h(4, 6, 8), h(4, 6), h(4, 8, 6), h(4, 8)]
    case("moe", "MoE", operands, k=2, activation_type="relu", normalize_routing_weights=1)


def learned(name, op, operands, n_outputs=2, **attributes):
    case(name, op, operands, n_outputs, domain="ai.onnx.ml", **attributes)


def stumps(votes, weights, labels, x, **attributes):
    """A forest of as many trees as there are pairs of votes, each a branch and two leaves; of the last a chain."""
    n = len(votes) // 2
    learned("trees_" + attributes.pop("name"), "TreeEnsembleClassifier", [x], class_ids=votes, class_weights=weights,
            nodes_treeids=np.repeat(range(n), 3).tolist(), nodes_nodeids=[0, 1, 2] * n,
            nodes_featureids=sum(([i % x.shape[1], 0, 0] for i in range(n)), []),
            nodes_values=sum(([0.3 * i - 0.4, 0.0, 0.0] for i in range(n)), []),
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * n, nodes_truenodeids=[1, 0, 0] * n,
            nodes_falsenodeids=[2, 0, 0] * n, nodes_hitrates=[1.0] * 3 * n,
            nodes_missing_value_tracks_true=[0] * 3 * n, class_treeids=np.repeat(range(n), 2).tolist(),
            class_nodeids=[1, 2] * n, **labels, **attributes)


def learning():
    x, few, three = f(6, 3), {"classlabels_ints": [5, 7]}, {"classlabels_strings": ["cat", "dog", "cow"]}
    for transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        name, more = transform.lower(), {"post_transform": transform}
        learned("linear_lone_" + name, "LinearClassifier", [x], coefficients=f(3).tolist(), intercepts=[0.25], **few,
                **more)
        learned("linear_" + name, "LinearClassifier", [x], coefficients=f(9).tolist(), intercepts=f(3).tolist(),
                **three, **more)
    learned("linear_double", "LinearClassifier", [f(4, 3).astype(np.float64)], coefficients=f(6).tolist(),
            intercepts=f(2).tolist(), **few)
    vectors = f(5, 3)
    for kernel in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        more = {"kernel_type": kernel, "kernel_params": [0.5, 0.25, 2.0], "support_vectors": vectors.ravel().tolist()}
        for one in (0, 1):
            learned(f"regress_{kernel}_{one}", "SVMRegressor", [x], 1, coefficients=f(5).tolist(), n_supports=5,
                    rho=[0.3], one_class=one, **more)
        two = {"coefficients": f(5).tolist(), "vectors_per_class": [2, 3], "rho": [-0.2], **few, **more}
        learned("svm_" + kernel, "SVMClassifier", [x], **two)
        learned("svm_logistic_" + kernel, "SVMClassifier", [x], post_transform="LOGISTIC", **two)
        learned("svm_probable_" + kernel, "SVMClassifier", [x], prob_a=[-1.5], prob_b=[0.1], **two)
        many = {"coefficients": f(10).tolist(), "vectors_per_class": [2, 1, 2], "rho": f(3).tolist(), **three, **more}
        learned("svm3_" + kernel, "SVMClassifier", [x], **many)
        learned("svm3_probable_" + kernel, "SVMClassifier", [x], prob_a=[-1.5, -1.0, -0.5], prob_b=[0.1, 0.0, 0.2],
                post_transform="SOFTMAX", **many)
    learned("regress_line", "SVMRegressor", [x], 1, coefficients=f(3).tolist(), rho=[0.3], kernel_type="LINEAR",
            kernel_params=[0.0] * 3)
    learned("svm_lines", "SVMClassifier", [x], coefficients=f(9).tolist(), rho=f(3).tolist(), kernel_type="LINEAR",
            kernel_params=[0.0] * 3, **three)
    few, three = {"classlabels_int64s": [5, 7]}, {"classlabels_strings": ["cat", "dog", "cow"]}
    for name, weights in (("chances", [0.1, 0.4, 0.2, 0.7]), ("signed", [-0.6, 0.4, -0.2, 0.7])):
        for transform in ("NONE", "LOGISTIC"):
            for column in (0, 1):
                stumps([column] * 4, weights, few, x, name=f"{name}_{transform}_{column}", post_transform=transform)
            stumps([0] * 4, weights, few, x, name=f"{name}_{transform}_base", post_transform=transform,
                   base_values=[0.05])
    for transform in ("NONE", "SOFTMAX", "LOGISTIC"):
        stumps([0, 1, 2, 1, 0, 2], f(6).tolist(), three, x, name="three_" + transform, post_transform=transform,
               base_values=[0.1, 0.2, -0.1])
    learned("vector", "FeatureVectorizer", [f(2, 3), f(2, 2)], 1, inputdimensions=[3, 2])
    learned("vector_cut", "FeatureVectorizer", [f(2, 3), f(2, 2)], 1, inputdimensions=[2, 3])
    learned("vector_whole", "FeatureVectorizer", [rng.randint(0, 9, (2, 3)), rng.randint(0, 9, (2, 2))], 1,
            inputdimensions=[3, 2])
    pets = np.array([["dog", "cow"], ["cat", "bat"]])
    learned("categories", "CategoryMapper", [pets], 1, cats_int64s=[3, 1, 2], cats_strings=["cat", "dog", "cow"],
            default_int64=-7)
    learned("names", "CategoryMapper", [np.array([[1, 9], [2, 3]])], 1, cats_int64s=[3, 1, 2],
            cats_strings=["cat", "dog", "cow"], default_string="none")
    learned("one_hot_names", "OneHotEncoder", [pets], 1, cats_strings=["cat", "dog", "cow"])
    for kind in (np.int64, np.float32, np.float64):
        learned("one_hot_" + kind.__name__, "OneHotEncoder", [np.array([4, 1, 6, -2]).astype(kind) + kind(0)], 1,
                cats_int64s=[1, 4, -2])


def plain(name, op, operands, n_outputs=1, **attributes):
    """Operands that say sizes, scales and the like are constants."""
    constants = [i for i, x in enumerate(operands) if i > 0 and x is not None and np.ndim(x) < 2]
    case(name, op, operands, n_outputs, constants=constants, domain="", **attributes)


def resized(name, x, factor, roi=None, **attributes):
    scales = np.array([1, 1, factor, factor * 1.25], np.float32)
    plain("resize_" + name, "Resize", [x, roi, scales], **attributes)


def images():
    x, whole = f(1, 2, 6, 8), rng.randint(-100, 100, (1, 2, 6, 8))
    crop = np.array([0, 0, 0.2, -0.1, 1, 1, 0.7, 1.2], np.float32)
    ways = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")
    for mode in ("linear", "cubic"):
        for way in ways:
            for factor in (0.5, 2.0) if way == "align_corners" else (0.6, 2.2):  # others round sizes their own way
                resized(f"{mode}_{way}_{factor}", x, factor, mode=mode, coordinate_transformation_mode=way)
        resized(mode + "_crop", x, 1.5, crop, mode=mode, coordinate_transformation_mode="tf_crop_and_resize",
                extrapolation_value=3.5)
        for factor in (0.4, 0.8, 1.6):
            resized(f"{mode}_antialias_{factor}", x, factor, mode=mode, antialias=1)
        resized(mode + "_antialias_inside", x, 0.4, mode=mode, antialias=1, exclude_outside=1)
    resized("cubic_inside", x, 1.7, mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5)
    plain("max_pool_places", "MaxPool", [x], 2, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
    plain("max_pool_columns", "MaxPool", [x], 2, kernel_shape=[2, 3], dilations=[2, 1], storage_order=1, ceil_mode=1)
    plain("max_pool_bytes", "MaxPool", [whole.astype(np.int8)], kernel_shape=[2, 2], strides=[2, 1])
    for p in (1, 2, 3):
        plain(f"lp_pool_{p}", "LpPool", [x], kernel_shape=[2, 3], strides=[2, 1], p=p)
        plain(f"global_lp_{p}", "GlobalLpPool", [x], p=p)
    pooled, places = f(1, 2, 2, 3), np.stack([rng.permutation(24)[:6] + 24 * i for i in range(2)]).reshape(1, 2, 2, 3)
    plain("unpool", "MaxUnpool", [pooled, places], kernel_shape=[2, 2], strides=[2, 2])
    plain("fold", "Col2Im", [f(2, 3 * 6, 20), np.array([5, 7]), np.array([2, 3])])
    plain("fold_steps", "Col2Im", [f(1, 2 * 4, 9), np.array([5, 6]), np.array([2, 2])], pads=[1, 0, 1, 1],
          strides=[2, 2])
    for align in (0, 1):
        plain(f"affine_{align}", "AffineGrid", [f(2, 2, 3), np.array([2, 1, 4, 5])], align_corners=align)
        plain(f"affine_volume_{align}", "AffineGrid", [f(2, 3, 4), np.array([2, 1, 3, 4, 5])], align_corners=align)
        for mode in ("nearest", "linear", "cubic"):
            for padding in ("zeros", "border", "reflection"):
                plain(f"grid_{mode}_{padding}_{align}", "GridSample", [x, 1.5 * f(1, 4, 5, 2)], mode=mode,
                      padding_mode=padding, align_corners=align)
    regions, batches = np.float32([[0, 0, 5, 4], [1.5, 2, 7, 5.5], [-1, -2, 3, 9]]), np.array([0, 0, 0])
    for mode in ("avg", "max"):
        for ratio in (0, 3):
            case(f"roi_{mode}_{ratio}", "RoiAlign", [x, regions, batches], domain="", mode=mode, sampling_ratio=ratio,
                 output_height=3, output_width=2, spatial_scale=0.9)
    rounded = np.concatenate([np.zeros((3, 1)), np.maximum(regions, 0)], 1).astype(np.float32)
    case("roi_pool", "MaxRoiPool", [x, rounded], domain="", pooled_shape=[2, 3], spatial_scale=0.75)
    sound = f(2, 19, 3, 1)
    for length in (19, 16, 24):
        for onesided in (0, 1):
            plain(f"dft_{length}_{onesided}", "DFT", [sound, np.array(length), np.array(1)],
                  onesided=onesided)
    plain("dft_inverse", "DFT", [f(2, 12, 2), np.array(12), np.array(1)], inverse=1)
    for window in (None, f(8)):
        plain("stft_plain" if window is None else "stft_window", "STFT", [f(2, 40, 1), np.array(5), window, np.array(8)])
    for kind in (np.int32, np.int64, np.uint32, np.uint64):
        a, b = (rng.randint(0, 1 << 20, shape).astype(kind) for shape in ((2, 1, 5, 19), (3, 19, 18)))
        case("matmul_" + kind.__name__, "MatMul", [a, b], domain="")


def experimental():
    """What ONNX 1.2 had and has no more."""
    x = f(2, 3, 6, 7)
    plain("image_scaler", "ImageScaler", [x], bias=[-1.5, 2.0, 0.25], scale=0.5)
    plain("image_scaler_plain", "ImageScaler", [x], bias=[-103.9, -116.8, -123.7])
    plain("crop", "Crop", [x], border=[1, 2, 0, 3])
    plain("crop_size", "Crop", [x], border=[2, 1, 9, 9], scale=[3, 4])
    plain("affine", "Affine", [x], alpha=150.0, beta=-2.5)
    plain("scaled_tanh", "ScaledTanh", [x], alpha=1.7159, beta=0.6667)
    plain("parametric_softplus", "ParametricSoftplus", [30 * x], alpha=0.7, beta=-1.3)
    plain("thresholded_relu", "ThresholdedRelu", [x], alpha=0.5)
    learned("vectorizer", "FeatureVectorizer", [f(4, 1, 3), f(4, 2)], 1, inputdimensions=[3, 2])


def save(folder):
    os.makedirs(os.path.join(here, folder), exist_ok=True)
    graph = helper.make_graph(nodes, folder, graph_inputs, graph_outputs, initializers)
    onnx.save(helper.make_model(graph, opset_imports=opsets(), ir_version=10, producer_name="make_cases.py"),
              os.path.join(here, folder, "model.onnx"))
    np.savez_compressed(os.path.join(here, folder, "inputs.npz"), **inputs)
    np.savez_compressed(os.path.join(here, folder, "outputs.npz"), **outputs)
    print(len(nodes), "cases")
    for kept in (nodes, graph_inputs, graph_outputs, initializers, inputs, outputs):
        kept.clear()


for make in (activations_and_norms, products, attention, groups, eight_bits, experts, four_bits, windows):
    make()
save("microsoft")
halves()
save("halves")
learning()
save("learning")
images()
save("images")
standard = 21
recurrent()
save("recurrent")
standard = 9  # the last with which the runtime knows them
experimental()
save("experimental")
