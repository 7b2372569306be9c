// What an executable unpacked from a bundle finds beside itself.
#ifndef GCUT_TOOLS_BUNDLED_H
#define GCUT_TOOLS_BUNDLED_H

// Points Graphviz to the bundle's plugins, where there are some and nobody chose others.
void bundled_find_plugins(void);

#endif
