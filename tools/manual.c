#include "manual.h"

#include <string.h>

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

static void print_names(const tool_verb *v, FILE *stream) {
  for (const tool_option *o = v->options; o->name; o++) fprintf(stream, " %s", o->name);
}

// Verbs first, then the options of the verb, else files.
static void print_bash(const tool_verb *const *verbs, size_t n, FILE *stream) {
  fputs("_graphcut() {\n  local word=${COMP_WORDS[COMP_CWORD]} options=\n", stream);
  fputs("  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W 'help", stream);
  for (size_t i = 0; i < n; i++) fprintf(stream, " %s", verbs[i]->name);
  fputs("' -- \"$word\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n", stream);
  for (size_t i = 0; i < n; i++) {
    fprintf(stream, "  %s) options='", verbs[i]->name);
    print_names(verbs[i], stream);
    fputs("' ;;\n", stream);
  }
  fputs("  esac\n  case $word in\n  -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n",
        stream);
  fputs("  *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n  esac\n}\n", stream);
  fputs("complete -o filenames -F _graphcut graphcut\n", stream);
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

static void print_fish(const tool_verb *const *verbs, size_t n, FILE *stream) {
  for (size_t i = 0; i < n; i++) {
    const tool_verb *v = verbs[i];
    fprintf(stream, "complete -c graphcut -n __fish_use_subcommand -a %s -d '", v->name);
    print_fish_text(v->summary, stream);
    fputs("'\n", stream);
    for (const tool_option *o = v->options; o->name; o++) {
      fprintf(stream, "complete -c graphcut -n '__fish_seen_subcommand_from %s' -l %s%s -d '",
              v->name, o->name + 2, o->value ? " -r" : "");
      print_fish_text(o->help, stream);
      fputs("'\n", stream);
    }
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
