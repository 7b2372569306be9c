#include "tests/support/groups.h"

#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"

// The text with the first `from` replaced by `to`.
static char *edited(const char *text, const char *from, const char *to) {
  const char *at = *from ? strstr(text, from) : text + strlen(text);
  if (!at) fail_msg("no '%s' in %s", from, text);
  char *whole = malloc(strlen(text) + strlen(to) + 1);
  sprintf(whole, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  return whole;
}

// How a group turns pairs, but for halves of all of x in its own type: that goes without saying.
static size_t describe_turn(const gcut_trace *t, const gcut_fused *f, char *text, size_t size) {
  const gcut_type *x = &t->facts[f->reads[0]].type;
  bool all = f->size == x->dims[x->rank - 1];
  size_t used =
      (size_t)snprintf(text, size, "%s%s%s", f->neighbours ? " of neighbours" : "",
                       f->neighbours_out ? " to neighbours" : "", f->casts ? " in float32" : "");
  if (!all && used < size)
    used += (size_t)snprintf(text + used, size - used, " %d from %d", (int)f->size, (int)f->first);
  return used;
}

// "attention q k v mask: 9 nodes, 5 shapes; rotary ..."
static void describe(const gcut_trace *t, char *text, size_t size) {
  size_t used = 0;
  text[0] = 0;
  for (uint32_t i = 0; i < t->n_fused && used < size; i++) {
    const gcut_fused *f = &t->fused[i];
    used += (size_t)snprintf(text + used, size - used, "%s%s%s", i ? "; " : "",
                             f->turned ? "turned " : "", gcut_fused_name(f->kind));
    for (uint32_t r = 0; r < f->n_reads && used < size; r++)
      used += (size_t)snprintf(text + used, size - used, " %s", t->graph->values[f->reads[r]].name);
    if (f->kind == GCUT_FUSED_ROTARY && used < size)
      used += describe_turn(t, f, text + used, size - used);
    if (used < size)
      used += (size_t)snprintf(text + used, size - used, ": %u nodes, %u shapes", f->n_nodes,
                               f->n_shapes);
  }
}

static gcut_graph *parse(const char *text) {
  gcut_graph *g = NULL;
  gcut_error err = {{0}};
  if (gcut_gcir_parse(text, strlen(text), "test", NULL, &g, &err) != GCUT_OK)
    fail_msg("%s in %s", err.message, text);
  return g;
}

void expect(const char *text, const char *from, const char *to, const char *groups) {
  char *whole = edited(text, from, to), found[512], bound[512], taken[512];
  gcut_graph *g = parse(whole);
  gcut_trace *t, *given, *like;
  gcut_binding four = {"batch", 4};
  gcut_trace_options options = {.bindings = &four, .n_bindings = 1};
  assert_ok(gcut_trace_folded(g, NULL, &t, err));
  assert_ok(gcut_trace_folded(g, &options, &given, err));
  options.like = given;
  assert_ok(gcut_trace_folded(g, &options, &like, err));
  describe(t, found, sizeof found);
  describe(given, bound, sizeof bound);
  gcut_trace_destroy(given);
  describe(like, taken, sizeof taken);
  if (strcmp(found, groups) != 0) fail_msg("'%s', expected '%s' in %s", found, groups, whole);
  assert_string_equal(bound, groups);
  assert_string_equal(taken, groups);
  gcut_trace_destroy(like);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
  free(whole);
}
