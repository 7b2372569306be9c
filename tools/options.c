#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graphcut/nearest.h"
#include "graphcut/size.h"
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

static bool parse_integer(const char *text, int64_t least, int64_t most, int64_t *out) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (!isdigit((unsigned char)*text) || *end || errno || value < least || value > most)
    return false;
  *out = value;
  return true;
}

static void list_add(tool_list *list, const char *item) {
  list->items = tool_grow(list->items, list->n + 1, sizeof *list->items);
  list->items[list->n++] = item;
}

static bool add_path(tool_list *list, const char *path) {
  if (*path) list_add(list, path);
  return *path;
}

// Splits the text in place: it is the command line's own.
static bool add_targets(tool_list *list, char *text) {
  for (char *rest = text; rest;) {
    const char *item = gcut_target_next(&rest);
    if (!*item) return false;
    list_add(list, item);
  }
  return true;
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

// The place of a word in "one|two|three", from 1; 0: it is none of them.
static uint32_t find_word(const char *words, const char *word) {
  size_t length = strlen(word);
  for (uint32_t place = 1; *words; place++) {
    size_t n = strcspn(words, "|");
    if (n == length && !memcmp(words, word, n)) return place;
    words += n + (words[n] == '|');
  }
  return 0;
}

static bool parse_real(const char *text, double *out) {
  char *end;
  *out = strtod(text, &end);
  bool plain = isdigit((unsigned char)*text) || *text == '.';
  return plain && !strpbrk(text, "xX") && end != text && !*end && isfinite(*out);
}

// Stores one value; false where the text is none of its kind.
static bool store(const tool_option *option, char *text, void *arguments) {
  void *field = (char *)arguments + option->offset;
  int64_t number;
  switch (option->kind) {
  case TOOL_FLAG: return *(bool *)field = true;
  case TOOL_TEXT:
  case TOOL_READ: *(const char **)field = text; return *text;
  case TOOL_WRITTEN:
    *(const char **)field = text;
    return *text && (strcmp(text, "-") != 0 || strstr(option->value, "|-"));
  case TOOL_CHOICE: return (*(uint32_t *)field = find_word(option->value, text));
  case TOOL_SIZE: return gcut_size_parse(text, field) && *(uint64_t *)field > 0;
  case TOOL_LIST: return add_targets(field, text);
  case TOOL_PATHS: return add_path(field, text);
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
  case TOOL_REAL: return parse_real(text, field);
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

// Whether a word is an option of the verb, and so no value of the option before it: a value of that
// name is given after '='.
static bool names_option(const tool_verb *verb, const char *word) {
  return is_option(word) && find_option(verb, word, strcspn(word, "="));
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
    if (w->at == w->n || names_option(w->verb, w->items[w->at]))
      return usage_error(w->verb, "option %s lacks its %s", o->name, o->value);
    value = w->items[w->at++];
  }
  char shown[80];
  snprintf(shown, sizeof shown, "%s", value ? value : "");
  if (!store(o, value, arguments))
    return usage_error(w->verb, "option %s: '%s' is no %s", o->name, shown, o->value);
  if (o->kind != TOOL_PATHS) return 0;
  w->paths = (tool_list *)((char *)arguments + o->offset);
  while (w->at < w->n && !is_option(w->items[w->at]))
    if (!add_path(w->paths, w->items[w->at++]))
      return usage_error(w->verb, "option %s: '' is no %s", o->name, o->value);
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
  case TOOL_CHOICE:
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

static const char *text_of(const tool_option *o, const void *arguments) {
  return *(const char *const *)((const char *)arguments + o->offset);
}

// Whether a command with these arguments reads the file.
static bool is_read(const tool_verb *verb, const void *arguments, const char *path) {
  const tool_common *common = arguments;
  for (size_t i = 0; i < verb->n_operands; i++)
    if (tool_is_same_file(common->operands[i], path)) return true;
  for (const tool_option *o = verb->options; o->name; o++) {
    if (o->kind == TOOL_READ && is_given(o, arguments) &&
        tool_is_same_file(text_of(o, arguments), path))
      return true;
    const tool_list *paths =
        o->kind == TOOL_PATHS ? (const void *)((const char *)arguments + o->offset) : NULL;
    for (size_t i = 0; paths && i < paths->n; i++)
      if (tool_is_same_file(paths->items[i], path)) return true;
  }
  return false;
}

// The option before `last` that writes the same file, or NULL.
static const tool_option *find_writer(const tool_verb *verb, const void *arguments,
                                      const tool_option *last) {
  for (const tool_option *o = verb->options; o < last; o++)
    if (o->kind == TOOL_WRITTEN && is_given(o, arguments) &&
        (!strcmp(text_of(o, arguments), text_of(last, arguments)) ||
         tool_is_same_file(text_of(o, arguments), text_of(last, arguments))))
      return o;
  return NULL;
}

static int check_written(const tool_verb *verb, const void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    if (o->kind != TOOL_WRITTEN || !is_given(o, arguments)) continue;
    const char *path = text_of(o, arguments);
    if (is_read(verb, arguments, path))
      return usage_error(verb, "option %s: %.600s is read, too; choose another", o->name, path);
    const tool_option *other = find_writer(verb, arguments, o);
    if (other)
      return usage_error(verb, "options %s and %s: both write %.600s", other->name, o->name, path);
  }
  return 0;
}

// `run --input a.npz model.onnx`: the last path is the operand that is missing.
static void give_back_operand(words *w) {
  if (w->n_operands + 1 == w->verb->n_operands && w->paths && w->paths->n > 1)
    w->operands[w->n_operands++] = (char *)w->paths->items[--w->paths->n];
}

static int check_operands(const words *w) {
  const tool_verb *verb = w->verb;
  if (w->n_operands < verb->n_operands)
    return usage_error(verb, "%s takes %s", verb->name, verb->operands);
  if (w->n_operands > verb->n_operands)
    return usage_error(verb, "%s takes %s: '%s' is too much", verb->name,
                       verb->n_operands ? verb->operands : "no operand",
                       w->operands[verb->n_operands]);
  for (size_t i = 0; i < w->n_operands; i++)
    if (!*w->operands[i]) return usage_error(verb, "%s: '' is no %s", verb->name, verb->operands);
  return 0;
}

// A symbol has one size.
static int check_bindings(const tool_verb *verb, const void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    const tool_bindings *list = (const void *)((const char *)arguments + o->offset);
    for (size_t i = 1; o->kind == TOOL_BINDINGS && i < list->n; i++)
      for (size_t k = 0; k < i; k++)
        if (!strcmp(list->items[k].symbol, list->items[i].symbol))
          return usage_error(verb, "option %s: '%.200s' is given twice", o->name,
                             list->items[i].symbol);
  }
  return 0;
}

static int check_together(const tool_verb *verb, const void *arguments) {
  gcut_error err;
  bool fine = !verb->check || verb->check(arguments, &err) == GCUT_OK;
  return fine ? 0 : usage_error(verb, "%s", err.message);
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
  int status = check_operands(&w);
  if (status == 0) status = check_required(verb, arguments);
  if (status == 0) status = check_bindings(verb, arguments);
  if (status == 0) status = check_written(verb, arguments);
  return status ? status : check_together(verb, arguments);
}

void tool_arguments_free(const tool_verb *verb, void *arguments) {
  for (const tool_option *o = verb->options; o->name; o++) {
    void *field = (char *)arguments + o->offset;
    if (o->kind == TOOL_LIST || o->kind == TOOL_PATHS) free(((tool_list *)field)->items);
    if (o->kind == TOOL_BINDINGS) free(((tool_bindings *)field)->items);
  }
  free((void *)((tool_common *)arguments)->operands);
}

// ---- how to cut -------------------------------------------------------------------------------

// The first option that says how to cut, or NULL.
static const char *find_cutting(const tool_cut *cut, bool budget_cuts) {
  return cut->targets.n               ? "--targets"
         : cut->parts                 ? "--parts"
         : cut->targets_per_part      ? "--targets-per-part"
         : cut->ignore.n              ? "--ignore"
         : cut->no_refine             ? "--no-refine"
         : cut->no_fuse               ? "--no-fuse"
         : cut->budget && budget_cuts ? "--budget"
                                      : NULL;
}

gcut_status tool_cut_check(const tool_cut *cut, const char *plan, bool runs, gcut_error *err) {
  const char *cutting = plan ? find_cutting(cut, !runs) : NULL;
  if (cutting)
    snprintf(err->message, sizeof err->message, "the plan says where to cut: leave %s out",
             cutting);
  else if (cut->targets.n > 0 && cut->parts > 0)
    snprintf(err->message, sizeof err->message,
             "--targets and --parts both say where to cut: give one of them");
  else if (cut->parts > 0 && (cut->targets_per_part > 0 || cut->ignore.n > 0))
    snprintf(err->message, sizeof err->message,
             "--parts takes no targets: leave --targets-per-part and --ignore out");
  else
    return GCUT_OK;
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
