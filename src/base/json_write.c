/*
 * json_write.c - values as JSON text; see json.h.
 *
 * The canonical form is RFC 8785 but for numbers with an integer value: those
 * within 64 bits are written in full, whether integer or real, because RFC
 * 8785 rounds them to 17 digits and 1 and 1.0 are equal here; larger ones get
 * an exponent, so that they are read as reals again. Writing recurses, at most
 * VALUE_DEPTH_MAX deep by the invariant of every tree.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum {
    REAL_DIGITS_MAX = 17,
    REAL_TEXT_SIZE = 64,
    REAL_POINT_MIN = -6, /* ES6 writes less than 1e-6 with an exponent */
    SORT_ON_STACK = 24,
};

struct decimal {
    bool negative;
    char digits[REAL_DIGITS_MAX + 1]; /* the first one is not 0 */
    int count;
    int point; /* value = 0.DIGITS * 10^point */
};

/* The shortest digits that give the number back. Only digits and exponent are
 * taken from the C library's text: its decimal point depends on the locale. */
static void decimal_of(double real, struct decimal *out)
{
    char text[REAL_TEXT_SIZE];
    for (int precision = 0; precision < REAL_DIGITS_MAX; precision++) {
        (void)snprintf(text, sizeof text, "%.*e", precision, real);
        if (strtod(text, NULL) == real) break;
    }
    const char *at = text;
    out->negative = *at == '-';
    for (; *at != '\0' && *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9' && out->count < REAL_DIGITS_MAX)
            out->digits[out->count++] = *at;
    }
    while (out->count > 1 && out->digits[out->count - 1] == '0')
        out->count--;
    long exponent = *at == 'e' ? strtol(at + 1, NULL, 10) : 0;
    out->point = (int)exponent + 1;
}

static void add_zeros(struct buf *buf, int count)
{
    for (int i = 0; i < count; i++)
        buf_add_char(buf, '0');
}

static void write_exponential(struct buf *buf, const struct decimal *d)
{
    buf_add_char(buf, d->digits[0]);
    if (d->count > 1) {
        buf_add_char(buf, '.');
        buf_add(buf, d->digits + 1, (size_t)d->count - 1);
    }
    int exponent = d->point - 1;
    buf_format(buf, "e%c%d", exponent < 0 ? '-' : '+', abs(exponent));
}

static void write_real(struct buf *buf, double real)
{
    const double end = 9223372036854775808.0; /* 2 to the 63rd */
    if (real == trunc(real) && real >= -end && real < end) {
        buf_format(buf, "%" PRId64, (int64_t)real);
        return;
    }
    struct decimal d = {.count = 0};
    decimal_of(real, &d);
    if (d.negative) buf_add_char(buf, '-');
    if (d.point > 0 && d.point < d.count) {
        buf_add(buf, d.digits, (size_t)d.point);
        buf_add_char(buf, '.');
        buf_add(buf, d.digits + d.point, (size_t)(d.count - d.point));
    } else if (d.point <= 0 && d.point > REAL_POINT_MIN) {
        buf_add(buf, "0.", 2);
        add_zeros(buf, -d.point);
        buf_add(buf, d.digits, (size_t)d.count);
    } else {
        write_exponential(buf, &d);
    }
}

/* The letter of the two-byte escape of c, or 0. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

void json_write_string(struct buf *buf, struct str text)
{
    buf_add_char(buf, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        char escape = short_escape(c);
        if (escape == 0 && c >= 0x20) continue;
        buf_add(buf, text.at + start, i - start);
        start = i + 1;
        if (escape != 0) {
            buf_add_char(buf, '\\');
            buf_add_char(buf, escape);
        } else {
            buf_format(buf, "\\u%04x", (unsigned)c);
        }
    }
    if (text.size > start) buf_add(buf, text.at + start, text.size - start);
    buf_add_char(buf, '"');
}

static void write_int(struct buf *buf, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) digits[--at] = '-';
    buf_add(buf, digits + at, sizeof digits - at);
}

static void write_scalar(struct buf *buf, const struct value *value)
{
    switch (value->kind) {
    case VALUE_BOOL:
        buf_add_str(buf, value->truth ? STR("true") : STR("false"));
        return;
    case VALUE_INT: write_int(buf, value->integer); return;
    case VALUE_REAL: write_real(buf, value->real); return;
    case VALUE_STRING: json_write_string(buf, value->string); return;
    case VALUE_NULL:
    case VALUE_ARRAY:
    case VALUE_OBJECT: break;
    }
    buf_add(buf, "null", 4);
}

/* In UTF-16, what is past U+FFFF starts with a surrogate (D800..DFFF) and so
 * comes before U+E000..U+FFFF; in UTF-8 their first bytes (F0.. and EE, EF)
 * stand the other way round. All else has the same order in both. */
static int compare_utf16(struct str a, struct str b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    for (size_t i = 0; i < size; i++) {
        unsigned char x = (unsigned char)a.at[i];
        unsigned char y = (unsigned char)b.at[i];
        if (x == y) continue;
        bool reversed = x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0);
        return (x < y) != reversed ? -1 : 1;
    }
    return a.size < b.size ? -1 : (a.size > b.size ? 1 : 0);
}

struct sorted {
    const struct member *member;
};

static int compare_members(const void *a, const void *b)
{
    const struct sorted *x = a;
    const struct sorted *y = b;
    return compare_utf16(x->member->key, y->member->key);
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static void write_object(struct buf *buf, const struct value *value)
{
    struct sorted few[SORT_ON_STACK];
    struct sorted *order = few;
    size_t count = value->object.count;
    if (count > SORT_ON_STACK) {
        order = mem_calloc(buf->mem, count, sizeof *order);
        if (order == NULL) {
            buf->failed = true;
            return;
        }
    }
    for (size_t i = 0; i < count; i++)
        order[i].member = &value->object.members[i];
    if (count > 1) qsort(order, count, sizeof *order, compare_members);

    buf_add_char(buf, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buf_add_char(buf, ',');
        json_write_string(buf, order[i].member->key);
        buf_add_char(buf, ':');
        json_write(buf, &order[i].member->value);
    }
    buf_add_char(buf, '}');
    if (order != few) mem_free(buf->mem, order, count * sizeof *order);
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
void json_write(struct buf *buf, const struct value *value)
{
    if (buf->failed) return;
    if (value->kind == VALUE_OBJECT) {
        write_object(buf, value);
    } else if (value->kind == VALUE_ARRAY) {
        buf_add_char(buf, '[');
        for (size_t i = 0; i < value->array.count; i++) {
            if (i > 0) buf_add_char(buf, ',');
            json_write(buf, &value->array.items[i]);
        }
        buf_add_char(buf, ']');
    } else {
        write_scalar(buf, value);
    }
}

static void new_line(struct buf *buf, int depth)
{
    buf_add_char(buf, '\n');
    for (int i = 0; i < depth; i++)
        buf_add(buf, "  ", 2);
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static void write_pretty(struct buf *buf, const struct value *value, int depth)
{
    bool array = value->kind == VALUE_ARRAY;
    if (!array && value->kind != VALUE_OBJECT) {
        write_scalar(buf, value);
        return;
    }
    size_t count = array ? value->array.count : value->object.count;
    buf_add_char(buf, array ? '[' : '{');
    for (size_t i = 0; i < count; i++) {
        const struct value *item;
        if (i > 0) buf_add_char(buf, ',');
        new_line(buf, depth + 1);
        if (array) {
            item = &value->array.items[i];
        } else {
            json_write_string(buf, value->object.members[i].key);
            buf_add(buf, ": ", 2);
            item = &value->object.members[i].value;
        }
        write_pretty(buf, item, depth + 1);
    }
    if (count > 0) new_line(buf, depth);
    buf_add_char(buf, array ? ']' : '}');
}

void json_write_pretty(struct buf *buf, const struct value *value)
{
    write_pretty(buf, value, 0);
    buf_add_char(buf, '\n');
}
