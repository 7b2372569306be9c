// What plan files begin with, written and read.
#ifndef GCUT_FORMATS_JSON_PLAN_JSON_H
#define GCUT_FORMATS_JSON_PLAN_JSON_H

#define GCUT__PLAN_FORMAT "graphcut-plan"
enum { GCUT__PLAN_VERSION = 1 };

// A model's name in a plan: its path without folders.
const char *gcut__plan_model(const char *path);

#endif
