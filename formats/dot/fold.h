// Which modules are equal sisters.
#ifndef GCUT_FORMATS_DOT_FOLD_H
#define GCUT_FORMATS_DOT_FOLD_H

#include "formats/dot/material.h"

// Sets `run` of all scopes from their other facts.
GCUT_MUST_USE gcut_status gcut__fold_scopes(gcut__material *material, gcut_error *err);

#endif
