// Packing: a walk over the parts in order, then over what is left. A tensor lies at a multiple of
// what devices align ranges to, so a part's tensors are neighbours in the file as on the device,
// and one read and one upload serve them all. Tied weights (the same elements) lie with the part
// that is the first to need them.
#include "formats/packing.h"

#include "graphcut/schedule.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

enum { SMALL = 1024, PAGE = 4096 };

typedef struct packer {
  const gcut_graph *graph;
  gcut__packing *out;
  gcut_map seen; // address of elements -> constant
  bool begins;   // the next tensor begins a run
} packer;

uint64_t gcut__packing_next(uint64_t end, bool begins) {
  uint64_t to = begins ? PAGE : GCUT_RANGE_ALIGN;
  return (end + to - 1) / to * to;
}

static gcut_status pack(packer *p, uint32_t constant, gcut_error *err) {
  const gcut_constant *c = &p->graph->constants[constant];
  gcut__packing *out = p->out;
  uint64_t key = (uint64_t)(uintptr_t)c->data;
  if (c->type == GCUT_STRING || c->bytes < SMALL || !c->data) return GCUT_OK;
  if (out->offsets[constant] != GCUT__UNPACKED) return GCUT_OK;
  uint32_t tied = gcut_map_get(&p->seen, key);
  if (tied != UINT32_MAX && p->graph->constants[tied].bytes == c->bytes) {
    out->offsets[constant] = out->offsets[tied];
    return GCUT_OK;
  }
  out->offsets[constant] = gcut__packing_next(out->bytes, p->begins);
  out->bytes = out->offsets[constant] + c->bytes;
  out->order[out->n++] = constant;
  p->begins = false;
  return gcut_map_set(&p->seen, key, constant) ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status pack_all(packer *p, const gcut_plan *plan, gcut_error *err) {
  const gcut_graph *g = p->graph;
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *part = &plan->parts[i];
    p->begins = true;
    for (uint32_t k = 0; k < part->n_constants; k++) {
      uint32_t constant = g->values[part->constants[k]].constant; // Constant nodes keep theirs
      if (constant != GCUT_NONE) GCUT_TRY(pack(p, constant, err));
    }
  }
  p->begins = true;
  for (uint32_t v = 0; v < g->n_values; v++)
    if (g->values[v].constant != GCUT_NONE) GCUT_TRY(pack(p, g->values[v].constant, err));
  return GCUT_OK;
}

gcut_status gcut__packing_create(const gcut_trace *trace, const gcut_plan *plan, gcut_arena *arena,
                                 gcut__packing *out, gcut_error *err) {
  packer p = {.graph = trace->graph, .out = out};
  *out = (gcut__packing){.offsets = GCUT_NEW_ARRAY(arena, uint64_t, p.graph->n_constants),
                         .order = GCUT_NEW_ARRAY(arena, uint32_t, p.graph->n_constants)};
  if (!out->offsets || !out->order) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < p.graph->n_constants; i++) out->offsets[i] = GCUT__UNPACKED;
  gcut_status status = pack_all(&p, plan, err);
  gcut_map_free(&p.seen);
  return status;
}
