#include "formats/dot/runs.h"

#include "tracer/base/error.h"
#include "tracer/base/intern.h"

enum { LONGEST_SEQUENCE = 8, LEAST_TIMES = 3 };

// Of its operators, in their order.
static uint64_t part_signature(const gcut__material *m, const gcut_part *part) {
  uint64_t hash = 0;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    if (gcut__material_is_shape_code(m, part->nodes[i])) continue;
    const char *op = m->trace->graph->nodes[part->nodes[i]].op_type;
    hash = (hash ^ gcut_hash(op, strlen(op))) * UINT64_C(0x100000001b3);
  }
  return hash;
}

// Equal to the eye: modules of one class and about as many weights (the first of a run often
// computes what all share), or of the same operators.
static bool same_part(const gcut__material *m, uint32_t first, uint32_t second) {
  const gcut_part *a = &m->plan->parts[first], *b = &m->plan->parts[second];
  const gcut_scope *scopes = m->trace->graph->scopes;
  const char *x = scopes[m->scope_of_part[first]].class_name;
  const char *y = scopes[m->scope_of_part[second]].class_name;
  if (strcmp(x, y) != 0) return false;
  if (m->scope_of_part[first] != 0 && *x && a->weight_bytes > 0)
    return gcut__material_about_equal(a->weight_bytes, b->weight_bytes);
  // Cheap to tell apart; else all their operators are looked at.
  if (a->weight_bytes != b->weight_bytes) return false;
  return part_signature(m, a) == part_signature(m, b);
}

bool gcut__runs_same_structure(const gcut__material *m, uint32_t first, uint32_t second) {
  const gcut_part *a = &m->plan->parts[first], *b = &m->plan->parts[second];
  const gcut_scope *scopes = m->trace->graph->scopes;
  return strcmp(scopes[m->scope_of_part[first]].class_name,
                scopes[m->scope_of_part[second]].class_name) == 0 &&
         part_signature(m, a) == part_signature(m, b);
}

// The next run; beyond the limit of what can be read, all that is left is one.
static gcut__part_run next_run(const gcut__material *m, uint32_t first, bool rest) {
  gcut__part_run run = {.first = first, .n = 1, .kind = GCUT_NONE};
  while (first + run.n < m->plan->n_parts && (rest || same_part(m, first, first + run.n))) run.n++;
  return run;
}

static uint32_t kind_of(gcut__part_runs *runs, const gcut__material *m, const gcut__part_run *run) {
  for (uint32_t k = 0; k < runs->n_kinds; k++) {
    if (!same_part(m, runs->kinds[k].part, run->first)) continue;
    runs->kinds[k].n += run->n;
    return k;
  }
  if (runs->n_kinds == GCUT__KINDS_LIMIT) return GCUT_NONE;
  runs->kinds[runs->n_kinds] = (gcut__part_kind){run->first, run->n};
  return runs->n_kinds++;
}

gcut_status gcut__runs_find(const gcut__material *m, gcut_arena *arena, gcut__part_runs *out,
                            gcut_error *err) {
  *out = (gcut__part_runs){.items = GCUT_NEW_ARRAY(arena, gcut__part_run, GCUT__RUNS_LIMIT + 1)};
  if (!out->items) return GCUT_NO_MEMORY(err);
  for (uint32_t part = 0; part < m->plan->n_parts;) {
    bool rest = out->n == GCUT__RUNS_LIMIT;
    gcut__part_run run = next_run(m, part, rest);
    if (!rest) run.kind = kind_of(out, m, &run);
    out->limited |= rest;
    out->items[out->n++] = run;
    part += run.n;
  }
  return GCUT_OK;
}

static bool same_runs(const gcut__part_runs *r, uint32_t a, uint32_t b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (b + i >= r->n || r->items[a + i].kind == GCUT_NONE) return false;
    if (r->items[a + i].kind != r->items[b + i].kind || r->items[a + i].n != r->items[b + i].n)
      return false;
  }
  return true;
}

uint32_t gcut__runs_repeat(const gcut__part_runs *r, uint32_t at, uint32_t *out_times) {
  for (uint32_t length = 2; length <= LONGEST_SEQUENCE; length++) {
    uint32_t times = 1;
    while (same_runs(r, at, at + times * length, length)) times++;
    *out_times = times;
    if (times >= LEAST_TIMES) return length;
  }
  return 0;
}
