// Timelines as Chrome trace events: what Perfetto (ui.perfetto.dev) and chrome://tracing open. One
// row a queue, one slice a command, microseconds from the start of the run.
#include <inttypes.h>

#include "formats/timeline/timeline.h"

// A name as a JSON string's inside: control characters and what is no ASCII go as spaces.
static void write_text(const char *text, FILE *file) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\') fputc('\\', file);
    fputc(*c < 0x20 || *c >= 0x7f ? ' ' : *c, file);
  }
}

static void write_queue(unsigned queue, FILE *file) {
  fprintf(
      file,
      "{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}},\n"
      "{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_sort_index\",\"args\":{"
      "\"sort_index\":%u}},\n",
      queue + 1, gcut_queue_name(queue), queue + 1, queue);
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
                        uint32_t i, FILE *file) {
  const gcut_command *c = &s->commands[i];
  fprintf(file,
          "{\"ph\":\"X\",\"pid\":1,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"%s\",\"name\":\"",
          c->queue + 1u, (double)t->start_ns[i] * 1e-3,
          (double)(t->end_ns[i] - t->start_ns[i]) * 1e-3, gcut_command_name(c->kind));
  write_name(p, c, file);
  fprintf(file,
          "\",\"args\":{\"command\":%" PRIu32 ",\"bytes\":%" PRIu64 ",\"pass\":%" PRIu32 "}},\n", i,
          c->bytes, c->pass);
}

void gcut__timeline_json(const gcut_problem *problem, const gcut_schedule *schedule,
                         const gcut_timeline *timeline, FILE *file) {
  fprintf(file, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"offload\":\"");
  write_text(schedule->offload, file);
  fprintf(file, "\"},\"traceEvents\":[\n");
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++) write_queue(q, file);
  for (uint32_t i = 0; i < schedule->n_commands; i++)
    if (schedule->commands[i].kind != GCUT_DROP) write_slice(problem, schedule, timeline, i, file);
  fprintf(file, "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":"
                "\"graphcut\"}}]}\n");
}
