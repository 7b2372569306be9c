// The fused steps that a card makes of a text's nodes. `card`: products are joined for, or NULL.
#ifndef GCUT_TESTS_EXEC_CUDA_STEPS_H
#define GCUT_TESTS_EXEC_CUDA_STEPS_H

#include <stdio.h>

#include "exec/cuda/fuse.h"
#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"

typedef struct fixture {
  gcut_graph *g;
  gcut_trace *t;
  gcut_arena *arena;
} fixture;

static inline fixture begin_text(const char *text, const char *type, bool unfused) {
  fixture f = {.arena = gcut_arena_create()};
  char whole[2048];
  gcut_binding bound[] = {{"batch", 1}, {"seq", 64}};
  gcut_trace_options options = {.bindings = bound, .n_bindings = 2, .unfused = unfused};
  snprintf(whole, sizeof whole, text, type);
  assert_ok(gcut_gcir_parse(whole, strlen(whole), "test", NULL, &f.g, err));
  assert_ok(gcut_trace_folded(f.g, &options, &f.t, err));
  return f;
}

static inline void end(fixture f) {
  gcut_trace_destroy(f.t);
  gcut_graph_destroy(f.g);
  gcut_arena_destroy(f.arena);
}

static inline const char *made(const fixture *f, uint32_t node) {
  return f->g->values[gcut_node_outputs(f->g, &f->g->nodes[node])[0]].name;
}

// The steps of the whole model: what the last nodes of each make, what it reads and hides; fused
// ones alone.
static inline const char *steps(gcut__cuda *card, fixture *f) {
  char *found = gcut_arena_alloc(f->arena, 1024, 1);
  gcut_cut_options one = {.cutter = "balanced", .n_parts = 1};
  gcut__cuda_fusions all;
  gcut_plan *plan;
  size_t n = 0;
  assert_ok(gcut_plan_create(f->t, &one, &plan, err));
  assert_ok(gcut__cuda_fuse(card, f->t, &plan->parts[0], f->arena, &all, err));
  for (uint32_t i = all.n; i-- > 0;) {
    const gcut__fusion *fusion = &all.bases[i];
    n += (size_t)snprintf(found + n, 1024 - n, "%s%s:", n ? "; " : "", made(f, fusion->node));
    for (uint32_t r = 0; r < fusion->n_reads; r++)
      if (fusion->reads[r] != GCUT_NONE)
        n += (size_t)snprintf(found + n, 1024 - n, " %s", f->g->values[fusion->reads[r]].name);
    n += (size_t)snprintf(found + n, 1024 - n, ", hides %u", fusion->n_hidden);
    for (uint32_t w = 1; w < fusion->n_writes; w++)
      n += (size_t)snprintf(found + n, 1024 - n, " but %s", f->g->values[fusion->writes[w]].name);
  }
  gcut_plan_destroy(plan);
  return found;
}

// The text with `from` replaced by `to` makes those fused steps.
static inline void expect_steps(gcut__cuda *card, const char *text, const char *from,
                                const char *to, const char *type, const char *expected) {
  const char *at = strstr(text, from);
  char whole[2048];
  assert_non_null(at);
  snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  fixture f = begin_text(whole, type, false);
  assert_string_equal(steps(card, &f), expected);
  end(f);
}

#endif
