// A folder of a test program: made before its tests, removed with all that is in it after them.
#ifndef GCUT_TESTS_SUPPORT_FOLDER_H
#define GCUT_TESTS_SUPPORT_FOLDER_H

extern char folder[64]; // its path

// A group's setup and teardown.
int make_folder(void **state);
int remove_folder(void **state);
// The path of a file in it, good until four others were asked for.
const char *in_folder(const char *name);
// The same in `path`, for longer.
char *keep_in_folder(const char *name, char path[300]);

#endif
