// One self-contained HTML page: all views of a plan, each laid out by Graphviz, and a script that
// pans, zooms, searches and unfolds them.
#ifndef GCUT_FORMATS_DOT_PAGE_H
#define GCUT_FORMATS_DOT_PAGE_H

#include <stdio.h>

#include "formats/dot/material.h"

// Writes the page. What would be too much for a page (more modules, or larger ones, than can be
// drawn) is folded.
GCUT_MUST_USE gcut_status gcut__page_write(gcut__material *material, const char *title,
                                           FILE *stream, gcut_error *err);

#endif
