#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graphcut/nearest.h"
#include "table.h"
#include "tool.h"

static int usage_error(const tool_verb *verb, const char *format, ...) GCUT_PRINTF(2, 3);
static int usage_error(const tool_verb *verb, const char *format, ...) {
  gcut_error err;
  va_list args;
  va_start(args, format);
  int n = vsnprintf(err.message, sizeof err.message, format, args);
  va_end(args);
  if (n >= 0 && (size_t)n < sizeof err.message)
    snprintf(err.message + n, sizeof err.message - (size_t)n, "; see graphcut help %s", verb->name);
  return tool_fail(GCUT_ARGUMENT, &err);
}

// ---- values -----------------------------------------------------------------------------------

// The factor of a unit, or 0 where it is none.
static double unit_factor(const char *unit) {
  static const char letters[] = "KMGT";
  if (!*unit || !strcasecmp(unit, "B")) return 1;
  const char *letter = strchr(letters, toupper((unsigned char)*unit));
  if (!letter) return 0;
  int power = (int)(letter - letters) + 1;
  if (!unit[1] || !strcasecmp(unit + 1, "iB")) return pow(1024, power);
  return !strcasecmp(unit + 1, "B") ? pow(1000, power) : 0;
}

// "512M", "2G", "1.5GiB", "80GB", "4096": K, M, G, T and KiB... are powers of 1024, KB... of 1000.
static bool parse_size(const char *text, uint64_t *out_bytes) {
  char *end;
  if ((!isdigit((unsigned char)*text) && *text != '.') || strpbrk(text, "xX")) return false;
  double number = strtod(text, &end), bytes = number * unit_factor(end);
  if (!(bytes >= 1) || bytes >= 0x1p63) return false;
  *out_bytes = (uint64_t)bytes;
  return true;
}

static bool parse_integer(const char *text, int64_t least, int64_t most, int64_t *out) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno || value < least || value > most) return false;
  *out = value;
  return true;
}

static void list_add(tool_list *list, const char *item) {
  list->items = tool_grow(list->items, list->n + 1, sizeof *list->items);
  list->items[list->n++] = item;
}

// Splits the text in place: it is the command line's own.
static void add_targets(tool_list *list, char *text) {
  for (char *rest = text; rest;) list_add(list, gcut_target_next(&rest));
}

static bool add_bindings(tool_bindings *list, char *text) {
  for (char *rest = text, *item; (item = strsep(&rest, ","));) {
    char *equals = strrchr(item, '=');
    int64_t value;
    if (!equals || equals == item || !parse_integer(equals + 1, 1, INT64_MAX, &value)) return false;
    *equals = 0;
    list->items = tool_grow(list->items, list->n + 1, sizeof *list->items);
    list->items[list->n++] = (gcut_binding){item, value};
  }
  return true;
}

// Stores one value; false where the text is none of its kind.
static bool store(const tool_option *option, char *text, void *arguments) {
  void *field = (char *)arguments + option->offset;
  int64_t number;
  switch (option->kind) {
  case TOOL_FLAG: return *(bool *)field = true;
  case TOOL_TEXT: *(const char **)field = text; return true;
  case TOOL_READ:
  case TOOL_WRITTEN: *(const char **)field = text; return *text != 0;
  case TOOL_SIZE: return parse_size(text, field);
  case TOOL_LIST: add_targets(field, text); return true;
  case TOOL_PATHS: list_add(field, text); return true;
  case TOOL_BINDINGS: return add_bindings(field, text);
  case TOOL_MICRO:
    if (!strcmp(text, "off")) {
      *(uint32_t *)field = GCUT_NONE;
      return true;
    }
    return parse_integer(text, 1, UINT32_MAX - 1, &number) &&
           (*(uint32_t *)field = (uint32_t)number);
  case TOOL_COUNT:
  case TOOL_NUMBER:
    if (!parse_integer(text, option->kind == TOOL_COUNT, UINT32_MAX - 1, &number)) return false;
    *(uint32_t *)field = (uint32_t)number;
    return true;
  case TOOL_REAL: {
    char *end;
    *(double *)field = strtod(text, &end);
    return end != text && !*end && *(double *)field >= 0 && isfinite(*(double *)field);
  }
  }
  return false;
}

// ---- words ------------------------------------------------------------------------------------

static const tool_option *find_option(const tool_verb *verb, const char *word, size_t length) {
  for (const tool_option *o = verb->options; o->name; o++) {
    if (strlen(o->name) == length && !strncmp(o->name, word, length)) return o;
    if (o->brief && strlen(o->brief) == length && !strncmp(o->brief, word, length)) return o;
  }
  return NULL;
}

static bool is_option(const char *word) {
  return word[0] == '-' && word[1]; // "-" alone is a path
}

static int unknown_option(const tool_verb *verb, const char *word, size_t length) {
  char typed[80], meant[80] = "";
  gcut_nearest near;
  snprintf(typed, sizeof typed, "%.*s", (int)length, word);
  gcut_nearest_begin(&near, typed);
  for (const tool_option *o = verb->options; o->name; o++) gcut_nearest_offer(&near, o->name);
  const char *name = gcut_nearest_meant(&near);
  if (name) snprintf(meant, sizeof meant, "; nearest: '%s'", name);
  return usage_error(verb, "there is no option '%s'%s", typed, meant);
}

typedef struct words {
  const tool_verb *verb;
  char **items;
  int n, at;
  char **operands; // [n]
  size_t n_operands;
  tool_list *paths; // the last PATHS option's, which may have taken an operand that followed
} words;

static int take_option(words *w, void *arguments) {
  char *word = w->items[w->at++];
  size_t length = strcspn(word, "=");
  const tool_option *o = find_option(w->verb, word, length);
  if (!o) return unknown_option(w->verb, word, length);
  char *value = word[length] ? word + length + 1 : NULL;
  if (o->kind == TOOL_FLAG && value)
    return usage_error(w->verb, "option %s takes no value", o->name);
  if (o->kind != TOOL_FLAG && !value) {
    if (w->at == w->n) return usage_error(w->verb, "option %s lacks its %s", o->name, o->value);
    value = w->items[w->at++];
  }
  char shown[80];
  snprintf(shown, sizeof shown, "%s", value ? value : "");
  if (!store(o, value, arguments))
    return usage_error(w->verb, "option %s: '%s' is no %s", o->name, shown, o->value);
  if (o->kind != TOOL_PATHS) return 0;
  w->paths = (tool_list *)((char *)arguments + o->offset);
  while (w->at < w->n && !is_option(w->items[w->at])) list_add(w->paths, w->items[w->at++]);
  return 0;
}

static void set_defaults(const tool_verb *verb, void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    void *field = (char *)arguments + o->offset;
    if (o->kind == TOOL_NUMBER) *(uint32_t *)field = GCUT_NONE;
    if (o->kind == TOOL_REAL) *(double *)field = -1;
  }
}

static bool is_given(const tool_option *o, const void *arguments) {
  const void *field = (const char *)arguments + o->offset;
  switch (o->kind) {
  case TOOL_FLAG: return *(const bool *)field;
  case TOOL_TEXT:
  case TOOL_READ:
  case TOOL_WRITTEN: return *(const char *const *)field != NULL;
  case TOOL_MICRO:
  case TOOL_COUNT: return *(const uint32_t *)field > 0;
  case TOOL_NUMBER: return *(const uint32_t *)field != GCUT_NONE;
  case TOOL_SIZE: return *(const uint64_t *)field > 0;
  case TOOL_REAL: return *(const double *)field >= 0;
  case TOOL_LIST:
  case TOOL_PATHS: return ((const tool_list *)field)->n > 0;
  case TOOL_BINDINGS: return ((const tool_bindings *)field)->n > 0;
  }
  return false;
}

static int check_required(const tool_verb *verb, const void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++)
    if (o->required && !is_given(o, arguments))
      return usage_error(verb, "%s needs %s %s", verb->name, o->name, o->value);
  return 0;
}

bool tool_is_same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

// Whether a command with these arguments reads the file.
static bool is_read(const tool_verb *verb, const void *arguments, const char *path) {
  const tool_common *common = arguments;
  for (size_t i = 0; i < verb->n_operands; i++)
    if (tool_is_same_file(common->operands[i], path)) return true;
  for (const tool_option *o = verb->options; o->name; o++) {
    const void *field = (const char *)arguments + o->offset;
    if (o->kind == TOOL_READ && is_given(o, arguments) &&
        tool_is_same_file(*(const char *const *)field, path))
      return true;
    const tool_list *paths = o->kind == TOOL_PATHS ? field : NULL;
    for (size_t i = 0; paths && i < paths->n; i++)
      if (tool_is_same_file(paths->items[i], path)) return true;
  }
  return false;
}

static int check_written(const tool_verb *verb, const void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    if (o->kind != TOOL_WRITTEN || !is_given(o, arguments)) continue;
    const char *path = *(const char *const *)((const char *)arguments + o->offset);
    if (is_read(verb, arguments, path))
      return usage_error(verb, "option %s: %.600s is read, too; choose another", o->name, path);
  }
  return 0;
}

// `run --input a.npz model.onnx`: the last path is the operand that is missing.
static void give_back_operand(words *w) {
  if (w->n_operands + 1 == w->verb->n_operands && w->paths && w->paths->n > 1)
    w->operands[w->n_operands++] = (char *)w->paths->items[--w->paths->n];
}

int tool_parse(const tool_verb *verb, int argc, char **argv, void *arguments) {
  tool_common *common = arguments;
  words w = {.verb = verb, .items = argv, .n = argc};
  w.operands = tool_alloc((size_t)argc + 1, sizeof *w.operands);
  common->operands = (const char *const *)w.operands;
  set_defaults(verb, arguments);
  bool only_operands = false;
  while (w.at < w.n) {
    char *word = w.items[w.at];
    if (!only_operands && !strcmp(word, "--")) {
      only_operands = true;
      w.at++;
    } else if (!only_operands && is_option(word)) {
      int status = take_option(&w, arguments);
      if (status) return status;
    } else {
      w.operands[w.n_operands++] = w.items[w.at++];
    }
  }
  give_back_operand(&w);
  if (common->help) return 0;
  if (w.n_operands == verb->n_operands) {
    int status = check_required(verb, arguments);
    return status ? status : check_written(verb, arguments);
  }
  if (w.n_operands < verb->n_operands)
    return usage_error(verb, "%s takes %s", verb->name, verb->operands);
  return usage_error(verb, "%s takes %s: '%s' is too much", verb->name,
                     verb->n_operands ? verb->operands : "no operand",
                     w.operands[verb->n_operands]);
}

void tool_arguments_free(const tool_verb *verb, void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    void *field = (char *)arguments + o->offset;
    if (o->kind == TOOL_LIST || o->kind == TOOL_PATHS) free(((tool_list *)field)->items);
    if (o->kind == TOOL_BINDINGS) free(((tool_bindings *)field)->items);
  }
  free((void *)((tool_common *)arguments)->operands);
}

// ---- help -------------------------------------------------------------------------------------

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

void tool_print_help(const tool_verb *verb, FILE *stream) {
  size_t width = table_width(stream) ? table_width(stream) : 100;
  int column = width < 70 ? NARROW_COLUMN : HELP_COLUMN;
  fprintf(stream, "graphcut %s%s%s [options]\n\n", verb->name, *verb->operands ? " " : "",
          verb->operands);
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

gcut_status tool_cut_check(const tool_cut *cut, const char *plan, gcut_error *err) {
  const char *message = NULL;
  bool tells_targets = cut->targets_per_part > 0 || cut->ignore.n > 0;
  if (cut->targets.n > 0 && cut->parts > 0)
    message = "--targets and --parts both say where to cut: give one of them";
  else if (tells_targets && cut->parts > 0)
    message = "--parts takes no targets: leave --targets-per-part and --ignore out";
  else if (plan && (cut->targets.n > 0 || cut->parts > 0))
    message = "the plan says where to cut: leave --targets and --parts out";
  else if (plan && tells_targets)
    message = "the plan says where to cut: leave --targets-per-part and --ignore out";
  if (!message) return GCUT_OK;
  snprintf(err->message, sizeof err->message, "%s", message);
  return GCUT_ARGUMENT;
}

gcut_cut_options tool_cut_options(const tool_cut *cut) {
  return (gcut_cut_options){.targets = cut->targets.items,
                            .n_targets = cut->targets.n,
                            .ignore = cut->ignore.items,
                            .n_ignore = cut->ignore.n,
                            .targets_per_part = cut->targets_per_part,
                            .n_parts = cut->parts,
                            .budget = cut->budget,
                            .unrefined = cut->no_refine,
                            .unfused = cut->no_fuse};
}
