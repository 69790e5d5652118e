/*
 * test_blocks.c - what is kept in blocks answers from there as it did before,
 * and damage is refused or harmless.
 */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "build.h"
#include "decide/mentions.h"
#include "decide/overlap.h"
#include "fuzz/fuzz.h"
#include "support/support.h"

enum { COUNT = 40 };

struct world {
    struct arena arena;
    struct str names[COUNT];
    struct str features[COUNT];
    struct index_rule rules[COUNT];
};

static uint32_t random_below(uint32_t *state, uint32_t end)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8) % end;
}

static void make_world(struct world *world)
{
    static const char *const words[] = {"review", "code", "chart", "memory",
        "leak", "deploy", "translate", "the", "of", "server"};
    uint32_t random = 3;
    arena_init(&world->arena, &mem_libc);
    for (size_t i = 0; i < COUNT; i++) {
        struct str text = STR("");
        for (uint32_t w = random_below(&random, 9); w > 0; w--)
            text = arena_format(&world->arena, "%.*s %s", STR_ARG(text),
                words[random_below(&random, 10)]);
        world->names[i] =
            arena_format(&world->arena, "n%u", random_below(&random, 25));
        world->features[i] = build_features(&world->arena, world->names[i].at,
            text.at != NULL ? text.at : "", i % 3 == 0 ? "a chart" : "");
        struct str rule = arena_format(&world->arena,
            "\"%s\": {\"domain\": [\"%s.%s\"], \"attributes\": {\"a%u\": %u}}",
            i % 2 ? "only_if" : "good_for", words[random_below(&random, 4)],
            i % 5 ? "*" : "**", random_below(&random, 3),
            random_below(&random, 3));
        const struct pattern *pattern =
            build_pattern(&world->arena, "p", rule.at);
        world->rules[i] = (struct index_rule){
            pattern->only_if, pattern->only_if_count, &pattern->good_for};
    }
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    make_world(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    arena_deinit(&world->arena);
    free(world);
    return 0;
}

/* ---- the same answers -----------------------------------------------------
 */

static void names_are_found_from_a_block(void **state)
{
    const struct world *world = *state;
    uint32_t order[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        order[i] = COUNT - 1 - i;
    struct names *made, *opened;
    struct buf block;
    buf_init(&block, &mem_libc);
    assert_ok(names_new(&made, &mem_libc, world->names, order, COUNT));
    names_write(made, &block);
    names_free(made);
    assert_ok(names_open(&opened, &mem_libc, buf_str(&block)));
    assert_int_equal(names_count(opened), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct str name = names_at(opened, i);
        assert_true(str_equal(name, world->names[i]));
        assert_int_equal(name.at[name.size], '\0');
        /* All of that name, in the order that was said. */
        size_t at = names_find(opened, name);
        for (size_t k = COUNT; k > 0; k--) {
            if (!str_equal(world->names[k - 1], name)) continue;
            assert_int_equal(at, k - 1);
            at = names_next(opened, at);
        }
        assert_true(at == NAMES_NONE);
    }
    assert_true(names_find(opened, STR("n")) == NAMES_NONE);
    names_free(opened);
    buf_deinit(&block);
}

static void a_task_scores_the_same_from_a_block(void **state)
{
    struct world *world = *state;
    struct text_index *indexes[2];
    struct text_scores scores[2];
    struct buf block;
    buf_init(&block, &mem_libc);
    assert_ok(text_index_new(&indexes[0], &mem_libc, world->features, COUNT));
    text_index_write(indexes[0], &block);
    assert_ok(text_index_open(&indexes[1], &mem_libc, buf_str(&block)));
    for (size_t i = 0; i < 2; i++) {
        struct text_query query;
        assert_ok(text_query_make(&world->arena,
            STR("review the chart of the memory leak n3"), &query));
        assert_ok(
            text_index_score(indexes[i], &query, &world->arena, &scores[i]));
    }
    assert_true(scores[0].count > 10);
    assert_int_equal(scores[0].count, scores[1].count);
    assert_memory_equal(scores[0].items, scores[1].items,
        scores[0].count * sizeof *scores[0].items);
    for (size_t d = 0; d < COUNT; d++) {
        float *alike[2];
        for (size_t i = 0; i < 2; i++)
            assert_ok(text_index_alike(
                indexes[i], world->features[d], d, &world->arena, &alike[i]));
        assert_memory_equal(alike[0], alike[1], COUNT * sizeof(float));
        assert_true(text_index_identity(indexes[0], d) ==
                    text_index_identity(indexes[1], d));
    }
    for (size_t i = 0; i < 2; i++)
        text_index_free(indexes[i]);
    buf_deinit(&block);
}

static void the_same_is_mentioned_from_a_block(void **state)
{
    struct world *world = *state;
    static const char *const domains[] = {
        "review.x", "code.y.z", "chart", "memory.a", "review.x.y", ""};
    struct mentions *both[2];
    struct buf block;
    buf_init(&block, &mem_libc);
    assert_ok(mentions_new(&both[0], &mem_libc, world->rules, COUNT));
    mentions_write(both[0], &block);
    assert_ok(mentions_open(&both[1], &mem_libc, buf_str(&block)));
    assert_int_equal(mentions_count(both[1]), COUNT);
    size_t all = 0;
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        struct mentioned found[4];
        for (size_t k = 0; k < 2; k++) {
            assert_ok(mentions_domain(
                both[k], str_of(domains[i]), &world->arena, &found[k]));
            mentions_attribute(
                both[k], arena_format(&world->arena, "a%zu", i), &found[k + 2]);
        }
        all += found[0].count + found[2].count;
        for (size_t k = 0; k < 4; k += 2) {
            assert_int_equal(found[k].count, found[k + 1].count);
            for (size_t n = 0; n < found[k].count; n++)
                assert_int_equal(found[k].items[n], found[k + 1].items[n]);
        }
    }
    assert_true(all > COUNT);
    for (size_t k = 0; k < 2; k++)
        mentions_free(both[k]);
    buf_deinit(&block);
}

static void rules_overlap_the_same_from_a_block(void **state)
{
    const struct world *world = *state;
    struct overlap *made, *opened;
    struct buf block;
    buf_init(&block, &mem_libc);
    assert_ok(overlap_new(&made, &mem_libc, world->rules, COUNT));
    overlap_write(made, &block);
    assert_ok(overlap_open(&opened, &mem_libc, buf_str(&block)));
    assert_int_equal(overlap_count(opened), COUNT);
    for (size_t a = 0; a < COUNT; a++) {
        assert_int_equal(overlap_size(made, a), overlap_size(opened, a));
        for (size_t b = 0; b < COUNT; b++)
            assert_true(overlap_of(made, a, b) == overlap_of(opened, a, b));
    }
    overlap_free(made);
    overlap_free(opened);
    buf_deinit(&block);
}

/* ---- the other ones -------------------------------------------------------
 */

static void of_nothing_there_are_blocks_too(void **state)
{
    (void)state;
    struct names *names, *more_names;
    struct text_index *index, *more_index;
    struct mentions *mentions, *more_mentions;
    struct overlap *overlap, *more_overlap;
    struct buf blocks[4];
    for (size_t i = 0; i < 4; i++)
        buf_init(&blocks[i], &mem_libc);
    assert_ok(names_new(&names, &mem_libc, NULL, NULL, 0));
    assert_ok(text_index_new(&index, &mem_libc, NULL, 0));
    assert_ok(mentions_new(&mentions, &mem_libc, NULL, 0));
    assert_ok(overlap_new(&overlap, &mem_libc, NULL, 0));
    names_write(names, &blocks[0]);
    text_index_write(index, &blocks[1]);
    mentions_write(mentions, &blocks[2]);
    overlap_write(overlap, &blocks[3]);
    assert_ok(names_open(&more_names, &mem_libc, buf_str(&blocks[0])));
    assert_ok(text_index_open(&more_index, &mem_libc, buf_str(&blocks[1])));
    assert_ok(mentions_open(&more_mentions, &mem_libc, buf_str(&blocks[2])));
    assert_ok(overlap_open(&more_overlap, &mem_libc, buf_str(&blocks[3])));
    assert_true(names_find(more_names, STR("")) == NAMES_NONE);
    assert_int_equal(names_count(more_names), 0);
    assert_int_equal(text_index_count(more_index), 0);
    assert_int_equal(mentions_count(more_mentions), 0);
    assert_int_equal(overlap_count(more_overlap), 0);
    struct names *both_names[] = {names, more_names};
    struct text_index *both_indexes[] = {index, more_index};
    struct mentions *both_mentions[] = {mentions, more_mentions};
    struct overlap *both_overlaps[] = {overlap, more_overlap};
    for (size_t i = 0; i < 2; i++) {
        names_free(both_names[i]);
        text_index_free(both_indexes[i]);
        mentions_free(both_mentions[i]);
        overlap_free(both_overlaps[i]);
    }
    for (size_t i = 0; i < 4; i++)
        buf_deinit(&blocks[i]);
}

static void another_version_is_told_from_damage(void **state)
{
    const struct world *world = *state;
    enum { VERSION_AT = 8 };
    struct names *names;
    struct buf block;
    buf_init(&block, &mem_libc);
    assert_ok(names_new(&names, &mem_libc, world->names, NULL, COUNT));
    names_write(names, &block);
    names_free(names);
    struct str bytes = buf_str(&block);
    block.at[VERSION_AT]++;
    assert_int_equal(names_open(&names, &mem_libc, bytes), NDF_ENEWER);
    block.at[VERSION_AT] -= 2;
    assert_int_equal(names_open(&names, &mem_libc, bytes), NDF_ECORRUPT);
    block.at[VERSION_AT]++;
    assert_ok(names_open(&names, &mem_libc, bytes));
    names_free(names);
    /* One kind of block is not another. */
    struct overlap *overlap;
    assert_int_equal(overlap_open(&overlap, &mem_libc, bytes), NDF_ECORRUPT);
    assert_null(overlap);
    buf_deinit(&block);
}

/* Each byte of each kind of block changed in turn, and the block cut there: by
 * the fuzz target, which uses what is not refused. */
static void no_changed_byte_does_harm(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x00, 0x01, 0x7f, 0xff};
    enum { KINDS = 4, MOST = 10000 };
    for (uint8_t kind = 0; kind < KINDS; kind++) {
        for (int at = 0; at < MOST; at++) {
            uint8_t input[] = {
                kind, (uint8_t)(at >> 8), (uint8_t)(at & 0xff), 0};
            (void)LLVMFuzzerTestOneInput(input, 3);
            for (size_t i = 0; i < sizeof changes; i++) {
                input[3] = changes[i];
                (void)LLVMFuzzerTestOneInput(input, sizeof input);
            }
        }
    }
}

static int use_all(const struct mem *mem, void *ud)
{
    const struct world *world = ud;
    struct names *names = NULL, *more_names = NULL;
    struct text_index *index = NULL, *more_index = NULL;
    struct mentions *mentions = NULL, *more_mentions = NULL;
    struct overlap *overlap = NULL, *more_overlap = NULL;
    struct buf blocks[4];
    for (size_t i = 0; i < 4; i++)
        buf_init(&blocks[i], mem);
    int err = names_new(&names, mem, world->names, NULL, COUNT);
    if (err == NDF_OK)
        err = text_index_new(&index, mem, world->features, COUNT);
    if (err == NDF_OK) err = mentions_new(&mentions, mem, world->rules, COUNT);
    if (err == NDF_OK) err = overlap_new(&overlap, mem, world->rules, COUNT);
    if (err == NDF_OK) {
        names_write(names, &blocks[0]);
        text_index_write(index, &blocks[1]);
        mentions_write(mentions, &blocks[2]);
        overlap_write(overlap, &blocks[3]);
    }
    for (size_t i = 0; i < 4 && err == NDF_OK; i++)
        err = buf_error(&blocks[i]);
    if (err == NDF_OK) err = names_open(&more_names, mem, buf_str(&blocks[0]));
    if (err == NDF_OK)
        err = text_index_open(&more_index, mem, buf_str(&blocks[1]));
    if (err == NDF_OK)
        err = mentions_open(&more_mentions, mem, buf_str(&blocks[2]));
    if (err == NDF_OK)
        err = overlap_open(&more_overlap, mem, buf_str(&blocks[3]));
    struct names *both_names[] = {names, more_names};
    struct text_index *both_indexes[] = {index, more_index};
    struct mentions *both_mentions[] = {mentions, more_mentions};
    struct overlap *both_overlaps[] = {overlap, more_overlap};
    for (size_t i = 0; i < 2; i++) {
        names_free(both_names[i]);
        text_index_free(both_indexes[i]);
        mentions_free(both_mentions[i]);
        overlap_free(both_overlaps[i]);
    }
    for (size_t i = 0; i < 4; i++)
        buf_deinit(&blocks[i]);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    test_each_allocation_fails(use_all, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_from_a_block),
        cmocka_unit_test(a_task_scores_the_same_from_a_block),
        cmocka_unit_test(the_same_is_mentioned_from_a_block),
        cmocka_unit_test(rules_overlap_the_same_from_a_block),
        cmocka_unit_test(of_nothing_there_are_blocks_too),
        cmocka_unit_test(another_version_is_told_from_damage),
        cmocka_unit_test(no_changed_byte_does_harm),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
