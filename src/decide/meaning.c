/*
 * meaning.c - see meaning.h.
 *
 * A body is left out: it is long, and about much besides what its agent is for.
 * Invariant: scales[i] is 0 for a candidate of whose words none is known.
 */
#include "decide/meaning.h"

#include <math.h>

#include "base/err.h"

struct meaning {
    const struct mem *mem;
    struct vectors *vectors;
    size_t count, stride;
    int8_t *rows;
    float *scales;
};

int meaning_new(struct meaning **out, const struct mem *mem,
    struct vectors *vectors, size_t count)
{
    *out = NULL;
    struct meaning *meaning = mem_calloc(mem, 1, sizeof *meaning);
    if (meaning == NULL) return NDF_ENOMEM;
    meaning->mem = mem;
    vectors_ref(vectors);
    meaning->vectors = vectors;
    meaning->count = count;
    meaning->stride = vectors_row_size(vectors);
    if (count > 0) {
        meaning->rows = mem_calloc(mem, count, meaning->stride);
        meaning->scales = mem_calloc(mem, count, sizeof *meaning->scales);
        if (meaning->rows == NULL || meaning->scales == NULL) goto fail;
    }
    *out = meaning;
    return NDF_OK;

fail:
    meaning_free(meaning);
    return NDF_ENOMEM;
}

void meaning_free(struct meaning *meaning)
{
    if (meaning == NULL) return;
    const struct mem *mem = meaning->mem;
    vectors_unref(meaning->vectors);
    mem_free(mem, meaning->rows, meaning->count * meaning->stride);
    mem_free(mem, meaning->scales, meaning->count * sizeof *meaning->scales);
    mem_free(mem, meaning, sizeof *meaning);
}

static bool says_what_it_is(enum text_field_kind kind)
{
    return kind == TEXT_NAME || kind == TEXT_DESCRIPTION ||
           kind == TEXT_EXAMPLE;
}

int meaning_set(struct meaning *meaning, size_t candidate,
    const struct text_field *fields, size_t count)
{
    struct vectors_sum sum = {.words = 0};
    for (size_t i = 0; i < count; i++) {
        if (!says_what_it_is(fields[i].kind)) continue;
        int err =
            vectors_add(meaning->vectors, meaning->mem, fields[i].text, &sum);
        if (err != NDF_OK) return err;
    }
    meaning->scales[candidate] = vectors_row(
        meaning->vectors, &sum, &meaning->rows[candidate * meaning->stride]);
    return NDF_OK;
}

/* Of what is unlike it only matters that it is. */
static int score(
    const void *ud, struct str text, struct arena *arena, float *out)
{
    const struct meaning *meaning = ud;
    struct vectors_sum sum = {.words = 0};
    int8_t row[VECTORS_DIMS_MAX];
    int err = vectors_add(meaning->vectors, arena->mem, text, &sum);
    if (err != NDF_OK) return err;
    float scale = vectors_row(meaning->vectors, &sum, row);
    for (size_t i = 0; i < meaning->count; i++) {
        const int8_t *own = &meaning->rows[i * meaning->stride];
        float both = scale * meaning->scales[i];
        float cosine = (float)vectors_dot(row, own, meaning->stride) * both;
        out[i] = both > 0 ? fminf(fmaxf(cosine, 0), 1) : NAN;
    }
    return NDF_OK;
}

struct evidence meaning_evidence(const struct meaning *meaning)
{
    return (struct evidence){score, meaning};
}
