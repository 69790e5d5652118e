/*
 * text_block.c - an index over features as a block, and from one (text.h).
 *
 * How a text is scored is part of the form: the weights in the arrays are
 * already those of the formulas in text_index.c, so who changes these counts
 * the version up. Invariant of an opened index: each number of a document is
 * finite and in its range, so that no score comes out as not a number.
 */
#include <float.h>
#include <math.h>

#include "base/err.h"
#include "decide/text_state.h"

static const struct block_kind kind = {
    UINT64_C(0x0a54584446444e89) /* "\x89NDFDXT\n" */, 1};

enum array { WORDS, GRAMS = WORDS + POSTINGS_ARRAYS };
enum { DOCUMENTS = GRAMS + POSTINGS_ARRAYS, NEGATIVES, ARRAYS };

#define WEIGHT_MAX 1e6F /* of a word of not_for: far above the largest */
#define ROUNDING   1e-3

void text_index_write(const struct text_index *index, struct buf *out)
{
    struct block_array arrays[ARRAYS];
    postings_arrays(&index->words, arrays + WORDS);
    postings_arrays(&index->grams, arrays + GRAMS);
    arrays[DOCUMENTS] = (struct block_array){
        index->documents, index->count, sizeof *index->documents};
    arrays[NEGATIVES] = (struct block_array){
        index->negatives, index->negative_count, sizeof *index->negatives};
    block_write(out, &kind, arrays, ARRAYS, NULL);
}

static bool in_range(float number, float least, float most)
{
    return number >= least && number <= most; /* and so no NaN */
}

static bool negatives_are_right(
    const struct text_index *index, const struct document *document)
{
    uint32_t count = document->negative_count;
    if (document->negative_at > index->negative_count ||
        count > index->negative_count - document->negative_at)
        return false;
    const struct negative *at = index->negatives + document->negative_at;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!in_range(at[i].weight, 0, WEIGHT_MAX)) return false;
        sum += (double)at[i].weight * (double)at[i].weight;
    }
    double norm = (double)document->negative_norm;
    return in_range(document->negative_norm, 0, FLT_MAX) &&
           fabs(norm * norm - sum) <= ROUNDING * sum;
}

static bool documents_are_right(const struct text_index *index)
{
    for (size_t d = 0; d < index->count; d++) {
        const struct document *document = &index->documents[d];
        if (!in_range(document->length, 0, FLT_MAX) ||
            !in_range(document->pivot, FLT_MIN, FLT_MAX) ||
            !in_range(document->norm, 0, FLT_MAX) ||
            !negatives_are_right(index, document))
            return false;
    }
    return true;
}

static int lend(struct text_index *index, struct block_array arrays[ARRAYS])
{
    index->documents = arrays[DOCUMENTS].at;
    index->count = arrays[DOCUMENTS].count;
    index->negatives = arrays[NEGATIVES].at;
    index->negative_count = arrays[NEGATIVES].count;
    if (index->count > TEXT_DOCUMENTS_MAX) return NDF_ECORRUPT;
    int err = postings_lend(&index->words, arrays + WORDS);
    if (err == NDF_OK) err = postings_lend(&index->grams, arrays + GRAMS);
    if (err == NDF_OK && !documents_are_right(index)) err = NDF_ECORRUPT;
    return err;
}

int text_index_open(
    struct text_index **out, const struct mem *mem, struct str block)
{
    static const size_t sizes[ARRAYS] = {sizeof(struct posting),
        sizeof(uint32_t), sizeof(uint32_t), sizeof(uint32_t),
        sizeof(struct posting), sizeof(uint32_t), sizeof(uint32_t),
        sizeof(uint32_t), sizeof(struct document), sizeof(struct negative)};
    struct block_array arrays[ARRAYS];
    *out = NULL;
    for (size_t i = 0; i < ARRAYS; i++)
        arrays[i].item_size = sizes[i];
    int err = block_open(block, &kind, arrays, ARRAYS);
    if (err != NDF_OK) return err;
    struct text_index *index = mem_calloc(mem, 1, sizeof *index);
    if (index == NULL) return NDF_ENOMEM;
    index->mem = mem;
    index->lent = true;
    common_words_init(&index->common);
    err = lend(index, arrays);
    if (err == NDF_OK) *out = index;
    else text_index_free(index);
    return err;
}

size_t text_index_count(const struct text_index *index)
{
    return index->count;
}
