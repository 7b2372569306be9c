// Masks of attention: one as it lies, or several as one that is added.
#include <float.h>
#include <math.h>
#include <string.h>

#include "exec/cuda/ops/attend.h"
#include "exec/cuda/ops/compile.h"

// What a flag that hides adds: of finite numbers the least that all masks of the job's type have.
static float hiding(const gcut__cuda_attend_job *job, float least) {
  return least == -INFINITY ? least : job->type == GCUT_FLOAT16 ? -65504.0f : -3.3895314e38f;
}

bool gcut__cuda_attend_set_mask(gcut__cuda_attend_job *job, const gcut_type *t, bool hidden,
                                float least) {
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
  gcut__cuda_attend_mask *mask = strides[2] == 0 ? &job->bias : &job->mask;
  if (mask->type) return false;
  *mask = (gcut__cuda_attend_mask){.batch = strides[0],
                                   .head = strides[1],
                                   .row = strides[2],
                                   .column = strides[3],
                                   .type = t->type,
                                   .factor = 1};
  mask->flags[hidden] = hiding(job, least);
  return gcut__cuda_attend_set_tiles(job, mask);
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
  masks->of[i].factor = mask->factor;
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
                 gcut__cuda_attend_inputs *inputs, gcut__cuda_masks_job *masks) {
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
  masks->pitch = masks->dims[3];
  inputs->mask = inputs->bias = 3; // and what follows
  return masks->count > 0 && gcut__cuda_attend_set_mask(job, &joined, false, 0);
}

// Mask i of the group as it lies: which input it is, is noted. Windows have none that does.
static bool set_as_it_lies(const gcut__cuda_matcher *m, const gcut_fused *group, uint32_t i,
                           gcut__cuda_attend_job *job, gcut__cuda_attend_inputs *inputs) {
  const gcut_fused_mask *mask = &group->masks[i];
  gcut_type type;
  gcut_dim dims[4];
  const gcut_type *read = gcut__match_type(m, group->reads[3 + i]),
                  *t = apart(job, gcut__match_type(m, group->reads[0]), read, &type, dims);
  if (!read || read->rank > 4 || (t->type == GCUT_BOOL) != (mask->kind != GCUT_MASK_ADDED))
    return false;
  bool added = mask->kind == GCUT_MASK_ADDED, had = job->bias.type != 0;
  if (!gcut__cuda_attend_set_mask(job, t, mask->kind == GCUT_MASK_HIDES, mask->least)) return false;
  bool alone = !had && job->bias.type != 0; // of keys alone
  gcut__cuda_attend_mask *to = alone ? &job->bias : &job->mask;
  *(alone ? &inputs->bias : &inputs->mask) = 3 + i;
  if (!added) return true;
  to->factor = mask->factor;
  if (!gcut__cuda_attend_set_tiles(job, to) || (!alone && to->factor != 1)) return false;
  if (mask->wide) to->ceiling = INFINITY;
  return true;
}

bool gcut__cuda_attend_set_masks(const gcut__cuda_matcher *m, const gcut_fused *group,
                                 gcut__cuda_attend_job *job, gcut__cuda_attend_inputs *inputs,
                                 gcut__cuda_masks_job *masks) {
  gcut__cuda_attend_job bare = *job;
  uint32_t n = masks_of(group), i = 0;
  while (i < n && set_as_it_lies(m, group, i, job, inputs)) i++;
  if (i == n) return true;
  *job = bare;
  return join(m, group, job, inputs, masks);
}

// Adds what the job's mask or bias adds, as it lies, to what is made.
static void add_part(const gcut__cuda_attend_job *job, const gcut__cuda_attend_mask *mask,
                     gcut__cuda_masks_job *masks, uint32_t i) {
  bool flags = mask->type == GCUT_BOOL, hidden = mask->flags[1] != 0;
  memcpy(masks->of[i].strides, (int64_t[]){mask->batch, mask->head, mask->row, mask->column},
         sizeof masks->of[i].strides);
  masks->of[i].type = mask->type;
  masks->of[i].hidden = hidden;
  masks->of[i].least = mask->flags[hidden];
  masks->of[i].factor = mask->factor;
  masks->of[i].drowns = flags                      ? mask->flags[hidden]
                        : mask->ceiling < INFINITY ? -65504.0f
                                                   : -FLT_MAX;
  masks->n++;
  if (mask->type == GCUT_FLOAT) masks->type = GCUT_FLOAT;
  if (mask->batch) masks->dims[0] = job->batch;
  if (mask->head) masks->dims[1] = job->heads;
}

// Made of masks that lie somewhere.
static gcut__cuda_masks_job start_parts(const gcut__cuda_attend_job *job) {
  return (gcut__cuda_masks_job){
      .dims = {1, 1, job->n_queries, job->n_keys}, .type = job->type, .pitch = job->n_keys};
}

// Has the mask be what is made: of rows that are so far apart.
static bool set_made(gcut__cuda_attend_job *job, gcut__cuda_masks_job *masks, int64_t pitch,
                     bool by_batch, bool by_head) {
  const int64_t *dims = masks->dims, plane = dims[2] * pitch;
  masks->pitch = pitch;
  masks->count = dims[0] * dims[1] * dims[2] * dims[3];
  job->mask = (gcut__cuda_attend_mask){.batch = by_batch ? plane * dims[1] : 0,
                                       .head = by_head ? plane : 0,
                                       .row = pitch,
                                       .column = 1,
                                       .type = masks->type,
                                       .factor = 1};
  return gcut__cuda_attend_set_tiles(job, &job->mask);
}

bool gcut__cuda_attend_unite(gcut__cuda_attend_job *job, gcut__cuda_attend_inputs *inputs,
                             gcut__cuda_masks_job *masks) {
  const gcut__cuda_attend_mask mask = job->mask, bias = job->bias;
  if (!bias.type) return true;
  job->bias = (gcut__cuda_attend_mask){0};
  if (!mask.type && bias.factor == 1) {
    job->mask = bias;
    inputs->mask = inputs->bias;
    return gcut__cuda_attend_set_tiles(job, &job->mask);
  }
  *masks = start_parts(job);
  if (mask.type) add_part(job, &mask, masks, inputs->mask - 3);
  add_part(job, &bias, masks, mask.type ? inputs->bias - 3 : 0);
  inputs->mask = 3;
  return set_made(job, masks, masks->dims[3], masks->dims[0] > 1, masks->dims[1] > 1);
}

bool gcut__cuda_attend_pad(gcut__cuda_attend_job *job, gcut__cuda_masks_job *masks) {
  const gcut__cuda_attend_mask mask = job->mask;
  if (!mask.type || mask.column != 1 || job->type == GCUT_FLOAT) return false;
  if (masks->n == 0) {
    *masks = start_parts(job);
    add_part(job, &mask, masks, 0);
  }
  return set_made(job, masks, (masks->dims[3] + 7) / 8 * 8, mask.batch != 0, mask.head != 0);
}

uint64_t gcut__cuda_masks_bytes(const gcut__cuda_masks_job *masks) {
  if (masks->n == 0) return 0;
  uint64_t elements = (uint64_t)(masks->count / masks->dims[3] * masks->pitch);
  return (elements * (masks->type == GCUT_FLOAT ? 4 : 2) + 255) / 256 * 256;
}
