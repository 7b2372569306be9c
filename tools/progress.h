// A line on the terminal while something runs: how far, how fast, how long still.
#ifndef GRAPHCUT_TOOLS_PROGRESS_H
#define GRAPHCUT_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tool_progress {
  bool shown; // stderr is a terminal
  const char *unit;
  double begin, last; // seconds
} tool_progress;

tool_progress tool_progress_start(const char *unit);
// As gcut_run_options.progress takes it; the context is a tool_progress.
void tool_progress_show(void *context, uint64_t done, uint64_t total);
// Takes the line away.
void tool_progress_end(tool_progress *progress);

#endif
