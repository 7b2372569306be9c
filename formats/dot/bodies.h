// Graphs inside an operator, such as the branches of If and the body of Loop.
#ifndef GCUT_FORMATS_DOT_BODIES_H
#define GCUT_FORMATS_DOT_BODIES_H

#include "formats/dot/material.h"

bool gcut__bodies_has(const gcut_graph *graph, uint32_t node);
// Draws one of them, by its number, as a frame in `group`; where all operators are more than
// `limit`, folded. Its operator may be drawn: it is linked to what begins in it. *out_hidden grows.
GCUT_MUST_USE gcut_status gcut__bodies_draw(gcut__material *material, uint32_t body, uint32_t group,
                                            uint32_t limit, gcut__drawing *drawing,
                                            uint32_t *out_hidden, gcut_error *err);
// Once all are drawn that are to be: links what is in them.
GCUT_MUST_USE gcut_status gcut__bodies_link(gcut__material *material, gcut__drawing *drawing,
                                            gcut_error *err);

#endif
