// Status names, exit statuses and messages.
#include "tracer/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/utf8.h"

const char *gcut_status_name(gcut_status status) {
  switch (status) {
#define X(name, exit_status, text)                                                                 \
  case GCUT_##name: return #name;
    GCUT_STATUS_LIST(X)
#undef X
  }
  return "UNKNOWN";
}

int gcut_status_exit(gcut_status status) {
  switch (status) {
#define X(name, exit_status, text)                                                                 \
  case GCUT_##name: return exit_status;
    GCUT_STATUS_LIST(X)
#undef X
  }
  return 7;
}

// A message that is too long, for the names in it are, loses its middle: what is wrong is said
// last.
static void keep_ends(gcut_error *err, const char *format, va_list args) {
  enum { HALF = sizeof err->message / 2 };
  char *whole;
  int length = vasprintf(&whole, format, args);
  if (length < 0) return;
  if (length >= 2 * HALF) snprintf(err->message + HALF, HALF, "...%s", whole + length - (HALF - 4));
  free(whole);
}

gcut_status gcut__fail(gcut_error *err, gcut_status status, const char *format, ...) {
  if (!err) return status;
  va_list args;
  va_start(args, format);
  int length = vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  va_start(args, format);
  if (length >= (int)sizeof err->message) keep_ends(err, format, args);
  va_end(args);
  gcut_utf8_clean(err->message, "");
  return status;
}

gcut_status gcut__tell(const gcut_progress *progress, uint64_t done, uint64_t total,
                       gcut_error *err) {
  if (progress->show) progress->show(progress->context, done, total);
  if (!progress->stop || !progress->stop(progress->context)) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_STOPPED, "stopped by the caller");
}

const char *gcut__printable(const char *name, char *buffer, size_t size) {
  int length = snprintf(buffer, size, "%s", name);
  if (length >= (int)size && size > 4) memcpy(buffer + size - 4, "...", 4);
  gcut_utf8_clean(buffer, "");
  return buffer;
}
