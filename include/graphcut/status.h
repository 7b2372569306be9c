// What every fallible call returns, and the message it leaves.
//
// A function that can fail returns gcut_status and takes an optional, caller-owned gcut_error last
// (NULL is always allowed). On failure out-parameters are NULL or zero and the error holds one
// line: the object, what was expected, what was found. The library never prints, exits or aborts on
// input.
#ifndef GRAPHCUT_STATUS_H
#define GRAPHCUT_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GCUT_API                 __attribute__((visibility("default")))
#define GCUT_MUST_USE            __attribute__((warn_unused_result))
#define GCUT_PRINTF(text, first) __attribute__((__format__(printf, text, first)))
#else
#define GCUT_API
#define GCUT_MUST_USE
#define GCUT_PRINTF(text, first)
#endif

// X(name, exit status of the command, when to use it)
#define GCUT_STATUS_LIST(X)                                                                        \
  X(OK, 0, "done")                                                                                 \
  X(MISMATCH, 1, "results differ from what was expected")                                          \
  X(ARGUMENT, 2, "the caller asked for something that makes no sense")                             \
  X(FORMAT, 3, "a model, plan or input is unreadable, malformed or unsafe")                        \
  X(UNSUPPORTED, 4, "a valid request that is not implemented; names node and operator")            \
  X(BUDGET, 5, "the memory budget cannot be met; names the least that would do")                   \
  X(DEVICE, 6, "the device failed")                                                                \
  X(NOMEM, 7, "out of host memory")                                                                \
  X(STOPPED, 2, "the caller stopped it, through gcut_progress")                                    \
  X(IO, 7, "a result could not be written")

typedef enum gcut_status {
#define X(name, exit_status, text) GCUT_##name,
  GCUT_STATUS_LIST(X)
#undef X
} gcut_status;

typedef struct gcut_error {
  char message[1024];
} gcut_error;

// Called now and then while something lasts: how far it is; a total of 0 is not known. show NULL:
// nobody wants to know.
typedef struct gcut_progress {
  void (*show)(void *context, uint64_t done, uint64_t total);
  void *context;
  // Asked as often: true gives it up, GCUT_STOPPED. NULL: never.
  bool (*stop)(void *context);
} gcut_progress;

// The name of a status, such as "FORMAT"; never NULL.
GCUT_API const char *gcut_status_name(gcut_status status);
// The exit status that the command gives for it.
GCUT_API int gcut_status_exit(gcut_status status);

#ifdef __cplusplus
}
#endif
#endif
