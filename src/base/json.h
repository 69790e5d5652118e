/*
 * json.h - JSON to and from values (jansson, strict).
 *
 * Refused with a position: duplicate keys, NaN, lone surrogates, NUL in
 * strings, integers beyond 64 bits, reals beyond a double, invalid UTF-8, more
 * than VALUE_DEPTH_MAX levels, anything behind the value.
 */
#ifndef NDF_BASE_JSON_H
#define NDF_BASE_JSON_H

#include "base/value.h"

/* One JSON value. Everything of *out lives in arena. NDF_ESYNTAX, NDF_ELIMIT
 * (depth) or NDF_ENOMEM, explained in error (may be NULL). */
int json_parse(
    struct arena *arena, struct str text, struct value *out, ndf_error *error);

/* Appends the canonical form: RFC 8785 (keys by UTF-16 code units, shortest
 * numbers, no blanks), except that whole numbers within 64 bits are written as
 * 64-bit decimals and larger ones with an exponent, so that reading gives back
 * the same value. Equal values give equal bytes. Failure sticks in buf. */
void json_write(struct buf *buf, const struct value *value);
/* For people: two spaces, the order of the members kept, a newline at the
 * end. */
void json_write_pretty(struct buf *buf, const struct value *value);
/* Appends "text" quoted and escaped as a JSON string. */
void json_write_string(struct buf *buf, struct str text);

#endif
