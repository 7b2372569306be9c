// Tables on the terminal, and numbers as people write them.
#ifndef GRAPHCUT_TOOLS_TABLE_H
#define GRAPHCUT_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct table_column {
  const char *title;
  bool right;   // numbers
  bool shrinks; // shortened in the middle where the table is wider than the terminal
  bool spare;   // left out, the last first, where that is still wider
} table_column;

typedef struct table table;

// Columns outlive the table.
table *table_create(const table_column *columns, size_t n_columns);
// Adds a cell to the row begun, or begins one. The text is copied.
void table_add(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Prints and frees.
void table_print(table *t, FILE *stream);

enum { TABLE_BAR = 48 }; // room for a bar
// A bar of up to 12 columns; a share that is none too small to see has at least its thinnest.
const char *table_bar(double share, char buffer[TABLE_BAR]);

// Columns of the terminal that the stream is, or 0.
size_t table_width(FILE *stream);

enum { TABLE_NUMBER = 24 }; // room for what these write
// "16.06 GB", "512 B".
const char *table_bytes(uint64_t bytes, char buffer[TABLE_NUMBER]);
// "1.23 TFLOP", "17".
const char *table_count(double count, const char *unit, char buffer[TABLE_NUMBER]);

#endif
