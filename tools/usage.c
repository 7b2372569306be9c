// What a verb takes, as its table of options says.
#include <string.h>

#include "options.h"
#include "table.h"

enum { HELP_COLUMN = 28, NARROW_COLUMN = 6 };

void tool_print_wrapped(const char *text, size_t column, size_t width, FILE *stream) {
  size_t at = column;
  while (*text) {
    size_t word = strcspn(text, " ");
    bool first = at == column;
    if (!first && at + 1 + word > width) {
      fprintf(stream, "\n%*s", (int)column, "");
      at = column;
      first = true;
    }
    at += (size_t)fprintf(stream, "%s%.*s", first ? "" : " ", (int)word, text);
    text += word;
    text += strspn(text, " ");
  }
  fprintf(stream, "\n");
}

const char *tool_usage(const tool_verb *verb, char *buffer, size_t size) {
  size_t at = (size_t)snprintf(buffer, size, "%s%s%s", verb->name, *verb->operands ? " " : "",
                               verb->operands);
  for (const tool_option *o = verb->options; o->name; o++)
    if (o->required && at < size)
      at += (size_t)snprintf(buffer + at, size - at, " %s %s", o->name, o->value);
  if (at < size) snprintf(buffer + at, size - at, " [options]");
  return buffer;
}

void tool_print_help(const tool_verb *verb, FILE *stream) {
  char usage[160];
  size_t width = table_width(stream) ? table_width(stream) : 100;
  int column = width < 70 ? NARROW_COLUMN : HELP_COLUMN;
  fprintf(stream, "graphcut ");
  tool_print_wrapped(tool_usage(verb, usage, sizeof usage), sizeof "graphcut", width, stream);
  fprintf(stream, "\n");
  tool_print_wrapped(verb->summary, 0, width, stream);
  fprintf(stream, "\n");
  for (const tool_option *o = verb->options; o->name; o++) {
    char left[64];
    snprintf(left, sizeof left, "  %s%s%s%s%s", o->brief ? o->brief : "", o->brief ? ", " : "",
             o->name, o->value ? " " : "", o->value ? o->value : "");
    int used = fprintf(stream, "%-*s", column, left);
    if (used > column) fprintf(stream, "\n%*s", column, "");
    tool_print_wrapped(o->help, (size_t)column, width, stream);
  }
}
