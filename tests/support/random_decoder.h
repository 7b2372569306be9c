// Decoders at random, as exporters spell them: for groups that cuts must keep whole.
#ifndef GCUT_TESTS_SUPPORT_RANDOM_DECODER_H
#define GCUT_TESTS_SUPPORT_RANDOM_DECODER_H

#include "graphcut/graph.h"

// Attention and experts, written in any order that lets what is read be made first, with others who
// read what the groups make in between.
gcut_graph *random_decoder(uint64_t *state);

#endif
