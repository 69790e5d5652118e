/*
 * fuzz_index_block.c - an index of laws in a block with bytes changed, and cut
 * anywhere: it is refused, or answers within its range, can be changed, and
 * what was made of it is a block again.
 *
 * An input is which index (one byte), then changes: where (three bytes) and
 * what (one byte). Three bytes that are left over say where the block is cut.
 */
#include <string.h>

#include "decide/index.h"
#include "fuzz/fuzz.h"
#include "unit/decide/random_rules.h"

enum { INDEXES = 5, CHANGE = 4, CONTEXTS = 6, MANY = 2600 };

struct made {
    bool there;
    struct world world;
    struct index_rule *rules;
    size_t count;
    struct context *contexts[CONTEXTS];
    struct buf block;
};

static void make(struct made *made, unsigned which)
{
    /* The last has so many laws that they lie in cells. */
    static const size_t counts[INDEXES] = {0, 12, 70, 300, MANY};
    struct world *world = &made->world;
    struct index *index;
    made->there = true;
    made->count = counts[which];
    world_init(world, (struct draw){.state = which + 7});
    world->odd = false;
    if (made->count == MANY) {
        world->grouped = true;
        world->free_share = 5;
        world->ways_max = 5;
    }
    made->rules =
        arena_calloc(&world->arena, made->count + 1, sizeof *made->rules);
    FUZZ_REQUIRE(made->rules != NULL);
    for (size_t i = 0; i < made->count; i++)
        made->rules[i] = world_rule(world);
    for (size_t i = 0; i < CONTEXTS; i++)
        made->contexts[i] = world_context(world);
    FUZZ_REQUIRE(index_new(&index, &mem_libc, made->rules, made->count, NULL,
                     NULL) == NDF_OK);
    buf_init(&made->block, &mem_libc);
    index_write(index, &made->block);
    FUZZ_REQUIRE(buf_error(&made->block) == NDF_OK);
    index_free(index);
}

static const struct made *made_of(unsigned which)
{
    static struct made all[INDEXES];
    if (!all[which].there) make(&all[which], which);
    return &all[which];
}

static void match_all(const struct made *made, const struct index *index)
{
    struct arena arena;
    arena_init(&arena, &mem_libc);
    bool fits = index_fits(index, made->rules, made->count);
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct index_matches found;
        FUZZ_REQUIRE(
            index_match(index, made->contexts[i], &arena, &found) == NDF_OK);
        FUZZ_REQUIRE(index_sort(&found, &arena) == NDF_OK);
        for (size_t k = 0; fits && k < found.count; k++) {
            const struct index_match *match = &found.items[k];
            FUZZ_REQUIRE(match->candidate < made->count);
            FUZZ_REQUIRE(match->alternative == 0 ||
                         match->alternative <
                             made->rules[match->candidate].only_if_count);
        }
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

/* One candidate less, all drawn together, written and opened. */
static void change(const struct made *made, const struct index *index)
{
    static const uint32_t removed = 3;
    const struct index_change less = {.removed = &removed, .removed_count = 1};
    struct index *changed, *compiled, *opened;
    struct buf block;
    buf_init(&block, &mem_libc);
    FUZZ_REQUIRE(index_change(&changed, index, &less, NULL) == NDF_OK);
    FUZZ_REQUIRE(index_compile(&compiled, changed, NULL) == NDF_OK);
    index_write(changed, &block);
    FUZZ_REQUIRE(buf_error(&block) == NDF_OK);
    FUZZ_REQUIRE(index_open(&opened, &mem_libc, buf_str(&block)) == NDF_OK);
    match_all(made, changed);
    match_all(made, compiled);
    match_all(made, opened);
    index_free(opened);
    index_free(changed);
    index_free(compiled);
    buf_deinit(&block);
}

static size_t position(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    const struct made *made = made_of(data[0] % INDEXES);
    struct str good = buf_str(&made->block);
    size_t left = good.size;
    bool cut = (size - 1) % CHANGE == CHANGE - 1;
    if (cut) left = position(data + size - 3) % good.size;
    /* An exact copy, so that a sanitizer sees every byte read past its end. */
    char *block = malloc(left > 0 ? left : 1);
    FUZZ_REQUIRE(block != NULL);
    memcpy(block, good.at, left);
    bool changed = cut;
    for (size_t i = 1; left > 0 && i + CHANGE <= size; i += CHANGE) {
        size_t at = position(data + i) % left;
        changed |= block[at] != (char)data[i + 3];
        block[at] = (char)data[i + 3];
    }
    struct index *index;
    int err = index_open(&index, &mem_libc, (struct str){block, left});
    FUZZ_REQUIRE(err == NDF_OK || (changed && err != NDF_ENOMEM));
    FUZZ_REQUIRE(!cut || err != NDF_OK);
    if (err == NDF_OK) {
        match_all(made, index);
        if (made->count < MANY || data[0] >= UINT8_MAX / 2) change(made, index);
        index_free(index);
    }
    free(block);
    return 0;
}
