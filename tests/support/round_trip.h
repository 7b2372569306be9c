// GCIR texts and files in the folder of the test (support/folder.h); what goes wrong fails it.
#ifndef GCUT_TESTS_SUPPORT_ROUND_TRIP_H
#define GCUT_TESTS_SUPPORT_ROUND_TRIP_H

#include "graphcut/graph.h"

// What a text begins with.
#define HEADER "<ir_version: 10, opset_import: [\"\": 18, \"my.domain\": 3]>\n"

gcut_graph *parse_gcir(const char *text);
void assert_equal(const gcut_graph *a, const gcut_graph *b);
// Writes a graph and reads it back.
void check_round_trip(const gcut_graph *g);
void write_file(const char *path, const void *data, size_t size);
char *read_file(const char *path); // up to 64 KiB, valid until the next
// `n` times `unit`, between `before` and `after`; for free.
char *repeated(const char *before, const char *unit, size_t n, const char *after);

#endif
