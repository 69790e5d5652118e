/*
 * json_fast.h - reads plain JSON quickly; private to json.c.
 */
#ifndef NDF_BASE_JSON_FAST_H
#define NDF_BASE_JSON_FAST_H

#include "base/value.h"

/* Reads a text that is UTF-8 without NUL, as json_parse does, if it is plain:
 * no \u escapes, no reals, no long integers, no large objects. False for all
 * else, what is not valid included: then nothing is known of the text, and
 * what was read of it stays in arena unused. */
bool json_read_fast(struct arena *arena, struct str text, struct value *out);

#endif
