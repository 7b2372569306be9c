#include "formats/dot/heat.h"

#include "graphcut/utf8.h"
#include "tracer/base/error.h"

uint64_t gcut__heat_weights(const gcut_trace *trace, const gcut_node *node) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < gcut_node_n_reads(node); i++) {
    uint32_t v = gcut_node_read(trace->graph, node, i);
    uint32_t weight = v == GCUT_NONE ? GCUT_NONE : gcut_trace_weight(trace, v);
    if (weight != GCUT_NONE) bytes += trace->graph->constants[weight].bytes;
  }
  return bytes;
}

static uint64_t bytes_made(const gcut_trace *trace, const gcut_node *node) {
  uint64_t sum = 0, bytes;
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t v = gcut_node_outputs(trace->graph, node)[i];
    if (v != GCUT_NONE && !trace->facts[v].constant && gcut_trace_bytes(trace, v, &bytes))
      sum += bytes;
  }
  return sum;
}

// ---- time -------------------------------------------------------------------------------------

// Names as a trace writes them: what is not to be shown has become '?'.
static bool same_name(const char *name, const char *written) {
  for (size_t size = strlen(name), n, step; size > 0; name += n, size -= n, written += step) {
    bool shown = gcut_utf8_is_shown(gcut_utf8_read(name, size, &n));
    step = shown ? n : 1;
    if (strncmp(written, shown ? name : "?", step) != 0) return false;
  }
  return *written == '\0';
}

gcut_status gcut__heat_check(const gcut__slices *slices, const gcut_plan *plan, const char *path,
                             gcut_error *err) {
  uint32_t n_parts = plan ? plan->n_parts : 0;
  if (slices->n_parts != n_parts)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "%.300s: is of %u parts, the plan has %u; cut as the run did", path,
                     slices->n_parts, n_parts);
  for (uint32_t i = 0; i < n_parts; i++)
    if (!same_name(plan->parts[i].name, slices->parts[i]))
      return GCUT_FAIL(err, GCUT_ARGUMENT,
                       "%.300s: part %u is '%.100s', of the plan '%.100s': cut as the run did",
                       path, i, slices->parts[i], plan->parts[i].name);
  return GCUT_OK;
}

void gcut__heat_part_seconds(const gcut__slices *slices, double *seconds) {
  bool measured = false;
  for (uint32_t i = 0; i < slices->n_parts; i++) seconds[i] = 0;
  for (uint32_t i = 0; i < slices->n; i++) measured |= !slices->items[i].predicted;
  for (uint32_t i = 0; i < slices->n; i++) {
    const gcut__slice *s = &slices->items[i];
    bool computes = s->kind == GCUT_RUN || s->kind == GCUT_PREPARE;
    if (computes && s->part != GCUT_NONE && s->predicted != measured)
      seconds[s->part] += s->seconds;
  }
}

static void share_out(const gcut_trace *trace, const gcut_part *part, double seconds,
                      double *heat) {
  double flops = 0;
  for (uint32_t i = 0; i < part->n_nodes; i++) flops += trace->flops[part->nodes[i]];
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    double share = flops > 0 ? trace->flops[part->nodes[i]] / flops : 1.0 / part->n_nodes;
    heat[part->nodes[i]] += seconds * share;
  }
}

static gcut_status fill_time(const gcut_trace *trace, const gcut_plan *plan,
                             const double *part_seconds, double *heat, gcut_error *err) {
  if (!plan || !part_seconds)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "heat by time needs the timeline of a run of this plan");
  for (uint32_t p = 0; p < plan->n_parts; p++)
    share_out(trace, &plan->parts[p], part_seconds[p], heat);
  return GCUT_OK;
}

gcut_status gcut__heat_fill(const gcut_trace *trace, const gcut_plan *plan,
                            const double *part_seconds, gcut_heat by, double *heat,
                            gcut_error *err) {
  const gcut_graph *g = trace->graph;
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const gcut_node *node = &g->nodes[i];
    heat[i] = by == GCUT_HEAT_WEIGHTS ? (double)gcut__heat_weights(trace, node)
              : by == GCUT_HEAT_FLOPS ? trace->flops[i]
              : by == GCUT_HEAT_BYTES ? (double)bytes_made(trace, node)
                                      : 0;
  }
  return by == GCUT_HEAT_TIME ? fill_time(trace, plan, part_seconds, heat, err) : GCUT_OK;
}
