// oneDNN multiplies uint8 by int8 and adds up in int32, exactly where the processor has
// instructions for that. Padding is written out with the zero point, so that it adds nothing once
// the zero point times each channel's sum of weights is taken away. int8 is moved to uint8 by 128,
// its zero point too.
#include "exec/cpu/ops/byte_conv.h"

#include <stdlib.h>

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"

// Multiply-adds from which on it is worth the copies.
static const double LEAST = 1 << 11;
static const double MOST_BYTES = 0x1p40; // dilations may be anything

enum { MOST_AXES = 3, MOST_PRODUCTS = 1 << 15 }; // so many of 255 * 128 fit int32, twice

typedef struct kept_convolution {
  gcut__cpu_kept base;
  gcut__dnnl_convolution *convolution;
  int32_t sums[]; // [channels] of weights
} kept_convolution;

typedef struct work {
  gcut__cpu_call *c;
  gcut__convolution padded; // without padding of its own
  int64_t sizes[MOST_AXES]; // of its input
  int64_t begin[MOST_AXES];
  const int64_t *in;
  int64_t channels, outputs;
  const gcut_tensor *x, *w;
  uint8_t zero, flip; // x ^ flip is uint8
} work;

// ---- which cases ------------------------------------------------------------------------------

static bool is_zero(const gcut__cpu_call *c, uint32_t i) {
  const gcut_tensor *t = i < c->n_inputs ? c->inputs[i] : NULL;
  for (uint64_t k = 0; t && k < t->bytes; k++)
    if (((const uint8_t *)t->data)[k]) return false;
  return true;
}

static bool begin_work(gcut__cpu_call *c, const gcut__convolution *g, gcut__byte_conv in, work *k) {
  const gcut__window *w = &g->window;
  *k = (work){.c = c, .padded = *g, .in = g->in, .x = c->inputs[in.x], .w = c->inputs[in.w]};
  k->channels = g->groups * g->in_channels, k->outputs = g->groups * g->out_channels;
  if (!c->order || w->n > MOST_AXES || k->w->type != GCUT_INT8 || !is_zero(c, in.zero_w) ||
      gcut__convolution_products(g) < LEAST || !gcut__dnnl_multiplies_bytes())
    return false;
  if (k->x->type != GCUT_UINT8 && k->x->type != GCUT_INT8) return false;
  if (g->in_channels * gcut__product(w->kernel, 0, w->n) > MOST_PRODUCTS) return false;
  const gcut_tensor *zero = gcut__cpu_has(c, in.zero_x) ? c->inputs[in.zero_x] : NULL;
  if (zero && zero->count != 1) return false;
  k->flip = k->x->type == GCUT_INT8 ? 0x80 : 0;
  double bytes = (double)g->batch * (double)k->channels; // of x padded
  k->zero = (uint8_t)((zero ? *(const uint8_t *)zero->data : 0) ^ k->flip);
  for (int d = 0; d < w->n; d++) {
    if (w->begin[d] < 0) return false;
    k->begin[d] = w->begin[d];
    k->sizes[d] = (g->out[d] - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1;
    k->padded.window.begin[d] = k->padded.window.end[d] = 0;
    bytes *= (double)k->sizes[d];
  }
  k->padded.in = k->sizes;
  return bytes < MOST_BYTES;
}

// ---- weights ----------------------------------------------------------------------------------

static void destroy_kept(gcut__cpu_kept *kept) {
  gcut__dnnl_convolution_destroy(((kept_convolution *)kept)->convolution);
  free(kept);
}

static void add_weights(const work *k, int32_t *sums) {
  int64_t n = (int64_t)k->w->count / k->outputs;
  const int8_t *w = k->w->data;
  for (int64_t o = 0; o < k->outputs; o++) {
    sums[o] = 0;
    for (int64_t i = 0; i < n; i++) sums[o] += w[o * n + i];
  }
}

// The convolution and its sums, of an earlier call or new; NULL where oneDNN has none. *out_own: it
// is not kept.
static gcut_status find(const work *k, uint32_t w, kept_convolution **out, bool *out_own,
                        gcut_error *err) {
  kept_convolution *kept = *out = (kept_convolution *)gcut__cpu_recall(k->c);
  *out_own = false;
  if (kept && gcut__dnnl_convolution_is(kept->convolution, &k->padded, false)) return GCUT_OK;
  gcut__dnnl_convolution *convolution;
  *out = NULL;
  GCUT_TRY(gcut__dnnl_convolution_create(&k->padded, false, true, &convolution, err));
  if (!convolution) return GCUT_OK;
  kept = calloc(1, sizeof *kept + (size_t)k->outputs * sizeof *kept->sums);
  if (!kept) {
    gcut__dnnl_convolution_destroy(convolution);
    return GCUT_NO_MEMORY(err);
  }
  kept->base.destroy = destroy_kept;
  kept->convolution = convolution;
  add_weights(k, kept->sums);
  gcut_status status = gcut__dnnl_convolution_pack(convolution, k->w->data, err);
  if (status != GCUT_OK) {
    destroy_kept(&kept->base);
    return status;
  }
  *out_own = !gcut__cpu_is_constant(k->c, w) || !gcut__cpu_keep(k->c, &kept->base);
  *out = kept;
  return GCUT_OK;
}

// ---- x ----------------------------------------------------------------------------------------

static void copy_row(const work *k, const uint8_t *from, int64_t n, uint8_t *to) {
  if (k->flip == 0)
    memcpy(to, from, (size_t)n);
  else
    for (int64_t i = 0; i < n; i++) to[i] = from[i] ^ k->flip;
}

// One image, row by row: rows beyond what the windows reach are left out.
static void pad_image(const work *k, const uint8_t *from, uint8_t *to) {
  int last = k->padded.window.n - 1;
  int64_t at[MOST_AXES] = {0}, row = k->in[last] * k->channels;
  int64_t n = k->sizes[last] - k->begin[last];
  if (n > k->in[last]) n = k->in[last];
  do {
    int64_t place = 0;
    bool inside = n > 0;
    for (int d = 0; d < last; d++) {
      inside = inside && at[d] + k->begin[d] < k->sizes[d];
      place = place * k->sizes[d] + at[d] + k->begin[d];
    }
    place = (place * k->sizes[last] + k->begin[last]) * k->channels;
    if (inside) copy_row(k, from, n * k->channels, to + place);
    from += row;
  } while (gcut__index_next(last, k->in, at));
}

static bool lies_ready(const work *k) {
  for (int d = 0; d < k->padded.window.n; d++)
    if (k->begin[d] || k->sizes[d] != k->in[d]) return false;
  return k->flip == 0;
}

// Memory for a run: x channels last, x padded, sums.
typedef struct room {
  uint8_t *turned, *padded; // NULL: x serves
  int32_t *sums;
} room;

static size_t aligned(size_t bytes) {
  return (bytes + 63) & ~(size_t)63;
}

static bool take_room(const work *k, room *out) {
  bool turns = !k->c->order->input && gcut__cpu_order_matters(k->x->rank, k->x->dims);
  bool pads = turns || !lies_ready(k);
  int n = k->padded.window.n;
  int64_t images = k->padded.batch;
  size_t turned = turns ? aligned(k->x->bytes) : 0;
  size_t image = (size_t)(gcut__product(k->sizes, 0, n) * k->channels);
  size_t padded = pads ? aligned((size_t)images * image) : 0;
  size_t sums = (size_t)(images * gcut__product(k->padded.out, 0, n) * k->outputs);
  uint8_t *all = gcut__cpu_spare(k->c, turned + padded + sums * sizeof *out->sums);
  if (!all) return false;
  *out = (room){.turned = turns ? all : NULL,
                .padded = pads ? all + turned : NULL,
                .sums = (int32_t *)(void *)(all + turned + padded)};
  return true;
}

// x as uint8 channels last, its padding written out.
static const uint8_t *pad(const work *k, const room *r) {
  const gcut_tensor *x = k->x;
  const uint8_t *from = x->data;
  if (r->turned) {
    gcut__cpu_turn(1, x->rank, x->dims, true, from, r->turned);
    from = r->turned;
  }
  if (!r->padded) return from;
  int n = k->padded.window.n;
  int64_t image = gcut__product(k->sizes, 0, n) * k->channels;
  int64_t given = gcut__product(k->in, 0, n) * k->channels;
  memset(r->padded, k->zero, (size_t)(k->padded.batch * image));
  for (int64_t b = 0; b < k->padded.batch; b++)
    pad_image(k, from + b * given, r->padded + b * image);
  return r->padded;
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status run(const work *k, const kept_convolution *kept, gcut__byte_sums *out,
                       gcut_error *err) {
  room room;
  int32_t *correction = GCUT_NEW_ARRAY(k->c->scratch, int32_t, k->outputs);
  if (!correction || !take_room(k, &room)) return GCUT_NO_MEMORY(err);
  for (int64_t o = 0; o < k->outputs; o++) correction[o] = -(int32_t)k->zero * kept->sums[o];
  GCUT_TRY(gcut__dnnl_convolution_run(kept->convolution, pad(k, &room), NULL, NULL, room.sums, true,
                                      err));
  *out = (gcut__byte_sums){room.sums, correction};
  return GCUT_OK;
}

gcut_status gcut__convolve_bytes(gcut__cpu_call *c, const gcut__convolution *g, gcut__byte_conv in,
                                 gcut__byte_sums *out, gcut_error *err) {
  work k;
  kept_convolution *kept;
  bool own;
  *out = (gcut__byte_sums){0};
  if (!begin_work(c, g, in, &k)) return GCUT_OK;
  GCUT_TRY(find(&k, in.w, &kept, &own, err));
  if (!kept) return GCUT_OK;
  gcut_status status = run(&k, kept, out, err);
  if (own) destroy_kept(&kept->base);
  return status;
}
