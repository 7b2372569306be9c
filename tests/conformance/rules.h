// Reviewed data beside the runner: cases that are known to fail, and cases compared by another
// rule.
#ifndef GCUT_TESTS_CONFORMANCE_RULES_H
#define GCUT_TESTS_CONFORMANCE_RULES_H

#include <stdbool.h>
#include <stddef.h>

// A line of rules.txt: `CASE<TAB>RULE<TAB>REASON`, RULE one of
//   fails          listed as failing: an error if it passes
//   random         outputs are unseeded random numbers: compared by type, shape and distribution
//   R A            tolerance: rtol R, atol A
typedef struct conformance_rule {
  char *name, *reason;
  bool fails, random;
  double rtol, atol; // the official ones where the rule says nothing
} conformance_rule;

typedef struct conformance_rules {
  conformance_rule *items;
  size_t n;
} conformance_rules;

// False (and a message on stderr) where the file cannot be read or a line makes no sense.
bool rules_read(const char *path, conformance_rules *rules);
void rules_free(conformance_rules *rules);
// The rule of that case, or the official one.
conformance_rule rules_find(const conformance_rules *rules, const char *name);

#endif
