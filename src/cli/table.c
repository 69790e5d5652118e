/*
 * table.c - texts in columns.
 *
 * Rows are kept until the table is printed, as the widths depend on all of
 * them. Cells are cleaned when they are written, and measured as cleaned.
 */
#include <assert.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/term.h"

enum { GAP = 2, LAST_MIN = 12 };

struct row {
    char *cells[TABLE_COLUMNS_MAX];
    enum style styles[TABLE_COLUMNS_MAX];
};

struct table {
    size_t columns;
    bool right[TABLE_COLUMNS_MAX];
    struct row *rows;
    size_t count;
    size_t capacity;
};

struct table *table_new(const char *columns)
{
    struct table *table = cli_alloc(sizeof *table);
    table->columns = strlen(columns);
    assert(table->columns > 0);
    assert(table->columns <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < table->columns; i++)
        table->right[i] = columns[i] == 'r';
    return table;
}

void table_row(struct table *table, const char *const *cells)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 16 : table->capacity * 2;
        table->rows =
            cli_resize(table->rows, table->capacity * sizeof *table->rows);
    }
    struct row *row = &table->rows[table->count++];
    for (size_t i = 0; i < table->columns; i++) {
        row->cells[i] = cli_text(cells[i]);
        row->styles[i] = table->count == 1 ? STYLE_DIM : STYLE_PLAIN;
    }
}

void table_style(struct table *table, size_t column, enum style style)
{
    assert(table->count > 0);
    table->rows[table->count - 1].styles[column] = style;
}

static void measure(const struct table *table, size_t widths[])
{
    memset(widths, 0, table->columns * sizeof *widths);
    for (size_t r = 0; r < table->count; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            size_t wide = term_columns(table->rows[r].cells[c]);
            if (wide > widths[c]) widths[c] = wide;
        }
    }
}

/* What is left of the line for the last column; 0: no limit. */
static size_t room_for_last(
    const struct table *table, const size_t widths[], const struct term *term)
{
    if (term->width == 0) return 0;
    size_t before = 0;
    for (size_t c = 0; c + 1 < table->columns; c++)
        before += widths[c] + GAP;
    return before + LAST_MIN > term->width ? LAST_MIN : term->width - before;
}

/* Writes a cell; blanks before it are written with it, so that no line ends in
 * blanks. *pending is how many are due. */
static void print_cell(const struct term *term, const struct row *row, size_t c,
    size_t room, size_t *pending)
{
    if (row->cells[c][0] == '\0') return;
    term_pad(term, *pending);
    *pending = 0;
    term_begin(term, row->styles[c]);
    (void)term_line(term, row->cells[c], room);
    term_end(term, row->styles[c]);
}

static void print_row(const struct table *table, const struct row *row,
    const size_t widths[], const struct term *term)
{
    size_t pending = 0;
    size_t last = table->columns - 1;
    for (size_t c = 0; c < table->columns; c++) {
        size_t wide = term_columns(row->cells[c]);
        size_t pad = widths[c] > wide ? widths[c] - wide : 0;
        size_t room = c == last ? room_for_last(table, widths, term) : 0;
        if (table->right[c]) pending += pad;
        print_cell(term, row, c, room, &pending);
        pending += GAP + (table->right[c] ? 0 : pad);
    }
    (void)fputc('\n', term->file);
}

void table_print(struct table *table, const struct term *term)
{
    size_t widths[TABLE_COLUMNS_MAX];
    measure(table, widths);
    for (size_t r = 0; r < table->count; r++) {
        const struct row *row = &table->rows[r];
        if (table->count > 1) print_row(table, row, widths, term);
        for (size_t c = 0; c < table->columns; c++)
            cli_free(row->cells[c]);
    }
    cli_free(table->rows);
    cli_free(table);
}
