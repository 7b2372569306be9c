// Names, and the text form of a schedule.
#include <inttypes.h>

#include "graphcut/schedule.h"

const char *gcut_queue_name(unsigned queue) {
  static const char *const names[] = {
#define X(name, text) text,
      GCUT_QUEUE_LIST(X)
#undef X
  };
  return queue < GCUT_N_QUEUES ? names[queue] : "?";
}

const char *gcut_command_name(unsigned kind) {
  static const char *const names[] = {
#define X(name, text, what) text,
      GCUT_COMMAND_LIST(X)
#undef X
  };
  return kind < GCUT_N_COMMANDS ? names[kind] : "?";
}

static const char *space_name(unsigned space) {
  static const char *const names[] = {
#define X(name, text) text,
      GCUT_SPACE_LIST(X)
#undef X
  };
  return space < GCUT_N_SPACES ? names[space] : "?";
}

// ---- text -------------------------------------------------------------------------------------

static void print_range(FILE *file, const char *text, unsigned space, uint64_t offset,
                        uint64_t bytes) {
  if (offset == GCUT_ON_HEAP)
    fprintf(file, "%sheap", text);
  else
    fprintf(file, "%s%s+%" PRIu64 ":%" PRIu64, text, space_name(space), offset, bytes);
}

static void print_subject(const gcut_problem *p, const gcut_command *c, FILE *file) {
  if (c->part < p->n_parts) fprintf(file, " %s", p->parts[c->part].name);
  if (c->activation < p->n_activations) fprintf(file, " %s", p->activations[c->activation].name);
  if (c->batch != GCUT_NONE) fprintf(file, " #%" PRIu32, c->batch);
}

static void print_places(const gcut_problem *p, const gcut_schedule *s, const gcut_command *c,
                         FILE *file) {
  for (uint32_t i = 0; i < c->n_places; i++) {
    const gcut_place *place = &s->places[c->first_place + i];
    fprintf(file, " %s%s=", place->output ? ">" : "<",
            place->activation < p->n_activations ? p->activations[place->activation].name : "?");
    if (place->offset == GCUT_ON_HEAP)
      fprintf(file, "heap");
    else
      fprintf(file, "%" PRIu64, place->offset);
  }
}

static void print_ranges(const gcut_command *c, FILE *file) {
  switch ((gcut_command_kind)c->kind) {
  case GCUT_LOAD: print_range(file, " -> ", GCUT_SPACE_DEVICE, c->to, c->bytes); break;
  case GCUT_RUN:
  case GCUT_PREPARE:
    fprintf(file, " weights=%" PRIu64 " workspace=%" PRIu64 ":%" PRIu64, c->from, c->to, c->bytes);
    if (c->prepared != GCUT_NOT_PREPARED) fprintf(file, " prepared=%" PRIu64, c->prepared);
    break;
  case GCUT_PUSH:
    fprintf(file, " host+%" PRIu64, c->from);
    print_range(file, " -> ", GCUT_SPACE_DEVICE, c->to, c->bytes);
    break;
  case GCUT_PULL:
    fprintf(file, " device+%" PRIu64, c->from);
    print_range(file, " -> ", GCUT_SPACE_HOST, c->to, c->bytes);
    break;
  case GCUT_SPILL:
    fprintf(file, " host+%" PRIu64, c->from);
    print_range(file, " -> ", GCUT_SPACE_SPILL, c->to, c->bytes);
    break;
  case GCUT_UNSPILL:
    fprintf(file, " file+%" PRIu64, c->from);
    print_range(file, " -> ", GCUT_SPACE_HOST, c->to, c->bytes);
    break;
  case GCUT_DROP: print_range(file, " ", c->space, c->from, c->bytes); break;
  default: break;
  }
}

void gcut_schedule_print(const gcut_problem *problem, const gcut_schedule *schedule, FILE *file) {
  fprintf(file, "schedule %s\n", schedule->offload);
  for (int i = 0; i < GCUT_N_SPACES; i++)
    if (i != GCUT_SPACE_HEAP)
      fprintf(file, "%s %" PRIu64 "\n", space_name((unsigned)i), schedule->extent[i]);
  for (uint32_t i = 0; i < schedule->n_commands; i++) {
    const gcut_command *c = &schedule->commands[i];
    fprintf(file, "%" PRIu32 " %s: %s", i, gcut_queue_name(c->queue), gcut_command_name(c->kind));
    print_subject(problem, c, file);
    print_ranges(c, file);
    print_places(problem, schedule, c, file);
    for (uint32_t w = 0; w < c->n_waits; w++)
      fprintf(file, "%s%" PRIu32, w ? "," : " after ", schedule->waits[c->first_wait + w]);
    fprintf(file, "\n");
  }
}
