/*
 * selector_block.c - what of a selector takes long to make, as blocks
 * (selector.h).
 */
#include "base/block.h"
#include "decide/scoring.h"
#include "decide/selector.h"

static const struct block_kind copies_kind = {
    UINT64_C(0x0a59504346444e89) /* "\x89NDFCPY\n" */, 1};

/* Few have copies: their numbers are written. */
static void write_copies(const struct selector *selector, struct buf *out)
{
    struct buf numbers;
    buf_init(&numbers, selector->mem);
    for (size_t i = 0; i < selector->count; i++) {
        uint32_t number = (uint32_t)i;
        if (selector->traits[i].copied)
            buf_add(&numbers, &number, sizeof number);
    }
    const struct block_array array = {
        numbers.at, numbers.size / sizeof(uint32_t), sizeof(uint32_t)};
    block_write(out, &copies_kind, &array, 1, NULL);
    if (buf_error(&numbers) != NDF_OK) out->failed = true;
    buf_deinit(&numbers);
}

int selector_read_copies(struct selector *selector)
{
    struct block_array array = {.item_size = sizeof(uint32_t)};
    int err =
        block_open(selector->saved[SELECTOR_COPIES], &copies_kind, &array, 1);
    if (err != NDF_OK) return err;
    const uint32_t *numbers = array.at;
    for (size_t i = 0; i < array.count; i++) {
        if (numbers[i] >= selector->count) return NDF_ECORRUPT;
        selector->traits[numbers[i]].copied = true;
    }
    return NDF_OK;
}

int selector_open_laws(
    struct selector *selector, const struct index_rule *rules)
{
    int err = index_open(
        &selector->index, selector->mem, selector->saved[SELECTOR_LAWS]);
    if (err != NDF_OK) return err;
    bool fits = index_fits(selector->index, rules, selector->count);
    return fits ? NDF_OK : NDF_ECORRUPT;
}

void selector_write(
    const struct selector *selector, enum selector_block which, struct buf *out)
{
    switch (which) {
    case SELECTOR_NAMES: names_write(selector->names, out); break;
    case SELECTOR_TEXT: text_index_write(selector->text, out); break;
    case SELECTOR_MENTIONS: mentions_write(selector->mentions, out); break;
    case SELECTOR_OVERLAP: overlap_write(selector->overlap, out); break;
    case SELECTOR_COPIES: write_copies(selector, out); break;
    case SELECTOR_LAWS: index_write(selector->index, out); break;
    case SELECTOR_BLOCKS: break;
    }
}
