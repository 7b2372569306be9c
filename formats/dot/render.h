// A drawing as DOT text, or laid out by Graphviz.
#ifndef GCUT_FORMATS_DOT_RENDER_H
#define GCUT_FORMATS_DOT_RENDER_H

#include <stdio.h>

#include "formats/dot/drawing.h"

// Writes `format`: "dot" is the text without a layout; "svg", "png", "pdf" are laid out.
// GCUT_UNSUPPORTED where Graphviz lacks the format, GCUT_IO where it fails.
GCUT_MUST_USE gcut_status gcut__drawing_render(const gcut__drawing *drawing, const char *format,
                                               bool dark, FILE *stream, gcut_error *err);

#endif
