// What each kind of command may do, and what it leaves behind for those after it.
#include <inttypes.h>

#include "exec/verifier.h"

// ---- activations ------------------------------------------------------------------------------

static uint32_t *holder_of(gcut__verifier *v, gcut_space space, uint32_t activation,
                           uint32_t batch) {
  return &v->at[space][(size_t)activation * v->problem->n_batches + batch];
}

static uint64_t bytes_of(const gcut__verifier *v, uint32_t activation, uint32_t batch) {
  return v->problem->activations[activation].bytes[v->problem->classes[batch]];
}

static gcut_status claim_activation(gcut__verifier *v, gcut_space space, uint32_t activation,
                                    uint32_t batch, uint64_t offset) {
  uint32_t *at = holder_of(v, space, activation, batch);
  if (*at != GCUT_NONE)
    return gcut__verify_fail(v, "'%s' is there already", v->problem->activations[activation].name);
  uint32_t freed = v->freed[(size_t)activation * v->problem->n_batches + batch];
  if (space == GCUT_SPACE_HEAP && freed != GCUT_NONE && !gcut__verify_before(v, freed))
    return gcut__verify_fail(v, "may come before command %" PRIu32 " has dropped the value", freed);
  return gcut__verify_claim(v, space, offset, bytes_of(v, activation, batch), at);
}

static gcut_status use_activation(gcut__verifier *v, gcut_space space, uint32_t activation,
                                  uint32_t batch, uint64_t offset) {
  uint32_t id = *holder_of(v, space, activation, batch);
  GCUT_TRY(gcut__verify_use(v, id, offset, v->problem->activations[activation].name));
  if (v->holders[id].pass != gcut__verify_current(v)->pass)
    return gcut__verify_fail(v, "'%s' is of another pass",
                             v->problem->activations[activation].name);
  return GCUT_OK;
}

static gcut_status check_move(gcut__verifier *v, gcut_space from, gcut_space to) {
  const gcut_command *c = gcut__verify_current(v);
  if (gcut__verify_form(v, c->activation, c->batch) != GCUT_FORM_RANGE ||
      c->bytes != bytes_of(v, c->activation, c->batch))
    return gcut__verify_fail(v, "moves %" PRIu64 " bytes of a value that has %" PRIu64, c->bytes,
                             bytes_of(v, c->activation, c->batch));
  GCUT_TRY(use_activation(v, from, c->activation, c->batch, c->from));
  return claim_activation(v, to, c->activation, c->batch, c->to);
}

// ---- commands ---------------------------------------------------------------------------------

static gcut_status check_load(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  if (v->weights[c->part] != GCUT_NONE) return gcut__verify_fail(v, "weights are there already");
  if (c->bytes != v->weight_bytes[c->part] || c->bytes == 0)
    return gcut__verify_fail(v, "loads %" PRIu64 " bytes, the part has %" PRIu64, c->bytes,
                             v->weight_bytes[c->part]);
  if (v->unloaded[c->part] != GCUT_NONE && !gcut__verify_before(v, v->unloaded[c->part]))
    return gcut__verify_fail(v, "may come before command %" PRIu32 " has dropped the same weights",
                             v->unloaded[c->part]);
  return gcut__verify_claim(v, GCUT_SPACE_DEVICE, c->to, c->bytes, &v->weights[c->part]);
}

// Each activation once, and of the kind that the command may name.
static gcut_status check_place(gcut__verifier *v, const gcut_place *p) {
  const gcut_command *c = gcut__verify_current(v);
  const gcut_activation *a = &v->problem->activations[p->activation];
  if (v->stamps[p->activation] == v->now + 1)
    return gcut__verify_fail(v, "names '%s' twice", a->name);
  v->stamps[p->activation] = v->now + 1;
  gcut_form form = gcut__verify_form(v, p->activation, c->batch);
  if (form == GCUT_FORM_CONSTANT || (form == GCUT_FORM_HEAP) != (p->offset == GCUT_ON_HEAP))
    return gcut__verify_fail(v, "'%s' has no place or is not in the right one", a->name);
  if (p->output != (c->kind == GCUT_RUN && a->producer == c->part))
    return gcut__verify_fail(v, "'%s' is not what the place says", a->name);
  if (c->kind == GCUT_READ && a->producer != GCUT_NONE)
    return gcut__verify_fail(v, "'%s' is no input of the graph", a->name);
  if (c->kind == GCUT_WRITE && !a->fetched)
    return gcut__verify_fail(v, "'%s' is no output", a->name);
  return GCUT_OK;
}

static gcut_status check_operand(gcut__verifier *v, const gcut_place *p, gcut_space space) {
  uint32_t batch = gcut__verify_current(v)->batch;
  GCUT_TRY(check_place(v, p));
  if (p->offset == GCUT_ON_HEAP) space = GCUT_SPACE_HEAP;
  if (p->output || gcut__verify_current(v)->kind == GCUT_READ)
    return claim_activation(v, space, p->activation, batch, p->offset);
  return use_activation(v, space, p->activation, batch, p->offset);
}

static const gcut_work *work_of(const gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  return &v->problem->parts[c->part].work[v->problem->classes[c->batch]];
}

// Workspace is taken for the length of one command.
static gcut_status check_workspace(gcut__verifier *v, gcut_space space) {
  const gcut_command *c = gcut__verify_current(v);
  uint32_t id;
  if (c->bytes != work_of(v)->workspace)
    return gcut__verify_fail(v, "workspace of %" PRIu64 " bytes", c->bytes);
  if (c->bytes == 0) return GCUT_OK;
  GCUT_TRY(gcut__verify_claim(v, space, c->to, c->bytes, &id));
  v->holders[id].dropped = true;
  return GCUT_OK;
}

static bool is_named(const gcut__verifier *v, uint32_t activation) {
  return v->stamps[activation] == v->now + 1 ||
         gcut__verify_form(v, activation, gcut__verify_current(v)->batch) == GCUT_FORM_CONSTANT;
}

static gcut_status check_all_named(gcut__verifier *v, const uint32_t *activations, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!is_named(v, activations[i]))
      return gcut__verify_fail(v, "'%s' is missing", v->problem->activations[activations[i]].name);
  return GCUT_OK;
}

static gcut_status use_weights(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  if (v->weight_bytes[c->part] == 0) return GCUT_OK;
  return gcut__verify_use(v, v->weights[c->part], c->from, "weights");
}

// What is prepared needs no DROP: it is over where a command takes of its range, which must come
// after all that read it.
static gcut_status check_prepare(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  uint32_t *id = &v->prepared[c->part];
  if (work_of(v)->prepared == 0) return gcut__verify_fail(v, "has nothing to prepare");
  GCUT_TRY(use_weights(v));
  GCUT_TRY(gcut__verify_claim(v, GCUT_SPACE_DEVICE, c->prepared, work_of(v)->prepared, id));
  GCUT_TRY(check_workspace(v, GCUT_SPACE_DEVICE));
  v->holders[*id].dropped = true;
  v->prepared_class[c->part] = v->problem->classes[c->batch];
  return GCUT_OK;
}

static gcut_status use_prepared(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  uint32_t id = v->prepared[c->part];
  if (c->prepared == GCUT_NOT_PREPARED) return GCUT_OK;
  if (c->queue != GCUT_QUEUE_COMPUTE)
    return gcut__verify_fail(v, "nothing is prepared for queue %s", gcut_queue_name(c->queue));
  GCUT_TRY(gcut__verify_use(v, id, c->prepared, "what was prepared"));
  if (v->prepared_class[c->part] != v->problem->classes[c->batch] ||
      !gcut__verify_is_whole(v, GCUT_SPACE_DEVICE, id))
    return gcut__verify_fail(v, "what was prepared is for other shapes, or overwritten");
  return GCUT_OK;
}

static gcut_status check_run(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  const gcut_stage *part = &v->problem->parts[c->part];
  gcut_space space = c->queue == GCUT_QUEUE_COMPUTE ? GCUT_SPACE_DEVICE : GCUT_SPACE_HOST;
  uint32_t *done = &v->runs[(size_t)c->part * v->problem->n_batches + c->batch];
  if (*done != c->pass)
    return gcut__verify_fail(v, "runs in pass %" PRIu32 ", not once a pass", c->pass);
  ++*done;
  if (space == GCUT_SPACE_DEVICE) GCUT_TRY(use_weights(v));
  GCUT_TRY(use_prepared(v));
  for (uint32_t i = 0; i < c->n_places; i++)
    GCUT_TRY(check_operand(v, &v->schedule->places[c->first_place + i], space));
  GCUT_TRY(check_all_named(v, part->inputs, part->n_inputs));
  GCUT_TRY(check_all_named(v, part->outputs, part->n_outputs));
  return check_workspace(v, space);
}

static gcut_status check_read(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  for (uint32_t i = 0; i < c->n_places; i++)
    GCUT_TRY(check_operand(v, &v->schedule->places[c->first_place + i], GCUT_SPACE_HOST));
  for (uint32_t i = 0; i < v->problem->n_activations; i++)
    if (v->problem->activations[i].producer == GCUT_NONE) GCUT_TRY(check_all_named(v, &i, 1));
  return GCUT_OK;
}

static gcut_status check_output(gcut__verifier *v, const gcut_place *p) {
  const gcut_command *c = gcut__verify_current(v);
  GCUT_TRY(check_operand(v, p, GCUT_SPACE_HOST));
  bool *written = &v->written[(size_t)p->activation * v->problem->n_batches + c->batch];
  if (*written)
    return gcut__verify_fail(v, "writes '%s' twice", v->problem->activations[p->activation].name);
  *written = true;
  return GCUT_OK;
}

// All of a batch at once, unless outputs are wanted as they are made.
static gcut_status check_write(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  if (c->pass != v->problem->n_passes - 1)
    return gcut__verify_fail(v, "writes before the last pass");
  for (uint32_t i = 0; i < c->n_places; i++)
    GCUT_TRY(check_output(v, &v->schedule->places[c->first_place + i]));
  for (uint32_t i = 0; i < v->problem->n_activations && !v->problem->early; i++)
    if (v->problem->activations[i].fetched) GCUT_TRY(check_all_named(v, &i, 1));
  return GCUT_OK;
}

static gcut_status check_drop(gcut__verifier *v) {
  const gcut_command *c = gcut__verify_current(v);
  bool weights = c->part != GCUT_NONE;
  if (c->space >= GCUT_N_SPACES || weights == (c->activation != GCUT_NONE) ||
      (weights && c->space != GCUT_SPACE_DEVICE))
    return gcut__verify_fail(v, "drops nothing known");
  uint32_t *at =
      weights ? &v->weights[c->part] : holder_of(v, (gcut_space)c->space, c->activation, c->batch);
  if (*at == GCUT_NONE) return gcut__verify_fail(v, "drops what is not there");
  gcut__holder *h = &v->holders[*at];
  if (h->begin != c->from) return gcut__verify_fail(v, "drops another range than it has");
  if (!gcut__verify_covered(v, h)) return gcut__verify_fail(v, "drops what may still be in use");
  h->dropped = true;
  *at = GCUT_NONE;
  if (weights) v->unloaded[c->part] = v->now;
  if (c->space == GCUT_SPACE_HEAP)
    v->freed[(size_t)c->activation * v->problem->n_batches + c->batch] = v->now;
  return GCUT_OK;
}

gcut_status gcut__verify_effect(gcut__verifier *v) {
  switch ((gcut_command_kind)gcut__verify_current(v)->kind) {
  case GCUT_LOAD: return check_load(v);
  case GCUT_PREPARE: return check_prepare(v);
  case GCUT_PUSH: return check_move(v, GCUT_SPACE_HOST, GCUT_SPACE_DEVICE);
  case GCUT_PULL: return check_move(v, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST);
  case GCUT_SPILL: return check_move(v, GCUT_SPACE_HOST, GCUT_SPACE_SPILL);
  case GCUT_UNSPILL: return check_move(v, GCUT_SPACE_SPILL, GCUT_SPACE_HOST);
  case GCUT_RUN: return check_run(v);
  case GCUT_READ: return check_read(v);
  case GCUT_WRITE: return check_write(v);
  case GCUT_DROP: return check_drop(v);
  case GCUT_N_COMMANDS: break;
  }
  return gcut__verify_fail(v, "no such command");
}
