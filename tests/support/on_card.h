// What a card computes of GCIR text in one part, with numbers that every type has.
#ifndef GCUT_TESTS_SUPPORT_ON_CARD_H
#define GCUT_TESTS_SUPPORT_ON_CARD_H

// Fails where it is not as near to what the CPU computes.
void expect_near(const char *text, double tolerance);
// And where it has other bits than the nodes one by one.
void expect_bits(const char *text, double tolerance);

#endif
