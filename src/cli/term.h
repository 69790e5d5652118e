/*
 * term.h - writing for people: colour only on a terminal, columns that line
 * up, and texts of agents that cannot steer the terminal.
 */
#ifndef NDF_CLI_TERM_H
#define NDF_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct term {
    FILE *file;
    bool tty;
    bool colour;
    bool unicode;
    size_t width; /* columns; 0: no limit, it is no terminal */
};

enum style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARN,
    STYLE_NAME,
};

/* Looks at the file: a terminal? NO_COLOR, TERM and the locale count. */
void term_init(struct term *term, FILE *file);
/* Writes size bytes without control sequences (newline and tab stay), with
 * invalid UTF-8 replaced. */
void term_clean(const struct term *term, const char *text, size_t size);
/* As term_clean, on one line: newlines and tabs become blanks; cut with an
 * ellipsis to `columns` (0: not cut). Returns the columns written. */
size_t term_line(const struct term *term, const char *text, size_t columns);
/* Cleaned as by term_line, in a style. */
void term_styled(const struct term *term, enum style style, const char *text);
void term_begin(const struct term *term, enum style style);
void term_end(const struct term *term, enum style style);
void term_pad(const struct term *term, size_t columns);
/* Columns that text takes when written by term_line. */
size_t term_columns(const char *text);

enum { TERM_TIME_SIZE = 32 };
/* "0.4s", "12.3s", "2m 05s", "1h 02m". */
void term_duration(uint64_t ms, char out[TERM_TIME_SIZE]);
/* "2026-01-31 12:00", local time. */
void term_when(int64_t wall_ms, char out[TERM_TIME_SIZE]);

/* A table: the first row is its head. On a terminal the last column is cut to
 * what is left of the line. */
struct table;

enum { TABLE_COLUMNS_MAX = 10 };

/* right: the letter 'r' for a column that is aligned right, else 'l': "lrrl".
 */
struct table *table_new(const char *columns);
/* One text a column; copied. */
void table_row(struct table *table, const char *const *cells);
/* The style of a cell of the row added last. */
void table_style(struct table *table, size_t column, enum style style);
/* Writes and frees it. A table without rows writes nothing. */
void table_print(struct table *table, const struct term *term);

#endif
