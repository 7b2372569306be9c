// Timelines as Chrome trace events: what Perfetto (ui.perfetto.dev) and chrome://tracing open. One
// row a queue, one slice a command, microseconds from the start of the run.
#include <inttypes.h>

#include "formats/timeline/timeline.h"

// A name as a JSON string's inside.
static void write_text(const char *text, FILE *file) {
  static const char *const escapes[128] = {['"'] = "\\\"", ['\\'] = "\\\\"};
  gcut__timeline_text(text, escapes, file);
}

enum { MEASURED = 1, PREDICTED = 2 }; // processes of the trace

static void write_process(unsigned process, FILE *file) {
  fprintf(file, "{\"ph\":\"M\",\"pid\":%u,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}},\n",
          process, process == MEASURED ? "graphcut" : "graphcut, predicted");
  for (unsigned queue = 0; queue < GCUT_N_QUEUES; queue++)
    fprintf(file,
            "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%"
            "s\"}},\n"
            "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"thread_sort_index\",\"args\":{"
            "\"sort_index\":%u}},\n",
            process, queue + 1, gcut_queue_name(queue), process, queue + 1, queue);
}

static void write_name(const gcut_problem *p, const gcut_command *c, FILE *file) {
  fprintf(file, "%s", gcut_command_name(c->kind));
  if (c->part < p->n_parts) {
    fputc(' ', file);
    write_text(p->parts[c->part].name, file);
  }
  if (c->activation < p->n_activations) {
    fputc(' ', file);
    write_text(p->activations[c->activation].name, file);
  }
  if (c->batch != GCUT_NONE) fprintf(file, " #%" PRIu32, c->batch);
}

static void write_slice(const gcut_problem *p, const gcut_schedule *s, const gcut_timeline *t,
                        unsigned process, uint32_t i, FILE *file) {
  const gcut_command *c = &s->commands[i];
  fprintf(file,
          "{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"%s\",\"name\":\"",
          process, c->queue + 1u, (double)t->start_ns[i] * 1e-3,
          (double)(t->end_ns[i] - t->start_ns[i]) * 1e-3, gcut_command_name(c->kind));
  write_name(p, c, file);
  fprintf(file, "\",\"args\":{\"command\":%" PRIu32 ",\"bytes\":%" PRIu64 ",\"pass\":%" PRIu32, i,
          c->bytes, c->pass);
  if (c->part < p->n_parts) fprintf(file, ",\"part\":%" PRIu32, c->part);
  if (c->batch != GCUT_NONE) fprintf(file, ",\"batch\":%" PRIu32, c->batch);
  fprintf(file, "}},\n");
}

static void write_slices(const gcut_problem *p, const gcut_schedule *s, const gcut_timeline *t,
                         unsigned process, FILE *file) {
  for (uint32_t i = 0; t && i < s->n_commands; i++)
    if (s->commands[i].kind != GCUT_DROP) write_slice(p, s, t, process, i, file);
}

void gcut__timeline_json(const gcut_problem *problem, const gcut_schedule *schedule,
                         const gcut_timeline *timeline, const gcut_timeline *predicted,
                         FILE *file) {
  fprintf(file, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"offload\":\"");
  write_text(schedule->offload, file);
  fprintf(file, "\",\"parts\":[");
  for (uint32_t i = 0; i < problem->n_parts; i++) {
    fprintf(file, i ? ",\"" : "\"");
    write_text(problem->parts[i].name, file);
    fputc('"', file);
  }
  fprintf(file, "]},\"traceEvents\":[\n");
  if (predicted) write_process(PREDICTED, file);
  write_slices(problem, schedule, predicted, PREDICTED, file);
  write_slices(problem, schedule, timeline, MEASURED, file);
  write_process(MEASURED, file);
  fprintf(
      file,
      "{\"ph\":\"M\",\"pid\":%u,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":1}}]}\n",
      MEASURED);
}
