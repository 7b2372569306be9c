#include "manual.h"

#include <string.h>

#include "graphcut/schedule.h"
#include "graphcut/simulate.h"

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
  fprintf(stream, ".SS graphcut %s %s\n", v->name, v->operands);
  print_roff(v->summary, stream);
  fputc('\n', stream);
  for (const tool_option *o = v->options; o->name; o++) print_option_roff(o, stream);
}

static void print_man(const tool_verb *const *verbs, size_t n, FILE *stream) {
  static const char *const exits[] = {
      "done",
      "results differ from what was expected, or from the uncut run",
      "usage",
      "a model, plan or input file is unreadable, malformed or unsafe",
      "something is unsupported; the message names node and operator",
      "the memory budget cannot be met; the message names the least that would do",
      "the device failed",
      "out of host memory or disk"};
  fprintf(stream, ".TH GRAPHCUT 1 \"\" \"graphcut %s\" \"User Commands\"\n.SH NAME\n",
          GCUT_VERSION);
  fputs(
      "graphcut \\- cut an ONNX model into parts and stream them through a device\n.SH SYNOPSIS\n",
      stream);
  fputs(".B graphcut\n.I VERB\n[operands] [options]\n.SH COMMANDS\n", stream);
  for (size_t i = 0; i < n; i++) print_verb_roff(verbs[i], stream);
  fputs(".SH EXIT STATUS\n", stream);
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
    fprintf(stream, ".TP\n.B %zu\n%s\n", i, exits[i]);
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
        "value= files=1\n"
        "  if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "  if [ \"$word\" = = ]; then word=; fi\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W 'help --version",
        stream);
  print_verbs(verbs, n, stream);
  fputs("' -- \"$word\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n", stream);
  fputs("  help) options= words='", stream);
  print_verbs(verbs, n, stream);
  fputs("' value=1 files= ;;\n", stream);
  for (size_t i = 0; i < n; i++) print_verb_bash(verbs[i], stream);
  fputs("  esac\n"
        "  case $value$word in\n"
        "  -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
        "  *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "    if [ -n \"$files\" ]; then COMPREPLY+=($(compgen -f -- \"$word\")); fi "
        ";;\n"
        "  esac\n}\n"
        "complete -o filenames -F _graphcut graphcut\n",
        stream);
}

// zsh reads bash's completions once told to.
static void print_zsh(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fputs("#compdef graphcut\nautoload -U +X bashcompinit && bashcompinit\n", stream);
  print_bash(verbs, n, stream);
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
  fputs("complete -c graphcut -n __fish_use_subcommand -a help -d 'tell what a verb takes'\n"
        "complete -c graphcut -f -n '__fish_seen_subcommand_from help' -a '",
        stream);
  print_verbs(verbs, n, stream);
  fputs("'\n", stream);
  for (size_t i = 0; i < n; i++) {
    const tool_verb *v = verbs[i];
    fprintf(stream, "complete -c graphcut -n __fish_use_subcommand -a %s -d '", v->name);
    print_fish_text(v->summary, stream);
    fputs("'\n", stream);
    for (const tool_option *o = v->options; o->name; o++) print_option_fish(v, o, stream);
  }
}

bool manual_print(const char *what, const tool_verb *const *verbs, size_t n_verbs, FILE *stream) {
  static const struct {
    const char *name;
    void (*print)(const tool_verb *const *verbs, size_t n, FILE *stream);
  } kinds[] = {
      {"--man", print_man}, {"--bash", print_bash}, {"--zsh", print_zsh}, {"--fish", print_fish}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, what) != 0) continue;
    kinds[i].print(verbs, n_verbs, stream);
    return true;
  }
  return false;
}
