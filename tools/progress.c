#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "table.h"

enum { BAR = 24 };
static const double INTERVAL = 0.1; // seconds between two paintings

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

tool_progress tool_progress_start(const char *unit) {
  return (tool_progress){.shown = isatty(STDERR_FILENO), .unit = unit, .begin = now()};
}

static void clock_text(double seconds, char *buffer, size_t size) {
  long s = (long)(seconds + 0.5);
  if (s < 3600)
    snprintf(buffer, size, "%ld:%02ld", s / 60, s % 60);
  else
    snprintf(buffer, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

void tool_progress_show(void *context, uint64_t done, uint64_t total) {
  tool_progress *p = context;
  double time = now(), seconds = time - p->begin;
  if (!p->shown || total == 0 || (done < total && time - p->last < INTERVAL)) return;
  p->last = time;
  char bar[BAR + 1], left[32];
  size_t filled = (size_t)((double)done / (double)total * BAR);
  memset(bar, '-', BAR);
  memset(bar, '#', filled < BAR ? filled : BAR);
  bar[BAR] = 0;
  double rate = seconds > 0 ? (double)done / seconds : 0;
  clock_text(rate > 0 ? (double)(total - done) / rate : 0, left, sizeof left);
  fprintf(stderr, "\r\033[K[%s] %" PRIu64 "/%" PRIu64 " %s, %.1f/s, %s left", bar, done, total,
          p->unit, rate, left);
  fflush(stderr);
}

void tool_progress_end(tool_progress *progress) {
  if (progress->shown) fprintf(stderr, "\r\033[K");
}
