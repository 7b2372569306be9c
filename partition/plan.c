// Making plans: by a cutter, whole, from a list of parts, or from another plan.
#include "graphcut/plan.h"

#include <string.h>

#include "graphcut/nearest.h"
#include "partition/blocks.h"
#include "partition/cutter.h"
#include "partition/refine.h"
#include "tracer/base/error.h"

void gcut_plan_destroy(gcut_plan *plan) {
  if (plan) gcut_arena_destroy(plan->arena); // the plan lies in it
}

// ---- by a cutter ------------------------------------------------------------------------------

static const struct {
  const char *name;
  gcut__cut *cut;
} cutters[] = {
#define X(name) {#name, gcut__cut_##name},
    GCUT__CUTTER_LIST(X)
#undef X
};

// The cutter asked for by name, else by what it works with. What is said of targets alone is said
// of the proposed ones.
static const char *choose_cutter(const gcut_cut_options *o) {
  if (o->cutter && *o->cutter) return o->cutter;
  if (o->n_targets > 0) return "targets";
  if (o->n_parts > 0) return "balanced";
  return o->budget > 0 && o->n_ignore == 0 && o->targets_per_part == 0 ? "budget" : "targets";
}

static gcut_status find_cutter(const char *name, gcut__cut **out, gcut_error *err) {
  gcut_nearest near;
  gcut_nearest_begin(&near, name);
  for (size_t i = 0; i < sizeof cutters / sizeof *cutters; i++) {
    *out = cutters[i].cut;
    if (!strcmp(cutters[i].name, name)) return GCUT_OK;
    gcut_nearest_offer(&near, cutters[i].name);
  }
  char shown[64], list[256];
  return GCUT_FAIL(err, GCUT_ARGUMENT, "there is no cutter '%s'%s",
                   gcut__printable(name, shown, sizeof shown),
                   gcut_nearest_format(&near, list, sizeof list));
}

// One part with everything in it.
static gcut_status put_in_one(gcut__draft *d, gcut_error *err) {
  GCUT_TRY(gcut__draft_parts(d, 1, err));
  d->names[0] = "model";
  for (uint32_t i = 0; i < d->n_order; i++) d->part[d->order[i]] = 0;
  return GCUT_OK;
}

static gcut_origin origin_of(const gcut_cut_options *o, const char *cutter) {
  return (gcut_origin){.cutter = cutter,
                       .targets = o->targets,
                       .ignore = o->ignore,
                       .n_targets = o->n_targets,
                       .n_ignore = o->n_ignore,
                       .targets_per_part = o->targets_per_part ? o->targets_per_part : 1,
                       .n_parts = o->n_parts,
                       .budget = o->budget};
}

static gcut_status begin(const gcut_trace *trace, const gcut_cut_options *options,
                         gcut_arena *scratch, gcut__draft *d, gcut_error *err) {
  uint32_t *fetches, n_fetches;
  GCUT_TRY(gcut__fetch_values(trace->graph, options->fetch, options->n_fetch, scratch, &fetches,
                              &n_fetches, err));
  return gcut__draft_begin(trace, fetches, n_fetches, options->unfused, scratch, d, err);
}

static gcut_status take_targets(gcut_cut_options *options, const char *list, gcut_arena *scratch,
                                gcut_error *err) {
  char *rest = gcut_arena_string(scratch, list, strlen(list));
  const char **targets = GCUT_NEW_ARRAY(scratch, const char *, strlen(list) + 1);
  if (!rest || !targets) return GCUT_NO_MEMORY(err);
  options->n_targets = 0;
  while (rest) targets[options->n_targets++] = gcut_target_next(&rest);
  options->targets = targets;
  return GCUT_OK;
}

static gcut_status try_target(gcut__draft *d, gcut_cut_options *options, const char *target,
                              gcut_error *err) {
  d->n_inner_targets = d->n_standing_groups = 0;
  GCUT_TRY(take_targets(options, target, d->scratch, err));
  return gcut__cut_targets(d, options, err);
}

// Modules that run several times are no parts; each time they run may be one.
static gcut_status try_structure(gcut__draft *d, gcut_cut_options *options, gcut_error *err) {
  gcut_proposals proposals;
  GCUT_TRY(gcut__propose_structure(d->graph, &proposals, err));
  gcut_status status = GCUT_ARGUMENT;
  if (proposals.n > 0) status = try_target(d, options, proposals.items[0].target, err);
  gcut_proposals_free(&proposals);
  return status;
}

// The first of the proposals that can be cut at: of those with as many matches as the first, or of
// those with fewer.
static gcut_status try_proposals(gcut__draft *d, gcut_cut_options *options,
                                 const gcut_proposals *proposals, bool as_many, gcut_error *err) {
  gcut_status status = GCUT_ARGUMENT;
  for (size_t i = 0; i < proposals->n && status == GCUT_ARGUMENT; i++)
    if (as_many == (proposals->items[i].n_matches >= proposals->items[0].n_matches))
      status = try_target(d, options, proposals->items[i].target, err);
  return status;
}

// Options without targets get what the graph suggests: the best that can be cut at, for what
// repeats may not have to run, or not be one part. One part where there is none.
static gcut_status cut_proposed(gcut__draft *d, gcut_cut_options *options, gcut_error *err) {
  gcut_proposals proposals;
  GCUT_TRY(gcut_propose_targets(d->graph, &proposals, err));
  bool may_pass = options->n_ignore == 0, any = proposals.n > 0;
  if (!may_pass && any) proposals.n = 1;
  gcut_status status = try_proposals(d, options, &proposals, true, err);
  if (status == GCUT_ARGUMENT && may_pass) status = try_structure(d, options, err);
  if (status == GCUT_ARGUMENT && may_pass)
    status = try_proposals(d, options, &proposals, false, err);
  gcut_proposals_free(&proposals);
  if (status != GCUT_ARGUMENT || (any && !may_pass)) return status;
  if (!may_pass)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "ignore: the model repeats nothing; name targets, too");
  d->n_inner_targets = d->n_standing_groups = 0;
  options->n_targets = 0;
  return put_in_one(d, err);
}

static gcut_status tell(const gcut_cut_options *options, unsigned steps, gcut_error *err) {
  enum { STEPS = 4 };
  return gcut__tell(&options->progress, steps, STEPS, err);
}

static gcut_status create(const gcut_trace *trace, gcut_cut_options options, gcut_arena *scratch,
                          gcut_plan **out_plan, gcut_error *err) {
  gcut__draft d;
  gcut__cut *cut;
  const char *name = choose_cutter(&options);
  GCUT_TRY(find_cutter(name, &cut, err));
  GCUT_TRY(begin(trace, &options, scratch, &d, err));
  GCUT_TRY(tell(&options, 1, err));
  bool proposes = cut == gcut__cut_targets && options.n_targets == 0;
  GCUT_TRY(proposes ? cut_proposed(&d, &options, err) : cut(&d, &options, err));
  GCUT_TRY(gcut__draft_drop_empty(&d, err));
  uint64_t unrefined, pipeline;
  GCUT_TRY(gcut__draft_crossing(&d, &unrefined, &pipeline, err));
  GCUT_TRY(tell(&options, 2, err));
  if (!options.unrefined) GCUT_TRY(gcut__refine(&d, err));
  GCUT_TRY(tell(&options, 3, err));
  gcut_origin origin = origin_of(&options, proposes && options.n_targets == 0 ? "whole" : name);
  GCUT_TRY(gcut__draft_finish(&d, &origin, out_plan, err));
  (*out_plan)->unrefined_bytes = (*out_plan)->sized ? unrefined : 0;
  (*out_plan)->pipeline_bytes = (*out_plan)->sized ? pipeline : 0;
  return GCUT_OK;
}

static gcut_status create_whole(const gcut_trace *trace, const gcut_cut_options *options,
                                gcut_arena *scratch, gcut_plan **out_plan, gcut_error *err) {
  gcut__draft d;
  gcut_origin origin = {.cutter = "whole"};
  GCUT_TRY(begin(trace, options, scratch, &d, err));
  GCUT_TRY(put_in_one(&d, err));
  return gcut__draft_finish(&d, &origin, out_plan, err);
}

gcut_status gcut_plan_create(const gcut_trace *trace, const gcut_cut_options *options,
                             gcut_plan **out_plan, gcut_error *err) {
  *out_plan = NULL;
  gcut_arena *scratch = gcut_arena_create();
  if (!scratch) return GCUT_NO_MEMORY(err);
  gcut_cut_options given = options ? *options : (gcut_cut_options){0};
  gcut_status status = create(trace, given, scratch, out_plan, err);
  gcut_arena_destroy(scratch);
  return status;
}

gcut_status gcut_plan_whole(const gcut_trace *trace, const gcut_cut_options *options,
                            gcut_plan **out_plan, gcut_error *err) {
  *out_plan = NULL;
  gcut_arena *scratch = gcut_arena_create();
  if (!scratch) return GCUT_NO_MEMORY(err);
  gcut_cut_options given = options ? *options : (gcut_cut_options){0};
  gcut_status status = create_whole(trace, &given, scratch, out_plan, err);
  gcut_arena_destroy(scratch);
  return status;
}
