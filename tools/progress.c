#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "table.h"

enum { BAR = 24, LINE = 200 };
static const double INTERVAL = 0.1, DELAY = 0.5; // seconds between two paintings, before the first

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

tool_progress tool_progress_start(const char *what, const char *unit) {
  return (tool_progress){
      .shown = isatty(STDERR_FILENO), .what = what, .unit = unit, .begin = now()};
}

gcut_progress tool_progress_of(tool_progress *p) {
  return p->shown ? (gcut_progress){tool_progress_show, p} : (gcut_progress){NULL, NULL};
}

// ---- the line ---------------------------------------------------------------------------------

static void clock_text(double seconds, char *buffer, size_t size) {
  long s = (long)(seconds + 0.5);
  if (s < 3600)
    snprintf(buffer, size, "%ld:%02ld", s / 60, s % 60);
  else
    snprintf(buffer, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static const char *amount(const tool_progress *p, double value, char buffer[TABLE_NUMBER]) {
  if (!p->unit) return table_bytes((uint64_t)value, buffer);
  return value < 10 && value != (double)(uint64_t)value
             ? (snprintf(buffer, TABLE_NUMBER, "%.1f", value), buffer)
             : (snprintf(buffer, TABLE_NUMBER, "%" PRIu64, (uint64_t)value), buffer);
}

static void bar_text(double share, char bar[BAR + 4]) {
  size_t filled = (size_t)(share * BAR);
  memset(bar, '-', BAR + 2);
  memset(bar + 1, '#', filled < BAR ? filled : BAR);
  bar[0] = '[', bar[BAR + 1] = ']', bar[BAR + 2] = ' ', bar[BAR + 3] = 0;
}

// "reading [####----] 12/120 nodes, 24/s, 0:05 left", as far as it is known.
static void line_text(const tool_progress *p, uint64_t done, uint64_t total, double seconds,
                      char line[LINE]) {
  char bar[BAR + 4] = "", a[TABLE_NUMBER], b[TABLE_NUMBER], c[TABLE_NUMBER], left[32], of[64] = "";
  double rate = seconds > 0 ? (double)done / seconds : 0;
  bool known = total > 0 && done <= total;
  if (known) bar_text((double)done / (double)total, bar);
  if (known) snprintf(of, sizeof of, "/%s", amount(p, (double)total, b));
  int n = snprintf(line, LINE, "%s%s%s%s%s%s%s, %s/s", p->what ? p->what : "", p->what ? " " : "",
                   bar, amount(p, (double)done, a), of, p->unit ? " " : "", p->unit ? p->unit : "",
                   amount(p, rate, c));
  clock_text(rate > 0 && known ? (double)(total - done) / rate : 0, left, sizeof left);
  if (known && n > 0 && n < LINE) snprintf(line + n, (size_t)(LINE - n), ", %s left", left);
}

void tool_progress_show(void *context, uint64_t done, uint64_t total) {
  tool_progress *p = context;
  double time = now(), seconds = time - p->begin;
  char line[LINE];
  if (!p->shown || seconds < DELAY || time - p->last < INTERVAL) return;
  p->last = time;
  p->painted = true;
  line_text(p, done, total, seconds, line);
  size_t width = table_width(stderr);
  fprintf(stderr, "\r\033[K%.*s", (int)(width > 1 && width <= LINE ? width - 1 : LINE), line);
  fflush(stderr);
}

void tool_progress_end(tool_progress *progress) {
  if (progress->painted) fprintf(stderr, "\r\033[K");
  progress->painted = false;
}

// ---- what is written --------------------------------------------------------------------------

// Bytes that all threads of the process have written so far, as the kernel counts them; 0 where it
// does not.
static uint64_t bytes_written(void) {
  uint64_t bytes = 0;
  char line[128];
  FILE *file = fopen("/proc/self/io", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "wchar: %" SCNu64, &bytes) == 1) break;
  if (file) fclose(file);
  return bytes;
}

static void *watch_writing(void *context) {
  tool_watch *w = context;
  pthread_mutex_lock(&w->mutex);
  while (!w->ended) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(INTERVAL * 1e9);
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&w->over, &w->mutex, &until);
    uint64_t written = bytes_written();
    if (!w->ended && written > w->before)
      tool_progress_show(&w->progress, written - w->before, w->total);
  }
  pthread_mutex_unlock(&w->mutex);
  return NULL;
}

void tool_watch_start(tool_watch *w, const char *what, uint64_t total) {
  *w = (tool_watch){.progress = tool_progress_start(what, NULL), .total = total};
  if (!w->progress.shown) return;
  w->before = bytes_written();
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->over, NULL);
  w->running = pthread_create(&w->thread, NULL, watch_writing, w) == 0;
}

void tool_watch_end(tool_watch *w) {
  if (!w->progress.shown) return;
  pthread_mutex_lock(&w->mutex);
  w->ended = true;
  pthread_cond_signal(&w->over);
  pthread_mutex_unlock(&w->mutex);
  if (w->running) pthread_join(w->thread, NULL);
  pthread_cond_destroy(&w->over);
  pthread_mutex_destroy(&w->mutex);
  tool_progress_end(&w->progress);
}
