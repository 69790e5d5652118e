/*
 * vectors_words.c - words, their vectors, and sums of them (vectors.h).
 *
 * Each vector is scaled to length 1 and kept in 8 bits while words come; at the
 * end the mean of all is taken off and the rest is scaled again. How common a
 * word is follows from its place in the file (Zipf's law), so a word counts by
 * smooth inverse frequency without any counts. A word is known by 64 bits of
 * hash: that two of a file share them is not to be expected.
 *
 * Invariant: row i of rows, its hash and its scale belong together; slots find
 * i + 1 by the hash, 0 is free, and at least half of them are.
 */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "decide/tokens.h"
#include "decide/vectors_state.h"

enum {
    SLOTS_MIN = 1024,
    QUANTUM_MAX = 127,
};
#define LEAST 1e-30F /* numbers that are all below it have no direction */
/* How much rarer words count more: half weight at this share of a text. Over
 * four routing data sets ten times as much is worse in all, a tenth in most. */
#define SMOOTH 1e-4
#define EULER  0.5772156649

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

/* ---- making --------------------------------------------------------------
 */

int vectors_new(struct vectors **out, const struct mem *mem)
{
    *out = mem_calloc(mem, 1, sizeof **out);
    if (*out == NULL) return NDF_ENOMEM;
    (*out)->mem = *mem;
    atomic_init(&(*out)->references, 1);
    return NDF_OK;
}

void vectors_set_dims(struct vectors *v, size_t dims)
{
    v->dims = dims;
    v->stride = (dims + VECTORS_STRIDE - 1) / VECTORS_STRIDE * VECTORS_STRIDE;
}

int vectors_put(struct vectors *v, struct str word, const float *numbers)
{
    int err = make_room(v);
    if (err != NDF_OK) return err;
    uint64_t hash = hash64(word);
    size_t slot = slot_of(v, hash);
    if (v->slots[slot] != 0) return NDF_OK;
    float scale =
        quantise(numbers, v->dims, v->stride, &v->rows[v->count * v->stride]);
    if (!(scale > 0)) return NDF_OK;
    v->scales[v->count] = scale;
    v->hashes[v->count] = hash;
    v->slots[slot] = (uint32_t)++v->count;
    return NDF_OK;
}

void vectors_settle(struct vectors *v)
{
    centre(v);
    shrink(v);
}

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

/* ---- texts -------------------------------------------------------------- */

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
