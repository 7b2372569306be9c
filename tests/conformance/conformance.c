// Runs the official ONNX cases:
//
//   conformance [-d DEVICE] [-f RULES]... [-s SHAPES] [-r ROOT]... [-j WORKERS] [-m N] [-v]
//   [FILTER]
//
// On the CPU each case runs node by node in a process of its own, so that a crash is one failure
// and not the end; on another device it runs as a whole, and a process goes on to the next case as
// long as it lives, for a card takes long to open. Either way it also runs cut at every node, bit
// for bit. Prints a table by folder and by operator, each failure with its reason, what a device
// left to the host, the share of static shapes, the time, and closes with `N passed, N failed, N
// skipped`.
// Of several files of rules the first that names a case counts. SHAPES is what the standard infers
// of the cases; without -s it is compared with the official ones alone, on the CPU.
// With -m each case is damaged N times over instead, and passes where nothing crashes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec/device.h"
#include "tests/conformance/mutate_case.h"
#include "tests/conformance/run_case.h"

static const char default_root[] = "/usr/share/libonnx-testdata/data",
                  default_rules[] = "tests/conformance/rules.txt",
                  default_shapes[] = "tests/conformance/standard_shapes.txt";
enum { SECONDS_A_CASE = 120, MOST_WORKERS = 16, MOST_ROOTS = 16 };

typedef struct session {
  conformance_cases cases;
  conformance_rules rules;
  standard_shapes shapes;
  case_result *results; // shared with the children
  const char *device;
  bool verbose;
  int mutations; // a case; 0: run the cases themselves
  long workers;
} session;

// The next case's share of the processor; hanging elsewhere ends, too.
static void limit_case(void) {
  struct rusage used;
  struct rlimit seconds = {RLIM_INFINITY, RLIM_INFINITY}, none = {0, 0};
  if (getrusage(RUSAGE_SELF, &used) == 0)
    seconds.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + SECONDS_A_CASE);
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_CORE, &none);
  alarm(10 * SECONDS_A_CASE);
}

static void run_one(session *s, size_t i) {
  static const char unlisted[] = "\t? is not in the list of shapes";
  const conformance_case *c = &s->cases.items[i];
  limit_case();
  if (s->mutations > 0) {
    mutate_case(c, s->mutations);
    s->results[i].ran = s->results[i].passed = true;
    return;
  }
  conformance_rule rule = rules_find(&s->rules, c->name);
  const char *standard = standard_shapes_find(&s->shapes, c->folder, c->name);
  if (!standard && s->shapes.n > 0) standard = unlisted;
  run_case(c, &rule, standard, s->device, &s->results[i]);
}

static bool on_cpu(const session *s) {
  return strcmp(s->device, "cpu") == 0;
}

// In a process of their own: case `i`, and on a device those after it. The device is held open
// beside the runs, which open it anew each, so that the card stays awake.
static void run_child(session *s, size_t i) {
  gcut__device *held = NULL;
  gcut_error err;
  if (!on_cpu(s) && gcut__device_open(s->device, &held, &err) != GCUT_OK) _exit(1);
  do {
    run_one(s, i);
    i += (size_t)s->workers;
  } while (!on_cpu(s) && i < s->cases.n);
  _exit(0);
}

static void blame(case_result *result, int status) {
  result->passed = false;
  result->ran = true;
  if (!*result->why || WIFSIGNALED(status))
    snprintf(result->why, sizeof result->why, "CRASHED (signal %d, status %d)",
             WIFSIGNALED(status) ? WTERMSIG(status) : 0,
             WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

// Every case of one worker: a child runs as many as it survives.
static void run_share(session *s, size_t first) {
  for (size_t i = first; i < s->cases.n;) {
    size_t end = on_cpu(s) ? i + 1 : s->cases.n;
    pid_t child = fork();
    if (child == 0) run_child(s, i);
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    while (i < end && s->results[i].ran) i += (size_t)s->workers;
    if (i < end) blame(&s->results[i], status);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void run_all(session *s) {
  for (long w = 0; w < s->workers; w++)
    if (fork() == 0) {
      run_share(s, (size_t)w);
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

// What a device left to the host, "2 Range, 1 GatherND", by the number of nodes.
static void count_host(tallies *t, const case_result *r) {
  char words[sizeof r->host], *save;
  memcpy(words, r->host, sizeof words);
  for (char *word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
    char name[64];
    int n;
    if (sscanf(word, "%d %63s", &n, name) == 2)
      while (n-- > 0) count(t, name, r->passed);
  }
}

// Prints everything; returns the number of failures.
static int report(const session *s, double seconds) {
  tallies folders = {0}, operators = {0}, host = {0};
  int passed = 0, failed = 0, skipped = 0;
  for (size_t i = 0; i < s->cases.n; i++) {
    const conformance_case *c = &s->cases.items[i];
    const case_result *r = &s->results[i];
    conformance_rule rule = rules_find(&s->rules, c->name);
    skipped += r->skipped;
    if (r->skipped) {
      printf("skip %s/%s: %s\n", c->folder, c->name, r->why);
      continue;
    }
    count(&folders, c->folder, r->passed);
    count_operators(&operators, r);
    count_host(&host, r);
    if (rule.fails && r->passed)
      printf("FAIL %s/%s passes, but the rules list it as failing\n", c->folder, c->name);
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
  if (!on_cpu(s)) print_tallies(&host, "computed on the host (nodes in passing cases / nodes)");
  print_static_shapes(s);
  printf("%.1f seconds on %ld cores\n", seconds, s->workers);
  printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed;
}

typedef struct arguments {
  const char *rules[4], *roots[MOST_ROOTS], *shapes;
  size_t n_rules, n_roots;
} arguments;

static void set_defaults(const session *s, arguments *a) {
  if (a->n_roots == 0 && !a->shapes && on_cpu(s)) a->shapes = default_shapes;
  if (a->n_roots == 0) a->roots[a->n_roots++] = default_root;
  if (a->n_rules == 0) a->rules[a->n_rules++] = default_rules;
}

static bool read_options(session *s, arguments *a, int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "vd:r:f:s:j:m:")) != -1;) {
    if (option == 'v')
      s->verbose = true;
    else if (option == 'd')
      s->device = optarg;
    else if (option == 'r' && a->n_roots < MOST_ROOTS)
      a->roots[a->n_roots++] = optarg;
    else if (option == 'm')
      s->mutations = atoi(optarg);
    else if (option == 'j')
      s->workers = atol(optarg);
    else if (option == 'f' && a->n_rules < sizeof a->rules / sizeof *a->rules)
      a->rules[a->n_rules++] = optarg;
    else if (option == 's')
      a->shapes = optarg;
    else
      return false;
  }
  set_defaults(s, a);
  return s->workers > 0;
}

static bool find_cases(session *s, const arguments *a, const char *filter) {
  for (size_t i = 0; i < a->n_roots; i++)
    if (!cases_find(a->roots[i], filter, &s->cases)) {
      fprintf(stderr, "conformance: cannot read %s (Debian's package libonnx-testdata)\n",
              a->roots[i]);
      return false;
    }
  return true;
}

static bool read_tables(session *s, const arguments *a) {
  for (size_t i = 0; i < a->n_rules; i++)
    if (!rules_read(a->rules[i], &s->rules)) return false;
  return !a->shapes || standard_shapes_read(a->shapes, &s->shapes);
}

int main(int argc, char **argv) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  session s = {.device = "cpu", .workers = processors < MOST_WORKERS ? processors : MOST_WORKERS};
  arguments a = {{NULL}};
  if (!read_options(&s, &a, argc, argv)) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!find_cases(&s, &a, argv[optind]) || !read_tables(&s, &a)) return 2;
  s.results = mmap(NULL, (s.cases.n + 1) * sizeof *s.results, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s.results == MAP_FAILED) return 2;
  fflush(stdout);
  double start = now();
  run_all(&s);
  int failed = report(&s, now() - start);
  cases_free(&s.cases);
  rules_free(&s.rules);
  standard_shapes_free(&s.shapes);
  return failed ? 1 : 0;
}
