/*
 * screen.h - a block of lines at the end of a terminal that is drawn again and
 * again in its place.
 */
#ifndef NDF_CLI_SCREEN_H
#define NDF_CLI_SCREEN_H

#include "cli/term.h"

struct screen;

/* term is borrowed for its life. */
struct screen *screen_new(const struct term *term);
/* What is drawn stays. Accepts NULL. */
void screen_free(struct screen *screen);
/* How large the terminal is now. */
void screen_size(const struct screen *screen, size_t *columns, size_t *rows);
/* Where to write the next block, whole lines none wider than the terminal less
 * one column; it is seen with screen_show. */
const struct term *screen_begin(struct screen *screen);
void screen_show(struct screen *screen);
/* Takes the block off, so that other lines can be written in its place. */
void screen_clear(struct screen *screen);
/* Lets the block stand: the next one is drawn below it. */
void screen_leave(struct screen *screen);

#endif
