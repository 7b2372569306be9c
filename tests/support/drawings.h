// Drawings of small graphs, in the folder of the test (support/folder.h).
#ifndef GCUT_TESTS_SUPPORT_DRAWINGS_H
#define GCUT_TESTS_SUPPORT_DRAWINGS_H

#include "graphcut/formats.h"

// A chain of `n` nodes, each in a layer module of its own; every name carries `poison`.
gcut_graph *chain(uint32_t n, const char *poison);
// Draws into a file of the folder. `target`: what begins a part, or NULL.
void draw_with(const gcut_graph *g, const char *target, gcut_draw_options options,
               const char *name);
void draw(const gcut_graph *g, const char *target, gcut_view view, const char *name);
// What a drawing of DOT text holds.
char *draw_text(const gcut_graph *g, const char *target, gcut_draw_options options);
// A file's bytes and a NUL.
char *read_all(const char *path, size_t *out_size);
void assert_xml(const char *text);

#endif
