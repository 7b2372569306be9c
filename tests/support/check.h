// What every cmocka test includes, and a way to say that a call succeeds with its message where it
// does not.
#ifndef GCUT_TESTS_SUPPORT_CHECK_H
#define GCUT_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/status.h"

// Runs a call that takes the error last as `err`; fails the test with the message where it does not
// succeed.
#define assert_ok(call)                                                                            \
  do {                                                                                             \
    gcut_error err_ = {{0}}, *err = &err_;                                                         \
    gcut_status status_ = (call);                                                                  \
    (void)err;                                                                                     \
    if (status_ != GCUT_OK) fail_msg("%s: %s", gcut_status_name(status_), err_.message);           \
  } while (0)

// The call must give that status and a message that holds `text`.
#define assert_fails(call, expected, text)                                                         \
  do {                                                                                             \
    gcut_error err_ = {{0}}, *err = &err_;                                                         \
    gcut_status status_ = (call);                                                                  \
    (void)err;                                                                                     \
    if (status_ != (expected))                                                                     \
      fail_msg("%s, expected %s: %s", gcut_status_name(status_), gcut_status_name(expected),       \
               err_.message);                                                                      \
    if (!strstr(err_.message, (text))) fail_msg("'%s' does not say '%s'", err_.message, (text));   \
  } while (0)

#endif
