// NonMaxSuppression: of each class the boxes by falling score, each kept unless one that was kept
// before overlaps it too much. Computed in float, as the standard's reference does: a box at the
// threshold depends on it.
#include <math.h>
#include <stdlib.h>

#include "exec/cpu/ops/kernels.h"
#include "tracer/ops/detection.h"

typedef struct candidate {
  float score;
  int64_t box;
} candidate;

typedef struct limits {
  int64_t most;           // boxes of a class
  float overlap, score;   // suppress above the one, ignore at or below the other
  bool has_score, center; // center: boxes are centre and size
} limits;

// Falling scores, then rising indices; NaN last.
static int compare_candidates(const void *a, const void *b) {
  const candidate *x = a, *y = b;
  if (isnan(x->score) != isnan(y->score)) return isnan(x->score) ? 1 : -1;
  if (x->score != y->score && !isnan(x->score)) return x->score > y->score ? -1 : 1;
  return (x->box > y->box) - (x->box < y->box);
}

typedef struct span {
  float low, high;
} span;

// A box's extent along one axis: boxes are [y1, x1, y2, x2] with corners in any order, or [x, y,
// width, height].
static span span_of(const float *box, int axis, bool center) {
  if (center) {
    float half = box[axis + 2] / 2;
    return (span){box[axis] - half, box[axis] + half};
  }
  float a = box[axis], b = box[axis + 2];
  return a < b ? (span){a, b} : (span){b, a};
}

static bool overlaps(const float *a, const float *b, const limits *l) {
  float area_a = 1, area_b = 1, common = 1;
  for (int axis = 0; axis < 2; axis++) {
    span x = span_of(a, axis, l->center), y = span_of(b, axis, l->center);
    float low = x.low > y.low ? x.low : y.low, high = x.high < y.high ? x.high : y.high;
    if (high <= low) return false;
    common *= high - low;
    area_a *= x.high - x.low, area_b *= y.high - y.low;
  }
  float both = area_a + area_b - common;
  if (common <= 0 || area_a <= 0 || area_b <= 0 || both <= 0) return false;
  return common / both > l->overlap;
}

// Candidates of one class, best first; their number.
static int64_t rank_boxes(const float *scores, int64_t n, const limits *l, candidate *out) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++)
    if (!l->has_score || scores[i] > l->score) out[count++] = (candidate){scores[i], i};
  qsort(out, (size_t)count, sizeof *out, compare_candidates);
  return count;
}

// Keeps the boxes of one class in kept[]; their number, at most l->most.
static int64_t keep_boxes(const float *boxes, const candidate *ranked, int64_t n, const limits *l,
                          int64_t *kept) {
  int64_t count = 0;
  for (int64_t i = 0; i < n && count < l->most; i++) {
    bool free = true;
    for (int64_t k = 0; k < count && free; k++)
      free = !overlaps(boxes + 4 * ranked[i].box, boxes + 4 * kept[k], l);
    if (free) kept[count++] = ranked[i].box;
  }
  return count;
}

static limits read_limits(const gcut__cpu_call *c) {
  const gcut__nms_attrs *attrs = c->attrs;
  limits l = {.center = attrs->center_point_box != 0};
  bool given[5] = {false};
  for (uint32_t i = 2; i < 5; i++) given[i] = gcut__cpu_has(c, i) && c->inputs[i]->count > 0;
  if (given[2]) l.most = *(const int64_t *)c->inputs[2]->data;
  if (given[3]) l.overlap = *(const float *)c->inputs[3]->data;
  if (given[4]) l.score = *(const float *)c->inputs[4]->data, l.has_score = true;
  if (l.most > c->inputs[0]->dims[1]) l.most = c->inputs[0]->dims[1];
  if (l.most < 0) l.most = 0;
  return l;
}

gcut_status gcut__cpu_non_max_suppression(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *boxes = c->inputs[0], *scores = c->inputs[1];
  limits l = read_limits(c);
  int64_t batches = boxes->dims[0], n = boxes->dims[1], classes = scores->dims[1];
  uint64_t groups = l.most > 0 ? (uint64_t)(batches * classes) : 0;
  candidate *ranked = GCUT_NEW_ARRAY(c->scratch, candidate, (size_t)n);
  int64_t *kept = gcut_arena_alloc(c->scratch, groups, (size_t)l.most * sizeof *kept);
  int64_t *counts = GCUT_NEW_ARRAY(c->scratch, int64_t, groups), total = 0;
  if (!ranked || !kept || !counts) return GCUT_NO_MEMORY(err);
  for (uint64_t g = 0; g < groups; g++) {
    const float *of_batch = (const float *)boxes->data + (int64_t)g / classes * n * 4;
    int64_t m = rank_boxes((const float *)scores->data + (int64_t)g * n, n, &l, ranked);
    counts[g] = keep_boxes(of_batch, ranked, m, &l, kept + (int64_t)g * l.most);
    total += counts[g];
  }
  GCUT_TRY(gcut__cpu_output(c, 0, GCUT_INT64, 2, (int64_t[]){total, 3}, err));
  int64_t *out = c->outputs[0]->data;
  for (uint64_t g = 0; g < groups; g++)
    for (int64_t k = 0; k < counts[g]; k++, out += 3) {
      out[0] = (int64_t)g / classes, out[1] = (int64_t)g % classes;
      out[2] = kept[(int64_t)g * l.most + k];
    }
  return GCUT_OK;
}
