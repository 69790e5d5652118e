/*
 * test_eval.c - tests of what answers to queries are worth, and of the order
 * in which queries are asked.
 */
#include <math.h>
#include <string.h>

#include "cli/eval_data.h"
#include "cli/eval_score.h"
#include "support/support.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void near(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-9 || isnan(got))
        fail_msg("%.12f is not %.12f", got, wanted);
}

/* In scope and right, in scope and second, in scope and missed, out of scope.
 */
static struct eval_answer mixed[] = {
    {.fit = 0.9,
        .evidence = 0.9,
        .rank = 1,
        .ndcg = 1,
        .in_scope = true,
        .acted = true},
    {.fit = 0.5,
        .evidence = 0.5,
        .rank = 2,
        .ndcg = 0.5,
        .in_scope = true,
        .acted = true},
    {.fit = 0.2, .evidence = 0.2, .rank = 0, .ndcg = 0, .in_scope = true},
    {.fit = 0.2, .evidence = 0.2, .in_scope = false},
    {.fit = 0.6, .evidence = 0.6, .in_scope = false},
};
static const struct eval_answers answers = {mixed, COUNT(mixed)};
static const struct eval_answers nothing = {NULL, 0};

static void accuracy_counts_what_is_in_scope(void **state)
{
    (void)state;
    assert_int_equal(eval_in_scope(&answers), 3);
    near(eval_accuracy(&answers, 1, SIZE_MAX), 100.0 / 3);
    near(eval_accuracy(&answers, 2, SIZE_MAX), 200.0 / 3);
    near(eval_accuracy(&answers, 2, 2), 50);
    near(eval_accuracy(&answers, 1, 2), 0);
    near(eval_mrr(&answers), 0.5);
    near(eval_mean_ndcg(&answers), 0.5);
    near(eval_acted(&answers), 40);
    near(eval_acted_right(&answers), 50);
}

static void ndcg_knows_how_many_could_be_right(void **state)
{
    (void)state;
    static const struct {
        bool hits[EVAL_TOP];
        size_t right;
        double wanted;
    } rows[] = {
        {{true}, 1, 1},
        {{false, true}, 1, 0.6309297535714574},
        {{true, true}, 2, 1},
        {{true, false, true}, 2, 0.9197207891481876},
        {{true, true, true, true, true}, 9, 1},
        {{false}, 1, 0},
        {{false}, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        near(eval_ndcg(rows[i].hits, rows[i].right), rows[i].wanted);
}

static void bins_hold_all_and_give_the_error(void **state)
{
    (void)state;
    struct eval_bin bins[EVAL_BINS];
    eval_bins(&answers, bins);
    assert_int_equal(bins[3].count, 2); /* 0.2 is the start of the fourth */
    assert_int_equal(bins[7].count, 1);
    assert_int_equal(bins[9].count, 1);
    assert_int_equal(bins[13].count, 1);
    near(bins[3].fit, 0.2);
    near(bins[3].right, 0);
    near(bins[13].right, 1);
    assert_true(isnan(bins[0].fit));
    near(eval_calibration_error(&answers), (0.4 + 0.5 + 0.6 + 0.1) / 5);
    struct eval_answer sure = {
        .fit = 1, .evidence = 1, .rank = 1, .in_scope = true};
    eval_bins(&(struct eval_answers){&sure, 1}, bins);
    assert_int_equal(bins[EVAL_BINS - 1].count, 1);
}

static void auroc_counts_pairs_and_ties_half(void **state)
{
    (void)state;
    /* 0.9 beats both, 0.5 beats one, 0.2 ties with one: 3.5 of 6. */
    near(eval_auroc(&answers), 3.5 / 6);
    static struct eval_answer rows[] = {
        {.fit = 0.3, .evidence = 0.3, .in_scope = true},
        {.fit = 0.3, .evidence = 0.3}, {.fit = 0.3, .evidence = 0.3},
        {.fit = 0.3, .evidence = 0.3, .in_scope = true}};
    near(eval_auroc(&(struct eval_answers){rows, 4}), 0.5);
}

static void a_threshold_rejects_its_share(void **state)
{
    (void)state;
    static struct eval_answer out[10];
    const struct eval_answers rows = {out, COUNT(out)};
    for (size_t i = 0; i < COUNT(out); i++)
        out[i].evidence = (double)((i * 7) % 10) / 10;
    near(eval_threshold(&rows, 0.8), 0.7);
    near(eval_rejected(&rows, 0.7), 80);
    near(eval_threshold(&rows, 1), 0.9);
    near(eval_rejected(&answers, 0.2), 50);
    near(eval_accepted_right(&answers, 0.5), 100.0 / 3);
    near(eval_accepted_right(&answers, 0.9), 0);
}

static void nothing_is_no_number(void **state)
{
    (void)state;
    assert_true(isnan(eval_accuracy(&nothing, 1, SIZE_MAX)));
    assert_true(isnan(eval_mrr(&nothing)));
    assert_true(isnan(eval_mean_ndcg(&nothing)));
    assert_true(isnan(eval_acted(&nothing)));
    assert_true(isnan(eval_acted_right(&nothing)));
    assert_true(isnan(eval_calibration_error(&nothing)));
    assert_true(isnan(eval_auroc(&nothing)));
    assert_true(isnan(eval_threshold(&nothing, 0.8)));
    assert_true(isnan(eval_rejected(&answers, (double)NAN)));
    assert_true(isnan(eval_accepted_right(&answers, (double)NAN)));
    struct eval_times times = {NULL, 0};
    assert_true(isnan(eval_quantile_us(&times, 0.5)));
    assert_true(isnan(eval_mean_us(&times)));
}

static void times_have_quantiles(void **state)
{
    (void)state;
    uint64_t ns[] = {5000, 1000, 4000, 2000, 3000};
    struct eval_times times = {ns, COUNT(ns)};
    near(eval_quantile_us(&times, 0.5), 3);
    near(eval_quantile_us(&times, 0.99), 5);
    near(eval_quantile_us(&times, 0), 1);
    near(eval_mean_us(&times), 3);
}

static void an_order_is_the_same_everywhere(void **state)
{
    (void)state;
    enum { ITEMS = 1000, SHOWN = 8 };
    /* Of splitmix64 from 1, by a computation of its own. */
    static const size_t wanted[SHOWN] = {459, 684, 84, 7, 484, 187, 816, 876};
    size_t items[ITEMS];
    bool seen[ITEMS] = {false};
    for (size_t i = 0; i < ITEMS; i++)
        items[i] = i;
    eval_data_shuffle(items, ITEMS, 1);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_false(seen[items[i]]);
        seen[items[i]] = true;
    }
    for (size_t i = 0; i < SHOWN; i++)
        assert_int_equal(items[i], wanted[i]);
    eval_data_shuffle(items, 1, 2);
    eval_data_shuffle(NULL, 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_counts_what_is_in_scope),
        cmocka_unit_test(ndcg_knows_how_many_could_be_right),
        cmocka_unit_test(bins_hold_all_and_give_the_error),
        cmocka_unit_test(auroc_counts_pairs_and_ties_half),
        cmocka_unit_test(a_threshold_rejects_its_share),
        cmocka_unit_test(nothing_is_no_number),
        cmocka_unit_test(times_have_quantiles),
        cmocka_unit_test(an_order_is_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
