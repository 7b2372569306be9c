// Runs the official ONNX cases on the CPU:
//
//   conformance [-v] [-f RULES] [-s SHAPES] [-r ROOT]... [-m N] [FILTER]
//
// Each case runs in a process of its own, so that a crash is one failure and not the end. Prints a
// table by folder and by operator, each failure with its reason, the share of static shapes, the
// time, and closes with `N passed, N failed, N skipped`.
// SHAPES is what the standard infers of the cases; without -s it is compared with the official ones
// alone.
// With -m each case is damaged N times over instead, and passes where nothing crashes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/mutate_case.h"
#include "tests/conformance/run_case.h"

static const char default_root[] = "/usr/share/libonnx-testdata/data";
enum { SECONDS_A_CASE = 120 };

typedef struct session {
  conformance_cases cases;
  conformance_rules rules;
  standard_shapes shapes;
  case_result *results; // shared with the children
  bool verbose;
  int mutations; // a case; 0: run the cases themselves
} session;

static void limit_child(void) {
  struct rlimit seconds = {SECONDS_A_CASE, SECONDS_A_CASE}, none = {0, 0};
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_CORE, &none);
}

static void run_one(session *s, const conformance_case *c, case_result *result) {
  static const char unlisted[] = "\t? is not in the list of shapes";
  if (s->mutations > 0) {
    mutate_case(c, s->mutations);
    result->ran = result->passed = true;
    return;
  }
  conformance_rule rule = rules_find(&s->rules, c->name);
  const char *standard = standard_shapes_find(&s->shapes, c->folder, c->name);
  if (!standard && s->shapes.n > 0) standard = unlisted;
  run_case(c, &rule, standard, result);
}

static void run_isolated(session *s, size_t i) {
  case_result *result = &s->results[i];
  pid_t child = fork();
  if (child == 0) {
    limit_child();
    run_one(s, &s->cases.items[i], result);
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

static long cores(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void run_all(session *s) {
  long workers = cores();
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

static double percent(int part, int whole) {
  return whole ? 100.0 * part / whole : 0;
}

// Of shapes known from the actual inputs, and of those known from the models alone.
static void print_static_shapes(const session *s) {
  int values = 0, complete = 0;
  shape_share alone = {0};
  for (size_t i = 0; i < s->cases.n; i++) {
    const case_result *r = &s->results[i];
    values += r->n_values, complete += r->n_static;
    alone.values += r->alone.values;
    alone.standard += r->alone.standard;
    alone.ours += r->alone.ours;
  }
  printf("values with a static shape: %d of %d (%.1f %%)", complete, values,
         percent(complete, values));
  if (alone.values > 0)
    printf("; from the models alone %d of %d (%.1f %%), the standard's inference %d (%.1f %%)",
           alone.ours, alone.values, percent(alone.ours, alone.values), alone.standard,
           percent(alone.standard, alone.values));
  printf("\n");
}

// Prints everything; returns the number of failures.
static int report(const session *s, double seconds) {
  tallies folders = {0}, operators = {0};
  int passed = 0, failed = 0;
  for (size_t i = 0; i < s->cases.n; i++) {
    const conformance_case *c = &s->cases.items[i];
    const case_result *r = &s->results[i];
    conformance_rule rule = rules_find(&s->rules, c->name);
    count(&folders, c->folder, r->passed);
    count_operators(&operators, r);
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
  print_static_shapes(s);
  printf("%.1f seconds on %ld cores\n", seconds, cores());
  printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed;
}

int main(int argc, char **argv) {
  session s = {0};
  const char *rules = "tests/conformance/rules.txt", *shapes = NULL, *filter = NULL;
  const char *roots[16] = {default_root};
  size_t n_roots = 0;
  for (int option; (option = getopt(argc, argv, "vr:f:s:m:")) != -1;) {
    if (option == 'v')
      s.verbose = true;
    else if (option == 'r' && n_roots < 16)
      roots[n_roots++] = optarg;
    else if (option == 'm')
      s.mutations = atoi(optarg);
    else if (option == 'f')
      rules = optarg;
    else if (option == 's')
      shapes = optarg;
    else
      return 2;
  }
  if (optind < argc) filter = argv[optind];
  if (n_roots == 0 && !shapes) shapes = "tests/conformance/standard_shapes.txt";
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
  if (shapes && !standard_shapes_read(shapes, &s.shapes)) return 2;
  fflush(stdout);
  double start = now();
  run_all(&s);
  int failed = report(&s, now() - start);
  cases_free(&s.cases);
  rules_free(&s.rules);
  standard_shapes_free(&s.shapes);
  return failed ? 1 : 0;
}
