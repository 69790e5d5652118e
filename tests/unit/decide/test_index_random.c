/*
 * test_index_random.c - the index against the scan, a million pairs of a rule
 * and a context drawn at random, with each set of instructions there is.
 *
 * NDF_INDEX_SEED=n plays the world of that seed alone, NDF_INDEX_PAIRS=n so
 * many pairs. A world that fails is named by the variable that plays it again,
 * and the rule and the context are shown.
 */
#include <stdlib.h>
#include <string.h>

#include "decide/scan.h"
#include "random_compare.h"
#include "random_rules.h"
#include "support/again.h"
#include "support/support.h"

enum { PAIRS = 1000000, CONTEXTS_MAX = 40, CONTEXTS_LARGE_MAX = 15 };

static const struct {
    enum rows_with with;
    const char *name;
} variants[] = {{ROWS_BEST, "best"}, {ROWS_SCALAR, "scalar"},
    {ROWS_AVX2, "avx2"}, {ROWS_AVX512, "avx512"}};

enum { VARIANTS = sizeof variants / sizeof variants[0] };

/* What a test sums over its worlds. */
struct sums {
    size_t pairs, matches, later_ways, tastes_held;
    size_t worlds, large_worlds, odd_worlds;
};

/* A world with its rules, the scan and the indexes of them. */
struct play {
    struct world world;
    struct index_rule *rules;
    size_t count;
    struct scan *scan;
    struct index *indexes[VARIANTS]; /* NULL: not this machine */
};

/* Few, hundreds or thousands: all ways inside an index are taken. */
static size_t draw_size(struct draw *draw)
{
    uint32_t kind = draw_below(draw, 100);
    if (kind < 78) return draw_below(draw, 65);
    if (kind < 96) return 100 + draw_below(draw, 500);
    return 1000 + draw_below(draw, 4000);
}

static void play_init(struct play *play, uint64_t seed)
{
    ndf_error error = {0};
    world_init(&play->world, (struct draw){.state = seed});
    play->count = draw_size(&play->world.draw);
    play->rules = calloc(play->count + 1, sizeof *play->rules);
    assert_non_null(play->rules);
    for (size_t i = 0; i < play->count; i++)
        play->rules[i] = world_rule(&play->world);
    assert_ok(
        scan_new(&play->scan, &mem_libc, play->rules, play->count, &error));
    for (size_t v = 0; v < VARIANTS; v++) {
        const struct index_options options = {.with = variants[v].with};
        play->indexes[v] = NULL;
        if (!rows_have(variants[v].with)) continue;
        assert_ok(index_new(&play->indexes[v], &mem_libc, play->rules,
            play->count, &options, &error));
    }
}

static void play_deinit(struct play *play)
{
    for (size_t v = 0; v < VARIANTS; v++)
        index_free(play->indexes[v]);
    scan_free(play->scan);
    free(play->rules);
    world_deinit(&play->world);
}

/* ---- comparing ----------------------------------------------------------- */

static void compare(struct play *play, const struct context *context,
    const char *name, const struct index_matches *wanted,
    const struct index_matches *found)
{
    struct difference difference;
    if (!matches_differ(wanted, NULL, found, play->rules, &difference)) return;
    struct arena *arena = &play->world.arena;
    struct str rule = STR("");
    if (difference.candidate < play->count)
        rule = rule_text(arena, &play->rules[difference.candidate]);
    fail_msg("%s, rule %u of %zu: %s%s\nwith %s", name, difference.candidate,
        play->count, difference.what, rule.at, context_text(arena, context).at);
}

static void sum(const struct index_matches *matches, struct sums *sums)
{
    sums->matches += matches->count;
    for (size_t i = 0; i < matches->count; i++) {
        sums->later_ways += matches->items[i].alternative > 0;
        sums->tastes_held += matches->items[i].held > 0;
    }
}

static void play_contexts(struct play *play, struct sums *sums)
{
    struct arena arena;
    uint32_t most = play->count < 1000 ? CONTEXTS_MAX : CONTEXTS_LARGE_MAX;
    size_t contexts = 5 + draw_below(&play->world.draw, most - 4);
    arena_init(&arena, &mem_libc);
    for (size_t c = 0; c < contexts; c++) {
        const struct context *context = world_context(&play->world);
        struct index_matches wanted, found;
        arena_reset(&arena);
        assert_ok(scan_match(play->scan, context, &arena, &wanted));
        for (size_t v = 0; v < VARIANTS; v++) {
            if (play->indexes[v] == NULL) continue;
            assert_ok(index_match(play->indexes[v], context, &arena, &found));
            assert_ok(index_sort(&found, &arena));
            compare(play, context, variants[v].name, &wanted, &found);
        }
        sum(&wanted, sums);
    }
    arena_deinit(&arena);
    sums->pairs += contexts * play->count;
    sums->worlds++;
    sums->large_worlds += play->count >= 1000;
    sums->odd_worlds += play->world.odd;
}

static void play_world(uint64_t seed, struct sums *sums)
{
    struct play play;
    again_set(
        "NDF_INDEX_SEED=%llu test_index_random", (unsigned long long)seed);
    play_init(&play, seed);
    play_contexts(&play, sums);
    play_deinit(&play);
    again_clear();
}

static void a_million_pairs_are_judged_as_the_scan_judges(void **state)
{
    (void)state;
    struct sums sums = {0};
    uint64_t only = again_number("NDF_INDEX_SEED", 0);
    uint64_t pairs = again_number("NDF_INDEX_PAIRS", PAIRS);
    if (only > 0) play_world(only, &sums);
    for (uint64_t seed = 1; only == 0 && sums.pairs < pairs; seed++)
        play_world(seed, &sums);
    if (only > 0 || pairs < PAIRS) return;
    print_message("%zu worlds, %zu pairs, %zu matches, %zu by a later way, "
                  "%zu with something good\n",
        sums.worlds, sums.pairs, sums.matches, sums.later_ways,
        sums.tastes_held);
    /* Both outcomes, and all kinds, were looked at. */
    assert_true(sums.matches > sums.pairs / 20);
    assert_true(sums.matches < sums.pairs / 2);
    assert_true(sums.later_ways > sums.matches / 20);
    assert_true(sums.tastes_held > sums.matches / 20);
    assert_true(sums.large_worlds >= 3);
    assert_true(sums.odd_worlds >= 10);
}

/* ---- what is drawn ------------------------------------------------------- */

/* How often one predicate alone holds, of so many pairs. */
static size_t count_held(
    struct world *world, enum field field, enum predicate_op op, size_t pairs)
{
    size_t held = 0;
    for (size_t i = 0; i < pairs; i++) {
        struct predicate predicate = world_predicate(world, field, op);
        const struct condition law = {&predicate, 1};
        const struct index_rule rule = {&law, 1, NULL};
        struct scan *scan;
        struct index_matches matches;
        assert_ok(scan_new(&scan, &mem_libc, &rule, 1, NULL));
        assert_ok(
            scan_match(scan, world_context(world), &world->arena, &matches));
        held += matches.count;
        scan_free(scan);
    }
    return held;
}

static void each_predicate_that_is_drawn_holds_and_does_not(void **state)
{
    (void)state;
    enum { WORLDS = 30, TRIES = 20 };
    for (int f = FIELD_DOMAIN; f <= FIELD_ATTRIBUTE; f++) {
        for (int o = OP_EQ; o <= OP_GLOB; o++) {
            enum field field = (enum field)f;
            enum predicate_op op = (enum predicate_op)o;
            size_t held = 0;
            if (!world_may_ask(field, op)) continue;
            for (uint64_t seed = 1; seed <= WORLDS; seed++) {
                struct world world;
                world_init(&world, (struct draw){.state = seed});
                held += count_held(&world, field, op, TRIES);
                world_deinit(&world);
            }
            if (held < 5 || held + 5 > WORLDS * TRIES)
                fail_msg("%s %s holds in %zu of %d", field_name(field),
                    predicate_op_name(op), held, WORLDS * TRIES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            a_million_pairs_are_judged_as_the_scan_judges, again_say),
        cmocka_unit_test(each_predicate_that_is_drawn_holds_and_does_not),
    };
    again_on_abort();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
