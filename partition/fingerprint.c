// A graph's fingerprint: a sum over its nodes of a hash of operator, name and the names of the
// values it reads and makes, plus the graph's inputs and outputs in order. A sum, so that readers
// that number or order nodes differently agree. Weights may change under a plan; none of this may.
//
// The hash takes eight bytes at a time and mixes each by a 64-by-64-bit multiplication folded to
// 64 bits (the scheme of the wyhash family); bytes are read little-endian, so machines agree.
#include <string.h>

#include "graphcut/plan.h"

static uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t mix(uint64_t state, uint64_t word) {
  return fold(state ^ word ^ UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db) ^ word);
}

static uint64_t load(const unsigned char *bytes, size_t n) {
  uint64_t word = 0;
  for (size_t i = 0; i < n; i++) word |= (uint64_t)bytes[i] << (8 * i);
  return word;
}

static uint64_t mix_text(uint64_t state, const char *text) {
  size_t n = strlen(text), at = 0;
  for (; at + 8 <= n; at += 8) state = mix(state, load((const unsigned char *)text + at, 8));
  return mix(mix(state, load((const unsigned char *)text + at, n - at)), n);
}

static uint64_t mix_value(const gcut_graph *g, uint64_t state, uint32_t value) {
  return value == GCUT_NONE ? mix(state, UINT64_MAX) : mix_text(state, g->values[value].name);
}

static uint64_t hash_node(const gcut_graph *g, const gcut_node *node) {
  uint64_t h = mix_text(mix_text(node->body == 0, node->domain), node->op_type);
  h = mix(mix_text(h, node->name), node->n_inputs);
  for (uint32_t i = 0; i < node->n_inputs; i++) h = mix_value(g, h, gcut_node_inputs(g, node)[i]);
  for (uint32_t o = 0; o < node->n_outputs; o++) h = mix_value(g, h, gcut_node_outputs(g, node)[o]);
  return h;
}

uint64_t gcut_graph_fingerprint(const gcut_graph *g) {
  uint64_t sum = 0;
  for (uint32_t n = 0; n < g->n_nodes; n++) sum += hash_node(g, &g->nodes[n]);
  uint64_t h = mix(sum, g->n_nodes);
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) h = mix_value(g, h, g->bodies[0].inputs[i]);
  h = mix(h, g->bodies[0].n_inputs);
  for (uint32_t i = 0; i < g->bodies[0].n_outputs; i++)
    h = mix_value(g, h, g->bodies[0].outputs[i]);
  return h;
}
