/*
 * utf8.c - see utf8.h.
 *
 * Validity is checked by hand (RFC 3629's table of well-formed sequences);
 * what code points are and how they fold comes from utf8proc, into memory of
 * our own.
 */
#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

#include "ndf/error.h"

static const struct str replacement = {"\xEF\xBF\xBD", 3}; /* U+FFFD */

/* The second byte of these leads has a narrower range than 80..BF: it keeps
 * out overlong forms, surrogates and what is past U+10FFFF. */
static bool second_byte_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second <= 0x9F;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second <= 0x8F;
    default: return true;
    }
}

static size_t sequence_size(unsigned char lead)
{
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

/* Bytes of the valid sequence at the start of s, or 0. */
static size_t valid_sequence(const char *s, size_t left)
{
    unsigned char lead = (unsigned char)s[0];
    size_t size = sequence_size(lead);
    if (size == 0 || size > left) return 0;
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)s[i] & 0xC0) != 0x80) return 0;
    }
    if (size > 1 && !second_byte_fits(lead, (unsigned char)s[1])) return 0;
    return size;
}

/* Bytes at the start of s that are ASCII for sure: eight at a time. */
static size_t ascii_run(const char *s, size_t left)
{
    size_t run = 0;
    uint64_t block;
    while (left - run >= sizeof block) {
        memcpy(&block, s + run, sizeof block);
        if ((block & UINT64_C(0x8080808080808080)) != 0) break;
        run += sizeof block;
    }
    return run;
}

size_t utf8_invalid_at(struct str text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t size = ascii_run(text.at + at, text.size - at);
        if (size == 0) size = valid_sequence(text.at + at, text.size - at);
        if (size == 0) return at;
        at += size;
    }
    return text.size;
}

bool utf8_valid(struct str text)
{
    return utf8_invalid_at(text) == text.size;
}

void utf8_add_lossy(struct buf *buf, struct str text)
{
    while (text.size > 0) {
        size_t valid = utf8_invalid_at(text);
        buf_add(buf, text.at, valid);
        if (valid == text.size) return;
        buf_add_str(buf, replacement);
        text = str_from(text, valid + 1);
    }
}

static bool is_control(int32_t code_point)
{
    if (code_point == '\n' || code_point == '\t') return false;
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

static void add_without_controls(struct buf *buf, struct str valid)
{
    size_t at = 0;
    size_t start = 0;
    for (size_t from = 0; from < valid.size; from = at) {
        if (!is_control(utf8_next(valid, &at))) continue;
        buf_add(buf, valid.at + start, from - start);
        start = at;
    }
    buf_add(buf, valid.at + start, valid.size - start);
}

void utf8_add_printable(struct buf *buf, struct str text)
{
    while (text.size > 0) {
        size_t valid = utf8_invalid_at(text);
        if (valid > 0) add_without_controls(buf, str_until(text, valid));
        if (valid == text.size) return;
        buf_add_str(buf, replacement);
        text = str_from(text, valid + 1);
    }
}

/* ASCII needs no tables: most of what is folded is ASCII. */
static int fold_ascii(struct buf *buf, struct str text)
{
    char *to = buf_reserve(buf, text.size);
    if (to == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    buf->size += text.size;
    buf->at[buf->size] = '\0';
    return NDF_OK;
}

static bool is_ascii(struct str text)
{
    for (size_t i = ascii_run(text.at, text.size); i < text.size; i++) {
        if ((unsigned char)text.at[i] >= 0x80) return false;
    }
    return true;
}

static int fold_unicode(struct buf *buf, struct str text)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPAT |
                                      UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.at;
    utf8proc_ssize_t left = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t points = utf8proc_decompose(bytes, left, NULL, 0, options);
    if (points < 0) return NDF_EINVAL;

    /* One more, because re-encoding ends the text with a NUL. */
    size_t size = ((size_t)points + 1) * sizeof(utf8proc_int32_t);
    utf8proc_int32_t *scratch = mem_alloc(buf->mem, size);
    if (scratch == NULL) return NDF_ENOMEM;
    int err = NDF_EINVAL;
    if (utf8proc_decompose(bytes, left, scratch, points, options) == points) {
        utf8proc_ssize_t written = utf8proc_reencode(scratch, points, options);
        if (written >= 0) {
            buf_add(buf, scratch, (size_t)written);
            err = buf_error(buf);
        }
    }
    mem_free(buf->mem, scratch, size);
    return err;
}

int utf8_fold(struct buf *buf, struct str text)
{
    if (text.size == 0) return NDF_OK;
    return is_ascii(text) ? fold_ascii(buf, text) : fold_unicode(buf, text);
}

int32_t utf8_next(struct str text, size_t *at)
{
    if (*at >= text.size) return -1;
    const unsigned char *s = (const unsigned char *)text.at + *at;
    if (s[0] < 0x80) {
        ++*at;
        return s[0];
    }
    size_t size = sequence_size(s[0]);
    /* Only of invalid text: one byte at a time is as good as any. */
    if (size == 0 || size > text.size - *at) size = 1;
    *at += size;
    switch (size) {
    case 2: return (s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    case 3: return (s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    case 4:
        return (s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 |
               (s[3] & 0x3F);
    default: return s[0];
    }
}

/* As for folding: ASCII needs no tables. */
static bool is_between(int32_t c, char first, char last)
{
    return c >= first && c <= last;
}

bool utf8_is_word(int32_t code_point)
{
    if (code_point < 0x80)
        return is_between(code_point | 0x20, 'a', 'z') ||
               is_between(code_point, '0', '9');
    utf8proc_category_t category = utf8proc_category(code_point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool utf8_is_upper(int32_t code_point)
{
    if (code_point < 0x80) return is_between(code_point, 'A', 'Z');
    utf8proc_category_t category = utf8proc_category(code_point);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool utf8_is_digit(int32_t code_point)
{
    if (code_point < 0x80) return is_between(code_point, '0', '9');
    return utf8proc_category(code_point) == UTF8PROC_CATEGORY_ND;
}

size_t utf8_width(struct str text)
{
    size_t width = 0;
    size_t at = 0;
    for (int32_t c = utf8_next(text, &at); c >= 0; c = utf8_next(text, &at)) {
        int columns = utf8proc_charwidth(c);
        if (columns > 0) width += (size_t)columns;
    }
    return width;
}
