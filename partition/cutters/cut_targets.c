// Parts by targets: each target (or each run of targets_per_part of them) begins a part, which ends
// where the next begins; a head holds what comes before the first. A node that is in no target goes
// with the last target it depends on; what depends on none (embeddings, masks, rotary tables) goes
// in the head, from where refine may move it to its readers. What depends on constants alone goes
// with its first reader.
#include <ctype.h>

#include "partition/contract.h"
#include "partition/cutter.h"
#include "tracer/base/error.h"

// What of a name is new after another: "layers.1" after "model.layers.0".
static const char *news_of(const char *name, const char *before) {
  const char *tail = name, *above = name;
  for (size_t i = 0; before[i] && before[i] == name[i]; i++)
    if (name[i] == '.' || name[i] == '/') above = tail, tail = name + i + 1;
  return isdigit((unsigned char)*tail) ? above : tail;
}

// N targets give ceil(N/K) parts after the head.
static gcut_status name_parts(gcut__draft *d, const gcut__groups *groups, const uint32_t *order,
                              uint32_t per_part, gcut_error *err) {
  uint32_t n = groups->n / per_part + (groups->n % per_part != 0);
  GCUT_TRY(gcut__draft_parts(d, 1 + n, err));
  d->names[0] = "head";
  for (uint32_t p = 0; p < n; p++) {
    uint32_t left = groups->n - p * per_part,
             last = p * per_part + (left < per_part ? left : per_part);
    const char *from = groups->items[order[p * per_part]].name;
    const char *to = groups->items[order[last - 1]].name;
    d->names[1 + p] = from;
    if (from != to)
      d->names[1 + p] = gcut_arena_format(d->scratch, "%s … %s", from, news_of(to, from));
    if (!d->names[1 + p]) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

// A rootless node goes with its first reader, whatever it stands before.
static void lower_rootless(const gcut__draft *d, const gcut__groups *groups, uint32_t *levels) {
  const gcut_graph *g = d->graph;
  for (uint32_t i = d->n_order; i-- > 0;) {
    uint32_t id = d->order[i], first = GCUT_NONE;
    const gcut_node *node = &g->nodes[id];
    if (!d->rootless[id] || groups->of[id] != GCUT_NONE) continue;
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      for (uint32_t u = 0; v != GCUT_NONE && u < g->values[v].n_uses; u++) {
        uint32_t reader = g->uses[g->values[v].first_use + u];
        if (d->needed[reader] && levels[reader] < first) first = levels[reader];
      }
    }
    if (first != GCUT_NONE) levels[id] = first;
  }
}

gcut_status gcut__cut_targets(gcut__draft *d, const gcut_cut_options *options, gcut_error *err) {
  uint32_t per_part = options->targets_per_part ? options->targets_per_part : 1;
  gcut__groups groups;
  GCUT_TRY(gcut__targets_match(d, options->targets, options->n_targets, options->ignore,
                               options->n_ignore, &groups, err));
  GCUT_TRY(gcut__targets_keep_fused(d, &groups, err));
  uint32_t *levels = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes);
  uint32_t *order = GCUT_NEW_ARRAY(d->scratch, uint32_t, groups.n);
  if (!levels || !order) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__contract(d, &groups, levels, order, err));
  lower_rootless(d, &groups, levels);
  GCUT_TRY(name_parts(d, &groups, order, per_part, err));
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t node = d->order[i], level = levels[node];
    d->part[node] = level == 0 ? 0 : 1 + (level - 1) / per_part;
  }
  d->target = groups.of;
  d->n_targets = groups.n_all;
  return GCUT_OK;
}
