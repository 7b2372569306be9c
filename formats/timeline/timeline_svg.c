// A timeline as a picture: a lane a queue, a slice a command, and, where a prediction is given, its
// lanes above those of the run, at one scale. Times in which nothing computes are marked in the
// compute lane. Slices too thin to see are drawn as one, so a picture stays small however long the
// schedule. Its colours follow the page's theme where the viewer knows one.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "formats/timeline/timeline.h"

enum { WIDTH = 1000, LEFT = 84, RIGHT = 16, TOP = 50, ROW = 26, BAR = 20, TITLE = 24, TICKS = 8 };
static const double THINNEST = 0.6, SHORTEST_BUBBLE = 1.5, ROOMY = 18; // pixels

// X(kind, colour of even parts, of odd parts): neighbours can be told apart
#define COLOUR_LIST(X)                                                                             \
  X(LOAD, "#e8954a", "#d97a25")                                                                    \
  X(PREPARE, "#c9b458", "#ab963c")                                                                 \
  X(PUSH, "#6aa5d8", "#6aa5d8")                                                                    \
  X(RUN, "#6bb36b", "#4a944a")                                                                     \
  X(PULL, "#a585c4", "#a585c4")                                                                    \
  X(READ, "#9a9a9a", "#9a9a9a")                                                                    \
  X(WRITE, "#7a7a7a", "#7a7a7a")                                                                   \
  X(SPILL, "#c96a6a", "#c96a6a")                                                                   \
  X(UNSPILL, "#c98f8f", "#c98f8f")

static const char *const colours[GCUT_N_COMMANDS][2] = {
#define X(kind, even, odd) [GCUT_##kind] = {even, odd},
    COLOUR_LIST(X)
#undef X
};

typedef struct picture {
  const gcut_problem *problem;
  const gcut_schedule *schedule;
  const gcut_timeline *timeline; // of the lanes at hand
  FILE *file;
  int64_t end_ns;   // of the longest, from its begin
  int64_t begin_ns; // of the timeline at hand: its first command
} picture;

typedef struct slice {
  double from, to; // pixels
  uint32_t command, n_commands;
} slice;

static void write_text(const char *text, FILE *file) {
  static const char *const escapes[128] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;"};
  gcut__timeline_text(text, escapes, file);
}

// When its first command begins: a run first opens its files.
static int64_t begin_of(const gcut_timeline *t) {
  int64_t begin = t->n ? t->start_ns[0] : 0;
  for (uint32_t i = 1; i < t->n; i++)
    if (t->start_ns[i] < begin) begin = t->start_ns[i];
  return begin;
}

static double x_of(const picture *p, int64_t ns) {
  return LEFT + (double)(ns - p->begin_ns) / (double)p->end_ns * (WIDTH - LEFT - RIGHT);
}

static const char *name_of(const picture *p, const gcut_command *c) {
  if (c->part < p->problem->n_parts) return p->problem->parts[c->part].name;
  return c->activation < p->problem->n_activations ? p->problem->activations[c->activation].name
                                                   : "";
}

static bool is_shown(const gcut_schedule *s, uint32_t command, unsigned queue) {
  return s->commands[command].queue == queue && s->commands[command].kind != GCUT_DROP;
}

static bool is_used(const gcut_schedule *s, unsigned queue) {
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (is_shown(s, i, queue)) return true;
  return false;
}

static unsigned count_queues(const gcut_schedule *s) {
  unsigned n = 0;
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++) n += is_used(s, q);
  return n;
}

// ---- slices -----------------------------------------------------------------------------------

// The number of its part, where there is room.
static void draw_number(const picture *p, const gcut_command *c, const slice *b, int y) {
  if (c->part == GCUT_NONE || b->n_commands > 1 || b->to - b->from < ROOMY) return;
  fprintf(p->file,
          "<text x=\"%.1f\" y=\"%d\" font-size=\"10\" fill=\"#1b2127\" text-anchor=\"middle\" "
          "pointer-events=\"none\">%" PRIu32 "</text>\n",
          (b->from + b->to) / 2, y + 14, c->part);
}

static void draw_slice(const picture *p, const slice *b, int y) {
  const gcut_command *c = &p->schedule->commands[b->command];
  double width = b->to - b->from < THINNEST ? THINNEST : b->to - b->from;
  double ms = (double)(p->timeline->end_ns[b->command] - p->timeline->start_ns[b->command]) * 1e-6;
  fprintf(p->file, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s ",
          b->from, y, width, BAR, colours[c->kind][c->part == GCUT_NONE ? 0 : c->part % 2],
          gcut_command_name(c->kind));
  write_text(name_of(p, c), p->file);
  if (c->batch != GCUT_NONE) fprintf(p->file, " #%" PRIu32, c->batch);
  fprintf(p->file, ", %.3g ms", ms);
  if (b->n_commands > 1) fprintf(p->file, " and %" PRIu32 " more", b->n_commands - 1);
  fprintf(p->file, "</title></rect>\n");
  draw_number(p, c, b, y);
}

static void draw_queue(const picture *p, unsigned queue, int y) {
  slice pending = {0};
  fprintf(p->file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 14,
          gcut_queue_name(queue));
  for (uint32_t i = 0; i < p->schedule->n_commands; i++) {
    if (!is_shown(p->schedule, i, queue)) continue;
    slice b = {x_of(p, p->timeline->start_ns[i]), x_of(p, p->timeline->end_ns[i]), i, 1};
    bool thin = pending.n_commands && b.to - pending.from < 2 * THINNEST;
    if (thin) {
      pending.to = b.to;
      pending.n_commands++;
      continue;
    }
    if (pending.n_commands) draw_slice(p, &pending, y);
    pending = b;
  }
  if (pending.n_commands) draw_slice(p, &pending, y);
}

// Gaps between one RUN of the queue and the next.
static void draw_bubbles(const picture *p, int y) {
  double end = -1;
  for (uint32_t i = 0; i < p->schedule->n_commands; i++) {
    if (!is_shown(p->schedule, i, GCUT_QUEUE_COMPUTE)) continue;
    double from = x_of(p, p->timeline->start_ns[i]), to = x_of(p, p->timeline->end_ns[i]);
    if (end >= 0 && from - end >= SHORTEST_BUBBLE)
      fprintf(p->file,
              "<rect class=\"bubble\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
              "fill=\"url(#idle)\" "
              "stroke=\"#d0021b\" stroke-width=\"0.5\"><title>nothing computes for %.3g "
              "ms</title></rect>\n",
              end, y, from - end, BAR,
              (from - end) / (WIDTH - LEFT - RIGHT) * (double)p->end_ns * 1e-6);
    if (to > end) end = to;
  }
}

// ---- what surrounds them ----------------------------------------------------------------------

// Seconds in the unit that suits them: "5.15 ms".
static void write_seconds(double seconds, FILE *file) {
  double scale = seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1;
  fprintf(file, "%.3g %s", seconds * scale, seconds < 1e-3 ? "µs" : seconds < 1 ? "ms" : "s");
}

// A step of 1, 2 or 5 times a power of ten that gives at most TICKS.
static double tick_step(double seconds) {
  double step = pow(10, floor(log10(seconds / TICKS)));
  while (seconds / step > TICKS) step *= seconds / step > 2.5 * TICKS ? 5 : 2;
  return step;
}

static void draw_axis(const picture *p, int y) {
  double seconds = (double)p->end_ns * 1e-9, step = tick_step(seconds);
  for (int i = 0; i * step <= seconds; i++) {
    double x = x_of(p, p->begin_ns + (int64_t)(i * step * 1e9));
    fprintf(p->file,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#dddddd\"/>\n"
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
            x, TOP - 6, x, y, x, y + 14);
    if (i > 0)
      write_seconds(i * step, p->file);
    else
      fputc('0', p->file);
    fprintf(p->file, "</text>\n");
  }
}

// The kinds of command that there are, then the mark of a bubble.
static void draw_legend(const picture *p) {
  bool used[GCUT_N_COMMANDS] = {false};
  double x = LEFT;
  for (uint32_t i = 0; i < p->schedule->n_commands; i++) used[p->schedule->commands[i].kind] = true;
  used[GCUT_DROP] = false;
  for (unsigned kind = 0; kind < GCUT_N_COMMANDS; kind++) {
    if (!used[kind]) continue;
    fprintf(p->file,
            "<rect x=\"%.0f\" y=\"27\" width=\"10\" height=\"10\" fill=\"%s\"/>"
            "<text x=\"%.0f\" y=\"36\" font-size=\"11\">%s</text>\n",
            x, colours[kind][1], x + 14, gcut_command_name(kind));
    x += 30 + 6.5 * (double)strlen(gcut_command_name(kind));
  }
  fprintf(
      p->file,
      "<rect x=\"%.0f\" y=\"27\" width=\"10\" height=\"10\" fill=\"url(#idle)\" stroke=\"#d0021b\" "
      "stroke-width=\"0.5\"/><text x=\"%.0f\" y=\"36\" font-size=\"11\">nothing computes</text>\n"
      "<text x=\"%.0f\" y=\"36\" font-size=\"11\">numbers: parts</text>\n",
      x, x + 14, x + 120);
}

static void draw_summary(const picture *p, const char *title, int y) {
  gcut_summary sum;
  if (gcut_timeline_summarise(p->problem, p->schedule, p->timeline, &sum, NULL) != GCUT_OK) return;
  fprintf(p->file, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s%s", LEFT, y, title,
          *title ? ": " : "");
  write_seconds(sum.seconds, p->file);
  fprintf(p->file, ", %.0f %% of copying hidden, nothing computes for ", 100 * sum.overlap);
  write_seconds(sum.bubble_seconds, p->file);
  fprintf(p->file, "</text>\n");
}

// The lanes of one timeline from `y` on; returns where they end.
static int draw_lanes(picture *p, const gcut_timeline *timeline, const char *title, int y) {
  p->timeline = timeline;
  p->begin_ns = begin_of(timeline);
  draw_summary(p, title, y + 16);
  y += TITLE;
  for (unsigned q = 0; q < GCUT_N_QUEUES; q++) {
    if (!is_used(p->schedule, q)) continue;
    if (q == GCUT_QUEUE_COMPUTE) draw_bubbles(p, y);
    draw_queue(p, q, y);
    y += ROW;
  }
  return y;
}

static void extend(picture *p, const gcut_timeline *t) {
  int64_t begin = t ? begin_of(t) : 0;
  for (uint32_t i = 0; t && i < t->n; i++)
    if (t->end_ns[i] - begin > p->end_ns) p->end_ns = t->end_ns[i] - begin;
}

static void begin_picture(const picture *p, int bottom) {
  fprintf(
      p->file,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
      "font-family=\"Helvetica,Arial,sans-serif\" font-size=\"12\" fill=\"#1b2127\">\n"
      "<style>@media (prefers-color-scheme: dark) { svg { fill: #eef2f6 } .page { fill: #14181d } "
      "line { stroke: #39424b } }</style>\n"
      "<defs><pattern id=\"idle\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" "
      "style=\"stroke:#d0021b\" stroke-width=\"1.2\"/></pattern></defs>\n"
      "<rect class=\"page\" width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
      "<text x=\"%d\" y=\"18\" font-size=\"14\" font-weight=\"bold\">",
      WIDTH, bottom + 24, LEFT);
  write_text(p->schedule->offload, p->file);
  fprintf(p->file, " · %" PRIu32 " part%s · %" PRIu32 " batch%s</text>\n", p->problem->n_parts,
          p->problem->n_parts == 1 ? "" : "s", p->problem->n_batches,
          p->problem->n_batches == 1 ? "" : "es");
}

void gcut__timeline_svg(const gcut_problem *problem, const gcut_schedule *schedule,
                        const gcut_timeline *timeline, const gcut_timeline *predicted, FILE *file) {
  picture p = {.problem = problem, .schedule = schedule, .file = file, .end_ns = 1};
  int lanes = TITLE + (int)count_queues(schedule) * ROW, bottom = TOP + lanes * (predicted ? 2 : 1);
  extend(&p, timeline);
  extend(&p, predicted);
  begin_picture(&p, bottom);
  draw_legend(&p);
  draw_axis(&p, bottom);
  int y = TOP;
  if (predicted) y = draw_lanes(&p, predicted, "predicted", y);
  draw_lanes(&p, timeline, predicted ? "measured" : "", y);
  fprintf(file, "</svg>\n");
}
