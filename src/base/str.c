/*
 * str.c - slices: compare, find, split, and "did you mean".
 *
 * Invariant: a slice of size 0 may have any pointer, also NULL; nothing here
 * reads through it.
 */
#include "base/str.h"

#include <limits.h>
#include <string.h>

enum { DISTANCE_SIZE_MAX = 128 };

struct str str_of(const char *text)
{
    if (text == NULL) return STR("");
    return (struct str){text, strlen(text)};
}

int str_int(size_t size)
{
    return size > INT_MAX ? INT_MAX : (int)size;
}

bool str_equal(struct str a, struct str b)
{
    if (a.size != b.size) return false;
    return a.size == 0 || memcmp(a.at, b.at, a.size) == 0;
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.size >= prefix.size &&
           str_equal(str_until(s, prefix.size), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.size >= suffix.size &&
           str_equal(str_from(s, s.size - suffix.size), suffix);
}

size_t str_find_char(struct str s, char c)
{
    const char *found = s.size == 0 ? NULL : memchr(s.at, c, s.size);
    return found == NULL ? s.size : (size_t)(found - s.at);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.size == 0) return 0;
    size_t at = 0;
    while (s.size - at >= needle.size) {
        struct str rest = str_from(s, at);
        at += str_find_char(rest, needle.at[0]);
        if (s.size - at < needle.size) break;
        if (memcmp(s.at + at, needle.at, needle.size) == 0) return at;
        at++;
    }
    return s.size;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.size > 0 && is_blank(s.at[0]))
        s = str_from(s, 1);
    while (s.size > 0 && is_blank(s.at[s.size - 1]))
        s.size--;
    return s;
}

struct str str_from(struct str s, size_t start)
{
    if (start == 0) return s;
    if (start >= s.size) return STR("");
    return (struct str){s.at + start, s.size - start};
}

struct str str_until(struct str s, size_t end)
{
    if (end < s.size) s.size = end;
    return s;
}

/* Behind a separator at the very end one empty piece is left. Such a rest is
 * told from a text that was empty from the start by its address. */
static const char last_piece[1] = "";

bool str_split(struct str *rest, char separator, struct str *piece)
{
    if (rest->size == 0) {
        bool last = rest->at == last_piece;
        *rest = (struct str){NULL, 0};
        *piece = STR("");
        return last;
    }
    size_t end = str_find_char(*rest, separator);
    *piece = str_until(*rest, end);
    if (end == rest->size) {
        *rest = (struct str){NULL, 0};
    } else if (end + 1 == rest->size) {
        *rest = (struct str){last_piece, 0};
    } else {
        *rest = str_from(*rest, end + 1);
    }
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of distances. two and one are the rows before it. */
static size_t distance_row(struct str a, struct str b, size_t i,
    const size_t *two, const size_t *one, size_t *row)
{
    size_t best = row[0] = i;
    for (size_t j = 1; j <= b.size; j++) {
        bool same = a.at[i - 1] == b.at[j - 1];
        size_t cost = one[j - 1] + (same ? 0 : 1);
        cost = least(cost, least(one[j], row[j - 1]) + 1);
        bool swapped = i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
                       a.at[i - 2] == b.at[j - 1];
        if (swapped) cost = least(cost, two[j - 2] + 1);
        row[j] = cost;
        best = least(best, cost);
    }
    return best;
}

size_t str_distance(struct str a, struct str b, size_t max)
{
    size_t gap = a.size > b.size ? a.size - b.size : b.size - a.size;
    if (gap > max) return max + 1;
    if (a.size > DISTANCE_SIZE_MAX || b.size > DISTANCE_SIZE_MAX)
        return str_equal(a, b) ? 0 : max + 1;
    size_t rows[3][DISTANCE_SIZE_MAX + 1] = {{0}};
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    size_t before = 0;
    for (size_t i = 1; i <= a.size; i++) {
        size_t best = distance_row(
            a, b, i, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
        /* A swap reaches back two rows, so both must be over the ceiling. */
        if (best > max && before > max) return max + 1;
        before = best;
    }
    size_t distance = rows[a.size % 3][b.size];
    return distance > max ? max + 1 : distance;
}

struct str str_nearest(struct str s, const struct str *candidates, size_t n)
{
    struct str nearest = {NULL, 0};
    size_t max = s.size / 3;
    if (max == 0 && s.size == 2) max = 1;
    for (size_t i = 0; i < n; i++) {
        size_t distance = str_distance(s, candidates[i], max);
        if (distance > max) continue;
        nearest = candidates[i];
        if (distance == 0) break;
        max = distance - 1;
    }
    return nearest;
}
