// What all strategies share: the order of the loops and the place of activations.
#include "exec/offload/offload.h"
#include "tracer/base/error.h"

// ---- parts that look up ------------------------------------------------------------------------

// Bytes of what the part reads and makes in all batches; UINT64_MAX where that is not known.
static uint64_t handed_bytes(const gcut_problem *p, uint32_t part) {
  const gcut_stage *s = &p->parts[part];
  uint64_t bytes = 0;
  for (uint32_t b = 0; b < p->n_batches; b++)
    for (uint32_t i = 0; i < s->n_inputs + s->n_outputs; i++) {
      uint32_t id = i < s->n_inputs ? s->inputs[i] : s->outputs[i - s->n_inputs];
      const gcut_activation *a = &p->activations[id];
      if (a->forms[p->classes[b]] == GCUT_FORM_HEAP) return UINT64_MAX;
      if (__builtin_add_overflow(bytes, a->bytes[p->classes[b]], &bytes)) return UINT64_MAX;
    }
  return bytes;
}

// To send what it finds takes less than to send what it looks it up in, as often as that is loaded.
static bool is_light(const gcut_problem *p, const gcut__policy *policy, uint32_t part) {
  uint64_t weights = gcut_stage_bytes(&p->parts[part], NULL), total;
  uint64_t loads = (p->n_batches + (uint64_t)policy->chunk - 1) / policy->chunk;
  return !__builtin_mul_overflow(weights, loads, &total) && handed_bytes(p, part) < total;
}

// ---- the whole --------------------------------------------------------------------------------

gcut_status gcut__policy_init(const gcut_problem *problem, const gcut__options *options, bool stays,
                              gcut_arena *arena, gcut__policy *out, gcut_error *err) {
  static const char *const loops[] = {"parts", "batches", NULL};
  static const char *const places[] = {"host", "device", NULL};
  static const char *const prepares[] = {"once", "each", NULL};
  uint32_t loop, place, prepare;
  uint64_t chunk, all = problem->n_batches ? problem->n_batches : 1;
  *out = (gcut__policy){.keep = GCUT_NEW_ARRAY(arena, bool, problem->n_parts),
                        .host = GCUT_NEW_ARRAY(arena, bool, problem->n_parts),
                        .mapped = GCUT_NEW_ARRAY(arena, bool, problem->n_weights)};
  if (!out->keep || !out->host || !out->mapped) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__option_choice(options, "loop", loops, stays, &loop, err));
  GCUT_TRY(gcut__option_number(options, "batches", 1, UINT32_MAX, loop ? 1 : all, &chunk, err));
  out->chunk = chunk < all ? (uint32_t)chunk : (uint32_t)all;
  // Without a budget, activations of many batches would pile up on the device.
  GCUT_TRY(gcut__option_choice(options, "place", places, problem->budget || out->chunk == 1, &place,
                               err));
  out->park = place == 1;
  GCUT_TRY(gcut__option_choice(options, "prepare", prepares, 0, &prepare, err));
  out->prepare = prepare == 0;
  for (uint32_t i = 0; i < problem->n_parts && !stays; i++)
    out->host[i] = problem->parts[i].looks_up && is_light(problem, out, i);
  return GCUT_OK;
}
