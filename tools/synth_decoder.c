// A decoder as GCIR text: spelled out as exporters do for opset 18, or with the operators of
// opset 23. Weights lie in weights.bin in execution order, each at a multiple of 64 bytes.
#include <stdio.h>
#include <stdlib.h>

#include "synth.h"
#include "synth_emit.h"

static const char *layer_name(char *buffer, long layer, const char *name) {
  put(buffer, "model.layers.%ld.%s", layer, name);
  return buffer;
}

// ---- nodes ------------------------------------------------------------------------------------

// x normalised by its root mean square, times `scale`, as `out`.
static void norm(emitter *e, const char *x, const char *scale, const char *out, const char *scope) {
  FILE *f = e->text;
  if (e->s.opset >= 23) {
    fprintf(f, "\"%s\" = RMSNormalization <axis = -1, epsilon = 1e-05> (\"%s\", \"%s\") @\"%s\"\n",
            out, x, scale, scope);
    return;
  }
  fprintf(f, "\"%s.float\" = Cast <to = 1> (\"%s\") @\"%s\"\n", out, x, scope);
  fprintf(f, "\"%s.square\" = Pow (\"%s.float\", two) @\"%s\"\n", out, out, scope);
  fprintf(f, "\"%s.mean\" = ReduceMean <keepdims = 1> (\"%s.square\", last_axis) @\"%s\"\n", out,
          out, scope);
  fprintf(f, "\"%s.shifted\" = Add (\"%s.mean\", epsilon) @\"%s\"\n", out, out, scope);
  fprintf(f, "\"%s.root\" = Sqrt (\"%s.shifted\") @\"%s\"\n", out, out, scope);
  fprintf(f, "\"%s.inverse\" = Reciprocal (\"%s.root\") @\"%s\"\n", out, out, scope);
  fprintf(f, "\"%s.unit\" = Mul (\"%s.float\", \"%s.inverse\") @\"%s\"\n", out, out, out, scope);
  fprintf(f, "\"%s.narrow\" = Cast <to = %d> (\"%s.unit\") @\"%s\"\n", out, (int)e->s.type, out,
          scope);
  fprintf(f, "\"%s\" = Mul (\"%s\", \"%s.narrow\") @\"%s\"\n", out, scale, out, scope);
}

static void product(emitter *e, const char *x, const char *w, const char *out, const char *scope) {
  fprintf(e->text, "\"%s\" = MatMul (\"%s\", \"%s\") @\"%s\"\n", out, x, w, scope);
}

// Heads of a projection, rotated: [batch, heads, seq, head_size].
static void rotated_heads(emitter *e, const char *x, const char *shape_name, const char *scope) {
  FILE *f = e->text;
  fprintf(f, "\"%s.split\" = Reshape (\"%s\", %s) @\"%s\"\n", x, x, shape_name, scope);
  fprintf(f, "\"%s.heads\" = Transpose <perm = [0, 2, 1, 3]> (\"%s.split\") @\"%s\"\n", x, x,
          scope);
  if (e->s.opset >= 23) {
    fprintf(f, "\"%s.rotated\" = RotaryEmbedding (\"%s.heads\", cos, sin) @\"%s\"\n", x, x, scope);
    return;
  }
  fprintf(f, "\"%s.straight\" = Mul (\"%s.heads\", cos) @\"%s\"\n", x, x, scope);
  fprintf(f, "\"%s.first\" = Slice (\"%s.heads\", zero1, half1, three1) @\"%s\"\n", x, x, scope);
  fprintf(f, "\"%s.second\" = Slice (\"%s.heads\", half1, end1, three1) @\"%s\"\n", x, x, scope);
  fprintf(f, "\"%s.negative\" = Neg (\"%s.second\") @\"%s\"\n", x, x, scope);
  fprintf(f, "\"%s.turned\" = Concat <axis = -1> (\"%s.negative\", \"%s.first\") @\"%s\"\n", x, x,
          x, scope);
  fprintf(f, "\"%s.across\" = Mul (\"%s.turned\", sin) @\"%s\"\n", x, x, scope);
  fprintf(f, "\"%s.rotated\" = Add (\"%s.straight\", \"%s.across\") @\"%s\"\n", x, x, x, scope);
}

// Each key or value head once for every query head that reads it.
static void repeat_heads(emitter *e, const char *x, const char *out, const char *scope) {
  FILE *f = e->text;
  if (e->s.heads == e->s.kv_heads) {
    fprintf(f, "\"%s\" = Identity (\"%s\") @\"%s\"\n", out, x, scope);
    return;
  }
  fprintf(f, "\"%s.unsqueezed\" = Unsqueeze (\"%s\", two1) @\"%s\"\n", out, x, scope);
  fprintf(f, "\"%s.expanded\" = Expand (\"%s.unsqueezed\", repeat_shape) @\"%s\"\n", out, out,
          scope);
  fprintf(f, "\"%s\" = Reshape (\"%s.expanded\", repeated_shape) @\"%s\"\n", out, out, scope);
}

static void spelled_attention(emitter *e, const char *p, const char *scope) {
  FILE *f = e->text;
  char keys[NAME], k[NAME], v[NAME];
  put(keys, "%s.k.rotated", p);
  put(k, "%s.keys", p);
  repeat_heads(e, keys, k, scope);
  put(keys, "%s.v.heads", p);
  put(v, "%s.values", p);
  repeat_heads(e, keys, v, scope);
  fprintf(f, "\"%s.bias\" = Where (mask, zero, minus_infinity) @\"%s\"\n", p, scope);
  fprintf(f, "\"%s.q.scaled\" = Mul (\"%s.q.rotated\", root_scale) @\"%s\"\n", p, p, scope);
  fprintf(f, "\"%s.keys.transposed\" = Transpose <perm = [0, 1, 3, 2]> (\"%s.keys\") @\"%s\"\n", p,
          p, scope);
  fprintf(f, "\"%s.keys.scaled\" = Mul (\"%s.keys.transposed\", root_scale) @\"%s\"\n", p, p,
          scope);
  fprintf(f, "\"%s.scores\" = MatMul (\"%s.q.scaled\", \"%s.keys.scaled\") @\"%s\"\n", p, p, p,
          scope);
  fprintf(f, "\"%s.masked\" = Add (\"%s.scores\", \"%s.bias\") @\"%s\"\n", p, p, p, scope);
  fprintf(f, "\"%s.softmax\" = Softmax <axis = -1> (\"%s.masked\") @\"%s\"\n", p, p, scope);
  fprintf(f, "\"%s.isnan\" = IsNaN (\"%s.softmax\") @\"%s\"\n", p, p, scope);
  fprintf(f, "\"%s.weights\" = Where (\"%s.isnan\", zero, \"%s.softmax\") @\"%s\"\n", p, p, p,
          scope);
  fprintf(f, "\"%s.context\" = MatMul (\"%s.weights\", \"%s.values\") @\"%s\"\n", p, p, p, scope);
}

static void attention(emitter *e, long layer, const char *x, const char *out) {
  char p[NAME], name[NAME], scope[NAME], piece[NAME];
  FILE *f = e->text;
  long kv = e->s.kv_heads * e->head_size;
  const struct {
    const char *weight, *suffix;
    long columns;
  } projections[] = {{"q_proj", "q", e->s.hidden}, {"k_proj", "k", kv}, {"v_proj", "v", kv}};
  put(p, "layers.%ld.attn", layer);
  layer_name(scope, layer, "self_attn");
  for (size_t i = 0; i < 3; i++) {
    char inner[NAME];
    put(piece, "self_attn.%s.weight", projections[i].weight);
    weight(e, layer_name(name, layer, piece), e->s.hidden, projections[i].columns);
    put(piece, "%s.%s", p, projections[i].suffix);
    put(inner, "%s.%s", scope, projections[i].weight);
    product(e, x, name, piece, inner);
  }
  put(piece, "%s.q", p);
  rotated_heads(e, piece, "query_shape", scope);
  put(piece, "%s.k", p);
  rotated_heads(e, piece, "key_shape", scope);
  fprintf(f, "\"%s.v.split\" = Reshape (\"%s.v\", key_shape) @\"%s\"\n", p, p, scope);
  fprintf(f, "\"%s.v.heads\" = Transpose <perm = [0, 2, 1, 3]> (\"%s.v.split\") @\"%s\"\n", p, p,
          scope);
  if (e->s.opset >= 23)
    fprintf(f,
            "\"%s.context\" = Attention (\"%s.q.rotated\", \"%s.k.rotated\", \"%s.v.heads\", mask) "
            "@\"%s\"\n",
            p, p, p, p, scope);
  else
    spelled_attention(e, p, scope);
  fprintf(f, "\"%s.joined\" = Transpose <perm = [0, 2, 1, 3]> (\"%s.context\") @\"%s\"\n", p, p,
          scope);
  fprintf(f, "\"%s.flat\" = Reshape (\"%s.joined\", hidden_shape) @\"%s\"\n", p, p, scope);
  weight(e, layer_name(name, layer, "self_attn.o_proj.weight"), e->s.hidden, e->s.hidden);
  put(piece, "%s.flat", p);
  char inner[NAME];
  put(inner, "%s.o_proj", scope);
  product(e, piece, name, out, inner);
}

// down(silu(gate(x)) * up(x)); `p` begins the names of weights and values.
static void gated(emitter *e, const char *p, const char *x, const char *out, const char *scope) {
  FILE *f = e->text;
  char name[NAME], value[NAME];
  static const char *const halves[] = {"gate", "up"};
  for (int i = 0; i < 2; i++) {
    put(name, "%s.%s_proj.weight", p, halves[i]);
    put(value, "%s.%s", p, halves[i]);
    weight(e, name, e->s.hidden, e->s.intermediate);
    product(e, x, name, value, scope);
  }
  fprintf(f, "\"%s.sigmoid\" = Sigmoid (\"%s.gate\") @\"%s\"\n", p, p, scope);
  fprintf(f, "\"%s.silu\" = Mul (\"%s.gate\", \"%s.sigmoid\") @\"%s\"\n", p, p, p, scope);
  fprintf(f, "\"%s.gated\" = Mul (\"%s.silu\", \"%s.up\") @\"%s\"\n", p, p, p, scope);
  put(name, "%s.down_proj.weight", p);
  put(value, "%s.gated", p);
  weight(e, name, e->s.intermediate, e->s.hidden);
  product(e, value, name, out, scope);
}

static void decoder_layer(emitter *e, long layer) {
  char name[NAME], scope[NAME], in[NAME], p[NAME], a[NAME], b[NAME];
  put(in, layer ? "layers.%ld.out" : "hidden", layer - 1);
  put(a, "layers.%ld.normed", layer);
  weight(e, layer_name(name, layer, "input_layernorm.weight"), e->s.hidden, 0);
  norm(e, in, name, a, layer_name(scope, layer, "input_layernorm"));
  put(b, "layers.%ld.attended", layer);
  attention(e, layer, a, b);
  put(scope, "model.layers.%ld", layer);
  fprintf(e->text, "\"layers.%ld.middle\" = Add (\"%s\", \"%s\") @\"%s\"\n", layer, in, b, scope);
  weight(e, layer_name(name, layer, "post_attention_layernorm.weight"), e->s.hidden, 0);
  put(a, "layers.%ld.middle", layer);
  put(b, "layers.%ld.normed2", layer);
  norm(e, a, name, b, layer_name(scope, layer, "post_attention_layernorm"));
  put(p, "model.layers.%ld.mlp", layer);
  put(name, "layers.%ld.mlp.out", layer);
  if (e->s.experts > 0)
    synth_mixture(e, p, b, name, p);
  else
    gated(e, p, b, name, p);
  put(scope, "model.layers.%ld", layer);
  fprintf(e->text, "\"layers.%ld.out\" = Add (\"%s\", \"%s\") @\"%s\"\n", layer, a, name, scope);
}

// ---- the whole --------------------------------------------------------------------------------

static void small_constants(emitter *e) {
  FILE *w = e->weights;
  const synth_shape *s = &e->s;
  fprintf(w,
          "  float two = {2.0}, float epsilon = {1e-05}, int64[1] last_axis = {-1}, int64[1] zero1 "
          "= {0}, int64[1] half1 = {%ld},\n",
          e->head_size / 2);
  fprintf(w, "  int64[1] end1 = {9223372036854775807}, int64[1] one1 = {1}, int64[1] two1 = {2}, "
             "int64[1] three1 = {3}, int64 zero_i = {0},\n");
  fprintf(w,
          "  int64 one_i = {1}, int64[2] one_two = {1, 2}, %s zero = {0.0}, %s minus_infinity = "
          "{-inf}, %s root_scale = {%.9g},\n",
          e->type, e->type, e->type, 1 / __builtin_sqrt(__builtin_sqrt((double)e->head_size)));
  fprintf(w,
          "  int64[4] query_shape = {0, 0, %ld, %ld}, int64[4] key_shape = {0, 0, %ld, %ld}, "
          "int64[3] hidden_shape = {0, 0, %ld},\n",
          s->heads, e->head_size, s->kv_heads, e->head_size, s->hidden);
  fprintf(
      w,
      "  int64[5] repeat_shape = {1, 1, %ld, 1, 1}, int64[4] repeated_shape = {0, %ld, -1, %ld},\n",
      s->heads / s->kv_heads, s->heads, e->head_size);
  if (s->experts > 0)
    fprintf(w,
            "  int64[1] experts_per_token = {%ld}, int64[2] token_shape = {-1, %ld}, int64[3] "
            "chosen_shape = {1, %ld, 1}, int64[3] by_token_shape = {-1, %ld, %ld},\n",
            s->experts_per_token, s->hidden, s->experts_per_token, s->experts_per_token, s->hidden);
  fprintf(w, "  float[1, %ld] inverse_frequency = {", e->head_size / 2);
  for (long i = 0; i < e->head_size / 2; i++)
    fprintf(w, "%s%.9g", i ? ", " : "",
            __builtin_pow(500000.0, -2.0 * (double)i / (double)e->head_size));
  fprintf(w, "}\n");
}

// Positions, rotary tables, mask: by index arithmetic, as exporters have it.
static void prologue(emitter *e) {
  FILE *f = e->text;
  const char *scope = "model.rotary_emb", *angles = e->s.opset >= 23 ? "angles" : "both_angles";
  weight(e, "model.embed_tokens.weight", e->s.vocab, e->s.hidden);
  fprintf(f,
          "hidden = Gather (\"model.embed_tokens.weight\", input_ids) @\"model.embed_tokens\"\n");
  fprintf(f, "shape = Shape (input_ids) @\"model\"\nlength = Gather <axis = 0> (shape, one_i) "
             "@\"model\"\n");
  fprintf(f, "positions = Range (zero_i, length, one_i) @\"model\"\nrows = Unsqueeze (positions, "
             "one1) @\"model\"\n");
  fprintf(f, "columns = Unsqueeze (positions, zero1) @\"model\"\ncausal = LessOrEqual (columns, "
             "rows) @\"model\"\n");
  fprintf(f, "present = Cast <to = 9> (attention_mask) @\"model\"\npresent4 = Unsqueeze (present, "
             "one_two) @\"model\"\n");
  fprintf(f,
          "mask = And (causal, present4) @\"model\"\nrows_float = Cast <to = 1> (rows) @\"%s\"\n",
          scope);
  fprintf(f, "angles = MatMul (rows_float, inverse_frequency) @\"%s\"\n", scope);
  if (e->s.opset < 23)
    fprintf(f, "both_angles = Concat <axis = -1> (angles, angles) @\"%s\"\n", scope);
  fprintf(f, "cos_float = Cos (%s) @\"%s\"\nsin_float = Sin (%s) @\"%s\"\n", angles, scope, angles,
          scope);
  const char *end = e->s.opset >= 23 ? "_flat" : "";
  fprintf(
      f, "cos%s = Cast <to = %d> (cos_float) @\"%s\"\nsin%s = Cast <to = %d> (sin_float) @\"%s\"\n",
      end, (int)e->s.type, scope, end, (int)e->s.type, scope);
  if (*end)
    fprintf(
        f, "cos = Unsqueeze (cos_flat, zero1) @\"%s\"\nsin = Unsqueeze (sin_flat, zero1) @\"%s\"\n",
        scope, scope);
}

static void emit(emitter *e) {
  char last[NAME];
  prologue(e);
  for (long i = 0; i < e->s.layers; i++) decoder_layer(e, i);
  put(last, "layers.%ld.out", e->s.layers - 1);
  weight(e, "model.norm.weight", e->s.hidden, 0);
  norm(e, last, "model.norm.weight", "last_hidden_state", "model.norm");
  weight(e, "lm_head.weight", e->s.hidden, e->s.vocab);
  product(e, "last_hidden_state", "lm_head.weight", "logits", "lm_head");
  small_constants(e);
}

// Scopes with their classes, so that targets can be named as those of an export are.
static void emit_scopes(const emitter *e, FILE *out) {
  int layers = 2, n = layers;
  fprintf(out, "  scopes: [1: \"model\": \"decoder.Model\", %d: 1/\"layers\"", layers);
  for (long i = 0; i < e->s.layers; i++) {
    int layer = ++n;
    fprintf(out, ", %d: %d/\"%ld\": \"decoder.DecoderLayer\"", layer, layers, i);
    fprintf(out, ", %d: %d/\"self_attn\": \"decoder.Attention\"", ++n, layer);
    fprintf(out, ", %d: %d/\"mlp\": \"decoder.%s\"", ++n, layer,
            e->s.experts > 0 ? "MixtureOfExperts" : "MLP");
  }
  fprintf(out, "]\n");
}

gcut_status synth_decoder(const char *text, char **out_text, gcut_error *err) {
  emitter e = {0};
  char *nodes = NULL, *weights = NULL;
  size_t size;
  *out_text = NULL;
  gcut_status status = synth_shape_parse(text, &e.s, err);
  if (status != GCUT_OK) return status;
  e.head_size = e.s.hidden / e.s.heads;
  e.type = gcut_dtype_name(e.s.type);
  e.text = open_memstream(&nodes, &size);
  e.weights = open_memstream(&weights, &size);
  FILE *out = open_memstream(out_text, &size);
  bool ok = e.text && e.weights && out;
  if (ok) emit(&e);
  if (e.text) ok = fclose(e.text) == 0 && ok;
  if (e.weights) ok = fclose(e.weights) == 0 && ok;
  if (ok) {
    fprintf(out,
            "<\n  ir_version: 10,\n  opset_import: [\"\": %ld],\n  producer_name: \"graphcut "
            "synth\",\n",
            e.s.opset);
    emit_scopes(&e, out);
    fprintf(out,
            ">\ndecoder (int64[batch, seq] input_ids, int64[batch, seq] attention_mask) => "
            "(%s[batch, seq, %ld] logits) <\n%s> {\n%s}\n",
            e.type, e.s.vocab, weights, nodes);
  }
  if (out) ok = fclose(out) == 0 && ok;
  free(nodes);
  free(weights);
  if (ok) return GCUT_OK;
  free(*out_text);
  *out_text = NULL;
  if (err) snprintf(err->message, sizeof err->message, "out of memory");
  return GCUT_NOMEM;
}
