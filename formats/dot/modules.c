#include "formats/dot/modules.h"

#include <stdlib.h>

#include "formats/dot/caption.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"
#include "tracer/base/map.h"

enum {
  FOLD_RUN = 3, // equal siblings from which on they are folded
  FAN_OUT = 4,  // readers of a value up to which each gets its link
};

// ---- facts about scopes -----------------------------------------------------------------------

// Bytes of the constants a node reads; those of a body are its initializers.
static uint64_t bytes_of_node(const gcut_trace *trace, const gcut_node *node) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < node->n_inputs + node->n_captures; i++) {
    uint32_t v =
        trace->graph->operands[i < node->n_inputs ? node->first_input + i
                                                  : node->first_capture + i - node->n_inputs];
    if (v != GCUT_NONE && trace->facts[v].constant) bytes += trace->facts[v].constant->bytes;
  }
  return bytes;
}

static void add_to_scopes(gcut_modules *m, const gcut_node *node, uint32_t index) {
  const gcut_graph *g = m->trace->graph;
  uint64_t hash = gcut_hash(node->op_type, strlen(node->op_type)) ^ m->node_bytes[index];
  for (uint32_t s = node->scope; s != GCUT_NONE; s = g->scopes[s].parent) {
    m->scopes[s].signature = (m->scopes[s].signature ^ hash) * UINT64_C(0x100000001b3) + 1;
    m->scopes[s].weight_bytes += m->node_bytes[index];
    m->scopes[s].flops += m->trace->flops[index];
  }
}

bool gcut_modules_about_equal(uint64_t a, uint64_t b) {
  return (a > b ? a - b : b - a) <= a / 100;
}

static bool same_module(const gcut_modules *m, uint32_t a, uint32_t b) {
  const gcut_scope *x = &m->trace->graph->scopes[a], *y = &m->trace->graph->scopes[b];
  if (x->parent != y->parent || strcmp(x->class_name, y->class_name) != 0 || x->n_nodes == 0)
    return false;
  // Of one class and about as many weights will do: the first of a run often computes what all
  // share.
  if (*x->class_name && m->scopes[a].weight_bytes > 0)
    return gcut_modules_about_equal(m->scopes[a].weight_bytes, m->scopes[b].weight_bytes);
  return m->scopes[a].signature == m->scopes[b].signature;
}

static void fold_run(gcut_modules *m, const uint32_t *run, uint32_t n) {
  if (n < FOLD_RUN) return;
  for (uint32_t i = 1; i < n; i++) m->scopes[run[i]].fold_to = run[1];
  m->scopes[run[1]].n_folded = n - 1;
  m->scopes[run[1]].last_folded = run[n - 1];
}

// Walks each parent's children in their order and folds runs of equal ones. `next` and `first` list
// children.
static void find_runs(gcut_modules *m, const uint32_t *first, const uint32_t *next, uint32_t *run) {
  for (uint32_t p = 0; p < m->trace->graph->n_scopes; p++) {
    uint32_t n = 0;
    for (uint32_t s = first[p]; s != GCUT_NONE; s = next[s]) {
      if (n > 0 && !same_module(m, run[0], s)) {
        fold_run(m, run, n);
        n = 0;
      }
      run[n++] = s;
    }
    fold_run(m, run, n);
  }
}

static gcut_status fold_scopes(gcut_modules *m, gcut_error *err) {
  uint32_t n = m->trace->graph->n_scopes;
  uint32_t *memory = malloc((size_t)n * 3 * sizeof *memory);
  if (!memory) return GCUT_NO_MEMORY(err);
  uint32_t *first = memory, *next = memory + n, *run = memory + 2 * (size_t)n;
  for (uint32_t s = 0; s < n; s++) first[s] = next[s] = GCUT_NONE;
  for (uint32_t s = n; s-- > 1;) {
    uint32_t parent = m->trace->graph->scopes[s].parent;
    next[s] = first[parent];
    first[parent] = s;
  }
  find_runs(m, first, next, run);
  free(memory);
  return GCUT_OK;
}

// Finds the modules that parts are named after, by a table of all paths.
static gcut_status find_part_scopes(gcut_modules *m, gcut_error *err) {
  const gcut_scope *scopes = m->trace->graph->scopes;
  gcut_map paths = {0};
  bool ok = true;
  for (uint32_t s = 1; s < m->trace->graph->n_scopes && ok; s++)
    ok = gcut_map_set(&paths, gcut_hash(scopes[s].path, strlen(scopes[s].path)) >> 1, s);
  for (uint32_t p = 0; m->plan && p < m->plan->n_parts; p++) {
    const char *name = m->plan->parts[p].name;
    uint32_t s = gcut_map_get(&paths, gcut_hash(name, strlen(name)) >> 1);
    m->scope_of_part[p] = s != UINT32_MAX && strcmp(scopes[s].path, name) == 0 ? s : 0;
  }
  gcut_map_free(&paths);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static void number_parts(gcut_modules *m) {
  for (uint32_t i = 0; i < m->trace->graph->n_nodes; i++)
    m->part_of_node[i] = m->box_of_node[i] = GCUT_NONE;
  for (uint32_t p = 0; m->plan && p < m->plan->n_parts; p++)
    for (uint32_t i = 0; i < m->plan->parts[p].n_nodes; i++)
      m->part_of_node[m->plan->parts[p].nodes[i]] = p;
}

static gcut_status fill(gcut_modules *m, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  m->scopes = GCUT_NEW_ARRAY(m->arena, gcut_scope_facts, g->n_scopes);
  m->node_bytes = GCUT_NEW_ARRAY(m->arena, uint64_t, g->n_nodes);
  m->part_of_node = GCUT_NEW_ARRAY(m->arena, uint32_t, g->n_nodes);
  m->box_of_node = GCUT_NEW_ARRAY(m->arena, uint32_t, g->n_nodes);
  m->scope_of_part = GCUT_NEW_ARRAY(m->arena, uint32_t, m->plan ? m->plan->n_parts : 0);
  if (!m->scopes || !m->node_bytes || !m->part_of_node || !m->box_of_node || !m->scope_of_part)
    return GCUT_NO_MEMORY(err);
  number_parts(m);
  GCUT_TRY(find_part_scopes(m, err));
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    m->scopes[s].fold_to = GCUT_NONE;
    if (s > 0) m->scopes[s].depth = m->scopes[g->scopes[s].parent].depth + 1;
    if (s > 0 && g->scopes[s].n_nodes > 0) m->scopes[g->scopes[s].parent].has_modules = true;
  }
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    uint32_t node = g->bodies[0].nodes[i];
    m->node_bytes[node] = bytes_of_node(m->trace, &g->nodes[node]);
    if (!gcut_modules_is_shape_code(m, node)) add_to_scopes(m, &g->nodes[node], node);
  }
  return fold_scopes(m, err);
}

gcut_status gcut_modules_create(const gcut_trace *trace, const gcut_plan *plan,
                                const gcut_draw_options *options, gcut_modules **out_modules,
                                gcut_error *err) {
  gcut_modules *m = *out_modules = calloc(1, sizeof *m);
  if (!m) return GCUT_NO_MEMORY(err);
  *m = (gcut_modules){
      .trace = trace, .plan = plan, .options = options, .arena = gcut_arena_create()};
  gcut_status status = fill(m, err);
  if (status == GCUT_OK) return GCUT_OK;
  gcut_modules_destroy(m);
  *out_modules = NULL;
  return status;
}

void gcut_modules_destroy(gcut_modules *m) {
  if (!m) return;
  gcut_arena_destroy(m->arena);
  free(m);
}

bool gcut_modules_is_shape_code(const gcut_modules *m, uint32_t index) {
  const gcut_node *node = &m->trace->graph->nodes[index];
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t v = gcut_node_outputs(m->trace->graph, node)[i];
    if (v == GCUT_NONE) continue;
    const gcut_fact *fact = &m->trace->facts[v];
    bool integer = fact->type.type == GCUT_INT64 || fact->type.type == GCUT_INT32 ||
                   fact->type.type == GCUT_BOOL;
    if (!fact->constant && !fact->content &&
        !(integer && fact->type.rank >= 0 && fact->type.rank <= 1))
      return false;
  }
  return node->n_outputs > 0;
}

// ---- which box a node belongs to --------------------------------------------------------------

enum { CROWD = 4 }; // connected operators of one scope that make one box

// The scope that stands for `scope` as one box, or GCUT_NONE where all around it are opened.
static uint32_t closed_scope(const gcut_modules *m, uint32_t scope, uint32_t depth) {
  uint32_t found = GCUT_NONE;
  for (uint32_t s = scope; s != GCUT_NONE; s = m->trace->graph->scopes[s].parent) {
    const gcut_scope_facts *f = &m->scopes[s];
    bool leaf = depth != GCUT_ALL_OPS && !f->has_modules && s != 0;
    if (f->fold_to != GCUT_NONE)
      found = f->fold_to;
    else if (f->depth > depth || leaf)
      found = s;
  }
  return found;
}

static bool left_out(const gcut_modules *m, uint32_t node) {
  return !m->options->all && gcut_modules_is_shape_code(m, node);
}

// Who stands for each node: a scope's number; from n_scopes on, a node for itself or its crowd;
// GCUT_NONE: not drawn.
typedef struct owners {
  uint32_t *of_node; // [n_nodes]
  uint32_t *crowd;   // [n_nodes] of a crowd's first node: how many it is
} owners;

static void owners_free(owners *o) {
  free(o->of_node);
  free(o->crowd);
}

static uint32_t find_root(uint32_t *owner, uint32_t base, uint32_t node) {
  while (owner[node] != base + node) {
    owner[node] = owner[owner[node] - base]; // halve the path
    node = owner[node] - base;
  }
  return node;
}

// Joins a node that stands for itself with the producers of its inputs that do, too, in the same
// scope and part.
static void join_crowd(const gcut_modules *m, uint32_t *owner, uint32_t node) {
  const gcut_graph *g = m->trace->graph;
  const gcut_node *n = &g->nodes[node];
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    uint32_t v = gcut_node_inputs(g, n)[i],
             from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
    if (from == GCUT_NONE || owner[from] == GCUT_NONE || owner[from] < g->n_scopes) continue;
    if (g->nodes[from].scope != n->scope || m->part_of_node[from] != m->part_of_node[node])
      continue;
    uint32_t a = find_root(owner, g->n_scopes, from), b = find_root(owner, g->n_scopes, node);
    if (a < b)
      owner[b] = g->n_scopes + a;
    else
      owner[a] = g->n_scopes + b;
  }
}

static gcut_status find_owners(const gcut_modules *m, const uint32_t *nodes, uint32_t n,
                               uint32_t depth, owners *o, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  *o = (owners){.of_node = malloc(((size_t)g->n_nodes + 1) * sizeof *o->of_node),
                .crowd = calloc((size_t)g->n_nodes + 1, sizeof *o->crowd)};
  if (!o->of_node || !o->crowd) {
    owners_free(o);
    return GCUT_NO_MEMORY(err);
  }
  for (uint32_t i = 0; i < g->n_nodes; i++) o->of_node[i] = GCUT_NONE;
  for (uint32_t i = 0; i < n; i++) {
    if (left_out(m, nodes[i])) continue;
    uint32_t scope = closed_scope(m, g->nodes[nodes[i]].scope, depth);
    o->of_node[nodes[i]] = scope == GCUT_NONE ? g->n_scopes + nodes[i] : scope;
  }
  if (depth == GCUT_ALL_OPS) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    if (o->of_node[nodes[i]] != GCUT_NONE && o->of_node[nodes[i]] >= g->n_scopes)
      join_crowd(m, o->of_node, nodes[i]);
  for (uint32_t i = 0; i < n; i++)
    if (o->of_node[nodes[i]] != GCUT_NONE && o->of_node[nodes[i]] >= g->n_scopes)
      o->crowd[find_root(o->of_node, g->n_scopes, nodes[i])]++;
  return GCUT_OK;
}

// The final owner of a node: a crowd too small to be one is its operators.
static uint32_t owner_of(const gcut_modules *m, owners *o, uint32_t node) {
  uint32_t base = m->trace->graph->n_scopes;
  if (o->of_node[node] == GCUT_NONE || o->of_node[node] < base) return o->of_node[node];
  uint32_t root = find_root(o->of_node, base, node);
  return base + (o->crowd[root] >= CROWD ? root : node);
}

gcut_status gcut_modules_count(const gcut_modules *m, const uint32_t *nodes, uint32_t n_nodes,
                               uint32_t depth, uint32_t *out_n, gcut_error *err) {
  owners o;
  gcut_map seen = {0};
  *out_n = 0;
  GCUT_TRY(find_owners(m, nodes, n_nodes, depth, &o, err));
  bool ok = true;
  for (uint32_t i = 0; i < n_nodes && ok; i++) {
    uint32_t owner = owner_of(m, &o, nodes[i]);
    if (owner != GCUT_NONE) ok = gcut_map_set(&seen, owner, 1);
  }
  *out_n = seen.count;
  gcut_map_free(&seen);
  owners_free(&o);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut_modules_fit(const gcut_modules *m, const uint32_t *nodes, uint32_t n_nodes,
                             uint32_t limit, uint32_t *out_depth, gcut_error *err) {
  uint32_t deepest = 1, n;
  for (uint32_t s = 0; s < m->trace->graph->n_scopes; s++)
    if (m->scopes[s].depth > deepest) deepest = m->scopes[s].depth;
  *out_depth = 0;
  for (uint32_t depth = 1; depth <= deepest; depth++) {
    GCUT_TRY(gcut_modules_count(m, nodes, n_nodes, depth, &n, err));
    if (n > limit) break;
    *out_depth = depth;
  }
  return GCUT_OK;
}

// ---- boxes ------------------------------------------------------------------------------------

typedef struct painter {
  gcut_modules *m;
  gcut_drawing *d;
  uint32_t depth, root, group;
  uint32_t *group_of_scope; // [n_scopes]
} painter;

// Weights, operators and compute of a module, in one line.
static const char *scope_detail(const painter *p, uint32_t scope) {
  const gcut_scope_facts *f = &p->m->scopes[scope];
  const char *each = f->n_folded > 1 ? " each" : "";
  if (f->weight_bytes == 0 && f->flops == 0) return NULL;
  if (f->flops == 0)
    return gcut_arena_format(p->d->arena, "%s%s", gcut_caption_bytes(p->d->arena, f->weight_bytes),
                             each);
  return gcut_arena_format(p->d->arena, "%s%s · %s",
                           gcut_caption_bytes(p->d->arena, f->weight_bytes), each,
                           gcut_caption_flops(p->d->arena, f->flops));
}

// Frames from the outermost opened scope down to `scope`, made at need.
static uint32_t frame_of(painter *p, uint32_t scope) {
  uint32_t chain[64], n = 0, group = p->group;
  for (uint32_t s = scope; s != GCUT_NONE && s != p->root && s != 0 && n < 64;
       s = p->m->trace->graph->scopes[s].parent)
    chain[n++] = s;
  while (n-- > 0) {
    uint32_t s = chain[n];
    const gcut_scope *scope_ = &p->m->trace->graph->scopes[s];
    if (p->group_of_scope[s] == GCUT_NONE) {
      const char *class_name = gcut_caption_class(scope_->class_name);
      gcut_group frame = {
          .title = gcut_arena_format(
              p->d->arena, "%s%s%s", gcut_caption_name(p->d->arena, scope_->name, 40),
              *class_name ? " · " : "", gcut_caption_name(p->d->arena, class_name, 40)),
          .parent = group};
      p->group_of_scope[s] = gcut_drawing_add_group(p->d, &frame);
    }
    group = p->group_of_scope[s];
  }
  return group;
}

// "layers.1 … layers.31  × 31".
static const char *stack_title(const painter *p, uint32_t scope) {
  const gcut_scope_facts *f = &p->m->scopes[scope];
  const gcut_scope *scopes = p->m->trace->graph->scopes;
  gcut_arena *arena = p->d->arena;
  return gcut_arena_format(arena, "%s … %s  × %u", gcut_caption_name(arena, scopes[scope].name, 30),
                           gcut_caption_name(arena, scopes[f->last_folded].name, 30), f->n_folded);
}

static uint32_t scope_box(painter *p, uint32_t scope) {
  const gcut_scope *s = &p->m->trace->graph->scopes[scope];
  const gcut_scope_facts *f = &p->m->scopes[scope];
  gcut_arena *arena = p->d->arena;
  const char *name = gcut_caption_name(arena, s->name, 40);
  gcut_box box = {
      .title = f->n_folded ? stack_title(p, scope) : name,
      .subtitle =
          *s->class_name ? gcut_caption_name(arena, gcut_caption_class(s->class_name), 40) : NULL,
      .detail = scope_detail(p, scope),
      .tooltip = gcut_arena_format(arena, "%s\n%s\n%u nodes", s->path, s->class_name, s->n_nodes),
      .shape = f->n_folded ? GCUT_BOX_STACK : GCUT_BOX_MODULE,
      .paint = gcut_paint_of_scope(p->m->trace->graph, scope),
      .heat = -1,
      .group = frame_of(p, s->parent == GCUT_NONE ? 0 : s->parent),
      .scope = scope,
      .part = GCUT_NONE,
      .node = GCUT_NONE};
  return gcut_drawing_add_box(p->d, &box);
}

static uint32_t node_box(painter *p, uint32_t index) {
  const gcut_trace *trace = p->m->trace;
  const gcut_node *node = &trace->graph->nodes[index];
  gcut_arena *arena = p->d->arena;
  uint32_t output = node->n_outputs ? gcut_node_outputs(trace->graph, node)[0] : GCUT_NONE;
  const char *shape = output == GCUT_NONE ? "" : gcut_caption_value(arena, trace, output);
  uint64_t bytes = p->m->node_bytes[index];
  gcut_box box = {.title = gcut_caption_name(arena, node->op_type, 40),
                  .subtitle = bytes >= 1024 ? gcut_caption_bytes(arena, bytes) : NULL,
                  .tooltip = gcut_arena_format(arena, "%s\n%s", node->name, shape),
                  .shape = GCUT_BOX_OP,
                  .paint = gcut_paint_of_node(trace->graph, node),
                  .heat = -1,
                  .group = frame_of(p, node->scope),
                  .scope = GCUT_NONE,
                  .part = GCUT_NONE,
                  .node = index};
  return gcut_drawing_add_box(p->d, &box);
}

// A crowd of connected operators: named by how many and by its most telling ones.
static uint32_t crowd_box(painter *p, uint32_t first, uint32_t n) {
  const gcut_node *node = &p->m->trace->graph->nodes[first];
  gcut_box box = {.title = gcut_arena_format(p->d->arena, "%u operators", n),
                  .subtitle = gcut_arena_format(p->d->arena, "from %s on",
                                                gcut_caption_name(p->d->arena, node->op_type, 30)),
                  .tooltip = gcut_caption_name(p->d->arena, node->name, 200),
                  .shape = GCUT_BOX_OP,
                  .paint = gcut_paint_of_scope(p->m->trace->graph, node->scope),
                  .heat = -1,
                  .group = frame_of(p, node->scope),
                  .scope = GCUT_NONE,
                  .part = GCUT_NONE,
                  .node = GCUT_NONE};
  return gcut_drawing_add_box(p->d, &box);
}

static uint32_t owner_box(painter *p, const owners *o, uint32_t owner) {
  uint32_t base = p->m->trace->graph->n_scopes;
  if (owner < base) return scope_box(p, owner);
  uint32_t n = o->crowd[owner - base];
  return n >= CROWD ? crowd_box(p, owner - base, n) : node_box(p, owner - base);
}

static gcut_status draw_boxes(painter *p, owners *o, gcut_map *boxes, const uint32_t *nodes,
                              uint32_t n_nodes, uint32_t *out_hidden, gcut_error *err) {
  for (uint32_t i = 0; i < n_nodes; i++) {
    uint32_t owner = owner_of(p->m, o, nodes[i]);
    if (owner == GCUT_NONE) {
      ++*out_hidden;
      continue;
    }
    uint32_t box = gcut_map_get(boxes, owner);
    if (box == GCUT_NONE) {
      box = owner_box(p, o, owner);
      if (box == GCUT_NONE || !gcut_map_set(boxes, owner, box)) return GCUT_NO_MEMORY(err);
    }
    p->m->box_of_node[nodes[i]] = box;
  }
  return GCUT_OK;
}

gcut_status gcut_modules_draw(gcut_modules *m, const uint32_t *nodes, uint32_t n_nodes,
                              uint32_t depth, uint32_t root, uint32_t group, gcut_drawing *drawing,
                              uint32_t *out_hidden, gcut_error *err) {
  uint32_t n = m->trace->graph->n_scopes;
  painter p = {.m = m, .d = drawing, .depth = depth, .root = root, .group = group};
  gcut_map boxes = {0};
  owners o;
  for (uint32_t i = 0; i < m->trace->graph->n_nodes; i++) m->box_of_node[i] = GCUT_NONE;
  GCUT_TRY(find_owners(m, nodes, n_nodes, depth, &o, err));
  p.group_of_scope = malloc((size_t)n * sizeof *p.group_of_scope);
  gcut_status status = p.group_of_scope ? GCUT_OK : GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < n && status == GCUT_OK; s++) p.group_of_scope[s] = GCUT_NONE;
  if (status == GCUT_OK) status = draw_boxes(&p, &o, &boxes, nodes, n_nodes, out_hidden, err);
  gcut_map_free(&boxes);
  free(p.group_of_scope);
  owners_free(&o);
  return status;
}

// ---- links ------------------------------------------------------------------------------------

// Adds a value to the link between two boxes; the largest value gives the label.
static gcut_status link_value(gcut_modules *m, gcut_drawing *d, gcut_map *links, uint32_t from,
                              uint32_t to, uint32_t value, bool crosses, gcut_error *err) {
  uint64_t key = (uint64_t)from << 32 | to, bytes = 0;
  uint32_t at = gcut_map_get(links, key);
  bool known = gcut_trace_bytes(m->trace, value, &bytes);
  if (at == GCUT_NONE) {
    gcut_link link = {.from = from, .to = to};
    at = gcut_drawing_add_link(d, &link);
    if (at == GCUT_NONE || !gcut_map_set(links, key, at)) return GCUT_NO_MEMORY(err);
  }
  gcut_link *link = &d->links[at];
  const char *caption = gcut_caption_value(d->arena, m->trace, value);
  const char *line = gcut_arena_format(
      d->arena, "%s%s%s: %s", link->tooltip ? link->tooltip : "", link->tooltip ? "\n" : "",
      gcut_caption_name(d->arena, m->trace->graph->values[value].name, 60), caption);
  if (!line || !caption) return GCUT_NO_MEMORY(err);
  if (!link->label || (known && bytes > link->bytes)) link->label = caption;
  if (!link->tooltip || strlen(link->tooltip) < 600) link->tooltip = line;
  if (known) link->bytes += bytes;
  link->crosses = link->crosses || crosses;
  return GCUT_OK;
}

// The boxes that read a value, each once, in node order.
typedef struct reader_list {
  uint32_t boxes[FAN_OUT + 1], n; // the first of them; n counts all
  bool crosses;                   // one of them stands in another part
} reader_list;

static reader_list readers_of(const gcut_modules *m, uint32_t value, uint32_t from) {
  const gcut_graph *g = m->trace->graph;
  const gcut_value *v = &g->values[value];
  reader_list list = {.n = 0};
  uint32_t last = GCUT_NONE;
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t user = g->uses[v->first_use + u], box = m->box_of_node[user];
    bool listed = box == last;
    for (uint32_t i = 0; i < list.n && i <= FAN_OUT; i++) listed = listed || list.boxes[i] == box;
    if (box == GCUT_NONE || box == from || listed) continue;
    if (list.n <= FAN_OUT) list.boxes[list.n] = box;
    list.n++;
    last = box;
    list.crosses = list.crosses || m->part_of_node[user] != m->part_of_node[v->producer];
  }
  return list;
}

// What many boxes read is drawn to the first of them alone: a mask that goes to every layer would
// bury the rest.
static gcut_status link_readers(gcut_modules *m, gcut_drawing *d, gcut_map *links, uint32_t value,
                                uint32_t from, gcut_error *err) {
  reader_list list = readers_of(m, value, from);
  bool shared = list.n > FAN_OUT;
  for (uint32_t i = 0; i < list.n && i < (shared ? 1 : FAN_OUT); i++)
    GCUT_TRY(link_value(m, d, links, from, list.boxes[i], value, list.crosses, err));
  if (!shared) return GCUT_OK;
  gcut_link *link = &d->links[gcut_map_get(links, (uint64_t)from << 32 | list.boxes[0])];
  link->label = gcut_arena_format(d->arena, "%s → and %u more", link->label, list.n - 1);
  return link->label ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status link_node(gcut_modules *m, uint32_t index, gcut_drawing *d, gcut_map *links,
                             gcut_error *err) {
  const gcut_node *node = &m->trace->graph->nodes[index];
  uint32_t from = m->box_of_node[index];
  for (uint32_t i = 0; from != GCUT_NONE && i < node->n_outputs; i++) {
    uint32_t v = gcut_node_outputs(m->trace->graph, node)[i];
    if (v == GCUT_NONE || m->trace->facts[v].constant) continue;
    GCUT_TRY(link_readers(m, d, links, v, from, err));
  }
  return GCUT_OK;
}

gcut_status gcut_modules_link(gcut_modules *m, const uint32_t *nodes, uint32_t n_nodes,
                              gcut_drawing *d, gcut_error *err) {
  gcut_map links = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < n_nodes && status == GCUT_OK; i++)
    status = link_node(m, nodes[i], d, &links, err);
  gcut_map_free(&links);
  return status;
}
