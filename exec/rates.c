// The model of a machine: a part takes the longest of its arithmetic, its memory traffic, and what
// it reads over the wire, plus a fixed cost a node. What it makes of weights alone comes before: no
// arithmetic hides it.
#include "exec/rates.h"

#include <math.h>

const gcut_profile gcut__default_profile = {
    .name = "default",
    .device = {.memory_bytes = 24e9,
               .memory_rate = 900e9,
               .flops_f32 = 40e12,
               .flops_f16 = 80e12,
               .flops_bf16 = 80e12,
               .node_seconds = 5e-6},
    .host = {.memory_bytes = 64e9,
             .memory_rate = 40e9,
             .flops_f32 = 500e9,
             .flops_f16 = 500e9,
             .flops_bf16 = 500e9,
             .node_seconds = 2e-6},
    .up = {.rate = 24e9, .both_rate = 20e9},
    .down = {.rate = 24e9, .both_rate = 20e9},
    .mapped_rate = 22e9,
    .copy_seconds = 10e-6,
    .disk_read_rate = 3e9,
    .disk_write_rate = 2e9,
};

void gcut__rates_init(gcut__rates *r, const gcut_problem *problem, const gcut_profile *profile) {
  *r = (gcut__rates){.problem = problem, .profile = profile, .load_cap = INFINITY};
  double weights = 0;
  for (uint32_t p = 0; p < problem->n_parts; p++)
    for (uint32_t i = 0; i < problem->parts[p].n_weights; i++)
      weights += (double)problem->parts[p].weights[i].bytes;
  double memory = profile->host.memory_bytes;
  if (memory > 0 && weights > memory && profile->disk_read_rate > 0)
    r->load_cap = profile->disk_read_rate;
}

// Between measured sizes the rate is interpolated over the logarithm of the size; below the
// smallest the time stays what it is there.
double gcut__copy_rate(const gcut_wire *w, double bytes) {
  if (w->n_points == 0 || bytes <= 0) return w->rate;
  if (bytes <= w->points[0].bytes) return w->points[0].rate * bytes / w->points[0].bytes;
  for (uint32_t i = 1; i < w->n_points; i++) {
    if (bytes > w->points[i].bytes) continue;
    double x =
        log(bytes / w->points[i - 1].bytes) / log(w->points[i].bytes / w->points[i - 1].bytes);
    return w->points[i - 1].rate + x * (w->points[i].rate - w->points[i - 1].rate);
  }
  return w->rate;
}

static double flop_rate(const gcut_engine *e, gcut_dtype type) {
  double rate = type == GCUT_FLOAT16 ? e->flops_f16 : type == GCUT_BFLOAT16 ? e->flops_bf16 : 0;
  return rate > 0 ? rate : e->flops_f32;
}

uint64_t gcut__bytes_in_place(const gcut_stage *part, const bool *mapped, uint32_t shape_class) {
  uint64_t bytes = 0, traffic = part->work[shape_class].traffic;
  for (uint32_t i = 0; i < part->n_weights; i++)
    if (!mapped || mapped[part->first_weight + i]) bytes += part->weights[i].bytes;
  return bytes < traffic ? bytes : traffic;
}

double gcut__run_seconds(const gcut__rates *r, const bool *mapped, uint32_t part,
                         uint32_t shape_class, bool on_host, bool prepared) {
  const gcut_stage *stage = &r->problem->parts[part];
  const gcut_work *work = &stage->work[shape_class];
  const gcut_engine *e = on_host ? &r->profile->host : &r->profile->device;
  double seconds = fmax(work->flops / flop_rate(e, stage->type),
                        (double)(work->traffic - work->prepared_traffic) / e->memory_rate);
  if (!prepared) seconds += (double)work->prepared_traffic / e->memory_rate;
  if (!on_host && mapped && r->profile->mapped_rate > 0)
    seconds = fmax(seconds, (double)gcut__bytes_in_place(stage, mapped, shape_class) /
                                r->profile->mapped_rate);
  // Weights that do not fit into memory come from the disk wherever they are computed with.
  if (on_host && isfinite(r->load_cap))
    seconds = fmax(seconds, (double)gcut__bytes_in_place(stage, NULL, shape_class) / r->load_cap);
  return seconds + work->n_nodes * e->node_seconds;
}

double gcut__prepare_seconds(const gcut__rates *r, uint32_t part, uint32_t shape_class) {
  const gcut_engine *e = &r->profile->device;
  const gcut_work *work = &r->problem->parts[part].work[shape_class];
  return (double)work->prepared_traffic / e->memory_rate + e->node_seconds;
}
