// A card for tests: the one in software that lies beside them, or the machine's.
#ifndef GCUT_TESTS_SUPPORT_OPEN_CARD_H
#define GCUT_TESTS_SUPPORT_OPEN_CARD_H

#include <stdbool.h>

// Whether there is one. `program`: the test's own path, argv[0]. Whoever opens the card's libraries
// by name later gets these.
bool open_card(const char *program);
// The one in software alone, which is of Hopper's kind.
bool open_card_in_software(const char *program);

#endif
