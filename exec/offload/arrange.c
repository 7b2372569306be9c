// Where everything lies on the device, and the least budget that a policy can live with.
//
// Steps are put in order, streamed loads numbered, and layouts tried from roomy to tight: two
// batches in flight with buffers of their own; the same with buffers in the gap beside the weights
// in use, each first with and then without what parts make of weights alone; one batch in flight.
// The last needs, at its worst step, the weights of the slots, one batch's operands and workspace
// and nothing more, so what it needs is the least budget, exactly.
#include <inttypes.h>

#include "exec/offload/offload.h"
#include "tracer/base/error.h"

static uint64_t max64(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

// ---- steps and loads --------------------------------------------------------------------------

static void fill_steps(gcut__arrangement *a) {
  const gcut_problem *p = a->problem;
  uint32_t n = 0, chunk = a->policy->chunk;
  for (uint32_t pass = 0; pass < p->n_passes; pass++)
    for (uint32_t first = 0; first < p->n_batches; first += chunk)
      for (uint32_t part = 0; part < p->n_parts; part++) {
        uint32_t left = p->n_batches - first;
        a->steps[n++] = (gcut__step){.pass = pass,
                                     .part = part,
                                     .first_batch = first,
                                     .n_batches = left < chunk ? left : chunk};
      }
  a->n_steps = n;
}

static bool is_streamed(const gcut__arrangement *a, uint32_t part) {
  return a->weight_bytes[part] > 0 && !a->policy->keep[part] && !a->policy->host[part];
}

// A part whose turn comes again at once keeps its slot.
static void number_loads(gcut__arrangement *a) {
  for (uint32_t i = 0; i < a->n_steps; i++) {
    gcut__step *s = &a->steps[i];
    if (!is_streamed(a, s->part)) continue;
    if (i == 0 || a->steps[i - 1].part != s->part) a->loads[a->n_loads++] = s->part;
    s->load = a->n_loads - 1;
    a->last_steps[s->load] = i;
  }
  // Steps that need no load stand before the one that comes next.
  for (uint32_t i = a->n_steps, next = a->n_loads; i-- > 0;) {
    if (!is_streamed(a, a->steps[i].part)) a->steps[i].load = next;
    next = a->steps[i].load;
  }
}

static uint32_t count_streamed(const gcut__arrangement *a) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->problem->n_parts; i++) n += is_streamed(a, i);
  return n;
}

// ---- sizes ------------------------------------------------------------------------------------

// Bytes of one batch's inputs and outputs.
static uint64_t operand_bytes(const gcut_problem *problem, uint32_t part, uint32_t shape_class) {
  const gcut_stage *s = &problem->parts[part];
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < s->n_inputs + s->n_outputs; i++) {
    uint32_t id = i < s->n_inputs ? s->inputs[i] : s->outputs[i - s->n_inputs];
    const gcut_activation *a = &problem->activations[id];
    if (a->forms[shape_class] == GCUT_FORM_RANGE) bytes += gcut_range_bytes(a->bytes[shape_class]);
  }
  return bytes;
}

static gcut__buffer_sizes find_sizes(const gcut_problem *p, uint32_t part) {
  gcut__buffer_sizes s = {0};
  for (uint32_t c = 0; c < p->n_classes; c++) {
    uint64_t operands = operand_bytes(p, part, c);
    uint64_t workspace = gcut_range_bytes(p->parts[part].work[c].workspace);
    s.prepared = max64(s.prepared, gcut_range_bytes(p->parts[part].work[c].prepared));
    s.operands = max64(s.operands, operands);
    s.workspace = max64(s.workspace, workspace);
    s.total = max64(s.total, operands + workspace);
  }
  return s;
}

gcut_status gcut__measure(const gcut_problem *problem, const gcut__policy *policy,
                          gcut_arena *arena, gcut__measures *out, gcut_error *err) {
  out->weight_bytes = GCUT_NEW_ARRAY(arena, uint64_t, problem->n_parts);
  out->sizes = GCUT_NEW_ARRAY(arena, gcut__buffer_sizes, problem->n_parts);
  if (!out->weight_bytes || !out->sizes) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < problem->n_parts; i++) {
    out->weight_bytes[i] = gcut_stage_bytes(&problem->parts[i], policy->mapped);
    if (!policy->host[i]) out->sizes[i] = find_sizes(problem, i);
  }
  return GCUT_OK;
}

// Without a budget nothing says that there is room for the whole model's.
bool gcut__keeps_prepared(const gcut__arrangement *a, uint32_t part) {
  return a->policy->keep[part] && a->problem->budget;
}

gcut__buffer_sizes gcut__buffer_need(const gcut__arrangement *a, uint32_t part) {
  gcut__buffer_sizes s = a->sizes[part];
  if (a->buffers > 1) s.total = a->buffers * s.operands + s.workspace;
  if (!a->prepare || gcut__keeps_prepared(a, part)) s.prepared = 0;
  s.total += s.prepared;
  return s;
}

static uint64_t load_bytes(const gcut__arrangement *a, uint32_t load) {
  return load < a->n_loads ? a->weight_bytes[a->loads[load]] : 0;
}

// Where memory is short and nothing is loaded ahead, a step that needs no load has none beside it.
static bool stands_alone(const gcut__arrangement *a, const gcut__step *s) {
  return a->tight && a->ahead == 0 && !is_streamed(a, s->part);
}

uint32_t gcut__loads_allowed(const gcut__arrangement *a, const gcut__step *s) {
  return s->load + (stands_alone(a, s) ? 0 : a->ahead + 1);
}

// Bytes of the slots while a load is in use, and of the slots in general.
static uint64_t slots_at(const gcut__arrangement *a, uint32_t load) {
  return load_bytes(a, load) + (a->ahead ? load_bytes(a, load + 1) : 0);
}

static uint64_t slots_beside(const gcut__arrangement *a, const gcut__step *s) {
  return stands_alone(a, s) ? 0 : slots_at(a, s->load);
}

static uint64_t slots_in_general(gcut__arrangement *a) {
  uint64_t bytes = 0;
  if (a->ahead < 2) {
    for (uint32_t i = 0; i < a->n_loads; i++) bytes = max64(bytes, slots_at(a, i));
    return bytes;
  }
  for (uint32_t slot = 0; slot <= a->ahead; slot++) {
    uint64_t size = 0;
    for (uint32_t i = slot; i < a->n_loads; i += a->ahead + 1) size = max64(size, load_bytes(a, i));
    a->slots[slot] = bytes;
    bytes += size;
  }
  return bytes;
}

// Bytes of the region where weights stream, buffers included if tight; *out_worst is the step that
// needs most.
static uint64_t region_bytes(gcut__arrangement *a, uint32_t *out_worst) {
  uint64_t slots = slots_in_general(a), bytes = 0;
  bool moving = a->tight && a->ahead < 2;
  *out_worst = 0;
  for (uint32_t i = 0; i < a->n_steps; i++) {
    uint64_t buffers = gcut__buffer_need(a, a->steps[i].part).total;
    uint64_t need = moving ? slots_beside(a, &a->steps[i]) + buffers : slots + buffers;
    if (need > bytes) {
      bytes = need;
      *out_worst = i;
    }
  }
  return max64(bytes, slots);
}

static void place_regions(gcut__arrangement *a, uint64_t region) {
  bool moving = a->tight && a->ahead < 2;
  a->stream_bytes = moving ? region : slots_in_general(a);
  a->buffer_bytes = moving ? 0 : region - a->stream_bytes;
  a->parked_at = a->resident_bytes + region;
  uint64_t budget = a->problem->budget;
  a->parked_limit = !a->policy->park ? 0 : budget ? budget - a->parked_at : UINT64_MAX / 2;
}

// Weights that stay, each part's with what is made of them alone.
static void place_residents(gcut__arrangement *a) {
  uint64_t at = 0;
  for (uint32_t i = 0; i < a->problem->n_parts; i++) {
    if (!a->policy->keep[i] || a->policy->host[i]) continue;
    a->resident_at[i] = at;
    at += a->weight_bytes[i];
    if (a->prepare && gcut__keeps_prepared(a, i)) at += a->sizes[i].prepared;
  }
  a->resident_bytes = at;
}

// ---- what does not fit ------------------------------------------------------------------------

typedef struct largest {
  const char *name, *what;
  uint64_t bytes;
} largest;

static void consider(largest *l, const char *name, const char *what, uint64_t bytes) {
  if (bytes > l->bytes) *l = (largest){name, what, bytes};
}

// The one tensor that forces a step's need most.
static largest find_largest(const gcut__arrangement *a, uint32_t part) {
  const gcut_problem *p = a->problem;
  const gcut_stage *s = &p->parts[part];
  largest l = {"nothing", "", 0};
  for (uint32_t i = 0; i < s->n_weights && a->weight_bytes[part]; i++)
    if (!a->policy->mapped[s->first_weight + i])
      consider(&l, s->weights[i].name, "weight", s->weights[i].bytes);
  for (uint32_t c = 0; c < p->n_classes; c++) {
    for (uint32_t i = 0; i < s->n_inputs; i++)
      consider(&l, p->activations[s->inputs[i]].name, "input",
               p->activations[s->inputs[i]].bytes[c]);
    for (uint32_t i = 0; i < s->n_outputs; i++)
      consider(&l, p->activations[s->outputs[i]].name, "output",
               p->activations[s->outputs[i]].bytes[c]);
    consider(&l, s->name, "workspace of", s->work[c].workspace);
  }
  return l;
}

static gcut_status refuse(const gcut__arrangement *a, const char *offload, uint64_t region,
                          uint32_t worst, gcut_error *err) {
  const gcut_problem *p = a->problem;
  uint32_t part = a->n_steps ? a->steps[worst].part : 0;
  largest l = find_largest(a, part);
  return GCUT_FAIL(err, GCUT_BUDGET,
                   "budget of %" PRIu64 " bytes: %s needs at least %" PRIu64 " (%" PRIu64
                   " of weights that stay, %" PRIu64 " for part '%s', of which %" PRIu64
                   " are %s '%s')",
                   p->budget, offload, a->least, a->resident_bytes, region, p->parts[part].name,
                   l.bytes, l.what, l.name);
}

// ---- arrange ----------------------------------------------------------------------------------

static bool allocate(gcut__arrangement *a, gcut_arena *arena) {
  const gcut_problem *p = a->problem;
  uint64_t chunks = (p->n_batches + a->policy->chunk - 1) / a->policy->chunk;
  uint64_t n = chunks * p->n_parts * p->n_passes;
  if (n > UINT32_MAX / 2) return false;
  a->steps = GCUT_NEW_ARRAY(arena, gcut__step, n);
  a->loads = GCUT_NEW_ARRAY(arena, uint32_t, n);
  a->last_steps = GCUT_NEW_ARRAY(arena, uint32_t, n);
  a->resident_at = GCUT_NEW_ARRAY(arena, uint64_t, p->n_parts);
  return a->steps && a->loads && a->last_steps && a->resident_at;
}

bool gcut__serves_several(const gcut__arrangement *a, const gcut__step *s) {
  const gcut_problem *p = a->problem;
  if (!gcut__keeps_prepared(a, s->part)) return s->n_batches > 1;
  return (uint64_t)p->n_batches * p->n_passes > 1;
}

// Whether a part makes something of weights alone that serves several batches.
static bool prepares(const gcut__arrangement *a) {
  bool any = false;
  for (uint32_t i = 0; i < a->n_steps && a->policy->prepare; i++)
    any |= a->sizes[a->steps[i].part].prepared > 0 && gcut__serves_several(a, &a->steps[i]);
  return any;
}

gcut_status gcut__arrange(const gcut_problem *problem, const gcut__policy *policy,
                          const gcut__measures *measures, const char *offload, gcut_arena *arena,
                          gcut__arrangement *out, gcut_error *err) {
  *out = (gcut__arrangement){.problem = problem,
                             .policy = policy,
                             .weight_bytes = measures->weight_bytes,
                             .sizes = measures->sizes};
  if (!allocate(out, arena)) return GCUT_NO_MEMORY(err);
  fill_steps(out);
  number_loads(out);
  uint32_t streamed = count_streamed(out);
  out->ahead = streamed == 0 ? 0 : policy->ahead < streamed ? policy->ahead : streamed - 1;
  out->slots = GCUT_NEW_ARRAY(arena, uint64_t, (size_t)out->ahead + 1);
  if (!out->slots) return GCUT_NO_MEMORY(err);

  static const struct {
    uint32_t buffers;
    bool tight, prepare;
  } layouts[] = {
      {2, false, true}, {2, true, true}, {2, false, false}, {2, true, false}, {1, true, false}};
  uint64_t region = 0;
  uint32_t worst = 0;
  size_t n = sizeof layouts / sizeof *layouts;
  bool keeps = prepares(out);
  for (size_t i = policy->least ? n - 1 : 0; i < n; i++) {
    out->buffers = layouts[i].buffers;
    out->tight = layouts[i].tight;
    out->prepare = layouts[i].prepare;
    if (out->prepare && !keeps) continue;
    place_residents(out);
    region = region_bytes(out, &worst);
    if (problem->budget == 0 || out->resident_bytes + region <= problem->budget) {
      place_regions(out, region);
      return GCUT_OK;
    }
  }
  out->least = out->resident_bytes + region;
  return refuse(out, offload, region, worst, err);
}

uint64_t gcut__load_offset(const gcut__arrangement *a, uint32_t load) {
  uint64_t base = a->resident_bytes;
  if (a->ahead >= 2) return base + a->slots[load % (a->ahead + 1)];
  if (a->ahead == 0 || load % 2 == 0) return base;
  return base + a->stream_bytes - load_bytes(a, load);
}

uint64_t gcut__prepared_offset(const gcut__arrangement *a, const gcut__step *step) {
  if (!gcut__keeps_prepared(a, step->part)) return gcut__buffer_offset(a, step);
  return a->resident_at[step->part] + a->weight_bytes[step->part];
}

uint64_t gcut__buffer_offset(const gcut__arrangement *a, const gcut__step *step) {
  uint64_t base = a->resident_bytes;
  if (!a->tight || a->ahead >= 2) return base + a->stream_bytes;
  if (stands_alone(a, step)) return base;
  if (a->ahead == 0 || step->load % 2 == 0) return base + load_bytes(a, step->load);
  return base + a->stream_bytes - load_bytes(a, step->load) -
         gcut__buffer_need(a, step->part).total;
}
