// A line on the terminal while something lasts: how far, how fast, how long still. It appears after
// a moment, so what is quick shows none.
#ifndef GRAPHCUT_TOOLS_PROGRESS_H
#define GRAPHCUT_TOOLS_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

typedef struct tool_progress {
  bool shown;         // stderr is a terminal
  bool painted;       // there is a line
  const char *what;   // "reading", or NULL
  const char *unit;   // NULL: bytes
  double begin, last; // seconds
} tool_progress;

tool_progress tool_progress_start(const char *what, const char *unit);
// As gcut_progress takes it; the context is a tool_progress. A total of 0 is not known.
void tool_progress_show(void *context, uint64_t done, uint64_t total);
// For the options of what is to be watched; nothing where stderr is no terminal.
gcut_progress tool_progress_of(tool_progress *progress);
// Takes the line away.
void tool_progress_end(tool_progress *progress);

// Watches what the process writes, on a thread of its own, where stderr is a terminal.
typedef struct tool_watch {
  tool_progress progress;
  uint64_t before, total; // bytes written until then; to be written
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t over;
  bool running, ended;
} tool_watch;

// total 0: not known. The watch stays where it is until it is ended.
void tool_watch_start(tool_watch *watch, const char *what, uint64_t total);
void tool_watch_end(tool_watch *watch);

#endif
