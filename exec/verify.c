// Proves a schedule safe and complete, from happens-before alone.
//
// What happens before a command follows from two things: queues run in order, and waits. As waits
// point backwards, one walk in schedule order gives every command a vector clock (how many commands
// of each queue are complete when it starts), so "x happens before y" is one comparison. A range
// keeps the last command of each queue that touched it: taking it over is safe exactly where the
// newcomer's clock covers all of them. The builder finds waits in the same way; nothing of it is
// trusted or used here, since what is to be caught are the builder's and the strategies' mistakes.
//
// The hazards are those that ring buffers in other systems shipped: a slot overwritten before its
// last reader was done, weights read before their copy was complete, a range handed out twice.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/schedule.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/spans.h"
#include "tracer/base/vector.h"

typedef struct holder { // of a range, from the command that fills it to its DROP
  uint64_t begin, end;
  gcut__clock touched; // number of the last command of each queue that touched it
  uint32_t writer, pass;
  bool dropped;
} holder;

typedef struct verifier {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  gcut_error *err;
  gcut_arena *arena;
  gcut__clock *clocks;          // [n_commands] complete when the command starts
  uint32_t *numbers;            // [n_commands] place in its queue, from 1
  uint32_t last[GCUT_N_QUEUES]; // last command of each queue so far, or GCUT_NONE
  uint64_t *weight_bytes;       // [n_parts] of the range that LOAD fills
  uint32_t *weights;            // [n_parts] holder, or GCUT_NONE
  uint32_t *unloaded;           // [n_parts] last DROP, or GCUT_NONE
  uint32_t *freed;              // [n_activations * n_batches] last DROP from the heap, or GCUT_NONE
  uint32_t *at[GCUT_N_SPACES];  // [n_activations * n_batches] holder, or GCUT_NONE
  uint32_t *runs;               // [n_parts * n_batches] passes done
  bool *written;                // [n_batches]
  uint32_t *stamps;             // [n_activations] last RUN, READ or WRITE that names it, plus 1
  gcut__spans spans[GCUT_N_SPACES];
  holder *holders;
  uint32_t n_holders, holders_capacity;
  uint32_t now; // the command being checked
} verifier;

static const gcut_command *current(const verifier *v) {
  return &v->schedule->commands[v->now];
}

static gcut_status fail(const verifier *v, const char *format, ...) GCUT_PRINTF(2, 3);
static gcut_status fail(const verifier *v, const char *format, ...) {
  const gcut_command *c = current(v);
  const gcut_problem *p = v->problem;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const char *subject = c->part < p->n_parts               ? p->parts[c->part].name
                        : c->activation < p->n_activations ? p->activations[c->activation].name
                                                           : "batch";
  return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule, command %" PRIu32 " (%s %s, batch %d): %s",
                   v->now, gcut_command_name(c->kind), subject,
                   c->batch == GCUT_NONE ? -1 : (int)c->batch, text);
}

// ---- ranges -----------------------------------------------------------------------------------

static bool happens_before(const verifier *v, uint32_t command) {
  unsigned q = v->schedule->commands[command].queue;
  return v->numbers[command] <= v->clocks[v->now].done[q];
}

static void touch(verifier *v, holder *h) {
  h->touched.done[current(v)->queue] = v->numbers[v->now];
}

static bool is_covered(const verifier *v, const holder *h) {
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (h->touched.done[q] > v->clocks[v->now].done[q]) return false;
  return true;
}

static gcut_status check_free(const verifier *v, gcut_space space, uint64_t begin, uint64_t end) {
  const gcut__spans *s = &v->spans[space];
  for (uint32_t i = gcut__spans_find(s, begin); i < s->n && s->items[i].begin < end; i++) {
    const holder *h = &v->holders[s->items[i].owner];
    if (!h->dropped)
      return fail(v,
                  "range [%" PRIu64 ", %" PRIu64 ") overlaps what command %" PRIu32
                  " put at [%" PRIu64 ", %" PRIu64 ")",
                  begin, end, h->writer, h->begin, h->end);
    if (!is_covered(v, h))
      return fail(v,
                  "range [%" PRIu64 ", %" PRIu64 ") may still be in use: it was filled by "
                  "command %" PRIu32 ", and nothing here waits for all that touch it",
                  begin, end, h->writer);
  }
  return GCUT_OK;
}

// The command fills a range of `bytes`; *out_holder becomes its holder.
static gcut_status claim(verifier *v, gcut_space space, uint64_t offset, uint64_t bytes,
                         uint32_t *out_holder) {
  uint64_t end = offset + gcut_range_bytes(bytes);
  if (space != GCUT_SPACE_HEAP && bytes > 0) {
    if (offset % GCUT_RANGE_ALIGN || end < offset || end > v->schedule->extent[space])
      return fail(v, "range at %" PRIu64 " of %" PRIu64 " bytes is not aligned or lies outside",
                  offset, bytes);
    GCUT_TRY(check_free(v, space, offset, end));
  }
  if (!gcut_vector_reserve((void **)&v->holders, &v->holders_capacity, v->n_holders, 1,
                           sizeof *v->holders))
    return GCUT_NO_MEMORY(v->err);
  holder *h = &v->holders[v->n_holders];
  *h = (holder){.begin = offset, .end = end, .writer = v->now, .pass = current(v)->pass};
  touch(v, h);
  if (space != GCUT_SPACE_HEAP && end > offset &&
      !gcut__spans_set(&v->spans[space], offset, end, v->n_holders))
    return GCUT_NO_MEMORY(v->err);
  *out_holder = v->n_holders++;
  return GCUT_OK;
}

// The command reads what lies at `offset`.
static gcut_status use(verifier *v, uint32_t id, uint64_t offset, const char *what) {
  if (id == GCUT_NONE) return fail(v, "%s is not there", what);
  holder *h = &v->holders[id];
  if (offset != h->begin)
    return fail(v, "%s lies at %" PRIu64 ", not at %" PRIu64, what, h->begin, offset);
  if (!happens_before(v, h->writer))
    return fail(v, "%s may be read before command %" PRIu32 " has written it", what, h->writer);
  touch(v, h);
  return GCUT_OK;
}

// ---- activations ------------------------------------------------------------------------------

static uint32_t *holder_of(verifier *v, gcut_space space, uint32_t activation, uint32_t batch) {
  return &v->at[space][(size_t)activation * v->problem->n_batches + batch];
}

static gcut_form form_of(const verifier *v, uint32_t activation, uint32_t batch) {
  return (gcut_form)v->problem->activations[activation].forms[v->problem->classes[batch]];
}

static uint64_t bytes_of(const verifier *v, uint32_t activation, uint32_t batch) {
  return v->problem->activations[activation].bytes[v->problem->classes[batch]];
}

static gcut_status claim_activation(verifier *v, gcut_space space, uint32_t activation,
                                    uint32_t batch, uint64_t offset) {
  uint32_t *at = holder_of(v, space, activation, batch);
  if (*at != GCUT_NONE)
    return fail(v, "'%s' is there already", v->problem->activations[activation].name);
  uint32_t freed = v->freed[(size_t)activation * v->problem->n_batches + batch];
  if (space == GCUT_SPACE_HEAP && freed != GCUT_NONE && !happens_before(v, freed))
    return fail(v, "may come before command %" PRIu32 " has dropped the value", freed);
  return claim(v, space, offset, bytes_of(v, activation, batch), at);
}

static gcut_status use_activation(verifier *v, gcut_space space, uint32_t activation,
                                  uint32_t batch, uint64_t offset) {
  uint32_t id = *holder_of(v, space, activation, batch);
  GCUT_TRY(use(v, id, offset, v->problem->activations[activation].name));
  if (v->holders[id].pass != current(v)->pass)
    return fail(v, "'%s' is of another pass", v->problem->activations[activation].name);
  return GCUT_OK;
}

static gcut_status check_move(verifier *v, gcut_space from, gcut_space to) {
  const gcut_command *c = current(v);
  if (form_of(v, c->activation, c->batch) != GCUT_FORM_RANGE ||
      c->bytes != bytes_of(v, c->activation, c->batch))
    return fail(v, "moves %" PRIu64 " bytes of a value that has %" PRIu64, c->bytes,
                bytes_of(v, c->activation, c->batch));
  GCUT_TRY(use_activation(v, from, c->activation, c->batch, c->from));
  return claim_activation(v, to, c->activation, c->batch, c->to);
}

// ---- commands ---------------------------------------------------------------------------------

static gcut_status check_load(verifier *v) {
  const gcut_command *c = current(v);
  if (v->weights[c->part] != GCUT_NONE) return fail(v, "weights are there already");
  if (c->bytes != v->weight_bytes[c->part] || c->bytes == 0)
    return fail(v, "loads %" PRIu64 " bytes, the part has %" PRIu64, c->bytes,
                v->weight_bytes[c->part]);
  if (v->unloaded[c->part] != GCUT_NONE && !happens_before(v, v->unloaded[c->part]))
    return fail(v, "may come before command %" PRIu32 " has dropped the same weights",
                v->unloaded[c->part]);
  return claim(v, GCUT_SPACE_DEVICE, c->to, c->bytes, &v->weights[c->part]);
}

// Each activation once, and of the kind that the command may name.
static gcut_status check_place(verifier *v, const gcut_place *p) {
  const gcut_command *c = current(v);
  const gcut_activation *a = &v->problem->activations[p->activation];
  if (v->stamps[p->activation] == v->now + 1) return fail(v, "names '%s' twice", a->name);
  v->stamps[p->activation] = v->now + 1;
  gcut_form form = form_of(v, p->activation, c->batch);
  if (form == GCUT_FORM_CONSTANT || (form == GCUT_FORM_HEAP) != (p->offset == GCUT_ON_HEAP))
    return fail(v, "'%s' has no place or is not in the right one", a->name);
  if (p->output != (c->kind == GCUT_RUN && a->producer == c->part))
    return fail(v, "'%s' is not what the place says", a->name);
  if (c->kind == GCUT_READ && a->producer != GCUT_NONE)
    return fail(v, "'%s' is no input of the graph", a->name);
  if (c->kind == GCUT_WRITE && !a->fetched) return fail(v, "'%s' is no output", a->name);
  return GCUT_OK;
}

static gcut_status check_operand(verifier *v, const gcut_place *p, gcut_space space) {
  uint32_t batch = current(v)->batch;
  GCUT_TRY(check_place(v, p));
  if (p->offset == GCUT_ON_HEAP) space = GCUT_SPACE_HEAP;
  if (p->output || current(v)->kind == GCUT_READ)
    return claim_activation(v, space, p->activation, batch, p->offset);
  return use_activation(v, space, p->activation, batch, p->offset);
}

// Workspace is taken for the length of one command.
static gcut_status check_workspace(verifier *v, gcut_space space) {
  const gcut_command *c = current(v);
  uint32_t id;
  if (c->bytes != v->problem->parts[c->part].work[v->problem->classes[c->batch]].workspace)
    return fail(v, "workspace of %" PRIu64 " bytes", c->bytes);
  if (c->bytes == 0) return GCUT_OK;
  GCUT_TRY(claim(v, space, c->to, c->bytes, &id));
  v->holders[id].dropped = true;
  return GCUT_OK;
}

static bool is_named(const verifier *v, uint32_t activation) {
  return v->stamps[activation] == v->now + 1 ||
         form_of(v, activation, current(v)->batch) == GCUT_FORM_CONSTANT;
}

static gcut_status check_all_named(verifier *v, const uint32_t *activations, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!is_named(v, activations[i]))
      return fail(v, "'%s' is missing", v->problem->activations[activations[i]].name);
  return GCUT_OK;
}

static gcut_status check_run(verifier *v) {
  const gcut_command *c = current(v);
  const gcut_stage *part = &v->problem->parts[c->part];
  gcut_space space = c->queue == GCUT_QUEUE_COMPUTE ? GCUT_SPACE_DEVICE : GCUT_SPACE_HOST;
  uint32_t *done = &v->runs[(size_t)c->part * v->problem->n_batches + c->batch];
  if (*done != c->pass) return fail(v, "runs in pass %" PRIu32 ", not once a pass", c->pass);
  ++*done;
  if (space == GCUT_SPACE_DEVICE && v->weight_bytes[c->part] > 0)
    GCUT_TRY(use(v, v->weights[c->part], c->from, "weights"));
  for (uint32_t i = 0; i < c->n_places; i++)
    GCUT_TRY(check_operand(v, &v->schedule->places[c->first_place + i], space));
  GCUT_TRY(check_all_named(v, part->inputs, part->n_inputs));
  GCUT_TRY(check_all_named(v, part->outputs, part->n_outputs));
  return check_workspace(v, space);
}

static bool is_read(const gcut_activation *a) {
  return a->producer == GCUT_NONE;
}
static bool is_written(const gcut_activation *a) {
  return a->fetched;
}

static gcut_status check_batch(verifier *v, bool (*wanted)(const gcut_activation *)) {
  const gcut_command *c = current(v);
  for (uint32_t i = 0; i < c->n_places; i++)
    GCUT_TRY(check_operand(v, &v->schedule->places[c->first_place + i], GCUT_SPACE_HOST));
  for (uint32_t i = 0; i < v->problem->n_activations; i++)
    if (wanted(&v->problem->activations[i])) GCUT_TRY(check_all_named(v, &i, 1));
  return GCUT_OK;
}

static gcut_status check_write(verifier *v) {
  const gcut_command *c = current(v);
  if (c->pass != v->problem->n_passes - 1 || v->written[c->batch])
    return fail(v, "writes a batch twice, or before the last pass");
  v->written[c->batch] = true;
  return check_batch(v, is_written);
}

static gcut_status check_drop(verifier *v) {
  const gcut_command *c = current(v);
  bool weights = c->part != GCUT_NONE;
  if (c->space >= GCUT_N_SPACES || weights == (c->activation != GCUT_NONE) ||
      (weights && c->space != GCUT_SPACE_DEVICE))
    return fail(v, "drops nothing known");
  uint32_t *at =
      weights ? &v->weights[c->part] : holder_of(v, (gcut_space)c->space, c->activation, c->batch);
  if (*at == GCUT_NONE) return fail(v, "drops what is not there");
  holder *h = &v->holders[*at];
  if (h->begin != c->from) return fail(v, "drops another range than it has");
  if (!is_covered(v, h)) return fail(v, "drops what may still be in use");
  h->dropped = true;
  *at = GCUT_NONE;
  if (weights) v->unloaded[c->part] = v->now;
  if (c->space == GCUT_SPACE_HEAP)
    v->freed[(size_t)c->activation * v->problem->n_batches + c->batch] = v->now;
  return GCUT_OK;
}

static gcut_status check_effect(verifier *v) {
  switch ((gcut_command_kind)current(v)->kind) {
  case GCUT_LOAD: return check_load(v);
  case GCUT_PUSH: return check_move(v, GCUT_SPACE_HOST, GCUT_SPACE_DEVICE);
  case GCUT_PULL: return check_move(v, GCUT_SPACE_DEVICE, GCUT_SPACE_HOST);
  case GCUT_SPILL: return check_move(v, GCUT_SPACE_HOST, GCUT_SPACE_SPILL);
  case GCUT_UNSPILL: return check_move(v, GCUT_SPACE_SPILL, GCUT_SPACE_HOST);
  case GCUT_RUN: return check_run(v);
  case GCUT_READ: return check_batch(v, is_read);
  case GCUT_WRITE: return check_write(v);
  case GCUT_DROP: return check_drop(v);
  case GCUT_N_COMMANDS: break;
  }
  return fail(v, "no such command");
}

// ---- fields and clocks ------------------------------------------------------------------------

static bool is_queue_right(const gcut_command *c) {
  switch ((gcut_command_kind)c->kind) {
  case GCUT_LOAD: return c->queue == GCUT_QUEUE_WEIGHTS;
  case GCUT_PUSH: return c->queue == GCUT_QUEUE_UP;
  case GCUT_PULL: return c->queue == GCUT_QUEUE_DOWN;
  case GCUT_RUN: return c->queue == GCUT_QUEUE_COMPUTE || c->queue == GCUT_QUEUE_HOST;
  case GCUT_READ:
  case GCUT_WRITE:
  case GCUT_SPILL:
  case GCUT_UNSPILL: return c->queue == GCUT_QUEUE_DISK;
  case GCUT_DROP: return c->queue < GCUT_N_QUEUES;
  case GCUT_N_COMMANDS: break;
  }
  return false;
}

static bool needs_part(const gcut_command *c) {
  return c->kind == GCUT_LOAD || c->kind == GCUT_RUN;
}
static bool needs_activation(const gcut_command *c) {
  return c->kind == GCUT_PUSH || c->kind == GCUT_PULL || c->kind == GCUT_SPILL ||
         c->kind == GCUT_UNSPILL || (c->kind == GCUT_DROP && c->part == GCUT_NONE);
}

static bool in_range(uint32_t index, uint32_t n, bool needed) {
  return index < n || (!needed && index == GCUT_NONE);
}

static gcut_status check_fields(const verifier *v) {
  const gcut_command *c = current(v);
  const gcut_problem *p = v->problem;
  const gcut_schedule *s = v->schedule;
  bool needs_batch = c->kind != GCUT_LOAD && !(c->kind == GCUT_DROP && c->part != GCUT_NONE);
  if (!is_queue_right(c)) return fail(v, "does not belong on queue %s", gcut_queue_name(c->queue));
  if (!in_range(c->part, p->n_parts, needs_part(c)) ||
      !in_range(c->activation, p->n_activations, needs_activation(c)) ||
      !in_range(c->batch, p->n_batches, needs_batch) || c->pass >= p->n_passes)
    return fail(v, "names a part, value, batch or pass that is not there");
  if (c->first_wait > s->n_waits || c->n_waits > s->n_waits - c->first_wait ||
      c->first_place > s->n_places || c->n_places > s->n_places - c->first_place)
    return fail(v, "waits or places out of range");
  for (uint32_t i = 0; i < c->n_places; i++)
    if (s->places[c->first_place + i].activation >= p->n_activations)
      return fail(v, "names a value that is not there");
  return GCUT_OK;
}

// The clock: the command before on the same queue, and each wait, with all that came before them.
static gcut_status set_clock(verifier *v) {
  const gcut_command *c = current(v);
  gcut__clock clock = {{0}};
  uint32_t before = v->last[c->queue];
  v->numbers[v->now] = before == GCUT_NONE ? 1 : v->numbers[before] + 1;
  if (before != GCUT_NONE) {
    clock = v->clocks[before];
    clock.done[c->queue] = v->numbers[before];
  }
  for (uint32_t i = 0; i < c->n_waits; i++) {
    uint32_t w = v->schedule->waits[c->first_wait + i];
    if (w >= v->now) return fail(v, "waits for command %" PRIu32 ", which comes later", w);
    unsigned q = v->schedule->commands[w].queue;
    gcut__clock_merge(&clock, &v->clocks[w]);
    if (v->numbers[w] > clock.done[q]) clock.done[q] = v->numbers[w];
  }
  v->clocks[v->now] = clock;
  v->last[c->queue] = v->now;
  return GCUT_OK;
}

// ---- the end ----------------------------------------------------------------------------------

static gcut_status check_dropped(const verifier *v) {
  for (uint32_t i = 0; i < v->problem->n_parts; i++)
    if (v->weights[i] != GCUT_NONE)
      return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule: weights of '%s' are never dropped",
                       v->problem->parts[i].name);
  size_t n = (size_t)v->problem->n_activations * v->problem->n_batches;
  for (int space = 0; space < GCUT_N_SPACES; space++)
    for (size_t i = 0; i < n; i++)
      if (v->at[space][i] != GCUT_NONE)
        return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule: '%s' of batch %zu is never dropped",
                         v->problem->activations[i / v->problem->n_batches].name,
                         i % v->problem->n_batches);
  return GCUT_OK;
}

static bool has_output(const verifier *v, uint32_t batch) {
  for (uint32_t i = 0; i < v->problem->n_activations; i++)
    if (v->problem->activations[i].fetched && form_of(v, i, batch) != GCUT_FORM_CONSTANT)
      return true;
  return false;
}

static gcut_status check_complete(const verifier *v) {
  const gcut_problem *p = v->problem;
  for (uint32_t b = 0; b < p->n_batches; b++) {
    if (!v->written[b] && has_output(v, b))
      return GCUT_FAIL(v->err, GCUT_MISMATCH, "schedule: batch %" PRIu32 " is never written", b);
    for (uint32_t i = 0; i < p->n_parts; i++)
      if (v->runs[(size_t)i * p->n_batches + b] != p->n_passes)
        return GCUT_FAIL(v->err, GCUT_MISMATCH,
                         "schedule: part '%s' does not run on batch %" PRIu32 " in every pass",
                         p->parts[i].name, b);
  }
  return GCUT_OK;
}

static gcut_status check_budgets(const verifier *v) {
  const gcut_problem *p = v->problem;
  const uint64_t *extent = v->schedule->extent;
  if (p->budget && extent[GCUT_SPACE_DEVICE] > p->budget)
    return GCUT_FAIL(v->err, GCUT_MISMATCH,
                     "schedule: takes %" PRIu64 " bytes, the budget is %" PRIu64,
                     extent[GCUT_SPACE_DEVICE], p->budget);
  if (p->host_budget && extent[GCUT_SPACE_HOST] > p->host_budget)
    return GCUT_FAIL(v->err, GCUT_MISMATCH,
                     "schedule: takes %" PRIu64 " bytes of host memory, the budget is %" PRIu64,
                     extent[GCUT_SPACE_HOST], p->host_budget);
  return GCUT_OK;
}

// ---- the walk ---------------------------------------------------------------------------------

static uint32_t *none_array(gcut_arena *arena, size_t n) {
  uint32_t *array = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (array) memset(array, 0xff, n * sizeof *array);
  return array;
}

static bool set_up(verifier *v) {
  const gcut_problem *p = v->problem;
  size_t instances = (size_t)p->n_activations * p->n_batches;
  bool ok = true;
  v->clocks = GCUT_NEW_ARRAY(v->arena, gcut__clock, v->schedule->n_commands);
  v->numbers = GCUT_NEW_ARRAY(v->arena, uint32_t, v->schedule->n_commands);
  v->weight_bytes = GCUT_NEW_ARRAY(v->arena, uint64_t, p->n_parts);
  v->weights = none_array(v->arena, p->n_parts);
  v->unloaded = none_array(v->arena, p->n_parts);
  v->freed = none_array(v->arena, instances);
  for (int s = 0; s < GCUT_N_SPACES; s++)
    ok &= (v->at[s] = none_array(v->arena, instances)) != NULL;
  v->runs = GCUT_NEW_ARRAY(v->arena, uint32_t, (size_t)p->n_parts * p->n_batches);
  v->written = GCUT_NEW_ARRAY(v->arena, bool, p->n_batches);
  v->stamps = GCUT_NEW_ARRAY(v->arena, uint32_t, p->n_activations);
  memset(v->last, 0xff, sizeof v->last);
  if (!ok || !v->clocks || !v->numbers || !v->weight_bytes || !v->weights || !v->unloaded ||
      !v->freed || !v->runs || !v->written || !v->stamps)
    return false;
  for (uint32_t i = 0; i < p->n_parts; i++)
    v->weight_bytes[i] = gcut_stage_layout(&p->parts[i], v->schedule->mapped, NULL);
  return true;
}

static gcut_status walk(verifier *v) {
  if (!v->arena || !set_up(v)) return GCUT_NO_MEMORY(v->err);
  for (v->now = 0; v->now < v->schedule->n_commands; v->now++) {
    GCUT_TRY(check_fields(v));
    GCUT_TRY(set_clock(v));
    GCUT_TRY(check_effect(v));
  }
  GCUT_TRY(check_dropped(v));
  GCUT_TRY(check_complete(v));
  return check_budgets(v);
}

gcut_status gcut_schedule_verify(const gcut_problem *problem, const gcut_schedule *schedule,
                                 gcut_error *err) {
  verifier v = {.problem = problem, .schedule = schedule, .err = err, .arena = gcut_arena_create()};
  gcut_status status = walk(&v);
  for (int s = 0; s < GCUT_N_SPACES; s++) gcut__spans_free(&v.spans[s]);
  free(v.holders);
  gcut_arena_destroy(v.arena);
  return status;
}
