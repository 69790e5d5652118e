/*
 * vectors.c - see vectors.h.
 *
 * Each vector is scaled to length 1 and kept in 8 bits while lines are read;
 * at the end the mean of all is taken off and the rest is scaled again. How
 * common a word is follows from its place in the file (Zipf's law), so a word
 * counts by smooth inverse frequency without any counts. A word is known by 64
 * bits of hash: that two of a file share them is not to be expected.
 *
 * Invariant: row i of rows, its hash and its scale belong together; slots find
 * i + 1 by the hash, 0 is free, and at least half of them are.
 */
#include "decide/vectors.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "decide/tokens.h"

enum {
    SLOTS_MIN = 1024,
    FAR = 100000,   /* no power of ten needs to be told from this one */
    POWER_MAX = 37, /* of ten: what is smaller is 0, what is larger refused */
    QUANTUM_MAX = 127,
};
#define NUMBER_MAX 1e9
#define LEAST      1e-30F /* numbers that are all below it have no direction */
/* More digits of a number only move it. */
#define DIGITS_MAX UINT64_C(100000000000000000)
/* How much rarer words count more: half weight at this share of a text. Over
 * four routing data sets ten times as much is worse in all, a tenth in most. */
#define SMOOTH 1e-4
#define EULER  0.5772156649

struct vectors {
    struct mem mem;
    _Atomic size_t references;
    size_t dims, stride, count;
    int8_t *rows;
    float *scales; /* 1 / the length of a row */
    uint64_t *hashes;
    uint32_t *slots;
    size_t row_capacity, scale_capacity, hash_capacity, slot_count;
};

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

/* ---- words ----------------------------------------------------------------
 */

static size_t slot_of(const struct vectors *v, uint64_t hash)
{
    size_t at = (size_t)hash & (v->slot_count - 1);
    while (v->slots[at] != 0 && v->hashes[v->slots[at] - 1] != hash)
        at = (at + 1) & (v->slot_count - 1);
    return at;
}

static int more_slots(struct vectors *v)
{
    size_t count = v->slot_count > 0 ? v->slot_count * 2 : SLOTS_MIN;
    uint32_t *slots = mem_calloc(&v->mem, count, sizeof *slots);
    if (slots == NULL) return NDF_ENOMEM;
    mem_free(&v->mem, v->slots, v->slot_count * sizeof *slots);
    v->slots = slots;
    v->slot_count = count;
    for (size_t i = 0; i < v->count; i++)
        slots[slot_of(v, v->hashes[i])] = (uint32_t)i + 1;
    return NDF_OK;
}

static int make_room(struct vectors *v)
{
    const struct mem *mem = &v->mem;
    void *rows = v->rows, *scales = v->scales, *hashes = v->hashes;
    size_t need = v->count + 1;
    int err = mem_grow(mem, &rows, &v->row_capacity, need, v->stride);
    v->rows = rows;
    if (err == NDF_OK)
        err =
            mem_grow(mem, &scales, &v->scale_capacity, need, sizeof *v->scales);
    v->scales = scales;
    if (err == NDF_OK)
        err =
            mem_grow(mem, &hashes, &v->hash_capacity, need, sizeof *v->hashes);
    v->hashes = hashes;
    if (err == NDF_OK && need * 2 > v->slot_count) err = more_slots(v);
    return err;
}

/* The row of a folded word, or count. */
static size_t find(const struct vectors *v, struct str word)
{
    uint32_t place = v->slots[slot_of(v, hash64(word))];
    return place > 0 ? place - 1 : v->count;
}

/* ---- rows -----------------------------------------------------------------
 */

/* The direction of numbers in 8 bits, and 1 / the length of that; 0 when they
 * have no direction. */
static float quantise(
    const float *numbers, size_t dims, size_t stride, int8_t *out)
{
    float most = 0;
    int32_t squares = 0;
    memset(out, 0, stride);
    for (size_t i = 0; i < dims; i++) {
        float size = fabsf(numbers[i]);
        if (size > most) most = size;
    }
    if (!(most > LEAST)) return 0;
    float by = QUANTUM_MAX / most;
    for (size_t i = 0; i < dims; i++) {
        float exact = numbers[i] * by;
        int n = (int)(exact < 0 ? exact - 0.5F : exact + 0.5F);
        out[i] = (int8_t)n;
        squares += n * n;
    }
    return 1 / sqrtf((float)squares);
}

static void add_row(
    const struct vectors *v, size_t row, float weight, float *sum)
{
    const int8_t *at = &v->rows[row * v->stride];
    weight *= v->scales[row];
    for (size_t d = 0; d < v->stride; d += VECTORS_STRIDE)
        for (size_t i = 0; i < VECTORS_STRIDE; i++)
            sum[d + i] += weight * (float)at[d + i];
}

/* Takes the mean of all rows off each. */
static void centre(struct vectors *v)
{
    float mean[VECTORS_DIMS_MAX] = {0};
    float row[VECTORS_DIMS_MAX];
    for (size_t i = 0; i < v->count; i++)
        add_row(v, i, 1 / (float)v->count, mean);
    for (size_t i = 0; i < v->count; i++) {
        for (size_t d = 0; d < v->dims; d++)
            row[d] = -mean[d];
        add_row(v, i, 1, row);
        v->scales[i] =
            quantise(row, v->dims, v->stride, &v->rows[i * v->stride]);
    }
}

/* Gives back the room that no word took. A failure leaves it. */
static void shrink(struct vectors *v)
{
    void *rows = mem_resize(
        &v->mem, v->rows, v->row_capacity * v->stride, v->count * v->stride);
    if (rows == NULL) return;
    v->rows = rows;
    v->row_capacity = v->count;
}

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
    struct vectors *v = reader->made;
    if (dims < VECTORS_DIMS_MIN)
        return err_at(error, NDF_ESYNTAX, reader->line, 0,
            "expected a word and its numbers, as in GloVe's and word2vec's "
            "text format: give a file of word vectors");
    if (dims > VECTORS_DIMS_MAX)
        return err_at(error, NDF_ELIMIT, reader->line, 0,
            "%llu numbers to a word are too many: give a file with at most %d",
            (unsigned long long)dims, VECTORS_DIMS_MAX);
    v->dims = (size_t)dims;
    v->stride =
        (v->dims + VECTORS_STRIDE - 1) / VECTORS_STRIDE * VECTORS_STRIDE;
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
    struct vectors *v = reader->made;
    if (!fold(reader, word)) return NDF_OK;
    int err = buf_error(&reader->word);
    if (err == NDF_OK) err = make_room(v);
    if (err != NDF_OK) return err;
    uint64_t hash = hash64(buf_str(&reader->word));
    size_t slot = slot_of(v, hash);
    if (v->slots[slot] != 0) return NDF_OK;
    float scale = quantise(
        reader->row, v->dims, v->stride, &v->rows[v->count * v->stride]);
    if (!(scale > 0)) return NDF_OK; /* no direction: it says nothing */
    v->scales[v->count] = scale;
    v->hashes[v->count] = hash;
    v->slots[slot] = (uint32_t)++v->count;
    return NDF_OK;
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
    reader->made = mem_calloc(mem, 1, sizeof *reader->made);
    if (reader->made == NULL) goto fail;
    reader->made->mem = *mem;
    atomic_init(&reader->made->references, 1);
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
    centre(v);
    shrink(v);
    *out = v;
    reader->made = NULL;
    return NDF_OK;
}

/* ---- vectors --------------------------------------------------------------
 */

void vectors_ref(struct vectors *vectors)
{
    atomic_fetch_add_explicit(&vectors->references, 1, memory_order_relaxed);
}

void vectors_unref(struct vectors *v)
{
    if (v == NULL) return;
    if (atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = v->mem;
    mem_free(&mem, v->rows, v->row_capacity * v->stride);
    mem_free(&mem, v->scales, v->scale_capacity * sizeof *v->scales);
    mem_free(&mem, v->hashes, v->hash_capacity * sizeof *v->hashes);
    mem_free(&mem, v->slots, v->slot_count * sizeof *v->slots);
    mem_free(&mem, v, sizeof *v);
}

size_t vectors_count(const struct vectors *vectors)
{
    return vectors->count;
}

size_t vectors_row_size(const struct vectors *vectors)
{
    return vectors->stride;
}

/* The share of a text that a word of this rank makes up, by Zipf's law, against
 * the share at which it counts half. */
static float weight_of(const struct vectors *v, size_t row)
{
    double harmonic = log((double)v->count) + EULER;
    double share = 1 / ((double)(row + 1) * harmonic);
    return (float)(SMOOTH / (SMOOTH + share));
}

static int add_valid(const struct vectors *v, const struct mem *mem,
    struct str text, struct vectors_sum *sum)
{
    struct tokens tokens;
    struct str word;
    tokens_init(&tokens, mem, text);
    while (tokens_next(&tokens, &word)) {
        size_t row = find(v, word);
        if (row == v->count) continue;
        add_row(v, row, weight_of(v, row), sum->at);
        sum->words++;
    }
    int err = tokens_error(&tokens);
    tokens_deinit(&tokens);
    return err;
}

int vectors_add(const struct vectors *vectors, const struct mem *mem,
    struct str text, struct vectors_sum *sum)
{
    if (text.size > VECTORS_TEXT_MAX) text = str_until(text, VECTORS_TEXT_MAX);
    if (utf8_valid(text)) return add_valid(vectors, mem, text, sum);
    struct buf mended;
    buf_init(&mended, mem);
    utf8_add_lossy(&mended, text);
    int err = buf_error(&mended);
    if (err == NDF_OK) err = add_valid(vectors, mem, buf_str(&mended), sum);
    buf_deinit(&mended);
    return err;
}

float vectors_row(
    const struct vectors *vectors, const struct vectors_sum *sum, int8_t *out)
{
    return quantise(sum->at, vectors->dims, vectors->stride, out);
}

int32_t vectors_dot(const int8_t *a, const int8_t *b, size_t size)
{
    int32_t sum = 0;
    for (size_t at = 0; at < size; at += VECTORS_STRIDE) {
        int32_t part = 0;
        for (size_t i = 0; i < VECTORS_STRIDE; i++)
            part += (int16_t)a[at + i] * (int16_t)b[at + i];
        sum += part;
    }
    return sum;
}
