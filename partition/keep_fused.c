// Targets and fused groups that stay whole: which of a group's targets is to stand for it. Then
// targets of which nothing is left are dropped, and groups in none are numbered behind the rest.
// Linear: a group has few nodes.
#include "partition/targets.h"
#include "tracer/base/error.h"

typedef struct keeper {
  gcut__draft *draft;
  gcut__groups *groups;
  uint32_t *size;               // [groups->n] nodes of a target
  uint32_t *within;             // [groups->n] of them in the group at hand
  uint32_t *members, n_members; // of the group at hand, in order, as far as they run
} keeper;

static void list_members(keeper *k, uint32_t group) {
  const gcut_fused *f = &k->draft->trace->fused[group];
  k->n_members = 0;
  for (uint32_t i = 0; i < f->n_shapes; i++)
    if (k->draft->kept[f->shapes[i]] == group) k->members[k->n_members++] = f->shapes[i];
  for (uint32_t i = 0; i < f->n_nodes; i++)
    if (k->draft->kept[f->nodes[i]] == group) k->members[k->n_members++] = f->nodes[i];
}

// The first target that lies within the group and is less than all of it; counts them. GCUT_NONE
// where there is none.
static uint32_t find_inner(keeper *k, uint32_t *out_n) {
  uint32_t first = GCUT_NONE;
  *out_n = 0;
  for (uint32_t i = 0; i < k->n_members; i++) {
    uint32_t target = k->groups->of[k->members[i]];
    if (target == GCUT_NONE || k->within[target] == 0) continue;
    bool inner = k->within[target] == k->size[target] && k->size[target] < k->n_members;
    k->within[target] = 0; // looked at
    if (inner && first == GCUT_NONE) first = target;
    *out_n += inner;
  }
  return first;
}

// The target that a group is to be in, or GCUT_NONE: that of its last node, else one within it.
static uint32_t choose_target(keeper *k) {
  uint32_t last = k->groups->of[k->members[k->n_members - 1]], n_inner;
  for (uint32_t i = 0; i < k->n_members; i++)
    if (k->groups->of[k->members[i]] != GCUT_NONE) k->within[k->groups->of[k->members[i]]]++;
  uint32_t inner = find_inner(k, &n_inner);
  k->draft->n_inner_targets += n_inner;
  k->draft->n_standing_groups += n_inner > 0;
  return last != GCUT_NONE ? last : inner;
}

static void put_in(keeper *k, uint32_t target) {
  for (uint32_t i = 0; i < k->n_members; i++) {
    uint32_t *of = &k->groups->of[k->members[i]];
    if (*of != GCUT_NONE) k->size[*of]--;
    if (target < k->groups->n) k->size[target]++;
    *of = target;
  }
}

static void number_anew(keeper *k) {
  gcut__groups *g = k->groups;
  uint32_t n = 0, old = g->n, *number = k->within;
  for (uint32_t t = 0; t < old; t++) {
    if (k->size[t] == 0) continue;
    g->items[n] = g->items[t];
    number[t] = n++;
  }
  for (uint32_t i = 0; i < k->draft->n_order; i++) {
    uint32_t *of = &g->of[k->draft->order[i]];
    if (*of != GCUT_NONE) *of = *of < old ? number[*of] : *of - old + n;
  }
  g->n = n;
  g->n_all -= old - n;
}

gcut_status gcut__targets_keep_fused(gcut__draft *draft, gcut__groups *groups, gcut_error *err) {
  keeper k = {.draft = draft, .groups = groups};
  k.size = GCUT_NEW_ARRAY(draft->scratch, uint32_t, groups->n);
  k.within = GCUT_NEW_ARRAY(draft->scratch, uint32_t, groups->n);
  k.members = GCUT_NEW_ARRAY(draft->scratch, uint32_t, draft->n_order);
  if (!k.size || !k.within || !k.members) return GCUT_NO_MEMORY(err);
  groups->n_all = groups->n;
  for (uint32_t i = 0; i < draft->n_order; i++)
    if (groups->of[draft->order[i]] != GCUT_NONE) k.size[groups->of[draft->order[i]]]++;
  for (uint32_t f = draft->trace->n_fused; f-- > 0;) {
    const gcut_fused *fused = &draft->trace->fused[f];
    if (draft->kept[fused->nodes[fused->n_nodes - 1]] != f) continue;
    list_members(&k, f);
    uint32_t target = choose_target(&k);
    put_in(&k, target == GCUT_NONE ? groups->n_all++ : target);
  }
  number_anew(&k);
  return GCUT_OK;
}
