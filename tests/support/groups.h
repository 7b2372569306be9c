// What a trace finds spelled out in a text.
#ifndef GCUT_TESTS_SUPPORT_GROUPS_H
#define GCUT_TESTS_SUPPORT_GROUPS_H

#include "graphcut/trace.h"

#define HEAD "<ir_version: 10, opset_import: [\"\": 18]> g "

// Fails where the text, with the first `from` replaced by `to`, has other groups than
// "attention q k v mask: 9 nodes, 5 shapes; rotary ..."; or others at given shapes, sought anew or
// taken over.
void expect(const char *text, const char *from, const char *to, const char *groups);

#endif
