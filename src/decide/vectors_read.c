/*
 * vectors_read.c - from the lines of a file to words and their vectors
 * (vectors.h).
 *
 * Bytes come in pieces; what has no end of line yet waits. A line is judged by
 * the first one: as many numbers, or it is no line of this file.
 */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "decide/tokens.h"
#include "decide/vectors_state.h"

enum {
    FAR = 100000,   /* no power of ten needs to be told from this one */
    POWER_MAX = 37, /* of ten: what is smaller is 0, what is larger refused */
};
#define NUMBER_MAX 1e9
/* More digits of a number only move it. */
#define DIGITS_MAX UINT64_C(100000000000000000)

struct vectors_reader {
    struct vectors *made;
    struct buf rest; /* of a line that has no end yet */
    struct buf word; /* folded */
    uint32_t line;   /* of the one being read */
    bool started;    /* dims are known */
    uint64_t told;   /* words, by the first line; 0: it did not say */
    uint64_t seen;   /* lines with a word */
    float row[VECTORS_DIMS_MAX];
};

/* ---- numbers --------------------------------------------------------------
 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* digits times ten to the power, and where that ends. */
struct decimal {
    uint64_t digits;
    int power;
    size_t end;
};

/* The digits before and behind a point; false when there are none. */
static bool read_digits(struct str text, size_t at, struct decimal *out)
{
    uint64_t digits = 0;
    int power = 0, behind = 0;
    bool any = false;
    for (; at < text.size; at++) {
        char c = text.at[at];
        if (c == '.' && behind == 0) {
            behind = 1;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        if (digits < DIGITS_MAX) {
            digits = digits * 10 + (uint64_t)(c - '0');
            power -= behind;
        } else {
            power += 1 - behind;
        }
    }
    *out = (struct decimal){digits, power, at};
    return any;
}

/* The number behind an e; false when there is none. */
static bool read_power(struct str text, struct decimal *out)
{
    size_t at = out->end + 1;
    bool minus = at < text.size && text.at[at] == '-';
    if (minus || (at < text.size && text.at[at] == '+')) at++;
    int value = 0;
    size_t start = at;
    for (; at < text.size && is_digit(text.at[at]); at++)
        if (value < FAR) value = value * 10 + (text.at[at] - '0');
    out->power += minus ? -value : value;
    out->end = at;
    return at > start;
}

/* For a power of at most POWER_MAX; exact enough for 8 bits. */
static double shift(uint64_t digits, int power)
{
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    double value = (double)digits;
    for (; power > 7; power -= 7)
        value *= tens[7];
    for (; power < -7; power += 7)
        value /= tens[7];
    return power < 0 ? value / tens[-power] : value * tens[power];
}

/* Cuts the next field off *rest, which must be a decimal number as printf
 * writes them in the C locale; no words (nan, inf) and none over NUMBER_MAX. */
static bool next_number(struct str *rest, float *out)
{
    struct str text = *rest;
    struct decimal decimal;
    size_t at = 0;
    while (at < text.size && is_blank(text.at[at]))
        at++;
    bool minus = at < text.size && text.at[at] == '-';
    if (minus || (at < text.size && text.at[at] == '+')) at++;
    if (!read_digits(text, at, &decimal)) return false;
    bool powered = decimal.end < text.size &&
                   (text.at[decimal.end] == 'e' || text.at[decimal.end] == 'E');
    if (powered && !read_power(text, &decimal)) return false;
    if (decimal.end < text.size && !is_blank(text.at[decimal.end]))
        return false;
    *rest = str_from(text, decimal.end);
    if (decimal.digits == 0 || decimal.power < -POWER_MAX)
        decimal = (struct decimal){0, 0, 0};
    if (decimal.power > POWER_MAX) return false;
    double value = shift(decimal.digits, decimal.power);
    *out = (float)(minus ? -value : value);
    return value <= NUMBER_MAX;
}

/* ---- lines ----------------------------------------------------------------
 */

/* Cuts the next field off *rest; false when there is none. */
static bool next_field(struct str *rest, struct str *field)
{
    size_t start = 0;
    while (start < rest->size && is_blank(rest->at[start]))
        start++;
    size_t end = start;
    while (end < rest->size && !is_blank(rest->at[end]))
        end++;
    *field = str_until(str_from(*rest, start), end - start);
    *rest = str_from(*rest, end);
    return field->size > 0;
}

static size_t count_fields(struct str line)
{
    struct str field;
    size_t count = 0;
    while (next_field(&line, &field))
        count++;
    return count;
}

static bool read_whole(struct str text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.at[i]) || *out >= DIGITS_MAX) return false;
        *out = *out * 10 + (uint64_t)(text.at[i] - '0');
    }
    return text.size > 0;
}

static int set_dims(
    struct vectors_reader *reader, uint64_t dims, ndf_error *error)
{
    if (dims < VECTORS_DIMS_MIN)
        return err_at(error, NDF_ESYNTAX, reader->line, 0,
            "expected a word and its numbers, as in GloVe's and word2vec's "
            "text format: give a file of word vectors");
    if (dims > VECTORS_DIMS_MAX)
        return err_at(error, NDF_ELIMIT, reader->line, 0,
            "%llu numbers to a word are too many: give a file with at most %d",
            (unsigned long long)dims, VECTORS_DIMS_MAX);
    vectors_set_dims(reader->made, (size_t)dims);
    reader->started = true;
    return NDF_OK;
}

/* The first line: word2vec's, or a word like all others. */
static int start(struct vectors_reader *reader, struct str line, bool *taken,
    ndf_error *error)
{
    struct str rest = line, words, dims, other;
    uint64_t count = 0, numbers = 0;
    *taken = next_field(&rest, &words) && next_field(&rest, &dims) &&
             !next_field(&rest, &other) && read_whole(words, &count) &&
             read_whole(dims, &numbers);
    if (!*taken) return set_dims(reader, count_fields(line) - 1, error);
    reader->told = count;
    return set_dims(reader, numbers, error);
}

/* Whether a line is that of a phrase: more fields than it should have, of which
 * those before the numbers are none. Some well-known files have a few. */
static bool is_phrase(const struct vectors_reader *reader, struct str line)
{
    size_t count = count_fields(line);
    size_t dims = reader->made->dims;
    struct str field = {line.at, 0};
    float number;
    if (count < dims + 2) return false;
    for (size_t i = 0; i < count; i++) {
        next_field(&line, &field);
        bool is_number = next_number(&field, &number);
        if (i + dims >= count && !is_number) return false;
        if (i + dims + 1 == count && is_number) return false;
    }
    return true;
}

static int bad_line(
    const struct vectors_reader *reader, struct str line, ndf_error *error)
{
    size_t dims = reader->made->dims;
    size_t count = count_fields(line) - 1;
    struct str field = {line.at, 0};
    float number;
    if (count != dims)
        return err_at(error, NDF_ESYNTAX, reader->line, 0,
            "a word with %zu numbers where the first has %zu: the file is "
            "damaged or cut, get it again",
            count, dims);
    next_field(&line, &field);
    struct str rest = line;
    while (next_number(&rest, &number))
        line = rest;
    next_field(&line, &field);
    if (field.size > TOKENS_WORD_MAX) field = str_until(field, TOKENS_WORD_MAX);
    return err_at(error, NDF_ESYNTAX, reader->line, 0,
        "'%.*s' is not a finite decimal number: the file is damaged, get it "
        "again",
        STR_ARG(field));
}

/* Folds a word that a text could name into reader->word; false for others. */
static bool fold(struct vectors_reader *reader, struct str word)
{
    buf_reset(&reader->word);
    if (word.size > TOKENS_WORD_MAX || !utf8_valid(word)) return false;
    size_t at = 0;
    for (int32_t c; (c = utf8_next(word, &at)) >= 0;)
        if (!utf8_is_word(c)) return false;
    if (utf8_fold(&reader->word, word) != NDF_OK) reader->word.failed = true;
    return true;
}

static int take(struct vectors_reader *reader, struct str word)
{
    if (!fold(reader, word)) return NDF_OK;
    int err = buf_error(&reader->word);
    return err != NDF_OK
               ? err
               : vectors_put(reader->made, buf_str(&reader->word), reader->row);
}

static int read_line(
    struct vectors_reader *reader, struct str line, ndf_error *error)
{
    struct str rest, word, field;
    bool taken = false;
    reader->line++;
    line = str_trim(line);
    if (line.size == 0 || vectors_reader_full(reader)) return NDF_OK;
    if (!reader->started) {
        int err = start(reader, line, &taken, error);
        if (err != NDF_OK || taken) return err;
    }
    reader->seen++;
    rest = line;
    next_field(&rest, &word);
    for (size_t i = 0; i < reader->made->dims; i++) {
        if (next_number(&rest, &reader->row[i])) continue;
        return is_phrase(reader, line) ? NDF_OK : bad_line(reader, line, error);
    }
    if (next_field(&rest, &field))
        return is_phrase(reader, line) ? NDF_OK : bad_line(reader, line, error);
    return take(reader, word);
}

/* ---- reader ---------------------------------------------------------------
 */

int vectors_reader_new(struct vectors_reader **out, const struct mem *mem)
{
    *out = NULL;
    struct vectors_reader *reader = mem_calloc(mem, 1, sizeof *reader);
    if (reader == NULL) return NDF_ENOMEM;
    buf_init(&reader->rest, mem);
    buf_init(&reader->word, mem);
    if (vectors_new(&reader->made, mem) != NDF_OK) goto fail;
    *out = reader;
    return NDF_OK;

fail:
    vectors_reader_free(reader);
    return NDF_ENOMEM;
}

void vectors_reader_free(struct vectors_reader *reader)
{
    if (reader == NULL) return;
    const struct mem *mem = reader->rest.mem;
    vectors_unref(reader->made);
    buf_deinit(&reader->rest);
    buf_deinit(&reader->word);
    mem_free(mem, reader, sizeof *reader);
}

bool vectors_reader_full(const struct vectors_reader *reader)
{
    return reader->made->count == VECTORS_WORDS_MAX;
}

static int too_long(const struct vectors_reader *reader, ndf_error *error)
{
    return err_at(error, NDF_ELIMIT, reader->line + 1, 0,
        "the line has over %d bytes: give a file of word vectors as text",
        VECTORS_LINE_MAX);
}

int vectors_reader_add(
    struct vectors_reader *reader, struct str bytes, ndf_error *error)
{
    int err = NDF_OK;
    while (err == NDF_OK && bytes.size > 0) {
        size_t end = str_find_char(bytes, '\n');
        struct str line = str_until(bytes, end);
        bool whole = end < bytes.size;
        bytes = str_from(bytes, whole ? end + 1 : end);
        if (reader->rest.size + line.size > VECTORS_LINE_MAX)
            return too_long(reader, error);
        if (!whole || reader->rest.size > 0) {
            buf_add_str(&reader->rest, line);
            err = buf_error(&reader->rest);
            line = buf_str(&reader->rest);
        }
        if (err != NDF_OK || !whole) continue;
        err = read_line(reader, line, error);
        buf_reset(&reader->rest);
    }
    return err;
}

int vectors_reader_end(
    struct vectors_reader *reader, struct vectors **out, ndf_error *error)
{
    *out = NULL;
    struct vectors *v = reader->made;
    int err = read_line(reader, buf_str(&reader->rest), error);
    if (err != NDF_OK) return err;
    if (reader->told > 0 && reader->seen != reader->told &&
        !vectors_reader_full(reader))
        return err_at(error, NDF_ESYNTAX, 1, 0,
            "it says %llu words, but the file has %llu: it is damaged or cut, "
            "get it again",
            (unsigned long long)reader->told, (unsigned long long)reader->seen);
    if (v->count == 0)
        return err_set(error, NDF_ESYNTAX,
            "there is no word in it: give a file of word vectors");
    vectors_settle(v);
    *out = v;
    reader->made = NULL;
    return NDF_OK;
}
