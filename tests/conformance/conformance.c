// Runs the official ONNX cases on the CPU: conformance [-v] [-f RULES] [-r ROOT]... [-m N] [FILTER]
//
// Each case runs in a process of its own, so that a crash is one failure and not the end. Prints a
// table by folder and by operator, each failure with its reason, the share of static shapes, and
// closes with `N passed, N failed, N skipped`.
// With -m each case is damaged N times over instead, and passes where nothing crashes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/mutate_case.h"
#include "tests/conformance/run_case.h"

static const char default_root[] = "/usr/share/libonnx-testdata/data";
enum { SECONDS_A_CASE = 120 };

typedef struct session {
  conformance_cases cases;
  conformance_rules rules;
  case_result *results; // shared with the children
  bool verbose;
  int mutations; // a case; 0: run the cases themselves
} session;

static void limit_child(void) {
  struct rlimit seconds = {SECONDS_A_CASE, SECONDS_A_CASE}, none = {0, 0};
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_CORE, &none);
}

static void run_isolated(session *s, size_t i) {
  case_result *result = &s->results[i];
  pid_t child = fork();
  if (child == 0) {
    limit_child();
    conformance_rule rule = rules_find(&s->rules, s->cases.items[i].name);
    if (s->mutations > 0)
      mutate_case(&s->cases.items[i], s->mutations), result->ran = result->passed = true;
    else
      run_case(&s->cases.items[i], &rule, result);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0 || !result->ran) {
    result->passed = false;
    if (!*result->why || WIFSIGNALED(status))
      snprintf(result->why, sizeof result->why, "CRASHED (signal %d, status %d)",
               WIFSIGNALED(status) ? WTERMSIG(status) : 0,
               WIFEXITED(status) ? WEXITSTATUS(status) : 0);
  }
}

static void run_all(session *s) {
  long workers = sysconf(_SC_NPROCESSORS_ONLN);
  if (workers < 1) workers = 1;
  for (long w = 0; w < workers; w++)
    if (fork() == 0) {
      for (size_t i = (size_t)w; i < s->cases.n; i += (size_t)workers) run_isolated(s, i);
      _exit(0);
    }
  while (wait(NULL) > 0) continue;
}

// ---- report -----------------------------------------------------------------------------------

typedef struct tally {
  char name[64];
  int passed, total;
} tally;

typedef struct tallies {
  tally *items;
  size_t n;
} tallies;

static void count(tallies *t, const char *name, bool passed) {
  size_t i = 0;
  while (i < t->n && strcmp(t->items[i].name, name) != 0) i++;
  if (i == t->n) {
    tally *larger = realloc(t->items, (t->n + 1) * sizeof *larger);
    if (!larger) return;
    t->items = larger;
    t->items[t->n] = (tally){0};
    snprintf(t->items[t->n++].name, sizeof t->items[0].name, "%s", name);
  }
  t->items[i].total++;
  t->items[i].passed += passed;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const tally *)a)->name, ((const tally *)b)->name);
}

static void print_tallies(tallies *t, const char *title) {
  if (t->n > 0) qsort(t->items, t->n, sizeof *t->items, by_name);
  printf("%s\n", title);
  for (size_t i = 0; i < t->n; i++)
    printf("  %-32s %4d / %-4d%s", t->items[i].name, t->items[i].passed, t->items[i].total,
           i % 2 == 1 || i + 1 == t->n ? "\n" : "");
  free(t->items);
}

static void count_operators(tallies *t, const case_result *r) {
  char words[sizeof r->operators], *save;
  memcpy(words, r->operators, sizeof words);
  for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
    count(t, word, r->passed);
}

// Prints everything; returns the number of failures.
static int report(const session *s) {
  tallies folders = {0}, operators = {0};
  int passed = 0, failed = 0, values = 0, complete = 0;
  for (size_t i = 0; i < s->cases.n; i++) {
    const conformance_case *c = &s->cases.items[i];
    const case_result *r = &s->results[i];
    conformance_rule rule = rules_find(&s->rules, c->name);
    count(&folders, c->folder, r->passed);
    count_operators(&operators, r);
    values += r->n_values, complete += r->n_static;
    if (rule.fails && r->passed)
      printf("FAIL %s/%s passes, but rules.txt lists it as failing\n", c->folder, c->name);
    else if (rule.fails)
      printf("known %s/%s: %s (%s)\n", c->folder, c->name, r->why, rule.reason);
    else if (!r->passed)
      printf("FAIL %s/%s: %s\n", c->folder, c->name, r->why);
    else if (s->verbose)
      printf("ok %s/%s\n", c->folder, c->name);
    bool good = r->passed && !rule.fails;
    passed += good, failed += !good;
  }
  print_tallies(&folders, "by folder (passed / cases)");
  print_tallies(&operators, "by operator (passed / cases)");
  printf("values with a static shape: %d of %d (%.1f %%)\n", complete, values,
         values ? 100.0 * complete / values : 0);
  printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed;
}

int main(int argc, char **argv) {
  session s = {0};
  const char *rules = "tests/conformance/rules.txt", *filter = NULL, *roots[16] = {default_root};
  size_t n_roots = 0;
  for (int option; (option = getopt(argc, argv, "vr:f:m:")) != -1;) {
    if (option == 'v')
      s.verbose = true;
    else if (option == 'r' && n_roots < 16)
      roots[n_roots++] = optarg;
    else if (option == 'm')
      s.mutations = atoi(optarg);
    else if (option == 'f')
      rules = optarg;
    else
      return 2;
  }
  if (optind < argc) filter = argv[optind];
  if (n_roots == 0) n_roots = 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < n_roots; i++)
    if (!cases_find(roots[i], filter, &s.cases)) {
      fprintf(stderr, "conformance: cannot read %s (Debian's package libonnx-testdata)\n",
              roots[i]);
      return 2;
    }
  s.results = mmap(NULL, (s.cases.n + 1) * sizeof *s.results, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s.results == MAP_FAILED || !rules_read(rules, &s.rules)) return 2;
  fflush(stdout);
  run_all(&s);
  int failed = report(&s);
  cases_free(&s.cases);
  rules_free(&s.rules);
  return failed ? 1 : 0;
}
