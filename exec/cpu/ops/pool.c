// MaxPool, AveragePool, LpPool. Planes are loaded as doubles. A pool goes through
// the taps of the window and combines, for each, a row of input with a row of output. Larger pools
// of floats go to oneDNN, two to nine times as fast.
#include "tracer/ops/pool.h"

#include <math.h>

#include "exec/cpu/dnnl.h"
#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/pool.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"

typedef struct pool {
  gcut__window window;
  const int64_t *in, *out; // spatial sizes
  int64_t size_in, size_out, planes;
  bool max;
  double *plane, *columns, *result; // [size_in], [in[n - 1]], [size_out]
  int64_t *at;                      // [size_out]: where in the plane the maximum lies; or NULL
} pool;

// Everything but memory for planes, which begin_planes then gets.
static gcut_status read_pool(gcut__cpu_call *c, pool *p, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  int n = x->rank - 2;
  *p = (pool){.in = x->dims + 2, .out = y->dims + 2, .planes = x->dims[0] * x->dims[1]};
  GCUT_TRY(gcut__window_read(&attrs->window, n, &p->window, err));
  gcut__window_place(&p->window, p->in, p->out);
  p->size_in = gcut__product(p->in, 0, n);
  p->size_out = gcut__product(p->out, 0, n);
  return GCUT_OK;
}

static gcut_status begin_planes(gcut__cpu_call *c, pool *p, gcut_error *err) {
  p->plane = gcut_arena_alloc(c->scratch, (size_t)p->size_in, sizeof *p->plane);
  p->columns = gcut_arena_alloc(c->scratch, (size_t)p->in[p->window.n - 1], sizeof *p->columns);
  p->result = gcut_arena_alloc(c->scratch, (size_t)p->size_out, sizeof *p->result);
  return p->plane && p->columns && p->result ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- windows ----------------------------------------------------------------------------------

// Taps of the window over output o that lie within the input along one axis: k in [from, to), the
// first of them at input `index`.
typedef struct taps {
  int64_t from, to, index;
} taps;

static taps clip(const pool *p, int axis, int64_t o) {
  const gcut__window *w = &p->window;
  int64_t step = w->dilation[axis], start = o * w->stride[axis] - w->begin[axis];
  taps t = {.from = start < 0 ? (-start + step - 1) / step : 0};
  int64_t room = p->in[axis] - start;
  t.to = room > 0 ? (room + step - 1) / step : 0;
  if (t.to > w->kernel[axis]) t.to = w->kernel[axis];
  if (t.to < t.from) t.to = t.from;
  t.index = start + t.from * step;
  return t;
}

static void combine(bool max, const double *x, int64_t step, double *y, int64_t n) {
  if (!max)
    for (int64_t i = 0; i < n; i++) y[i] += x[i * step];
  else
    for (int64_t i = 0; i < n; i++)
      y[i] = gcut__pool_greater(x[i * step], y[i]) ? x[i * step] : y[i];
}

// The same of maxima whose places are wanted: x begins at `index` of the plane, outputs at o.
static void combine_places(const pool *p, const double *x, int64_t index, int64_t step, int64_t o,
                           int64_t n) {
  double *y = p->result + o;
  int64_t *at = p->at + o;
  for (int64_t i = 0; i < n; i++)
    if (at[i] < 0 || gcut__pool_greater(x[i * step], y[i]))
      y[i] = x[i * step], at[i] = index + i * step;
}

// One row of input, which begins at `index` of the plane, with one row of outputs, tap by tap; a
// very wide window output by output, since most of its taps may meet nothing.
static void pool_row(const pool *p, const double *x, int64_t index, int64_t first) {
  enum { WIDE = 64 };
  const gcut__window *w = &p->window;
  int last = w->n - 1;
  bool wide = w->kernel[last] > WIDE;
  int64_t n = p->out[last], from, to;
  for (int64_t o = 0; wide && o < n; o++) {
    taps t = clip(p, last, o);
    for (int64_t k = t.from; k < t.to; k++, t.index += w->dilation[last])
      if (p->at)
        combine_places(p, x + t.index, index + t.index, 1, first + o, 1);
      else
        combine(p->max, x + t.index, 1, p->result + first + o, 1);
  }
  for (int64_t k = 0; !wide && k < w->kernel[last]; k++) {
    int64_t shift = k * w->dilation[last] - w->begin[last], step = w->stride[last];
    gcut__window_range(shift, step, p->in[last], n, &from, &to);
    if (from >= to) continue;
    int64_t at = from * step + shift;
    if (p->at)
      combine_places(p, x + at, index + at, step, first + from, to - from);
    else
      combine(p->max, x + at, step, p->result + first + from, to - from);
  }
}

static void clear(const pool *p, double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = p->max ? -INFINITY : 0;
}

// All rows of input under the windows of one row of outputs, `o` being its index. They are combined
// into one, in long loops, before it is gone through in steps of the stride; but one by one where
// places are wanted, since the first of equal maxima counts.
static void pool_rows(const pool *p, const int64_t *o, int64_t first) {
  int outer = p->window.n - 1;
  int64_t width = p->in[outer], sizes[GCUT_MAX_RANK], k[GCUT_MAX_RANK] = {0};
  taps t[GCUT_MAX_RANK];
  for (int d = 0; d < outer; d++) {
    t[d] = clip(p, d, o[d]);
    sizes[d] = t[d].to - t[d].from;
    if (sizes[d] == 0) return;
  }
  clear(p, p->columns, width);
  do {
    int64_t row = 0;
    for (int d = 0; d < outer; d++)
      row = row * p->in[d] + t[d].index + k[d] * p->window.dilation[d];
    if (p->at)
      pool_row(p, p->plane + row * width, row * width, first);
    else
      combine(p->max, p->plane + row * width, 1, p->columns, width);
  } while (gcut__index_next(outer, sizes, k));
  if (!p->at) pool_row(p, p->columns, 0, first);
}

static void pool_plane(const pool *p) {
  int last = p->window.n - 1;
  int64_t o[GCUT_MAX_RANK] = {0}, first = 0;
  clear(p, p->result, p->size_out);
  for (int64_t i = 0; p->at && i < p->size_out; i++) p->at[i] = -1;
  do {
    pool_rows(p, o, first);
    first += p->out[last];
  } while (gcut__index_next(last, p->out, o));
}

static void load_plane(const gcut__cpu_call *c, const pool *p, int64_t i) {
  gcut__load_doubles(c->inputs[0]->type, c->inputs[0]->data, (uint64_t)(i * p->size_in), 1,
                     (uint64_t)p->size_in, p->plane);
}

static void store_plane(const gcut__cpu_call *c, const pool *p, int64_t i) {
  gcut__store_doubles(c->outputs[0]->type, c->outputs[0]->data, (uint64_t)(i * p->size_out), 1,
                      (uint64_t)p->size_out, p->result);
}

// ---- oneDNN -----------------------------------------------------------------------------------

// Elements under all windows from which on a call into oneDNN is worth its set-up.
static const double LARGE = 1 << 16;
// Maxima of floats are taken for all channels of a pixel at once, from so many on.
enum { LEAST_CHANNELS = 8 };

static double work(const pool *p) {
  double n = (double)p->planes;
  for (int i = 0; i < p->window.n; i++) n *= (double)p->out[i] * (double)p->window.kernel[i];
  return n;
}

// Whether each window has something of the input and, where the padding counts, ends within it:
// beyond, oneDNN counts on.
static bool windows_inside(const pool *p, bool padding) {
  const gcut__window *w = &p->window;
  for (int i = 0; i < w->n; i++) {
    int64_t span = (w->kernel[i] - 1) * w->dilation[i] + 1;
    int64_t last = (p->out[i] - 1) * w->stride[i] - w->begin[i];
    if (w->begin[i] >= span || last >= p->in[i]) return false;
    if (padding && last + span > p->in[i] + w->end[i]) return false;
  }
  return true;
}

// oneDNN's maxima lose NaN and -infinity.
static bool maxima_survive(const float *x, uint64_t n) {
  bool lost = false;
  for (uint64_t i = 0; i < n; i++) lost |= !(x[i] > -INFINITY);
  return !lost;
}

static gcut_status by_dnnl(gcut__cpu_call *c, const pool *p, bool padding, bool *out_done,
                           gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  *out_done = false;
  if (x->type != GCUT_FLOAT || work(p) < LARGE || !windows_inside(p, padding)) return GCUT_OK;
  if (p->max && !maxima_survive(x->data, x->count)) return GCUT_OK;
  gcut__pooling pooling = {.max = p->max,
                           .count_padding = padding,
                           .batch = x->dims[0],
                           .channels = x->dims[1],
                           .in = p->in,
                           .out = p->out,
                           .window = &p->window};
  return gcut__dnnl_pool(&pooling, x->data, c->outputs[0]->data, out_done, err);
}

// ---- MaxPool ----------------------------------------------------------------------------------

// A row-major place in the plane as the column-major one.
static int64_t column_major(const pool *p, int64_t at) {
  int64_t place = 0, step = p->size_in;
  for (int d = p->window.n - 1; d >= 0; d--) {
    step /= p->in[d];
    place += at % p->in[d] * step;
    at /= p->in[d];
  }
  return place;
}

static void store_indices(const gcut__cpu_call *c, const pool *p, int64_t plane) {
  const gcut__pool_attrs *attrs = c->attrs;
  int64_t *out = (int64_t *)c->outputs[1]->data + plane * p->size_out;
  for (int64_t i = 0; i < p->size_out; i++) {
    int64_t at = p->at[i];
    if (attrs->storage_order && at >= 0) at = column_major(p, at);
    out[i] = at < 0 ? -1 : plane * p->size_in + at;
  }
}

// y = the greater of each, NaN being the greatest.
static void raise_pixel(int64_t n, const float *restrict x, float *restrict y) {
  for (int64_t i = 0; i < n; i++) y[i] = ((x[i] > y[i]) | (x[i] != x[i])) ? x[i] : y[i];
}

// The maximum under the window over output o, for all channels.
static void max_pixel(const pool *p, const int64_t *o, int64_t channels, const float *x, float *y) {
  int64_t sizes[GCUT_MAX_RANK], k[GCUT_MAX_RANK] = {0};
  taps t[GCUT_MAX_RANK];
  for (int64_t i = 0; i < channels; i++) y[i] = -INFINITY;
  for (int d = 0; d < p->window.n; d++) {
    t[d] = clip(p, d, o[d]);
    sizes[d] = t[d].to - t[d].from;
    if (sizes[d] == 0) return;
  }
  do {
    int64_t at = 0;
    for (int d = 0; d < p->window.n; d++)
      at = at * p->in[d] + t[d].index + k[d] * p->window.dilation[d];
    raise_pixel(channels, x + at * channels, y);
  } while (gcut__index_next(p->window.n, sizes, k));
}

// Floats channels last, from wherever they lie to the same. Few channels are left to the others.
static gcut_status max_pixels(gcut__cpu_call *c, const pool *p, bool *out_done, gcut_error *err) {
  const gcut_tensor *t = c->inputs[0];
  int64_t channels = t->dims[1];
  const float *x = t->data;
  float *y = c->outputs[0]->data;
  *out_done = c->order && t->type == GCUT_FLOAT && (c->order->input || channels >= LEAST_CHANNELS);
  if (!*out_done) return GCUT_OK;
  if (!c->order->input && gcut__cpu_order_matters(t->rank, t->dims)) {
    float *turned = gcut__cpu_spare(c, t->bytes);
    if (!turned) return GCUT_NO_MEMORY(err);
    gcut__cpu_turn(sizeof *x, t->rank, t->dims, true, x, turned);
    x = turned;
  }
  for (int64_t b = 0; b < t->dims[0]; b++) {
    int64_t o[GCUT_MAX_RANK] = {0};
    do {
      max_pixel(p, o, channels, x + b * channels * p->size_in, y);
      y += channels;
    } while (gcut__index_next(p->window.n, p->out, o));
  }
  c->order->output = true;
  return GCUT_OK;
}

gcut_status gcut__cpu_max_pool(gcut__cpu_call *c, gcut_error *err) {
  pool p;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_pool(c, &p, err));
  p.max = true;
  bool indices = c->n_outputs > 1 && c->outputs[1], done = false;
  if (!indices) GCUT_TRY(max_pixels(c, &p, &done, err));
  if (done) return GCUT_OK;
  GCUT_TRY(gcut__cpu_straighten_input(c, err));
  if (!indices) GCUT_TRY(by_dnnl(c, &p, false, &done, err));
  if (done) return GCUT_OK;
  GCUT_TRY(begin_planes(c, &p, err));
  if (indices) p.at = gcut_arena_alloc(c->scratch, (size_t)p.size_out, sizeof *p.at);
  if (indices && !p.at) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < p.planes; i++) {
    load_plane(c, &p, i);
    pool_plane(&p);
    store_plane(c, &p, i);
    if (indices) store_indices(c, &p, i);
  }
  return GCUT_OK;
}

// ---- AveragePool ------------------------------------------------------------------------------

// Elements under the window over output o along one axis: those of the input, or of input and
// padding; never those beyond the padding, where a window may end that was rounded up.
static int64_t window_size(const pool *p, int axis, int64_t o, bool padding) {
  taps t = clip(p, axis, o);
  if (!padding) return t.to - t.from;
  const gcut__window *w = &p->window;
  int64_t room = p->in[axis] + w->end[axis] - (o * w->stride[axis] - w->begin[axis]);
  int64_t n = (room + w->dilation[axis] - 1) / w->dilation[axis];
  return n < w->kernel[axis] ? n : w->kernel[axis];
}

// The size of every window: [size_out]; a product of one factor an axis.
static double *window_sizes(gcut__cpu_call *c, const pool *p, bool padding) {
  double *sizes = gcut_arena_alloc(c->scratch, (size_t)p->size_out, sizeof *sizes);
  int64_t o[GCUT_MAX_RANK] = {0};
  int last = p->window.n - 1;
  if (!sizes) return NULL;
  for (int64_t i = 0; i < p->size_out; i += p->out[last]) {
    double rows = 1;
    for (int d = 0; d < last; d++) rows *= (double)window_size(p, d, o[d], padding);
    for (int64_t j = 0; j < p->out[last]; j++)
      sizes[i + j] = rows * (double)window_size(p, last, j, padding);
    gcut__index_next(last, p->out, o);
  }
  return sizes;
}

gcut_status gcut__cpu_average_pool(gcut__cpu_call *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->attrs;
  pool p;
  bool done, padding = attrs->count_include_pad != 0;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_pool(c, &p, err));
  GCUT_TRY(by_dnnl(c, &p, padding, &done, err));
  if (done) return GCUT_OK;
  GCUT_TRY(begin_planes(c, &p, err));
  double *sizes = window_sizes(c, &p, padding);
  if (!sizes) return GCUT_NO_MEMORY(err);
  for (int64_t i = 0; i < p.planes; i++) {
    load_plane(c, &p, i);
    pool_plane(&p);
    for (int64_t j = 0; j < p.size_out; j++)
      p.result[j] = sizes[j] > 0 ? p.result[j] / sizes[j] : 0;
    store_plane(c, &p, i);
  }
  return GCUT_OK;
}

// ---- LpPool -----------------------------------------------------------------------------------

gcut_status gcut__cpu_lp_pool(gcut__cpu_call *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->attrs;
  pool p;
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_pool(c, &p, err));
  GCUT_TRY(begin_planes(c, &p, err));
  for (int64_t i = 0; i < p.planes; i++) {
    load_plane(c, &p, i);
    gcut__pool_raise(p.plane, p.size_in, (double)attrs->p);
    pool_plane(&p);
    for (int64_t j = 0; j < p.size_out; j++)
      p.result[j] = gcut__pool_root(p.result[j], (double)attrs->p);
    store_plane(c, &p, i);
  }
  return GCUT_OK;
}
