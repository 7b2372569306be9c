// The three views: what to draw of a plan. Each makes a drawing; render.c lays it out.
#ifndef GCUT_FORMATS_DOT_VIEWS_H
#define GCUT_FORMATS_DOT_VIEWS_H

#include "formats/dot/drawing.h"
#include "formats/dot/material.h"
#include "graphcut/formats.h"
#include "graphcut/plan.h"

// The pipeline: one box a part, a red line a cut with what crosses it; equal parts that follow one
// another are folded, the first of them drawn open.
GCUT_MUST_USE gcut_status gcut__view_parts(gcut__material *material, gcut__drawing *drawing,
                                           gcut_error *err);
// The module tree, opened to options->depth (0: as deep as stays readable); links that cross a cut
// are red.
GCUT_MUST_USE gcut_status gcut__view_layers(gcut__material *material, gcut__drawing *drawing,
                                            gcut_error *err);
// Every operator of options->part, or of the whole graph where that is small enough to be drawn.
GCUT_MUST_USE gcut_status gcut__view_ops(gcut__material *material, gcut__drawing *drawing,
                                         gcut_error *err);

// Adds to what a drawing says of itself.
void gcut__view_note(gcut__drawing *drawing, const char *note);
// Says of what is drawn of a plan which parts it is in.
void gcut__view_membership(const gcut__material *material, gcut__drawing *drawing);
// What every drawing gets once its boxes are there: frames merged, the range of its heat.
void gcut__view_finish(const gcut__material *material, gcut__drawing *drawing);

#endif
