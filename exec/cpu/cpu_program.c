// A part for one class of shapes on the CPU: where its values lie, and the constants that exist
// only since shapes are known.
#include "exec/cpu/cpu_device.h"
#include "exec/problem.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

static const gcut_fused *group_of(const gcut__cpu_program *p, const gcut__layout_step *s) {
  const gcut_trace *t = p->base.trace;
  return s->fusion == GCUT_NONE ? NULL : &t->fused[t->fused_of[s->node]];
}

static uint32_t n_reads(const gcut__cpu_program *p, const gcut__layout_step *s) {
  const gcut_fused *group = group_of(p, s);
  return group ? group->n_reads : gcut_node_n_reads(&p->base.trace->graph->nodes[s->node]);
}

static uint32_t read_of(const gcut__cpu_program *p, const gcut__layout_step *s, uint32_t i) {
  const gcut_graph *g = p->base.trace->graph;
  const gcut_fused *group = group_of(p, s);
  return group ? group->reads[i] : gcut_node_read(g, &g->nodes[s->node], i);
}

// Constants that the part's nodes read and that are none of its weights, each once.
static gcut_status find_folded(gcut__cpu_program *p, gcut_map *seen, gcut_error *err) {
  const gcut_graph *g = p->base.trace->graph;
  for (uint32_t i = 0; i < p->base.part->n_constants; i++) {
    uint32_t v = p->base.part->constants[i];
    if (gcut__is_weight(gcut__constant_of(p->base.trace, v)) && !gcut_map_set(seen, v, 1))
      return GCUT_NO_MEMORY(err);
  }
  for (uint32_t s = 0; s < p->layout.n_steps; s++) {
    const gcut__layout_step *step = &p->layout.steps[s];
    for (uint32_t i = 0; i < n_reads(p, step); i++) {
      uint32_t v = read_of(p, step, i);
      if (v == GCUT_NONE || !p->base.trace->facts[v].constant) continue;
      if (gcut_map_get(seen, v) != UINT32_MAX) continue;
      if (!gcut_map_set(seen, v, 1)) return GCUT_NO_MEMORY(err);
      gcut__folded *f = &p->constants[p->n_constants];
      GCUT_TRY(gcut__cpu_constant_tensor(g, p->base.trace->facts[v].constant, &f->tensor, err));
      f->value = v;
      p->n_constants++;
    }
  }
  return GCUT_OK;
}

static uint32_t count_reads(const gcut__cpu_program *p) {
  uint32_t n = 0;
  for (uint32_t s = 0; s < p->layout.n_steps; s++) n += n_reads(p, &p->layout.steps[s]);
  return n;
}

static gcut_status build_program(gcut__cpu_program *p, gcut_error *err) {
  const gcut__fusion *fusions;
  uint32_t n;
  GCUT_TRY(gcut__one_step_fusions(p->base.trace, p->base.part, gcut__cpu_is_one_step, p->arena,
                                  &fusions, &n, err));
  GCUT_TRY(gcut__layout_create_fused(p->base.trace, p->base.part, fusions, n, p->arena, &p->layout,
                                     err));
  p->constants = GCUT_NEW_ARRAY(p->arena, gcut__folded, count_reads(p));
  if (!p->constants) return GCUT_NO_MEMORY(err);
  p->base.work = gcut__layout_work(&p->layout);
  gcut_map seen = {0};
  gcut_status status = find_folded(p, &seen, err);
  gcut_map_free(&seen);
  return status;
}

void gcut__cpu_program_destroy(gcut__program *program) {
  gcut__cpu_program *p = (gcut__cpu_program *)program;
  if (!p) return;
  for (uint32_t i = 0; i < p->n_constants; i++) gcut_tensor_unref(p->constants[i].tensor);
  gcut_arena_destroy(p->arena);
}

gcut_status gcut__cpu_compile(gcut__device *device, const gcut_trace *trace, const gcut_part *part,
                              gcut__program **out_program, gcut_error *err) {
  (void)device;
  gcut_arena *arena = gcut_arena_create();
  gcut__cpu_program *p = GCUT_NEW(arena, gcut__cpu_program);
  *out_program = NULL;
  if (!p) {
    gcut_arena_destroy(arena);
    return GCUT_NO_MEMORY(err);
  }
  *p = (gcut__cpu_program){.base = {.trace = trace, .part = part}, .arena = arena};
  gcut_status status = build_program(p, err);
  if (status == GCUT_OK)
    *out_program = &p->base;
  else
    gcut__cpu_program_destroy(&p->base);
  return status;
}
