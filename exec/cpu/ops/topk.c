// TopK: each line along the axis goes through a heap of the k best so far, whose root is the worst
// of them; it is then taken apart from the worst to the best. O(n log k), and most elements are
// turned away at the root. Ties go to the lower index; a NaN counts as the largest, as numpy sorts
// it.
#include "tracer/ops/topk.h"

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

// Elements become 64-bit keys of the same order, so one heap serves every type.
typedef struct entry {
  uint64_t key;
  int64_t index;
} entry;

static uint64_t key_of_double(double x) {
  uint64_t bits;
  if (x != x) return UINT64_MAX;
  x += 0.0; // -0 becomes 0
  memcpy(&bits, &x, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t key_at(gcut__class class, const void *row, size_t k) {
  switch (class) {
  case GCUT__CLASS_f:
  case GCUT__CLASS_d: return key_of_double(gcut__row_double(class, row, k));
  case GCUT__CLASS_i: return ((const uint64_t *)row)[k] ^ UINT64_C(1) << 63;
  default: return ((const uint64_t *)row)[k];
  }
}

static bool worse(const entry *a, const entry *b) {
  return a->key != b->key ? a->key < b->key : a->index > b->index;
}

// Moves the entry at `at` down to where both below it are better.
static void sift_down(entry *heap, size_t n, size_t at) {
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= n) return;
    if (child + 1 < n && worse(&heap[child + 1], &heap[child])) child++;
    if (!worse(&heap[child], &heap[at])) return;
    entry moved = heap[at];
    heap[at] = heap[child];
    heap[child] = moved;
    at = child;
  }
}

static void sift_up(entry *heap, size_t at) {
  while (at > 0 && worse(&heap[at], &heap[(at - 1) / 2])) {
    entry moved = heap[at];
    heap[at] = heap[(at - 1) / 2];
    heap[(at - 1) / 2] = moved;
    at = (at - 1) / 2;
  }
}

static void offer(entry *heap, size_t *n, size_t k, entry candidate) {
  if (*n < k) {
    heap[*n] = candidate;
    sift_up(heap, (*n)++);
  } else if (k > 0 && worse(&heap[0], &candidate)) {
    heap[0] = candidate;
    sift_down(heap, k, 0);
  }
}

// From the worst at the root to the best in front.
static void sort_best_first(entry *heap, size_t n) {
  for (size_t end = n; end > 1; end--) {
    entry worst = heap[0];
    heap[0] = heap[end - 1];
    heap[end - 1] = worst;
    sift_down(heap, end - 1, 0);
  }
}

typedef struct line {
  int64_t offset, step, size; // in elements of the input
  size_t k;
} line;

// The k best of a line, best first.
static void select_best(const gcut_tensor *x, const line *l, bool largest, entry *heap) {
  gcut__class class = gcut__class_of(x->type);
  gcut__row_buffer buffer;
  size_t n_heap = 0;
  for (int64_t at = 0; at < l->size; at += GCUT__ROW) {
    size_t n = l->size - at < GCUT__ROW ? (size_t)(l->size - at) : GCUT__ROW;
    const void *row =
        gcut__row_load(x->type, x->data, l->offset + at * l->step, l->step, n, &buffer);
    for (size_t j = 0; j < n; j++) {
      uint64_t key = key_at(class, row, j);
      offer(heap, &n_heap, l->k, (entry){largest ? key : ~key, at + (int64_t)j});
    }
  }
  sort_best_first(heap, n_heap);
}

static void copy_element(const gcut_tensor *from, int64_t at, gcut_tensor *to, int64_t index) {
  size_t bytes = gcut_dtype_bits(from->type) / 8;
  memcpy((char *)to->data + (size_t)index * bytes, (const char *)from->data + (size_t)at * bytes,
         bytes);
}

static void write_line(gcut__cpu_call *c, const line *l, const entry *best, int64_t to,
                       int64_t step) {
  gcut_tensor *values = c->outputs[0], *indices = c->n_outputs > 1 ? c->outputs[1] : NULL;
  for (size_t j = 0; j < l->k; j++) {
    int64_t at = to + (int64_t)j * step;
    if (values) copy_element(c->inputs[0], l->offset + best[j].index * l->step, values, at);
    if (indices) ((int64_t *)indices->data)[at] = best[j].index;
  }
}

gcut_status gcut__cpu_topk(gcut__cpu_call *c, gcut_error *err) {
  const gcut__topk_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  const gcut_tensor *y = c->outputs[0] ? c->outputs[0] : c->outputs[1];
  if (gcut__class_of(x->type) == GCUT__CLASS_NONE)
    return gcut__cpu_type_unsupported(c, x->type, err);
  int64_t axis = attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis;
  if (y->count == 0) return GCUT_OK;
  int64_t inner = gcut__product(x->dims, (int)axis + 1, x->rank);
  line l = {.step = inner, .size = x->dims[axis], .k = (size_t)y->dims[axis]};
  entry *heap = GCUT_NEW_ARRAY(c->scratch, entry, l.k);
  if (!heap) return GCUT_NO_MEMORY(err);
  for (int64_t o = 0; o < (int64_t)x->count / (l.size * inner); o++)
    for (int64_t i = 0; i < inner; i++) {
      l.offset = o * l.size * inner + i;
      select_best(x, &l, attrs->largest != 0, heap);
      write_line(c, &l, heap, o * (int64_t)l.k * inner + i, inner);
    }
  return GCUT_OK;
}
