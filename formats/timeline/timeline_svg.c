// A timeline as a picture: a row a queue, a box a command. Boxes too thin to see are drawn as one,
// so a picture stays small however long the schedule.
#include <inttypes.h>
#include <stdio.h>

#include "formats/timeline/timeline.h"

enum { WIDTH = 1000, LEFT = 80, TOP = 34, ROW = 26, BAR = 20, TICKS = 8 };
static const double THINNEST = 0.6; // pixels

typedef struct picture {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  const gcut_timeline *timeline;
  FILE *file;
  int64_t end_ns;
} picture;

typedef struct box {
  double from, to; // pixels
  uint32_t command, n_commands;
} box;

// Light and dark by turns for parts, so that neighbours can be told apart.
static const char *colour_of(const gcut_command *c) {
  static const char *const colours[GCUT_N_COMMANDS][2] = {
      [GCUT_LOAD] = {"#e8954a", "#d97a25"},  [GCUT_PUSH] = {"#6aa5d8", "#6aa5d8"},
      [GCUT_RUN] = {"#6bb36b", "#4a944a"},   [GCUT_PULL] = {"#a585c4", "#a585c4"},
      [GCUT_READ] = {"#9a9a9a", "#9a9a9a"},  [GCUT_WRITE] = {"#7a7a7a", "#7a7a7a"},
      [GCUT_SPILL] = {"#c96a6a", "#c96a6a"}, [GCUT_UNSPILL] = {"#c98f8f", "#c98f8f"},
      [GCUT_DROP] = {"none", "none"},
  };
  return colours[c->kind][c->part == GCUT_NONE ? 0 : c->part % 2];
}

static void write_text(const char *text, FILE *file) {
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) switch (*c) {
    case '<': fputs("&lt;", file); break;
    case '>': fputs("&gt;", file); break;
    case '&': fputs("&amp;", file); break;
    default: fputc(*c < 0x20 || *c >= 0x7f ? ' ' : *c, file);
    }
}

static double x_of(const picture *p, int64_t ns) {
  return LEFT + (double)ns / (double)p->end_ns * (WIDTH - LEFT - 10);
}

static const char *name_of(const picture *p, const gcut_command *c) {
  if (c->part < p->problem->n_parts) return p->problem->parts[c->part].name;
  return c->activation < p->problem->n_activations ? p->problem->activations[c->activation].name
                                                   : "";
}

static void draw_box(const picture *p, const box *b, int y) {
  const gcut_command *c = &p->schedule->commands[b->command];
  double width = b->to - b->from < THINNEST ? THINNEST : b->to - b->from;
  fprintf(p->file, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s ",
          b->from, y, width, BAR, colour_of(c), gcut_command_name(c->kind));
  write_text(name_of(p, c), p->file);
  if (c->batch != GCUT_NONE) fprintf(p->file, " #%" PRIu32, c->batch);
  if (b->n_commands > 1) fprintf(p->file, " and %" PRIu32 " more", b->n_commands - 1);
  fprintf(p->file, "</title></rect>\n");
}

static void draw_queue(const picture *p, unsigned queue, int y) {
  box pending = {0};
  fprintf(p->file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 14,
          gcut_queue_name(queue));
  for (uint32_t i = 0; i < p->schedule->n_commands; i++) {
    const gcut_command *c = &p->schedule->commands[i];
    if (c->queue != queue || c->kind == GCUT_DROP) continue;
    box b = {x_of(p, p->timeline->start_ns[i]), x_of(p, p->timeline->end_ns[i]), i, 1};
    bool thin = pending.n_commands && b.to - pending.from < 2 * THINNEST;
    if (thin) {
      pending.to = b.to;
      pending.n_commands++;
      continue;
    }
    if (pending.n_commands) draw_box(p, &pending, y);
    pending = b;
  }
  if (pending.n_commands) draw_box(p, &pending, y);
}

static bool is_used(const gcut_schedule *s, unsigned queue) {
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (s->commands[i].queue == queue && s->commands[i].kind != GCUT_DROP) return true;
  return false;
}

static void draw_axis(const picture *p, int y) {
  double seconds = (double)p->end_ns * 1e-9, scale = seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1;
  const char *unit = seconds < 1e-3 ? "us" : seconds < 1 ? "ms" : "s";
  for (int i = 0; i <= TICKS; i++) {
    double x = x_of(p, p->end_ns * i / TICKS);
    fprintf(p->file,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#dddddd\"/>\n"
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g %s</text>\n",
            x, TOP - 6, x, y, x, y + 14, seconds * i / TICKS * scale, unit);
  }
}

void gcut__timeline_svg(const gcut_problem *problem, const gcut_schedule *schedule,
                        const gcut_timeline *timeline, FILE *file) {
  picture p = {problem, schedule, timeline, file, 1};
  int rows = 0, row = 0;
  for (uint32_t i = 0; i < timeline->n; i++)
    if (timeline->end_ns[i] > p.end_ns) p.end_ns = timeline->end_ns[i];
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++) rows += is_used(schedule, q);
  fprintf(file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n"
          "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n<text x=\"%d\" y=\"18\">",
          WIDTH + 20, TOP + rows * ROW + 24, LEFT);
  write_text(schedule->offload, file);
  fprintf(file, "</text>\n");
  draw_axis(&p, TOP + rows * ROW);
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++)
    if (is_used(schedule, q)) draw_queue(&p, q, TOP + ROW * row++);
  fprintf(file, "</svg>\n");
}
