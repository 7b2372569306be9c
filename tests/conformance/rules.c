#include "tests/conformance/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const conformance_rule official = {.rtol = 1e-3, .atol = 1e-7};

static bool parse_rule(char *line, conformance_rule *rule) {
  char *save, *name = strtok_r(line, "\t", &save), *what = strtok_r(NULL, "\t", &save);
  char *reason = strtok_r(NULL, "\t\n", &save);
  *rule = official;
  if (!name || !what || !reason) return false;
  rule->fails = strcmp(what, "fails") == 0;
  rule->random = strcmp(what, "random") == 0;
  if (!rule->fails && !rule->random && sscanf(what, "%lf %lf", &rule->rtol, &rule->atol) != 2)
    return false;
  rule->name = strdup(name);
  rule->reason = strdup(reason);
  return true;
}

bool rules_read(const char *path, conformance_rules *rules) {
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "conformance: cannot read %s\n", path);
    return false;
  }
  char line[4096];
  bool ok = true;
  while (ok && fgets(line, sizeof line, file)) {
    if (line[0] == '#' || line[0] == '\n') continue;
    conformance_rule *larger = realloc(rules->items, (rules->n + 1) * sizeof *larger);
    ok = larger != NULL;
    if (ok) rules->items = larger;
    ok = ok && parse_rule(line, &rules->items[rules->n]);
    if (ok)
      rules->n++;
    else
      fprintf(stderr, "conformance: %s: a line is not CASE<TAB>RULE<TAB>REASON: %s", path, line);
  }
  fclose(file);
  return ok;
}

void rules_free(conformance_rules *rules) {
  for (size_t i = 0; i < rules->n; i++) {
    free(rules->items[i].name);
    free(rules->items[i].reason);
  }
  free(rules->items);
  *rules = (conformance_rules){0};
}

conformance_rule rules_find(const conformance_rules *rules, const char *name) {
  for (size_t i = 0; i < rules->n; i++)
    if (strcmp(rules->items[i].name, name) == 0) return rules->items[i];
  return official;
}
