// Options of all verbs, by one parser and one table a verb: what the parser takes is what help
// says.
//
// A verb's arguments are a struct of its own that begins with tool_common; a row of its table says
// where a value goes.
#ifndef GRAPHCUT_TOOLS_OPTIONS_H
#define GRAPHCUT_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "graphcut/plan.h"

// What a row's value becomes: X(kind, type of the field)
#define TOOL_KIND_LIST(X)                                                                          \
  X(FLAG, bool)                                                                                    \
  X(TEXT, const char *)      /* not empty; the last one given counts */                            \
  X(READ, const char *)      /* the same, a file that is read */                                   \
  X(WRITTEN, const char *)   /* a file that is written, over none that is read or written */       \
  X(CHOICE, uint32_t)        /* the place of the word in "one|two", from 1; 0 where not given */   \
  X(COUNT, uint32_t)         /* at least 1 */                                                      \
  X(NUMBER, uint32_t)        /* at least 0; GCUT_NONE where not given */                           \
  X(MICRO, uint32_t)         /* at least 1, or "off", which is GCUT_NONE; 0 where not given */     \
  X(SIZE, uint64_t)          /* bytes, at least 1 */                                               \
  X(REAL, double)            /* at least 0; -1 where not given */                                  \
  X(LIST, tool_list)         /* by comma, and again */                                             \
  X(PATHS, tool_list)        /* every word up to the next option, and again */                     \
  X(BINDINGS, tool_bindings) /* NAME=N by comma, and again */

typedef enum tool_kind {
#define X(kind, type) TOOL_##kind,
  TOOL_KIND_LIST(X)
#undef X
} tool_kind;

typedef struct tool_list {
  const char **items; // texts of the command line, or of `owned`
  size_t n;
} tool_list;

typedef struct tool_bindings {
  gcut_binding *items;
  size_t n;
} tool_bindings;

typedef struct tool_option {
  const char *name;  // "--targets"
  const char *brief; // "-o", or NULL
  const char *value; // as help shows it, or NULL: a flag
  tool_kind kind;
  size_t offset;
  const char *help;
  bool required;
} tool_option;

// A row. A verb names its struct `arguments`.
#define TOOL_OPTION(name, brief, value, kind, field, help)                                         \
  { name, brief, value, TOOL_##kind, offsetof(arguments, field), help }
#define TOOL_REQUIRED(name, brief, value, kind, field, help)                                       \
  { name, brief, value, TOOL_##kind, offsetof(arguments, field), help, true }

// What every verb knows.
typedef struct tool_common {
  const char *const *operands; // as many as the verb asks for
  bool json;
  bool help;
  bool quiet;
  bool follow_links;
} tool_common;

#define TOOL_OPTIONS_END                                                                           \
  { .name = NULL }
#define TOOL_COMMON_OPTIONS                                                                        \
  TOOL_OPTION("--json", NULL, NULL, FLAG, common.json, "print one JSON object"),                   \
      TOOL_OPTION("--quiet", "-q", NULL, FLAG, common.quiet,                                       \
                  "no progress and no remarks on stderr: errors alone"),                           \
      TOOL_OPTION("--help", "-h", NULL, FLAG, common.help, "print this")

// For every verb that reads a model.
#define TOOL_MODEL_OPTIONS                                                                         \
  TOOL_OPTION("--follow-links", NULL, NULL, FLAG, common.follow_links,                             \
              "read weights behind symbolic or hard links, as model caches have them"),            \
      TOOL_COMMON_OPTIONS

// How a model is cut: for every verb that cuts, in a field `cut`.
typedef struct tool_cut {
  tool_list targets, ignore;
  uint32_t targets_per_part, parts;
  uint64_t budget;
  tool_bindings set;
  bool no_fuse, no_refine;
} tool_cut;

#define TOOL_SET_OPTION(field)                                                                     \
  TOOL_OPTION("--set", NULL, "SYM=N[,...]", BINDINGS, field,                                       \
              "sizes of symbolic dimensions, such as batch=1,seq=128")
#define TOOL_CUT_OPTIONS TOOL_CUT_OPTIONS_OF("bytes that a part may take: 512M, 2G, 1.5GiB")
#define TOOL_CUT_OPTIONS_OF(of_budget)                                                             \
  TOOL_OPTION("--targets", NULL, "T[,T...]", LIST, cut.targets,                                    \
              "begin a part at each T: an operator type, a module class, the name of a node or "   \
              "module, or re:PATTERN; left out, what the model repeats"),                          \
      TOOL_OPTION("--targets-per-part", NULL, "K", COUNT, cut.targets_per_part,                    \
                  "so many targets to a part (1)"),                                                \
      TOOL_OPTION("--ignore", NULL, "T[,T...]", LIST, cut.ignore,                                  \
                  "what is no target although a T matches it"),                                    \
      TOOL_OPTION("--parts", NULL, "N", COUNT, cut.parts, "cut into N balanced parts"),            \
      TOOL_OPTION("--budget", NULL, "SIZE", SIZE, cut.budget, of_budget),                          \
      TOOL_SET_OPTION(cut.set),                                                                    \
      TOOL_OPTION("--no-refine", NULL, NULL, FLAG, cut.no_refine,                                  \
                  "leave the parts as cut, however much crosses between them"),                    \
      TOOL_OPTION("--no-fuse", NULL, NULL, FLAG, cut.no_fuse,                                      \
                  "compute no attention in one step, so that cuts may fall within it")

// What is run, and how much of it: for every verb that runs or simulates, in a field `load`.
typedef struct tool_load {
  const char *plan;
  tool_list fetch;
  uint64_t host_budget;
  uint32_t passes, micro_batch;
} tool_load;

#define TOOL_INPUT_OPTION                                                                          \
  TOOL_REQUIRED("--input", "-i", "PATH...", PATHS, input,                                          \
                "batches: .npz files, folders of them, or ONNX test data folders")
#define TOOL_PLAN_OPTION(field)                                                                    \
  TOOL_OPTION("--plan", NULL, "PLAN.json", READ, field,                                            \
              "go by this plan, as graphcut cut wrote it, instead of cutting")
#define TOOL_LOAD_OPTIONS                                                                          \
  TOOL_PLAN_OPTION(load.plan),                                                                     \
      TOOL_CUT_OPTIONS_OF("bytes of device memory, taken once and never exceeded: 512M, 2G, "      \
                          "1.5GiB; where nothing else says where to cut, parts are made to fit"),  \
      TOOL_OPTION("--host-budget", NULL, "SIZE", SIZE, load.host_budget,                           \
                  "host memory for activations; what does not fit goes to a spill file"),          \
      TOOL_OPTION("--passes", NULL, "N", COUNT, load.passes,                                       \
                  "repeat the whole run, as denoising loops do (1)"),                              \
      TOOL_OPTION("--micro-batch", NULL, "N|off", MICRO, load.micro_batch,                         \
                  "compute each batch in slices of at most N samples, where the model keeps "      \
                  "samples apart; off keeps auto from it"),                                        \
      TOOL_OPTION("--fetch", NULL, "VALUE[,...]", LIST, load.fetch,                                \
                  "compute these values instead of the model's outputs: names, re:PATTERN, in:T "  \
                  "for what targets T read, out:T for what they make")

// A verb: `graphcut NAME OPERANDS [options]`.
typedef struct tool_verb {
  const char *name, *operands, *summary;
  size_t n_operands;
  const tool_option *options; // ended by TOOL_OPTIONS_END
  size_t size;                // of its arguments
  int (*run)(const void *arguments);
  // What options may not be given together, or with these values: GCUT_ARGUMENT. May be NULL.
  gcut_status (*check)(const void *arguments, gcut_error *err);
} tool_verb;

// The micro-batch that was asked for; 0: whole batches.
static inline uint32_t tool_micro_of(const tool_load *load) {
  return load->micro_batch == GCUT_NONE ? 0 : load->micro_batch;
}

// Parses what follows the verb into zeroed `arguments` (of verb->size). 0, or the exit status of a
// usage error, which has been printed. Free them either way.
int tool_parse(const tool_verb *verb, int argc, char **argv, void *arguments);
void tool_arguments_free(const tool_verb *verb, void *arguments);
// Words from `column` on, where the line is, wrapped to `width` columns; ends the line.
void tool_print_wrapped(const char *text, size_t column, size_t width, FILE *stream);
// What follows "graphcut ": the verb, its operands, and the options that it needs. Returns buffer.
const char *tool_usage(const tool_verb *verb, char *buffer, size_t size);
// Usage, summary and options of a verb.
void tool_print_help(const tool_verb *verb, FILE *stream);

// The cut that the options ask for; borrows them.
gcut_cut_options tool_cut_options(const tool_cut *cut);
// Refuses options that say where to cut in two ways; `plan`: the plan file given, or NULL; `runs`:
// whether the budget bounds what runs, so that it may stand beside a plan.
gcut_status tool_cut_check(const tool_cut *cut, const char *plan, bool runs, gcut_error *err);

// Whether both are there and the same file, by whatever names; folders and devices are none.
bool tool_is_same_file(const char *a, const char *b);

#endif
