// What a card computes of GCIR text in one part, with numbers that every type has.
#ifndef GCUT_TESTS_SUPPORT_ON_CARD_H
#define GCUT_TESTS_SUPPORT_ON_CARD_H

// A group's setup and teardown. The card (open_card.h) stays open between the runs of its tests,
// each of which would start it anew; their *state is NULL where there is none.
int hold_card(void **state);
int let_card_go(void **state);

// Fails where it is not as near to what the CPU computes.
void expect_near(const char *text, double tolerance);
// Fails where it is not what the CPU computes, the last of three batches, for which the card makes
// once what it makes of weights alone. `on_host`: the operators that it leaves to the host ("1
// If").
void expect_with_host(const char *text, const char *on_host);
// Fails where it is not near, and where it has other bits than the nodes one by one.
void expect_bits(const char *text, double tolerance);

#endif
