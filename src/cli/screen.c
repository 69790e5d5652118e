/*
 * screen.c - see screen.h.
 *
 * A frame is made in memory and written at once, so that it does not flicker
 * and no signal leaves half of it. The cursor stays behind the block, visible,
 * and no mode of the terminal is changed: however the program ends, there is
 * nothing to put back. Lines are rewritten, not erased first.
 *
 * A terminal that became narrower has broken the lines anew: their widths tell
 * how many rows they take then.
 */
#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

enum { COLUMNS_USUAL = 80, ROWS_USUAL = 24, COLUMNS_MIN = 20, ROWS_MIN = 4 };

struct screen {
    const struct term *term;
    struct term frame; /* into memory, while a block is made */
    char *bytes;
    size_t size;
    size_t *widths; /* of the lines that are drawn */
    size_t lines, room;
};

struct screen *screen_new(const struct term *term)
{
    struct screen *screen = cli_alloc(sizeof *screen);
    screen->term = term;
    return screen;
}

void screen_free(struct screen *screen)
{
    if (screen == NULL) return;
    cli_free(screen->widths);
    cli_free(screen);
}

void screen_size(const struct screen *screen, size_t *columns, size_t *rows)
{
    struct winsize size;
    bool known = ioctl(fileno(screen->term->file), TIOCGWINSZ, &size) == 0;
    *columns = known && size.ws_col > 0 ? size.ws_col : COLUMNS_USUAL;
    *rows = known && size.ws_row > 0 ? size.ws_row : ROWS_USUAL;
    if (*columns < COLUMNS_MIN) *columns = COLUMNS_MIN;
    if (*rows < ROWS_MIN) *rows = ROWS_MIN;
}

const struct term *screen_begin(struct screen *screen)
{
    screen->frame = *screen->term;
    screen->frame.file = open_memstream(&screen->bytes, &screen->size);
    /* Without memory for a frame there is none. */
    return screen->frame.file != NULL ? &screen->frame : NULL;
}

/* The rows that the block takes in a terminal as wide as it is now. */
static size_t rows_drawn(const struct screen *screen)
{
    size_t columns, rows, count = 0;
    screen_size(screen, &columns, &rows);
    for (size_t i = 0; i < screen->lines; i++) {
        size_t wide = screen->widths[i];
        count += wide > columns ? (wide + columns - 1) / columns : 1;
    }
    return count;
}

static void keep_line(struct screen *screen, const char *line)
{
    if (screen->lines == screen->room) {
        screen->room = screen->room == 0 ? 32 : 2 * screen->room;
        screen->widths =
            cli_resize(screen->widths, screen->room * sizeof *screen->widths);
    }
    screen->widths[screen->lines++] = term_columns(line);
}

static void put_up(FILE *to, size_t rows)
{
    if (rows > 0) (void)fprintf(to, "\033[%zuA", rows);
    (void)fputc('\r', to);
}

static void write_all(const struct screen *screen, char *bytes, size_t size)
{
    (void)fflush(screen->term->file);
    (void)fwrite(bytes, 1, size, screen->term->file);
    (void)fflush(screen->term->file);
    free(bytes);
}

void screen_show(struct screen *screen)
{
    char *out = NULL;
    size_t size = 0;
    (void)fclose(screen->frame.file);
    FILE *to = open_memstream(&out, &size);
    if (to == NULL) {
        free(screen->bytes);
        return;
    }
    put_up(to, rows_drawn(screen));
    screen->lines = 0;
    char *rest = screen->bytes;
    for (char *end; (end = strchr(rest, '\n')) != NULL; rest = end + 1) {
        *end = '\0';
        keep_line(screen, rest);
        (void)fprintf(to, "%s\033[K\n", rest);
    }
    (void)fputs("\033[J", to);
    (void)fclose(to);
    free(screen->bytes);
    screen->bytes = NULL;
    write_all(screen, out, size);
}

void screen_clear(struct screen *screen)
{
    char *out = NULL;
    size_t size = 0;
    if (screen == NULL || screen->lines == 0) return;
    FILE *to = open_memstream(&out, &size);
    if (to == NULL) return;
    put_up(to, rows_drawn(screen));
    (void)fputs("\033[J", to);
    (void)fclose(to);
    screen->lines = 0;
    write_all(screen, out, size);
}

void screen_leave(struct screen *screen)
{
    if (screen != NULL) screen->lines = 0;
}
