// A target is an operator type, a module class (short or with its package), the exact name of a
// node or module, or re:PATTERN over the names of nodes and modules. Literal targets are looked up
// in a hash table, so a long list costs no more than a short one; patterns are tried one by one.
//
// Of modules within matched modules the outermost counts: scopes are numbered after their parents,
// so one pass in order hands each scope its topmost match.
#include "partition/targets.h"

#include <string.h>

#include "graphcut/nearest.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"
#include "tracer/base/pattern.h"

// A pattern's brackets need not match: it may well be no pattern. What is left is then one target.
char *gcut_target_next(char **rest) {
  char *target = *rest;
  if (!target) return NULL;
  int depth = 0;
  const char *text = !strncmp(target, "in:", 3) ? target + 3 : target;
  if (!strncmp(target, "out:", 4)) text = target + 4;
  bool pattern = !strncmp(text, "re:", 3);
  char *c = target;
  for (; *c && !(*c == ',' && depth <= 0); c++) {
    if (!pattern) continue;
    if (*c == '\\' && c[1])
      c++;
    else if (strchr("([{", *c))
      depth++;
    else if (strchr(")]}", *c))
      depth--;
  }
  *rest = *c ? c + 1 : NULL;
  *c = 0;
  return target;
}

typedef struct matcher {
  const char *const *texts; // [n]
  size_t n;
  bool *matched;          // [n]
  gcut_pattern **pattern; // [n] NULL: literal
  uint32_t *table;        // [mask + 1] literals by hash, n: free
  size_t mask;
} matcher;

static void matcher_close(matcher *m) {
  for (size_t i = 0; m->pattern && i < m->n; i++) gcut_pattern_destroy(m->pattern[i]);
}

static uint32_t find_literal(const matcher *m, const char *text) {
  for (size_t at = gcut_hash(text, strlen(text));; at++) {
    uint32_t i = m->table[at & m->mask];
    if (i == m->n || !strcmp(m->texts[i], text)) return i;
  }
}

static void add_literal(matcher *m, uint32_t i) {
  size_t at = gcut_hash(m->texts[i], strlen(m->texts[i])) & m->mask;
  while (m->table[at] != m->n) at = (at + 1) & m->mask;
  m->table[at] = i;
}

static gcut_status matcher_open(matcher *m, const char *const *texts, size_t n, gcut_arena *arena,
                                gcut_error *err) {
  *m = (matcher){.texts = texts, .n = n, .mask = 1};
  if (n > UINT32_MAX / 4) return GCUT_FAIL(err, GCUT_ARGUMENT, "targets: too many");
  while (m->mask < 2 * n + 1) m->mask = 2 * m->mask + 1;
  m->matched = GCUT_NEW_ARRAY(arena, bool, n);
  m->table = GCUT_NEW_ARRAY(arena, uint32_t, m->mask + 1);
  m->pattern = GCUT_NEW_ARRAY(arena, gcut_pattern *, n);
  if (!m->matched || !m->table || !m->pattern) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i <= m->mask; i++) m->table[i] = (uint32_t)n;
  for (uint32_t i = 0; i < n; i++) {
    if (!strncmp(texts[i], "re:", 3))
      GCUT_TRY(gcut_pattern_create(texts[i] + 3, &m->pattern[i], err));
    else if (find_literal(m, texts[i]) == n)
      add_literal(m, i);
    else
      m->matched[i] = true; // said twice
  }
  return GCUT_OK;
}

// Whether a literal target is that text; notes which target first matched in *hit (n: none yet).
static void match_literal(matcher *m, const char *text, uint32_t *hit) {
  uint32_t i = *text ? find_literal(m, text) : (uint32_t)m->n;
  if (i == m->n) return;
  m->matched[i] = true;
  if (*hit == m->n) *hit = i;
}

static gcut_status match_patterns(matcher *m, const char *name, uint32_t *hit, gcut_error *err) {
  for (uint32_t i = 0; i < m->n; i++) {
    bool matches = false;
    if (m->pattern[i]) GCUT_TRY(gcut_pattern_match(m->pattern[i], name, &matches, err));
    if (!matches) continue;
    m->matched[i] = true;
    if (*hit == m->n) *hit = i;
  }
  return GCUT_OK;
}

const char *gcut__short_class(const char *class_name) {
  const char *dot = strrchr(class_name, '.');
  return dot ? dot + 1 : class_name;
}

// Each scope's matching target in hits[n_scopes]; the root is no module.
static gcut_status match_scopes(matcher *m, const gcut_graph *g, uint32_t *hits, gcut_error *err) {
  if (g->n_scopes) hits[0] = (uint32_t)m->n;
  for (uint32_t s = 1; s < g->n_scopes; s++) {
    const gcut_scope *scope = &g->scopes[s];
    hits[s] = (uint32_t)m->n;
    if (scope->n_nodes == 0) continue;
    match_literal(m, scope->path, &hits[s]);
    match_literal(m, scope->class_name, &hits[s]);
    match_literal(m, gcut__short_class(scope->class_name), &hits[s]);
    GCUT_TRY(match_patterns(m, scope->path, &hits[s], err));
  }
  return GCUT_OK;
}

static gcut_status match_node(matcher *m, const gcut_node *node, uint32_t *hit, gcut_error *err) {
  *hit = (uint32_t)m->n;
  match_literal(m, node->op_type, hit);
  match_literal(m, node->name, hit);
  return match_patterns(m, node->name, hit, err);
}

static gcut_status check_all_matched(const matcher *m, const gcut_graph *g, const char *what,
                                     gcut_error *err) {
  size_t i = 0;
  while (i < m->n && m->matched[i]) i++;
  if (i == m->n) return GCUT_OK;
  gcut_nearest near;
  gcut_nearest_begin(&near, m->pattern[i] ? m->texts[i] + 3 : m->texts[i]);
  const gcut_body *main = &g->bodies[0];
  for (uint32_t n = 0; n < main->n_nodes; n++)
    gcut_nearest_offer(&near, g->nodes[main->nodes[n]].op_type);
  for (uint32_t s = 1; s < g->n_scopes; s++) {
    if (g->scopes[s].n_nodes == 0) continue;
    gcut_nearest_offer(&near, gcut__short_class(g->scopes[s].class_name));
    gcut_nearest_offer(&near, g->scopes[s].path);
  }
  for (uint32_t n = 0; n < main->n_nodes; n++)
    gcut_nearest_offer(&near, g->nodes[main->nodes[n]].name);
  char list[512], shown[128];
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "%s '%s' matches no operator type, module class, module or node%s", what,
                   gcut__printable(m->texts[i], shown, sizeof shown),
                   gcut_nearest_format(&near, list, sizeof list));
}

typedef struct matching {
  const gcut__draft *draft;
  matcher targets, ignore;
  uint32_t *hit, *ignored; // [n_scopes] what matched the scope
  uint32_t *top;           // [n_scopes] topmost matched scope at or above, or GCUT_NONE
  uint32_t *group_of_top;  // [n_scopes]
} matching;

static gcut_status resolve_scopes(matching *k, gcut_error *err) {
  const gcut_graph *g = k->draft->graph;
  gcut_arena *arena = k->draft->scratch;
  k->hit = GCUT_NEW_ARRAY(arena, uint32_t, g->n_scopes);
  k->ignored = GCUT_NEW_ARRAY(arena, uint32_t, g->n_scopes);
  k->top = GCUT_NEW_ARRAY(arena, uint32_t, g->n_scopes);
  k->group_of_top = GCUT_NEW_ARRAY(arena, uint32_t, g->n_scopes);
  if (!k->hit || !k->ignored || !k->top || !k->group_of_top) return GCUT_NO_MEMORY(err);
  GCUT_TRY(match_scopes(&k->targets, g, k->hit, err));
  GCUT_TRY(match_scopes(&k->ignore, g, k->ignored, err));
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    uint32_t parent = g->scopes[s].parent;
    k->group_of_top[s] = GCUT_NONE;
    k->top[s] = parent == GCUT_NONE ? GCUT_NONE : k->top[parent];
    // Whatever is under an ignored module is ignored with it.
    if (k->ignored[s] == k->ignore.n && parent != GCUT_NONE) k->ignored[s] = k->ignored[parent];
    if (k->top[s] == GCUT_NONE && k->hit[s] != k->targets.n && k->ignored[s] == k->ignore.n)
      k->top[s] = s;
  }
  return GCUT_OK;
}

// Tries the targets on every node of the main graph, needed or not, so that one that matches only
// folded nodes is no typing error.
static gcut_status assign_groups(matching *k, gcut__groups *out, gcut_error *err) {
  const gcut_graph *g = k->draft->graph;
  const gcut_body *main = &g->bodies[0];
  for (uint32_t n = 0; n < g->n_nodes; n++) out->of[n] = GCUT_NONE;
  for (uint32_t i = 0; i < main->n_nodes; i++) {
    const gcut_node *node = &g->nodes[main->nodes[i]];
    uint32_t hit, ignored, top = k->top[node->scope];
    GCUT_TRY(match_node(&k->targets, node, &hit, err));
    GCUT_TRY(match_node(&k->ignore, node, &ignored, err));
    if (k->draft->needed[main->nodes[i]] == false) continue;
    uint32_t group = top == GCUT_NONE ? GCUT_NONE : k->group_of_top[top];
    if (group == GCUT_NONE && top != GCUT_NONE) {
      group = k->group_of_top[top] = out->n;
      out->items[out->n++] = (gcut__group){g->scopes[top].path, k->targets.texts[k->hit[top]]};
    } else if (top == GCUT_NONE && hit != k->targets.n && ignored == k->ignore.n &&
               k->ignored[node->scope] == k->ignore.n) {
      group = out->n;
      out->items[out->n++] = (gcut__group){node->name, k->targets.texts[hit]};
    }
    out->of[main->nodes[i]] = group;
  }
  return GCUT_OK;
}

static gcut_status match(matching *k, gcut__groups *out, gcut_error *err) {
  const gcut_graph *g = k->draft->graph;
  GCUT_TRY(resolve_scopes(k, err));
  GCUT_TRY(assign_groups(k, out, err));
  GCUT_TRY(check_all_matched(&k->targets, g, "target", err));
  GCUT_TRY(check_all_matched(&k->ignore, g, "ignore", err));
  char shown[128];
  if (out->n == 0 && k->targets.n > 0)
    return GCUT_FAIL(err, GCUT_ARGUMENT,
                     "target '%s': every match is ignored, folded away or not needed",
                     gcut__printable(k->targets.texts[0], shown, sizeof shown));
  return GCUT_OK;
}

gcut_status gcut__targets_match(const gcut__draft *draft, const char *const *targets,
                                size_t n_targets, const char *const *ignore, size_t n_ignore,
                                gcut__groups *out, gcut_error *err) {
  *out = (gcut__groups){0};
  out->items = GCUT_NEW_ARRAY(draft->scratch, gcut__group, draft->n_order);
  out->of = GCUT_NEW_ARRAY(draft->scratch, uint32_t, draft->graph->n_nodes);
  if (!out->items || !out->of) return GCUT_NO_MEMORY(err);
  matching k = {.draft = draft};
  gcut_status status = matcher_open(&k.targets, targets, n_targets, draft->scratch, err);
  if (status == GCUT_OK) status = matcher_open(&k.ignore, ignore, n_ignore, draft->scratch, err);
  if (status == GCUT_OK) status = match(&k, out, err);
  matcher_close(&k.targets);
  matcher_close(&k.ignore);
  return status;
}
