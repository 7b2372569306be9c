// How a program reads its inputs: strides, dimensions that all walk as one, and slots for results.
#include "exec/cuda/ops/program_builder.h"

#include <string.h>

#include "exec/cuda/ops/compile.h"

// ---- inputs and shapes ------------------------------------------------------------------------

bool gcut__cuda_view_of(const gcut_type *in, const gcut_type *out, gcut__cuda_view *view) {
  int more = out->rank - in->rank;
  for (int d = 0; d < in->rank; d++) {
    bool one = in->dims[d] == 1;
    view->of[d] = one ? -1 : d + more;
    view->wraps[d] = false;
    if (!one && (d + more < 0 || in->dims[d] != out->dims[d + more])) return false;
  }
  return true;
}

// Strides of input `n` by dimension of the output: 0 where it repeats. False where two inputs wrap
// with different lengths.
static bool set_strides(gcut__cuda_program_builder *b, int n, const gcut_type *in,
                        const gcut__cuda_view *view) {
  int64_t stride = 1;
  memset(b->strides[n], 0, sizeof b->strides[n]);
  memset(b->wraps[n], 0, sizeof b->wraps[n]);
  for (int d = in->rank - 1; d >= 0; d--) {
    int to = view->of[d];
    if (to >= 0) b->strides[n][to] = stride;
    if (to >= 0 && view->wraps[d]) {
      if (b->period[to] != 0 && b->period[to] != in->dims[d]) return false;
      b->period[to] = in->dims[d];
      b->wraps[n][to] = true;
    }
    stride *= in->dims[d];
  }
  return true;
}

static bool is_same_input(const gcut__cuda_program_builder *b, int i, int k) {
  return b->values[i] == b->values[k] &&
         memcmp(b->strides[i], b->strides[k], sizeof b->strides[i]) == 0 &&
         memcmp(b->wraps[i], b->wraps[k], sizeof b->wraps[i]) == 0;
}

int gcut__cuda_builder_view(gcut__cuda_program_builder *b, uint32_t value,
                            const gcut__cuda_view *view) {
  int n = b->job.n_inputs;
  const gcut_type *type = &b->trace->facts[value].type;
  if (n == GCUT_CUDA_ELEMENT_INPUTS || !gcut__cuda_has_class(type->type) ||
      !set_strides(b, n, type, view))
    return ELEMENT_NONE;
  b->values[n] = value;
  for (int i = 0; i < n; i++)
    if (is_same_input(b, i, n)) return i;
  b->job.n_inputs++;
  return n;
}

int gcut__cuda_builder_input(gcut__cuda_program_builder *b, uint32_t value) {
  gcut__cuda_view view;
  if (!gcut__cuda_view_of(&b->trace->facts[value].type, b->output, &view)) return ELEMENT_NONE;
  return gcut__cuda_builder_view(b, value, &view);
}

// The output's dimensions from the last on, those that some input wraps along as two, and the
// strides along them.
typedef struct walked {
  int64_t dims[2 * GCUT_MAX_RANK];
  int64_t strides[GCUT_CUDA_ELEMENT_INPUTS][2 * GCUT_MAX_RANK];
  int n;
} walked;

static void walk_dims(const gcut__cuda_program_builder *b, walked *w) {
  w->n = 0;
  for (int d = b->output->rank - 1; d >= 0; d--) {
    int64_t dim = b->output->dims[d], inner = b->period[d] ? b->period[d] : dim;
    w->dims[w->n] = inner;
    w->dims[w->n + 1] = inner ? dim / inner : 1;
    for (int k = 0; k < b->job.n_inputs; k++) {
      w->strides[k][w->n] = b->strides[k][d];
      w->strides[k][w->n + 1] = b->wraps[k][d] ? 0 : b->strides[k][d] * inner;
    }
    w->n += b->period[d] ? 2 : 1;
  }
}

// Joins the output's dimensions that every input walks as one; false where more remain than a job
// holds.
static bool collapse(gcut__cuda_program_builder *b) {
  walked w;
  int kept[2 * GCUT_MAX_RANK], n = 0;
  walk_dims(b, &w);
  for (int d = 0; d < w.n; d++) {
    if (w.dims[d] == 1) continue;
    int after = n > 0 ? kept[n - 1] : -1;
    bool merged = after >= 0;
    for (int k = 0; k < b->job.n_inputs && merged; k++)
      merged = w.strides[k][d] == w.strides[k][after] * w.dims[after];
    if (merged)
      w.dims[after] *= w.dims[d];
    else
      kept[n++] = d;
  }
  if (n > GCUT_CUDA_ELEMENT_DIMS) return false;
  b->job.rank = n > 0 ? n : 1;
  b->job.dims[0] = 1; // of a scalar
  for (int i = 0; i < n; i++) {
    b->job.dims[i] = w.dims[kept[i]];
    for (int k = 0; k < b->job.n_inputs; k++) b->job.inputs[k].strides[i] = w.strides[k][kept[i]];
  }
  return true;
}

// ---- slots ------------------------------------------------------------------------------------

// The last instruction that reads a result other than by standing right behind it, or -1.
static int last_far_reader(const gcut__cuda_program_builder *b, int result) {
  int last = -1;
  for (int s = result + 2; s < b->job.n_steps; s++)
    for (int k = 0; k < 3; k++)
      if (b->operands[s][k] == ELEMENT_RESULT + result) last = s;
  return last;
}

static bool assign_slots(gcut__cuda_program_builder *b) {
  int busy_until[GCUT_CUDA_ELEMENT_SLOTS] = {0};
  for (int s = 0; s < b->job.n_steps; s++) {
    int last = last_far_reader(b, s), slot = 0;
    if (last < 0) continue;
    while (slot < GCUT_CUDA_ELEMENT_SLOTS && busy_until[slot] > s) slot++;
    if (slot == GCUT_CUDA_ELEMENT_SLOTS) return false;
    busy_until[slot] = last;
    b->job.steps[s].keep = (int8_t)slot;
    if (slot + 1 > b->job.n_slots) b->job.n_slots = slot + 1;
  }
  return true;
}

static gcut__cuda_element_operand operand(const gcut__cuda_program_builder *b, int step, int k) {
  int x = b->operands[step][k];
  if (x == ELEMENT_NONE) return (gcut__cuda_element_operand){0};
  if (x < ELEMENT_RESULT)
    return (gcut__cuda_element_operand){(uint8_t)x,
                                        (uint8_t)b->trace->facts[b->values[x]].type.type};
  const gcut__cuda_element_step *from = &b->job.steps[x - ELEMENT_RESULT];
  uint8_t where = x - ELEMENT_RESULT == step - 1 ? GCUT_CUDA_ELEMENT_BEFORE
                                                 : (uint8_t)(GCUT_CUDA_ELEMENT_SLOT + from->keep);
  return (gcut__cuda_element_operand){where, from->type};
}

bool gcut__cuda_builder_finish(gcut__cuda_program_builder *b) {
  b->job.count = (int64_t)gcut__cuda_count(b->output);
  if (!collapse(b) || !assign_slots(b)) return false;
  for (int s = 0; s < b->job.n_steps; s++)
    for (int k = 0; k < 3; k++) b->job.steps[s].operands[k] = operand(b, s, k);
  return true;
}
