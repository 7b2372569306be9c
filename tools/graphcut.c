// The command: finds the verb, has its options parsed, runs it.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundled.h"
#include "graphcut/nearest.h"
#include "manual.h"
#include "table.h"
#include "tool.h"

static const tool_verb *const verbs[] = {
#define X(name) &tool_verb_##name,
    TOOL_VERB_LIST(X)
#undef X
};
static const size_t n_verbs = sizeof verbs / sizeof *verbs;

static const tool_verb *find_verb(const char *name) {
  for (size_t i = 0; i < n_verbs; i++)
    if (!strcmp(verbs[i]->name, name)) return verbs[i];
  return NULL;
}

static void print_overview(FILE *stream) {
  enum { WIDE = 78, COLUMN = 34 };
  size_t width = table_width(stream) ? table_width(stream) : WIDE + 2;
  tool_print_wrapped("graphcut cuts an ONNX model into parts and streams them through a device.", 0,
                     width, stream);
  fprintf(stream, "\n");
  for (size_t i = 0; i < n_verbs; i++) {
    const tool_verb *v = verbs[i];
    char summary[100];
    snprintf(summary, sizeof summary, "%.*s", (int)strcspn(v->summary, "."), v->summary);
    fprintf(stream, "  graphcut %-10s %-11s ", v->name, v->operands);
    tool_print_wrapped(summary, COLUMN, width, stream);
  }
  fprintf(stream, "\n");
  tool_print_wrapped("graphcut help VERB tells a verb's options, graphcut help offload the "
                     "strategies; graphcut --version "
                     "the version.",
                     0, width, stream);
}

static int unknown_verb(const char *name) {
  gcut_nearest near;
  char typed[80], meant[80] = "";
  snprintf(typed, sizeof typed, "%s", name);
  gcut_nearest_begin(&near, typed);
  for (size_t i = 0; i < n_verbs; i++) gcut_nearest_offer(&near, verbs[i]->name);
  gcut_nearest_offer(&near, "help");
  if (gcut_nearest_meant(&near))
    snprintf(meant, sizeof meant, "; nearest: '%s'", gcut_nearest_meant(&near));
  gcut_error err;
  snprintf(err.message, sizeof err.message, "there is no verb '%s'%s; see graphcut help", typed,
           meant);
  return tool_fail(GCUT_ARGUMENT, &err);
}

static int too_many(const char *word) {
  gcut_error err;
  snprintf(err.message, sizeof err.message, "'%.80s' is too much; see graphcut help", word);
  return tool_fail(GCUT_ARGUMENT, &err);
}

static int help(int argc, char **argv) {
  if (argc > 1) return too_many(argv[1]);
  if (argc > 0 && manual_print(argv[0], verbs, n_verbs, stdout)) return tool_finish();
  bool one = argc > 0 && strcmp(argv[0], "help") != 0;
  const tool_verb *verb = one ? find_verb(argv[0]) : NULL;
  if (one && !verb) return unknown_verb(argv[0]);
  if (verb)
    tool_print_help(verb, stdout);
  else
    print_overview(stdout);
  return tool_finish();
}

static int run_verb(const tool_verb *verb, int argc, char **argv) {
  void *arguments = tool_alloc(1, verb->size);
  int status = tool_parse(verb, argc, argv, arguments);
  if (status == 0 && ((tool_common *)arguments)->help) {
    tool_print_help(verb, stdout);
    status = tool_finish();
  } else if (status == 0) {
    status = verb->run(arguments);
  }
  tool_arguments_free(verb, arguments);
  free(arguments);
  return status;
}

// Where standard input, output or error are closed, no file that is opened may take their place and
// get what is meant for them. What stands there instead fails as a closed one does.
static void keep_standard_files(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file ? O_RDONLY : O_WRONLY) != file) exit(7);
}

int main(int argc, char **argv) {
  keep_standard_files();
  bundled_find_plugins();
  if (argc < 2) {
    print_overview(stderr);
    return 2;
  }
  if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
    return help(argc - 2, argv + 2);
  if (!strcmp(argv[1], "--version")) {
    if (argc > 2) return too_many(argv[2]);
    printf("graphcut %s\n", GCUT_VERSION);
    return tool_finish();
  }
  const tool_verb *verb = find_verb(argv[1]);
  return verb ? run_verb(verb, argc - 2, argv + 2) : unknown_verb(argv[1]);
}
