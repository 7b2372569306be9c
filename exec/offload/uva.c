// uva: weights stay where they are in host memory and kernels read them over the wire (vLLM's
// UVAOffloader). Up to `bytes` of them, in the model's order, among those whose names match; the
// rest is resident. Without `bytes` as few as the budget needs, or all where there is no budget.
#include <string.h>

#include "exec/offload/offload.h"
#include "tracer/base/error.h"
#include "tracer/base/pattern.h"

typedef struct candidates {
  uint32_t *weights; // [n] that may be mapped, in order
  uint64_t *bytes;   // [n]
  bool *mapped;      // [n_all] the policy's
  uint32_t n, n_all;
} candidates;

static bool is_named(const char *pattern, const char *name) {
  size_t length = strlen(pattern);
  return strncmp(pattern, name, length) == 0;
}

static gcut_status matches(gcut_pattern *pattern, const char *text, const char *name, bool *out,
                           gcut_error *err) {
  if (pattern) return gcut_pattern_match(pattern, name, out, err);
  *out = !text || is_named(text, name);
  return GCUT_OK;
}

static gcut_status find_candidates(const gcut_problem *p, gcut_pattern *pattern, const char *text,
                                   candidates *out, gcut_error *err) {
  for (uint32_t i = 0; i < p->n_parts; i++)
    for (uint32_t k = 0; k < p->parts[i].n_weights; k++) {
      const gcut_weight *w = &p->parts[i].weights[k];
      bool found;
      GCUT_TRY(matches(pattern, text, w->name, &found, err));
      if (!found) continue;
      out->weights[out->n] = p->parts[i].first_weight + k;
      out->bytes[out->n++] = w->bytes;
    }
  return GCUT_OK;
}

static void map_first(void *context, uint32_t n) {
  const candidates *c = context;
  memset(c->mapped, 0, c->n_all * sizeof *c->mapped);
  for (uint32_t i = 0; i < n; i++) c->mapped[c->weights[i]] = true;
}

static gcut_status choose(const gcut_problem *p, const gcut__options *options, candidates *c,
                          const gcut__policy *policy, gcut_error *err) {
  uint64_t bytes, used = 0;
  uint32_t n = 0;
  if (!gcut__option_find(options, "bytes") && p->budget)
    return gcut__fit(p, policy, c->n, map_first, c, err);
  GCUT_TRY(gcut__option_size(options, "bytes", UINT64_MAX, &bytes, err));
  while (n < c->n && c->bytes[n] <= bytes - used) used += c->bytes[n++];
  map_first(c, n);
  return GCUT_OK;
}

gcut_status gcut__uva_decide(const gcut_problem *problem, const gcut__options *options,
                             const gcut_profile *profile, gcut__policy *policy, gcut_error *err) {
  (void)profile;
  const char *match = gcut__option_find(options, "match");
  gcut_pattern *pattern = NULL;
  candidates c = {.weights = GCUT_NEW_ARRAY(options->arena, uint32_t, problem->n_weights),
                  .bytes = GCUT_NEW_ARRAY(options->arena, uint64_t, problem->n_weights),
                  .mapped = policy->mapped,
                  .n_all = problem->n_weights};
  if (!c.weights || !c.bytes) return GCUT_NO_MEMORY(err);
  memset(policy->keep, true, problem->n_parts);
  if (match && strncmp(match, "re:", 3) == 0)
    GCUT_TRY(gcut_pattern_create(match + 3, &pattern, err));
  gcut_status status = find_candidates(problem, pattern, match, &c, err);
  gcut_pattern_destroy(pattern);
  if (status == GCUT_OK && match && c.n == 0)
    policy->note = gcut_arena_format(options->arena, "uva: no weight matches '%.200s'", match);
  return status == GCUT_OK ? choose(problem, options, &c, policy, err) : status;
}
