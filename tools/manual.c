#include "manual.h"

#include <string.h>

#include "graphcut/schedule.h"
#include "graphcut/simulate.h"
#include "table.h"

// ---- strategies -------------------------------------------------------------------------------

static const char of_strategies[] =
    "Left out: group=1, stream=group, ahead=1; as many kept, or read in place, as the budget asks "
    "for; min-tokens as rates tell. All but auto also take loop=parts|batches, batches=N, "
    "place=device|host and prepare=once|each. loop=parts passes every batch through a part before "
    "the next part loads, loop=batches every part before the next batch (resident and uva, unless "
    "told otherwise); batches=N takes so many batches a step. place says where activations wait "
    "between parts. prepare=once makes what a part makes of weights alone once for several "
    "batches, where there is room for it; prepare=each for every batch.";

// "prefetch:group=N,stream=M,ahead=S": without what all take, which is what resident, the first,
// takes.
static const char *strategy_term(const gcut_strategy *s, char term[200]) {
  size_t n, own = strlen(s->options), shared = strlen(gcut_strategies(&n)->options);
  own -= own > shared ? shared + 1 : own;
  snprintf(term, 200, "%s%s%.*s", s->name, own ? ":" : "", (int)own, s->options);
  return term;
}

static void print_strategies(const tool_verb *const *verbs, size_t n_verbs, FILE *stream) {
  size_t n, width = table_width(stream) ? table_width(stream) : 100;
  const gcut_strategy *strategies = gcut_strategies(&n);
  char term[200];
  (void)verbs, (void)n_verbs;
  fputs("--offload NAME[:k=v,...]\n\n", stream);
  for (size_t i = 0; i < n; i++) {
    fprintf(stream, "  %s\n      ", strategy_term(&strategies[i], term));
    tool_print_wrapped(strategies[i].summary, 6, width, stream);
  }
  fputc('\n', stream);
  tool_print_wrapped(of_strategies, 0, width, stream);
}

// ---- the manual page (man(7) macros) ----------------------------------------------------------

// Text in which nothing is a macro or an escape.
static void print_roff(const char *text, FILE *stream) {
  if (*text == '.' || *text == '\'') fputs("\\&", stream);
  for (; *text; text++) {
    if (*text == '-')
      fputs("\\-", stream);
    else if (*text == '\\')
      fputs("\\e", stream);
    else
      fputc(*text, stream);
  }
}

static void print_option_roff(const tool_option *o, FILE *stream) {
  fputs(".TP\n.B ", stream);
  if (o->brief) print_roff(o->brief, stream), fputs(", ", stream);
  print_roff(o->name, stream);
  if (o->value) fputs(" \\fI", stream), print_roff(o->value, stream), fputs("\\fR", stream);
  fputc('\n', stream);
  print_roff(o->help, stream);
  fputc('\n', stream);
}

static void print_verb_roff(const tool_verb *v, FILE *stream) {
  char usage[160];
  fputs(".SS graphcut ", stream);
  print_roff(tool_usage(v, usage, sizeof usage), stream);
  fputc('\n', stream);
  print_roff(v->summary, stream);
  fputc('\n', stream);
  for (const tool_option *o = v->options; o->name; o++) print_option_roff(o, stream);
}

// A list of terms and what they are.
typedef struct entry {
  const char *term, *text;
} entry;

static void print_entry_roff(const char *term, const char *text, FILE *stream) {
  fputs(".TP\n.B ", stream);
  print_roff(term, stream);
  fputc('\n', stream);
  print_roff(text, stream);
  fputc('\n', stream);
}

static void print_entries_roff(const char *title, const entry *entries, FILE *stream) {
  fprintf(stream, ".SH %s\n", title);
  for (; entries->term; entries++) print_entry_roff(entries->term, entries->text, stream);
}

static const entry values[] = {
    {"SIZE", "bytes: 512M, 2G, 1.5GiB. K, M, G, T and KiB ... are powers of 1024, KB ... of 1000."},
    {"T", "a target: an operator type (MatMul), a module class, short or with its package "
          "(LlamaDecoderLayer), the exact name of a node or module, or re:PATTERN (PCRE2, anchored "
          "at the start)."},
    {"PATH", "batches: an .npz file with an array an input or output, by name; a folder of them, "
             "one batch each, in name order; or an ONNX test data folder (input_0.pb, "
             "output_0.pb, ...)."},
    {"-", "standard output, for simulate --schedule."},
    {"--", "what follows are operands, whatever they begin with."},
    {"an option twice", "lists, paths and sizes of symbols add up; of others the last counts."},
    {NULL, NULL}};

static const entry environment[] = {
    {"TMPDIR", "the folder of spill files unless --spill names one; /var/tmp where it is not set."},
    {"NO_COLOR", "set to anything, no colours on terminals."},
    {NULL, NULL}};

static const entry exits[] = {
    {"0", "done"},
    {"1", "results differ from what was expected, or from the uncut run"},
    {"2", "usage"},
    {"3", "a model, plan or input file is unreadable, malformed or unsafe"},
    {"4", "something is unsupported; the message names node and operator"},
    {"5", "the memory budget cannot be met; the message names the least that would do"},
    {"6", "the device failed, or is not there"},
    {"7", "out of host memory or disk"},
    {NULL, NULL}};

static const char *const examples[] = {
    "graphcut inspect model.onnx",
    "graphcut cut model.onnx --targets LlamaDecoderLayer -o plan.json",
    "graphcut draw model.onnx --plan plan.json -o cuts.html",
    ("graphcut run model.onnx --plan plan.json -i batches/ -o results/ "
     "--offload prefetch --budget 2G"),
    "graphcut simulate model.onnx --profile rtx4090-assumed --batches 64 --set batch=1,seq=2048"};

static void print_strategies_roff(FILE *stream) {
  size_t n;
  const gcut_strategy *strategies = gcut_strategies(&n);
  char term[200];
  fputs(".SH STRATEGIES\n", stream);
  for (size_t i = 0; i < n; i++)
    print_entry_roff(strategy_term(&strategies[i], term), strategies[i].summary, stream);
  fputs(".PP\n", stream);
  print_roff(of_strategies, stream);
  fputc('\n', stream);
}

static void print_man(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fprintf(stream, ".TH GRAPHCUT 1 \"\" \"graphcut %s\" \"User Commands\"\n.SH NAME\n",
          GCUT_VERSION);
  fputs(
      "graphcut \\- cut an ONNX model into parts and stream them through a device\n.SH SYNOPSIS\n",
      stream);
  fputs(".B graphcut\n.I VERB\n[operands] [options]\n.br\n.B graphcut help\n.RI [ VERB |offload]\n"
        ".br\n.B graphcut \\-\\-version\n.SH COMMANDS\n",
        stream);
  for (size_t i = 0; i < n; i++) print_verb_roff(verbs[i], stream);
  print_entries_roff("VALUES", values, stream);
  print_strategies_roff(stream);
  print_entries_roff("ENVIRONMENT", environment, stream);
  print_entries_roff("EXIT STATUS", exits, stream);
  fputs(".PP\nAn error is one line on standard error that begins graphcut:, and no output file is "
        "left half\\-written.\n.SH EXAMPLES\n.nf\n",
        stream);
  for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
    print_roff(examples[i], stream), fputc('\n', stream);
  fputs(".fi\n", stream);
}

// ---- completions ------------------------------------------------------------------------------

static bool is_named(const tool_option *o, const char *name) {
  return strcmp(o->name, name) == 0;
}

// Other values are numbers and names of the model, of which a shell knows none.
static bool takes_files(const tool_option *o) {
  return o->kind == TOOL_READ || o->kind == TOOL_WRITTEN || is_named(o, "--spill") ||
         (o->kind == TOOL_PATHS && !is_named(o, "--offload"));
}

// Words that a value may be, each after a space: a choice's, and names that the library lists.
static void print_words(const tool_option *o, FILE *stream) {
  if (is_named(o, "--device")) fputs(" cpu cuda sim", stream);
  if (is_named(o, "--offload")) {
    size_t n;
    const gcut_strategy *strategies = gcut_strategies(&n);
    for (size_t i = 0; i < n; i++) fprintf(stream, " %s", strategies[i].name);
  }
  if (is_named(o, "--micro-batch")) fputs(" off", stream);
  if (is_named(o, "--profile"))
    for (const char *const *name = gcut_profile_names(); *name; name++)
      fprintf(stream, " %s", *name);
  if (o->kind != TOOL_CHOICE) return;
  fputc(' ', stream);
  for (const char *c = o->value; *c; c++) fputc(*c == '|' ? ' ' : *c, stream);
}

static void print_verbs(const tool_verb *const *verbs, size_t n, FILE *stream) {
  for (size_t i = 0; i < n; i++) fprintf(stream, " %s", verbs[i]->name);
}

static void print_verb_bash(const tool_verb *v, FILE *stream) {
  fprintf(stream, "  %s)\n    options='", v->name);
  for (const tool_option *o = v->options; o->name; o++) {
    fprintf(stream, " %s", o->name);
    if (o->brief) fprintf(stream, " %s", o->brief);
  }
  fputs("'\n    case $before in\n", stream);
  for (const tool_option *o = v->options; o->name; o++) {
    if (!o->value) continue;
    fprintf(stream, "    %s%s%s) words='", o->name, o->brief ? "|" : "", o->brief ? o->brief : "");
    print_words(o, stream);
    fprintf(stream, "' value=1 files=%s ;;\n", takes_files(o) ? "1" : "");
  }
  fputs("    esac ;;\n", stream);
}

// Verbs first; then what the option before takes, the options of the verb, else files.
static void print_bash(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fputs("_graphcut() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= words= "
        "value= files=1 prefix=\n"
        "  if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "  if [ \"$word\" = = ]; then word=; fi\n"
        "  case $word in --*=*) before=${word%%=*} prefix=$before= word=${word#*=} ;; esac\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W 'help --version",
        stream);
  print_verbs(verbs, n, stream);
  fputs("' -- \"$word\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n", stream);
  fputs("  help) options= words='offload", stream);
  print_verbs(verbs, n, stream);
  fputs("' value=1 files= ;;\n", stream);
  for (size_t i = 0; i < n; i++) print_verb_bash(verbs[i], stream);
  fputs("  esac\n"
        "  case $value$word in\n"
        "  -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
        "  *) COMPREPLY=($(compgen -P \"$prefix\" -W \"$words\" -- \"$word\"))\n"
        "    if [ -n \"$files\" ]; then COMPREPLY+=($(compgen -P \"$prefix\" -f -- \"$word\")); fi "
        ";;\n"
        "  esac\n}\n"
        "complete -o filenames -F _graphcut graphcut\n",
        stream);
}

// zsh reads bash's completions once told to. Loaded at the first completion it is to complete, too.
static void print_zsh(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fputs("#compdef graphcut\nautoload -U +X bashcompinit && bashcompinit\n", stream);
  print_bash(verbs, n, stream);
  fputs("if (( $+compstate )); then _bash_complete -o filenames -F _graphcut; fi\n", stream);
}

// Text between fish's single quotes.
static void print_fish_text(const char *text, FILE *stream) {
  for (; *text; text++) {
    if (*text == '\'' || *text == '\\') fputc('\\', stream);
    fputc(*text, stream);
  }
}

static void print_option_fish(const tool_verb *v, const tool_option *o, FILE *stream) {
  fprintf(stream, "complete -c graphcut -n '__fish_seen_subcommand_from %s' -l %s", v->name,
          o->name + 2);
  if (o->brief) fprintf(stream, " -s %s", o->brief + 1);
  if (o->value) {
    fprintf(stream, " -%s -a '", takes_files(o) ? "r" : "x");
    print_words(o, stream);
    fputc('\'', stream);
  }
  fputs(" -d '", stream);
  print_fish_text(o->help, stream);
  fputs("'\n", stream);
}

static void print_fish(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fputs("complete -c graphcut -f -n __fish_use_subcommand -a help -d 'tell what a verb takes'\n"
        "complete -c graphcut -n __fish_use_subcommand -l version -d 'tell the version'\n"
        "complete -c graphcut -f -n '__fish_seen_subcommand_from help' -a 'offload",
        stream);
  print_verbs(verbs, n, stream);
  fputs("'\n", stream);
  for (size_t i = 0; i < n; i++) {
    const tool_verb *v = verbs[i];
    fprintf(stream, "complete -c graphcut -f -n __fish_use_subcommand -a %s -d '", v->name);
    print_fish_text(v->summary, stream);
    fputs("'\n", stream);
    for (const tool_option *o = v->options; o->name; o++) print_option_fish(v, o, stream);
  }
}

bool manual_print(const char *what, const tool_verb *const *verbs, size_t n_verbs, FILE *stream) {
  static const struct {
    const char *name;
    void (*print)(const tool_verb *const *verbs, size_t n, FILE *stream);
  } kinds[] = {{"offload", print_strategies},
               {"--man", print_man},
               {"--bash", print_bash},
               {"--zsh", print_zsh},
               {"--fish", print_fish}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, what) != 0) continue;
    kinds[i].print(verbs, n_verbs, stream);
    return true;
  }
  return false;
}
