// Status names, exit statuses and messages.
#include "tracer/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

// A message is one line whatever the names in it hold.
static void keep_one_line(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = ' ';
}

gcut_status gcut__fail(gcut_error *err, gcut_status status, const char *format, ...) {
  if (!err) return status;
  va_list args;
  va_start(args, format);
  vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  keep_one_line(err->message);
  return status;
}

const char *gcut__printable(const char *name, char *buffer, size_t size) {
  int length = snprintf(buffer, size, "%s", name);
  if (length >= (int)size && size > 4) memcpy(buffer + size - 4, "...", 4);
  keep_one_line(buffer);
  return buffer;
}
