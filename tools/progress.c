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
  clock_text(rate > 0 && known ? (double)(total - done) / rate : seconds, left, sizeof left);
  if (done == 0) {
    snprintf(line, LINE, "%s, %s", p->what, left);
    return;
  }
  if (known) bar_text((double)done / (double)total, bar);
  if (known) snprintf(of, sizeof of, "/%s", amount(p, (double)total, b));
  snprintf(line, LINE, "%s %s%s%s%s%s, %s/s, %s%s", p->what, bar, amount(p, (double)done, a), of,
           p->unit ? " " : "", p->unit ? p->unit : "", amount(p, rate, c), left,
           known ? " left" : "");
}

static void paint(tool_progress *p, uint64_t done, uint64_t total) {
  char line[LINE];
  line_text(p, done, total, now() - p->begin, line);
  size_t width = table_width(stderr);
  fprintf(stderr, "\r\033[K%.*s", (int)(width > 1 && width <= LINE ? width - 1 : LINE), line);
  fflush(stderr);
  p->painted = true;
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

// ---- the thread -------------------------------------------------------------------------------

static void wait_until(tool_progress *p, double seconds) {
  double t = p->begin + seconds;
  struct timespec until = {.tv_sec = (time_t)t, .tv_nsec = (long)((t - (double)(time_t)t) * 1e9)};
  while (!p->ended && pthread_cond_timedwait(&p->over, &p->mutex, &until) == 0) {
  }
}

static void *watch(void *context) {
  tool_progress *p = context;
  pthread_mutex_lock(&p->mutex);
  wait_until(p, DELAY);
  while (!p->ended) {
    uint64_t done = p->counts_writing ? bytes_written() - p->written : p->done;
    paint(p, done, p->total);
    wait_until(p, now() - p->begin + INTERVAL);
  }
  pthread_mutex_unlock(&p->mutex);
  return NULL;
}

static void start(tool_progress *p) {
  pthread_condattr_t monotonic;
  p->begin = now();
  if (!p->shown) return;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->over, &monotonic);
  pthread_condattr_destroy(&monotonic);
  p->running = pthread_create(&p->thread, NULL, watch, p) == 0;
}

void tool_progress_start(tool_progress *p, const tool_common *common, const char *what,
                         const char *unit) {
  *p =
      (tool_progress){.what = what, .unit = unit, .shown = !common->quiet && isatty(STDERR_FILENO)};
  start(p);
}

void tool_progress_start_writing(tool_progress *p, const tool_common *common, uint64_t total) {
  *p = (tool_progress){.what = "writing",
                       .total = total,
                       .shown = !common->quiet && isatty(STDERR_FILENO),
                       .counts_writing = true,
                       .written = bytes_written()};
  start(p);
}

void tool_progress_show(void *context, uint64_t done, uint64_t total) {
  tool_progress *p = context;
  p->total = total;
  p->done = done;
}

gcut_progress tool_progress_of(tool_progress *p) {
  return p->shown ? (gcut_progress){tool_progress_show, p} : (gcut_progress){NULL, NULL};
}

void tool_progress_end(tool_progress *p) {
  if (!p->shown) return;
  p->shown = false;
  pthread_mutex_lock(&p->mutex);
  p->ended = true;
  pthread_cond_signal(&p->over);
  pthread_mutex_unlock(&p->mutex);
  if (p->running) pthread_join(p->thread, NULL);
  pthread_cond_destroy(&p->over);
  pthread_mutex_destroy(&p->mutex);
  if (p->painted) fprintf(stderr, "\r\033[K");
}
