/*
 * test_similar.c - how like one another candidates are, in what they ask for
 * and in their words.
 */
#include <math.h>
#include <stdio.h>

#include "decide/overlap.h"
#include "world.h"

/* ---- predicates --------------------------------------------------------- */

static void equal_predicates_are_counted(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *a, *b;
        double share;
    } rows[] = {
        {"", "", 0},
        {"\"only_if\": {\"priority\": 1}", "", 0},
        {"\"only_if\": {\"priority\": 1}", "\"only_if\": {\"priority\": 1}", 1},
        {"\"only_if\": {\"priority\": 1}", "\"good_for\": {\"priority\": 1}",
            1},
        {"\"only_if\": {\"priority\": 1}", "\"only_if\": {\"priority\": 2}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": 1}}",
            "\"only_if\": {\"attributes\": {\"a\": 1.0}}", 1},
        {"\"only_if\": {\"attributes\": {\"a\": 1}}",
            "\"only_if\": {\"attributes\": {\"b\": 1}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": 1}}",
            "\"only_if\": {\"attributes\": {\"a\": {\"ne\": 1}}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": 1}}",
            "\"only_if\": {\"attributes\": {\"a\": \"1\"}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": true}}",
            "\"only_if\": {\"attributes\": {\"a\": null}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": [1, 2]}}",
            "\"only_if\": {\"attributes\": {\"a\": [2, 1]}}", 1},
        {"\"only_if\": {\"attributes\": {\"a\": {\"between\": [1, 2]}}}",
            "\"only_if\": {\"attributes\": {\"a\": {\"between\": [2, 2]}}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": {\"eq\": {\"x\": 1, "
         "\"y\": [0.5]}}}}",
            "\"only_if\": {\"attributes\": {\"a\": {\"eq\": {\"y\": [0.5], "
            "\"x\": 1}}}}",
            1},
        {"\"only_if\": {\"attributes\": {\"a\": {\"eq\": [1, 2]}}}",
            "\"only_if\": {\"attributes\": {\"a\": {\"eq\": [2, 1]}}}", 0},
        {"\"only_if\": {\"attributes\": {\"a\": 1, \"b\": 2, \"c\": 3}}",
            "\"only_if\": {\"attributes\": {\"b\": 2, \"d\": 4}}", 0.25},
        {"\"only_if\": [{\"attributes\": {\"a\": 1}}, {\"attributes\": "
         "{\"a\": 1, \"b\": 2}}]",
            "\"only_if\": {\"attributes\": {\"a\": 1}}", 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *rests[] = {rows[i].a, rows[i].b};
        struct index_rule rules[2];
        for (int r = 0; r < 2; r++) {
            const struct pattern *p =
                build_pattern(&world->arena, "p", rests[r]);
            rules[r] =
                (struct index_rule){p->only_if, p->only_if_count, &p->good_for};
        }
        struct overlap *overlap;
        assert_ok(overlap_new(&overlap, &mem_libc, rules, 2));
        if (overlap_of(overlap, 0, 1) != rows[i].share)
            fail_msg("%s and %s: %f", rows[i].a, rows[i].b,
                overlap_of(overlap, 0, 1));
        assert_true(overlap_of(overlap, 1, 0) == rows[i].share);
        assert_int_equal(overlap_size(overlap, 0) > 0, rows[i].a[0] != '\0');
        overlap_free(overlap);
    }
    overlap_free(NULL);
}

/* ---- candidates --------------------------------------------------------- */

static struct similar_list similar(
    struct world *world, size_t candidate, double threshold, size_t limit)
{
    const struct similar_query query = {candidate, threshold, limit};
    struct similar_list list;
    compile(world);
    assert_ok(selector_similar(world->selector, &query, &world->arena, &list));
    return list;
}

static double score_of(struct world *world, size_t a, size_t b)
{
    struct similar_list result = similar(world, a, 0, 0);
    for (size_t i = 0; i < result.count; i++)
        if (result.items[i].candidate == b) return result.items[i].score;
    fail_msg("%zu is not among those like %zu", b, a);
    return 0;
}

static void fill(struct world *world)
{
    const char *web = "\"only_if\": {\"domain\": \"web\"}";
    add(world, "fix_leaks", "Finds memory leaks in services", "");
    add(world, "find_leaks", "Finds memory leaks in servers", "");
    add(world, "bake", "Bakes bread every morning", "");
    add(world, "web_leaks", "Finds memory leaks in services", web);
    add(world, "web_bread", "Bakes bread every morning", web);
    add(world, "a_twin", "zzz", "");
    add(world, "b_twin", "zzz", "");
}

static void like_words_make_like_candidates(void **state)
{
    struct world *world = *state;
    fill(world);
    struct similar_list result = similar(world, 0, 0, 0);
    assert_int_equal(result.count, world->count - 1);
    assert_int_equal(result.items[0].candidate, 1);
    assert_true(result.items[0].score > 0.5);
    for (size_t i = 0; i < result.count; i++) {
        assert_int_not_equal(result.items[i].candidate, 0);
        assert_true(result.items[i].score >= 0);
        assert_true(result.items[i].score <= 1);
        if (i > 0)
            assert_true(result.items[i].score <= result.items[i - 1].score);
    }
    assert_true(score_of(world, 0, 2) < 0.1);
}

static void predicates_count_half(void **state)
{
    struct world *world = *state;
    fill(world);
    /* 3 and 4 share their only predicate and no word to speak of. */
    double cosine = 2 * score_of(world, 3, 4) - 1;
    assert_true(cosine >= -1e-9 && cosine < 0.5);
    /* 2 has none, 4 has one: the overlap is nothing. */
    assert_true(score_of(world, 2, 4) <= 0.5);
    assert_true(score_of(world, 2, 4) > 0.3);
}

static void likeness_is_the_same_both_ways(void **state)
{
    struct world *world = *state;
    fill(world);
    for (size_t a = 0; a < world->count; a++) {
        for (size_t b = 0; b < a; b++)
            assert_true(
                fabs(score_of(world, a, b) - score_of(world, b, a)) < 1e-6);
    }
}

static void threshold_and_limit_cut(void **state)
{
    struct world *world = *state;
    fill(world);
    struct similar_list all = similar(world, 0, 0, 0);
    struct similar_list some = similar(world, 0, all.items[1].score, 0);
    assert_int_equal(some.count, 2);
    assert_int_equal(similar(world, 0, 0, 3).count, 3);
    assert_int_equal(similar(world, 0, 0, all.count).count, all.count);
    assert_int_equal(similar(world, 0, 0, all.count + 1).count, all.count);
    assert_int_equal(similar(world, 2, 1, 0).count, 0);
    const struct similar_query none = {.candidate = world->count};
    struct similar_list list;
    assert_int_equal(
        selector_similar(world->selector, &none, &world->arena, &list),
        NDF_EINVAL);
}

static void ties_go_by_name(void **state)
{
    struct world *world = *state;
    add(world, "z", "", "");
    add(world, "lake", "red green", "");
    add(world, "d", "blue", "");
    add(world, "c", "blue", "");
    struct similar_list result = similar(world, 1, 0, 0);
    assert_int_equal(result.items[0].candidate, 3);
    assert_int_equal(result.items[1].candidate, 2);
    assert_int_equal(result.items[2].candidate, 0);
    assert_true(result.items[2].score == 0);
}

static int use(const struct mem *mem, void *ud)
{
    struct world *world = ud;
    struct selector *selector;
    int err = selector_new(
        &selector, mem, world->candidates, world->count, NULL, NULL);
    if (err != NDF_OK) return err;
    struct arena own;
    arena_init(&own, mem);
    const struct similar_query query = {.candidate = 0};
    struct similar_list list;
    err = selector_similar(selector, &query, &own, &list);
    arena_deinit(&own);
    selector_free(selector);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    struct world *world = *state;
    fill(world);
    test_each_allocation_fails(use, world);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(equal_predicates_are_counted),
        TEST(like_words_make_like_candidates),
        TEST(predicates_count_half),
        TEST(likeness_is_the_same_both_ways),
        TEST(threshold_and_limit_cut),
        TEST(ties_go_by_name),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
