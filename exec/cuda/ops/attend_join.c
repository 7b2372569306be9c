// Masks of attention: one as it lies, or several as one that is added.
#include <float.h>
#include <math.h>
#include <string.h>

#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/compile.h"

// A mask that broadcasts to [batch, heads, queries, keys].
bool gcut__cuda_attend_set_mask(gcut__cuda_attend_job *job, const gcut_type *t) {
  int64_t full[4] = {job->batch, job->heads, job->n_queries, job->n_keys}, strides[4] = {0},
          stride = 1;
  if (!t || t->rank > 4 || t->rank < 1 ||
      (t->type != GCUT_BOOL && t->type != GCUT_FLOAT && t->type != job->type))
    return false;
  for (int d = t->rank - 1; d >= 0; d--) {
    int to = d + 4 - t->rank;
    if (t->dims[d] != 1 && t->dims[d] != full[to]) return false;
    strides[to] = t->dims[d] == 1 ? 0 : stride;
    stride *= t->dims[d];
  }
  job->m_batch = strides[0];
  job->m_head = strides[1];
  job->m_row = strides[2];
  job->m_column = strides[3];
  job->mask_type = t->type;
  return gcut__cuda_attend_set_tiles(job);
}

// Strides of a mask over the dimensions of all; dims grow to what it has.
static bool set_part(gcut__cuda_masks_job *masks, int32_t i, const gcut_type *t) {
  int64_t stride = 1;
  for (int d = t->rank - 1; d >= 0; d--) {
    int64_t *dim = &masks->dims[d + 4 - t->rank];
    if (t->dims[d] != 1 && *dim != 1 && *dim != t->dims[d]) return false;
    if (t->dims[d] != 1) *dim = t->dims[d];
    masks->of[i].strides[d + 4 - t->rank] = t->dims[d] == 1 ? 0 : stride;
    stride *= t->dims[d];
  }
  return true;
}

// How many masks a group reads behind q, k and v; its sinks follow.
static uint32_t masks_of(const gcut_fused *group) {
  return group->n_reads - 3 - group->sinks;
}

int64_t gcut__cuda_attend_batches(const gcut__cuda_matcher *m, const gcut_fused *group, int64_t n) {
  for (uint32_t i = 3; i < 3 + masks_of(group); i++) {
    const gcut_type *t = gcut__match_type(m, group->reads[i]);
    if (!t || t->rank != 4) continue;
    if (t->dims[0] > 1 && n % t->dims[0] == 0) return t->dims[0];
    if (t->dims[1] > 1 && n % t->dims[1] == 0) return n / t->dims[1];
  }
  return 1;
}

int64_t gcut__cuda_attend_windows(const gcut__cuda_matcher *m, const gcut_fused *group) {
  for (uint32_t i = 3; i < 3 + masks_of(group); i++) {
    const gcut_type *t = gcut__match_type(m, group->reads[i]);
    if (t && t->rank == 5)
      return t->dims[0] == 1 && t->dims[2] == 1 && !group->sinks ? t->dims[1] : 0;
  }
  return 1;
}

// A mask over scores that had batch and heads in one dimension when it was added, or windows and
// batch in two.
static const gcut_type *apart(const gcut__cuda_attend_job *job, const gcut_type *q,
                              const gcut_type *t, gcut_type *type, gcut_dim *dims) {
  if (t && t->rank == 5) { // of windows: without the one batch
    *type = *t;
    type->rank = 4;
    type->dims = t->dims + 1;
    return type;
  }
  if (!t || q->rank != 3 || t->rank != 3 || t->dims[0] != (int64_t)job->batch * job->heads)
    return t;
  memcpy(dims, (gcut_dim[]){job->batch, job->heads, t->dims[1], t->dims[2]}, 4 * sizeof *dims);
  *type = *t;
  type->rank = 4;
  type->dims = dims;
  return type;
}

// What mask i says, of that type; false where nothing can be made of it.
static bool set_kind(gcut__cuda_masks_job *masks, int32_t i, const gcut_fused_mask *mask,
                     int32_t type, int32_t scores) {
  bool flags = mask->kind != GCUT_MASK_ADDED, least = type == GCUT_FLOAT16 && !mask->wide;
  masks->of[i].type = type;
  masks->of[i].hidden = mask->kind == GCUT_MASK_HIDES;
  masks->of[i].least = mask->least;
  masks->of[i].drowns = flags ? mask->least : least ? -65504.0f : -FLT_MAX;
  return flags ? type == GCUT_BOOL : type == scores || type == GCUT_FLOAT;
}

// The sum of masks is kept as their scores are.
static int32_t joined_type(const gcut_fused *group, int32_t scores) {
  for (uint32_t i = 0; i < masks_of(group); i++)
    if (group->masks[i].wide) return GCUT_FLOAT;
  return scores;
}

// Makes one of them for a job whose shapes are set.
static bool join(const gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_attend_job *job,
                 gcut__cuda_masks_job *masks) {
  int64_t windows = gcut__cuda_attend_windows(m, group);
  *masks = (gcut__cuda_masks_job){.dims = {1, windows > 1 ? job->heads / windows : 1, 1, 1},
                                  .n = (int32_t)masks_of(group),
                                  .type = joined_type(group, job->type)};
  for (int32_t i = 0; i < masks->n; i++) {
    gcut_type type;
    gcut_dim dims[4];
    const gcut_type *t = apart(job, gcut__match_type(m, group->reads[0]),
                               gcut__match_type(m, group->reads[3 + i]), &type, dims);
    if (!t || t->rank > 4 || !set_kind(masks, i, &group->masks[i], t->type, job->type) ||
        !set_part(masks, i, t))
      return false;
  }
  gcut_dim heads[] = {1, masks->dims[0] * masks->dims[1], masks->dims[2], masks->dims[3]};
  gcut_type joined = {.kind = GCUT_KIND_TENSOR,
                      .type = masks->type,
                      .rank = 4,
                      .dims = windows > 1 ? heads : masks->dims};
  masks->count = (int64_t)gcut__cuda_count(&joined);
  return masks->count > 0 && gcut__cuda_attend_set_mask(job, &joined);
}

// Whether a kernel reads that mask as it lies.
static bool is_plain(const gcut_fused_mask *mask, const gcut_type *t) {
  bool flags = mask->kind == GCUT_MASK_KEEPS && mask->least == -INFINITY;
  return (!t || t->rank < 5) && (flags || mask->kind == GCUT_MASK_ADDED);
}

// One mask is read as it lies where a kernel can; of rank 3 it repeats over batches.
bool gcut__cuda_attend_set_masks(const gcut__cuda_matcher *m, const gcut_fused *group,
                                 gcut__cuda_attend_job *job, gcut__cuda_masks_job *masks) {
  uint32_t n = masks_of(group);
  const gcut_type *t = n > 0 ? gcut__match_type(m, group->reads[3]) : NULL;
  if (n == 0) return true;
  if (n > 1 || !is_plain(&group->masks[0], t)) return join(m, group, job, masks);
  if (!t || (t->type == GCUT_BOOL) != (group->masks[0].kind == GCUT_MASK_KEEPS) ||
      !gcut__cuda_attend_set_mask(job, t))
    return false;
  if (group->masks[0].wide) job->ceiling = INFINITY;
  return true;
}

uint64_t gcut__cuda_masks_bytes(const gcut__cuda_masks_job *masks) {
  return ((uint64_t)masks->count * (masks->type == GCUT_FLOAT ? 4 : 2) + 255) / 256 * 256;
}
