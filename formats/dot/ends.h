// Inputs and outputs of the graph in a drawing of its insides.
#ifndef GCUT_FORMATS_DOT_ENDS_H
#define GCUT_FORMATS_DOT_ENDS_H

#include "formats/dot/material.h"

// Adds a box for each that a drawn box reads or makes, linked to it. Where one box reads or makes
// many, such as the caches of all layers, they share one. What is too many is left out and counted.
GCUT_MUST_USE gcut_status gcut__ends_draw(gcut__material *material, gcut__drawing *drawing,
                                          bool outputs, gcut_error *err);

#endif
