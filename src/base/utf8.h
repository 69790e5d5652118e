/*
 * utf8.h - what is valid UTF-8, and text as people compare it (utf8proc).
 */
#ifndef NDF_BASE_UTF8_H
#define NDF_BASE_UTF8_H

#include <stdint.h>

#include "base/buf.h"

/* The offset of the first byte that is no valid UTF-8 (RFC 3629), or size. */
size_t utf8_invalid_at(struct str text);
bool utf8_valid(struct str text);
/* Appends text with every invalid byte replaced by U+FFFD. */
void utf8_add_lossy(struct buf *buf, struct str text);
/* Appends text without C0/C1 controls (newline and tab stay) and with invalid
 * bytes replaced: safe for a terminal. */
void utf8_add_printable(struct buf *buf, struct str text);
/* Appends NFKC with case folded, accents kept. text must be valid. NDF_OK or
 * NDF_ENOMEM. */
int utf8_fold(struct buf *buf, struct str text);
/* Decodes the code point at *at and moves *at behind it; text must be valid.
 * -1 at the end. */
int32_t utf8_next(struct str text, size_t *at);
/* A letter, mark or digit of any script: part of a word. */
bool utf8_is_word(int32_t code_point);
bool utf8_is_upper(int32_t code_point);
bool utf8_is_digit(int32_t code_point);
/* Columns that text takes on a terminal. */
size_t utf8_width(struct str text);

#endif
