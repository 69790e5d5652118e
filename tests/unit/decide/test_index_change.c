/*
 * test_index_change.c - indexes changed and compiled at random, each against a
 * scan of the rules that it should have by then.
 *
 * An index that another was made from stays, answers as before, and may be
 * changed again in another way. NDF_INDEX_SEED=n plays the sequence of that
 * seed alone, NDF_INDEX_SEQUENCES=n so many.
 */
#include <stdlib.h>
#include <string.h>

#include "decide/scan.h"
#include "random_compare.h"
#include "random_rules.h"
#include "support/again.h"
#include "support/support.h"

enum {
    SEQUENCES = 30,
    NUMBERS_MAX = 8192, /* of candidates in a sequence */
    VERSIONS = 4,       /* that are kept */
    CHANGES_MAX = 600,  /* rules of one change */
};

/* An index, and what should be in it. */
struct version {
    struct index *index;
    bool there[NUMBERS_MAX];
    struct index_rule rules[NUMBERS_MAX];
    uint32_t numbers_end; /* no candidate from there on */
};

struct play {
    struct world world;
    struct version *versions[VERSIONS];
    size_t count;
    size_t steps, matches, pairs;
};

/* ---- what is right ------------------------------------------------------- */

/* A scan of what a version has; numbers[i] is the candidate of its rule i. */
static struct scan *scan_of(struct play *play, const struct version *version,
    uint32_t **numbers, size_t *count)
{
    struct arena *arena = &play->world.arena;
    struct index_rule *rules =
        arena_calloc(arena, version->numbers_end + 1, sizeof *rules);
    *numbers = arena_calloc(arena, version->numbers_end + 1, sizeof **numbers);
    assert_non_null(rules);
    assert_non_null(*numbers);
    *count = 0;
    for (uint32_t i = 0; i < version->numbers_end; i++) {
        if (!version->there[i]) continue;
        rules[*count] = version->rules[i];
        (*numbers)[(*count)++] = i;
    }
    struct scan *scan;
    assert_ok(scan_new(&scan, &mem_libc, rules, *count, NULL));
    return scan;
}

static void compare(struct play *play, const struct version *version,
    const struct context *context, const struct index_matches *wanted,
    const uint32_t *numbers, const struct index_matches *found)
{
    struct difference difference;
    if (!matches_differ(wanted, numbers, found, version->rules, &difference))
        return;
    struct arena *arena = &play->world.arena;
    struct str rule = STR("");
    if (difference.candidate < version->numbers_end)
        rule = rule_text(arena, &version->rules[difference.candidate]);
    fail_msg("step %zu, candidate %u of %u (%s): %s%s\nwith %s", play->steps,
        difference.candidate, version->numbers_end,
        difference.candidate < version->numbers_end &&
                version->there[difference.candidate]
            ? "there"
            : "not there",
        difference.what, rule.at, context_text(arena, context).at);
}

static void check(
    struct play *play, const struct version *version, size_t contexts)
{
    uint32_t *numbers;
    size_t count;
    struct scan *scan = scan_of(play, version, &numbers, &count);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    for (size_t i = 0; i < contexts; i++) {
        const struct context *context = world_context(&play->world);
        struct index_matches wanted, found;
        arena_reset(&arena);
        assert_ok(scan_match(scan, context, &arena, &wanted));
        assert_ok(index_match(version->index, context, &arena, &found));
        assert_ok(index_sort(&found, &arena));
        compare(play, version, context, &wanted, numbers, &found);
        play->matches += wanted.count;
        play->pairs += count;
    }
    assert_true(index_bytes(version->index) > 0);
    arena_deinit(&arena);
    scan_free(scan);
}

/* ---- steps --------------------------------------------------------------- */

static enum rows_with draw_with(struct draw *draw)
{
    static const enum rows_with known[] = {
        ROWS_BEST, ROWS_BEST, ROWS_SCALAR, ROWS_AVX2, ROWS_AVX512};
    enum rows_with with =
        known[draw_below(draw, sizeof known / sizeof known[0])];
    return rows_have(with) ? with : ROWS_BEST;
}

static struct version *version_new(const struct version *from)
{
    struct version *version = malloc(sizeof *version);
    assert_non_null(version);
    if (from == NULL) memset(version, 0, sizeof *version);
    else *version = *from;
    return version;
}

static void version_free(struct version *version)
{
    if (version == NULL) return;
    index_free(version->index);
    free(version);
}

static void begin(struct play *play, uint64_t seed)
{
    ndf_error error = {0};
    struct draw *draw = &play->world.draw;
    *play = (struct play){.count = 0};
    world_init(&play->world, (struct draw){.state = seed});
    struct version *version = version_new(NULL);
    version->numbers_end = draw_chance(draw, 20)   ? 0
                           : draw_chance(draw, 60) ? draw_below(draw, 80)
                           : draw_chance(draw, 70) ? draw_below(draw, 800)
                                                   : draw_below(draw, 4000);
    for (uint32_t i = 0; i < version->numbers_end; i++) {
        version->there[i] = true;
        version->rules[i] = world_rule(&play->world);
    }
    const struct index_options options = {.with = draw_with(draw)};
    assert_ok(index_new(&version->index, &mem_libc, version->rules,
        version->numbers_end, &options, &error));
    play->versions[play->count++] = version;
}

/* A number that is there, was there, or comes next; some are passed over. */
static uint32_t draw_number(struct draw *draw, const struct version *version)
{
    uint32_t end = version->numbers_end;
    if (end > 0 && draw_chance(draw, 50)) return draw_below(draw, end);
    uint32_t number = end + (draw_chance(draw, 20) ? draw_below(draw, 40) : 0);
    return number < NUMBERS_MAX ? number : draw_below(draw, NUMBERS_MAX);
}

static uint32_t draw_size(struct draw *draw)
{
    uint32_t kind = draw_below(draw, 100);
    if (kind < 70) return draw_below(draw, 4);
    if (kind < 95) return draw_below(draw, 60);
    return draw_below(draw, CHANGES_MAX);
}

/* Each number once in `touched`. */
static bool touch(bool touched[NUMBERS_MAX], uint32_t number)
{
    bool first = !touched[number];
    touched[number] = true;
    return first;
}

static void change(
    struct play *play, const struct version *from, struct version *to)
{
    static bool touched[NUMBERS_MAX];
    struct index_rule rules[CHANGES_MAX];
    uint32_t candidates[CHANGES_MAX], removed[CHANGES_MAX];
    struct draw *draw = &play->world.draw;
    struct index_change made = {rules, candidates, 0, removed, 0};
    memset(touched, 0, sizeof touched);
    for (uint32_t n = draw_size(draw); n > 0; n--) {
        uint32_t number = draw_number(draw, to);
        if (!touch(touched, number)) continue;
        candidates[made.count] = number;
        rules[made.count++] = to->rules[number] = world_rule(&play->world);
        to->there[number] = true;
        if (number >= to->numbers_end) to->numbers_end = number + 1;
    }
    for (uint32_t n = draw_size(draw); n > 0; n--) {
        uint32_t number = draw_number(draw, to);
        if (!touch(touched, number)) continue;
        removed[made.removed_count++] = number;
        to->there[number] = false;
    }
    ndf_error error = {0};
    assert_ok(index_change(&to->index, from->index, &made, &error));
}

/* The newest is changed mostly; one before it that is kept, sometimes. */
static void step(struct play *play)
{
    struct draw *draw = &play->world.draw;
    size_t at = draw_chance(draw, 85) ? play->count - 1
                                      : draw_below(draw, (uint32_t)play->count);
    const struct version *from = play->versions[at];
    struct version *to = version_new(from);
    ndf_error error = {0};
    if (draw_chance(draw, 12))
        assert_ok(index_compile(&to->index, from->index, &error));
    else change(play, from, to);
    if (play->count == VERSIONS) {
        size_t gone = draw_below(draw, VERSIONS);
        version_free(play->versions[gone]);
        play->versions[gone] = play->versions[VERSIONS - 1];
        play->count--;
    }
    play->versions[play->count++] = to;
    check(play, to, 4);
    check(play, play->versions[draw_below(draw, (uint32_t)play->count)], 1);
    play->steps++;
}

static void play_sequence(uint64_t seed, size_t *pairs, size_t *matches)
{
    struct play play;
    again_set(
        "NDF_INDEX_SEED=%llu test_index_change", (unsigned long long)seed);
    begin(&play, seed);
    check(&play, play.versions[0], 2);
    uint32_t steps = 3 + draw_below(&play.world.draw, 30);
    while (play.steps < steps)
        step(&play);
    while (play.count > 0) {
        size_t gone = draw_below(&play.world.draw, (uint32_t)play.count);
        version_free(play.versions[gone]);
        play.versions[gone] = play.versions[--play.count];
        for (size_t i = 0; i < play.count; i++)
            check(&play, play.versions[i], 1);
    }
    *pairs += play.pairs;
    *matches += play.matches;
    world_deinit(&play.world);
    again_clear();
}

static void changed_indexes_answer_as_if_made_at_once(void **state)
{
    (void)state;
    size_t pairs = 0;
    size_t matches = 0;
    uint64_t only = again_number("NDF_INDEX_SEED", 0);
    uint64_t count = again_number("NDF_INDEX_SEQUENCES", SEQUENCES);
    if (only > 0) play_sequence(only, &pairs, &matches);
    for (uint64_t seed = 1; only == 0 && seed <= count; seed++)
        play_sequence(seed, &pairs, &matches);
    if (only > 0 || count < SEQUENCES) return;
    print_message("%zu pairs, %zu matches\n", pairs, matches);
    assert_true(matches > pairs / 20);
    assert_true(matches < pairs / 2);
}

/* ---- memory -------------------------------------------------------------- */

struct rules {
    struct world world;
    struct index_rule rules[300];
    struct context *context;
};

static int use_all(const struct mem *mem, void *ud)
{
    const struct rules *rules = ud;
    static const uint32_t candidates[] = {3, 150, 120};
    static const uint32_t removed[] = {0, 77, 9000};
    const struct index_change made = {
        rules->rules + 200, candidates, 3, removed, 3};
    struct index *first = NULL;
    struct index *second = NULL;
    struct index *third = NULL;
    struct index_matches matches;
    struct arena scratch;
    arena_init(&scratch, mem);
    int err = index_new(&first, mem, rules->rules, 150, NULL, NULL);
    if (err == NDF_OK) err = index_change(&second, first, &made, NULL);
    if (err == NDF_OK) err = index_compile(&third, second, NULL);
    if (err == NDF_OK)
        err = index_match(second, rules->context, &scratch, &matches);
    if (err == NDF_OK)
        err = index_match(third, rules->context, &scratch, &matches);
    if (err == NDF_OK) err = index_sort(&matches, &scratch);
    index_free(first);
    index_free(third);
    index_free(second);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct rules rules;
        world_init(&rules.world, (struct draw){.state = seed});
        for (size_t i = 0; i < 300; i++)
            rules.rules[i] = world_rule(&rules.world);
        rules.context = world_context(&rules.world);
        test_each_allocation_fails(use_all, &rules);
        world_deinit(&rules.world);
    }
}

static void an_error_leaves_nothing(void **state)
{
    (void)state;
    struct value list = value_of_array();
    struct world world;
    world_init(&world, (struct draw){.state = 1});
    assert_ok(value_push(&world.arena, &list, value_of_str(STR("("))));
    struct predicate predicate = {
        .field = FIELD_TEXT, .op = OP_MATCHES, .operand = list};
    struct condition law = {&predicate, 1};
    struct index_rule rule = {&law, 1, NULL};
    const uint32_t candidate = 0;
    const struct index_change made = {&rule, &candidate, 1, NULL, 0};
    struct index *from;
    struct index *to;
    ndf_error error = {0};
    assert_ok(index_new(&from, &mem_libc, NULL, 0, NULL, NULL));
    assert_int_equal(index_change(&to, from, &made, &error), NDF_ESCHEMA);
    assert_int_equal(error.code, NDF_ESCHEMA);
    assert_null(to);
    const uint32_t none = UINT32_MAX;
    const struct index_rule open = {NULL, 0, NULL};
    const struct index_change odd = {&open, &none, 1, NULL, 0};
    assert_int_equal(index_change(&to, from, &odd, &error), NDF_EINVAL);
    assert_null(to);
    index_free(from);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            changed_indexes_answer_as_if_made_at_once, again_say),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(an_error_leaves_nothing),
    };
    again_on_abort();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
