/*
 * fuzz_index.c - any rules in any contexts: the index says what the scan says.
 * The bytes are what rules and contexts are drawn by.
 */
#include "decide/scan.h"
#include "fuzz/fuzz.h"
#include "unit/decide/random_compare.h"
#include "unit/decide/random_rules.h"

enum { RULES_MAX = 48, CONTEXTS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum rows_with known[] = {
        ROWS_BEST, ROWS_SCALAR, ROWS_AVX2, ROWS_AVX512};
    struct index_rule rules[RULES_MAX];
    struct world world;
    struct scan *scan;
    struct index *index;
    struct arena arena;
    world_init(
        &world, (struct draw){.state = size, .bytes = data, .left = size});
    size_t count = draw_below(&world.draw, RULES_MAX + 1);
    const struct index_options options = {
        .with = known[draw_below(&world.draw, 4)]};
    for (size_t i = 0; i < count; i++)
        rules[i] = world_rule(&world);
    FUZZ_REQUIRE(scan_new(&scan, &mem_libc, rules, count, NULL) == NDF_OK);
    FUZZ_REQUIRE(
        index_new(&index, &mem_libc, rules, count, &options, NULL) == NDF_OK);
    arena_init(&arena, &mem_libc);
    for (int i = 0; i < CONTEXTS; i++) {
        const struct context *context = world_context(&world);
        struct index_matches wanted, found;
        struct difference difference;
        FUZZ_REQUIRE(scan_match(scan, context, &arena, &wanted) == NDF_OK);
        FUZZ_REQUIRE(index_match(index, context, &arena, &found) == NDF_OK);
        FUZZ_REQUIRE(index_sort(&found, &arena) == NDF_OK);
        FUZZ_REQUIRE(
            !matches_differ(&wanted, NULL, &found, rules, &difference));
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    index_free(index);
    scan_free(scan);
    world_deinit(&world);
    return 0;
}
