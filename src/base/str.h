/*
 * str.h - a slice of bytes that somebody else owns.
 */
#ifndef NDF_BASE_STR_H
#define NDF_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
    const char *at; /* not NUL-terminated unless its owner says so */
    size_t size;
};

/* A slice of a string literal. */
#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
/* For printf: "%.*s". Sizes over INT_MAX are cut. */
#define STR_ARG(s) str_int((s).size), ((s).at != NULL ? (s).at : "")

/* The bytes of a NUL-terminated string; NULL gives the empty slice. */
struct str str_of(const char *text);
int str_int(size_t size);
bool str_equal(struct str a, struct str b);
/* Byte order, shorter first on a common prefix: <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* The index of needle in s, or s.size when absent. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
/* Without the ASCII blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);
struct str str_from(struct str s, size_t start);
struct str str_until(struct str s, size_t end);
/* Cuts the next piece off *rest at separator; false when nothing is left. An
 * empty text has no piece; "a," has two. Start: *rest = text. */
bool str_split(struct str *rest, char separator, struct str *piece);
/* Edit distance with a ceiling (Damerau: swaps of neighbours count 1); for
 * "did you mean". Returns more than max when it is more than max. */
size_t str_distance(struct str a, struct str b, size_t max);
/* The candidate nearest to s within a third of its length, or {NULL, 0}. */
struct str str_nearest(struct str s, const struct str *candidates, size_t n);

#endif
