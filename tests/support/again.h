/*
 * again.h - tests that draw what they do: how one that failed is played again.
 */
#ifndef NDF_TESTS_AGAIN_H
#define NDF_TESTS_AGAIN_H

#include <stdint.h>

/* The number that a variable of the environment gives. */
uint64_t again_number(const char *name, uint64_t otherwise);

/* What is under way is played again by these words, to be said when it fails:
 * an assertion deep inside knows no seed. */
void again_set(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* It went well. */
void again_clear(void);

/* Says it after a failed test: a teardown of cmocka. */
int again_say(void **state);
/* Says it when an assertion of the code under test ends the program. */
void again_on_abort(void);

#endif
