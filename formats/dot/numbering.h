// Numbers for what a Graphviz graph is made of, in the order of making.
#ifndef GCUT_FORMATS_DOT_NUMBERING_H
#define GCUT_FORMATS_DOT_NUMBERING_H

#include <graphviz/cgraph.h>

// For agopen.
Agdisc_t gcut__dot_discipline(void);

#endif
