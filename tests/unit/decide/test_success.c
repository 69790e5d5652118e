/*
 * test_success.c - tallies, shrinking, and the Beta distribution.
 */
#include <math.h>

#include "decide/success.h"
#include "support/support.h"

enum { DAY = 24 * 3600 * 1000 };

static bool near(double a, double b, double within)
{
    return fabs(a - b) <= within;
}

static struct tally repeat(
    struct tally tally, enum outcome_result result, int times)
{
    for (int i = 0; i < times; i++)
        tally = tally_add(tally, result, 1, tally.at_ms, 0);
    return tally;
}

static void outcomes_are_counted(void **state)
{
    (void)state;
    struct tally t = {.at_ms = 1000};
    t = tally_add(t, OUTCOME_SUCCESS, 1, 1000, 0);
    t = tally_add(t, OUTCOME_FAILURE, 1, 1000, 0);
    t = tally_add(t, OUTCOME_FAILURE, 0.5, 1000, 0);
    t = tally_add(t, OUTCOME_UNKNOWN, 1, 1000, 0);
    assert_true(t.wins == 1);
    assert_true(t.tries == 2.5);
    assert_int_equal(t.count, 4);
    assert_true(tally_valid(&t));
}

static void odd_weights_do_no_harm(void **state)
{
    (void)state;
    static const double weights[] = {-1, 2, NAN, INFINITY, -INFINITY};
    struct tally t = {.at_ms = 0};
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
        t = tally_add(t, OUTCOME_SUCCESS, weights[i], 0, 0);
    assert_true(tally_valid(&t));
    assert_true(t.tries <= 5);
}

static void counts_fade_by_half_every_half_life(void **state)
{
    (void)state;
    struct tally t = {.wins = 4, .tries = 8, .at_ms = 0, .count = 8};
    struct tally later = tally_fade(t, 30LL * DAY, 0);
    assert_true(near(later.wins, 2, 1e-12));
    assert_true(near(later.tries, 4, 1e-12));
    assert_int_equal(later.count, 8);
    later = tally_fade(t, DAY, DAY / 2);
    assert_true(near(later.tries, 2, 1e-12));
    /* In two goes as in one. */
    struct tally twice = tally_fade(tally_fade(t, DAY / 3, DAY), DAY, DAY);
    assert_true(near(twice.tries, tally_fade(t, DAY, DAY).tries, 1e-12));
    /* A clock that went back. */
    later = tally_fade(t, -5, 0);
    assert_true(later.tries == 8);
    assert_int_equal(later.at_ms, 0);
    /* From the beginning to the end of time. */
    t.at_ms = INT64_MIN;
    assert_true(tally_fade(t, INT64_MAX, 1).tries == 0);
}

static void impossible_tallies_are_recognised(void **state)
{
    (void)state;
    static const struct tally bad[] = {
        {.wins = -1, .tries = 1},
        {.wins = 2, .tries = 1},
        {.wins = NAN, .tries = 1},
        {.wins = 0, .tries = INFINITY},
        {.wins = 0, .tries = 1, .count = -1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tally_valid(&bad[i]));
        struct success_counts counts = {bad[i], bad[i], bad[i]};
        struct success s = success_estimate(&counts, 0, 0);
        assert_true(near(s.mean, 0.8, 1e-12));
    }
}

static void nothing_known_is_the_prior(void **state)
{
    (void)state;
    struct success_counts counts = {.domain = {.wins = 0}};
    struct success s = success_estimate(&counts, 0, 0);
    assert_true(near(s.mean, 0.8, 1e-12));
    assert_true(success_lower(&s) < 0.5);
    assert_true(success_lower(&s) > 0);
}

static void a_failed_pattern_loses_confidence(void **state)
{
    (void)state;
    struct success_counts counts = {.domain = {.wins = 0}};
    struct success before = success_estimate(&counts, 0, 0);
    counts.domain = repeat(counts.domain, OUTCOME_FAILURE, 1);
    counts.pattern = counts.kind = counts.domain;
    struct success after = success_estimate(&counts, 0, 0);
    assert_true(after.mean < before.mean);
    assert_true(success_lower(&after) < success_lower(&before));
}

static void many_successes_make_sure(void **state)
{
    (void)state;
    struct success_counts counts = {.domain = {.wins = 0}};
    double last = 0;
    for (int i = 0; i < 50; i++) {
        counts.domain = repeat(counts.domain, OUTCOME_SUCCESS, 1);
        counts.pattern = counts.kind = counts.domain;
        struct success s = success_estimate(&counts, 0, 0);
        assert_true(s.mean > last);
        assert_true(success_lower(&s) < s.mean);
        last = s.mean;
    }
    struct success s = success_estimate(&counts, 0, 0);
    assert_true(s.mean > 0.95);
    assert_true(success_lower(&s) > 0.9);
    assert_true(near(s.tries, 50, 1e-9));
}

static void a_new_domain_begins_where_the_pattern_stands(void **state)
{
    (void)state;
    struct success_counts counts = {.domain = {.wins = 0}};
    counts.pattern = repeat(counts.pattern, OUTCOME_FAILURE, 30);
    counts.kind = counts.pattern;
    assert_true(success_estimate(&counts, 0, 0).mean < 0.2);
    /* Some successes in the domain count for more than failures elsewhere. */
    counts.domain = repeat(counts.domain, OUTCOME_SUCCESS, 20);
    counts.pattern = repeat(counts.pattern, OUTCOME_SUCCESS, 20);
    counts.kind = counts.pattern;
    struct success s = success_estimate(&counts, 0, 0);
    assert_true(s.mean > 0.5);
    assert_true(s.mean < 0.9);
}

static void a_kind_weighs_little(void **state)
{
    (void)state;
    struct success_counts counts = {.domain = {.wins = 0}};
    counts.kind = repeat(counts.kind, OUTCOME_FAILURE, 1000);
    counts.domain = repeat(counts.domain, OUTCOME_SUCCESS, 8);
    counts.pattern = counts.domain;
    counts.kind.wins += 8;
    counts.kind.tries += 8;
    assert_true(success_estimate(&counts, 0, 0).mean > 0.75);
}

/* I_x(a, b), computed with mpmath to 15 digits. */
static void the_beta_distribution_is_exact(void **state)
{
    (void)state;
    static const struct {
        double a, b, x, p;
    } rows[] = {
        {1, 1, 0.25, 0.25},
        {2, 1, 0.5, 0.25},
        {1, 3, 0.5, 0.875},
        {2, 2, 0.5, 0.5},
        {2, 3, 0.4, 0.5248},
        {5, 5, 0.3, 0.09880866},
        {0.5, 0.5, 0.5, 0.5},
        {10, 2, 0.9, 0.6973568802},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double p = success_beta_cdf(rows[i].a, rows[i].b, rows[i].x);
        assert_true(near(p, rows[i].p, 1e-10));
        double x = success_beta_quantile(rows[i].a, rows[i].b, rows[i].p);
        assert_true(near(x, rows[i].x, 1e-9));
    }
    assert_true(success_beta_cdf(2, 2, 0) == 0);
    assert_true(success_beta_cdf(2, 2, 1) == 1);
    assert_true(success_beta_cdf(2, 2, NAN) == 0);
}

static void quantiles_undo_the_distribution(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.4, 1, 1.6, 7, 80, 3000, 2e5};
    enum { N = sizeof shapes / sizeof shapes[0] };
    for (size_t a = 0; a < N; a++) {
        for (size_t b = 0; b < N; b++) {
            double x = success_beta_quantile(shapes[a], shapes[b], 0.05);
            assert_true(x >= 0);
            assert_true(x <= 1);
            double p = success_beta_cdf(shapes[a], shapes[b], x);
            if (x > 1e-12 && x < 1 - 1e-12) assert_true(near(p, 0.05, 1e-6));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_counted),
        cmocka_unit_test(odd_weights_do_no_harm),
        cmocka_unit_test(counts_fade_by_half_every_half_life),
        cmocka_unit_test(impossible_tallies_are_recognised),
        cmocka_unit_test(nothing_known_is_the_prior),
        cmocka_unit_test(a_failed_pattern_loses_confidence),
        cmocka_unit_test(many_successes_make_sure),
        cmocka_unit_test(a_new_domain_begins_where_the_pattern_stands),
        cmocka_unit_test(a_kind_weighs_little),
        cmocka_unit_test(the_beta_distribution_is_exact),
        cmocka_unit_test(quantiles_undo_the_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
