// A line on the terminal while something lasts: how far, how fast, how long still; where that is
// not known, for how long already. It appears after a moment, so what is quick shows none.
//
// A thread of its own paints it: what is watched only stores two numbers, or nothing at all.
#ifndef GRAPHCUT_TOOLS_PROGRESS_H
#define GRAPHCUT_TOOLS_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

typedef struct tool_progress {
  const char *what; // "reading"
  const char *unit; // NULL: bytes
  double begin;     // seconds
  _Atomic uint64_t done, total;
  bool shown;          // stderr is a terminal, and nobody wants quiet
  bool counts_writing; // done is what the process has written since it began
  uint64_t written;    // until then
  bool running, ended, painted;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t over;
} tool_progress;

// It stays where it is until it is ended; what has been ended, or never begun, may be ended again.
void tool_progress_start(tool_progress *progress, const tool_common *common, const char *what,
                         const char *unit);
// Of writing so many bytes; 0: not known.
void tool_progress_start_writing(tool_progress *progress, const tool_common *common,
                                 uint64_t total);
// As gcut_progress takes it; the context is a tool_progress. A total of 0 is not known.
void tool_progress_show(void *context, uint64_t done, uint64_t total);
// For the options of what is to be watched; nothing where nothing is shown.
gcut_progress tool_progress_of(tool_progress *progress);
// Takes the line away.
void tool_progress_end(tool_progress *progress);

#endif
