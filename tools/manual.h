// The manual page and the shells' completions, from the same tables as the help.
#ifndef GRAPHCUT_TOOLS_MANUAL_H
#define GRAPHCUT_TOOLS_MANUAL_H

#include "options.h"

// What `graphcut help --man`, `--bash`, `--zsh` and `--fish` print; false where `what` is none of
// them.
bool manual_print(const char *what, const tool_verb *const *verbs, size_t n_verbs, FILE *stream);

#endif
