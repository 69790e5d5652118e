/*
 * test_fit.c - evidence as a probability.
 */
#include <math.h>

#include "decide/fit.h"
#include "support/support.h"

static double fit(const struct fit_evidence *evidence)
{
    return fit_probability(fit_log_odds(evidence));
}

/* Evidence by text of middling strength. */
static struct fit_evidence middling(void)
{
    struct fit_evidence evidence = {.basis = FIT_BY_TEXT};
    evidence.contribution[FIT_BASE] = -2;
    evidence.contribution[FIT_WORDS] = 1.5;
    fit_put(&evidence, FIT_CROWD, 3);
    fit_put(&evidence, FIT_LAW, 1);
    fit_put(&evidence, FIT_GOOD_FOR, 1);
    return evidence;
}

static void each_factor_moves_it_the_right_way(void **state)
{
    (void)state;
    static const struct {
        enum fit_factor factor;
        int way;
    } rows[] = {
        {FIT_CROWD, -1},
        {FIT_NOT_FOR, -1},
        {FIT_LAW, 1},
        {FIT_GOOD_FOR, 1},
        {FIT_DOMAIN, 1},
        {FIT_KIND, 1},
    };
    for (int basis = FIT_BY_TEXT; basis <= FIT_BY_STRUCTURE; basis++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct fit_evidence before = middling();
            before.basis = (enum fit_basis)basis;
            struct fit_evidence after = before;
            enum fit_factor factor = rows[i].factor;
            fit_put(&after, factor, after.value[factor] + 1);
            double change = (fit(&after) - fit(&before)) * rows[i].way;
            bool by_text = basis == FIT_BY_TEXT;
            bool silent = factor == (by_text ? FIT_CROWD : FIT_NOT_FOR);
            if (silent) assert_true(change == 0);
            else assert_true(change > 0);
        }
    }
}

static void many_predicates_count_as_three(void **state)
{
    (void)state;
    struct fit_evidence three = middling();
    struct fit_evidence many = middling();
    fit_put(&three, FIT_LAW, 3);
    fit_put(&many, FIT_LAW, 1000);
    fit_put(&three, FIT_GOOD_FOR, 3);
    fit_put(&many, FIT_GOOD_FOR, 1000);
    assert_true(fit(&three) == fit(&many));
}

static void probabilities_and_odds_go_back_and_forth(void **state)
{
    (void)state;
    for (double p = 0.01; p < 1; p += 0.01)
        assert_true(fabs(fit_probability(fit_odds_of(p)) - p) < 1e-12);
    assert_true(fit_probability(-1000) == 0);
    assert_true(fit_probability(1000) == 1);
}

static void a_lead_is_a_share(void **state)
{
    (void)state;
    assert_true(fit_margin(0.4, 0.2) == 0.5);
    assert_true(fit_margin(0.2, 0.4) == -0.5);
    assert_true(fit_margin(0.3, 0.3) == 0);
    assert_true(fit_margin(0, 0) == -1);
    /* A lead over nobody is less than all. */
    assert_true(fit_margin(0.1, 0) < 1);
    assert_true(fit_margin(0.1, 0) > 0.5);
}

static void contributions_add_up(void **state)
{
    (void)state;
    struct fit_evidence evidence = middling();
    double sum = 0;
    for (int i = 0; i < FIT_FACTOR_COUNT; i++) {
        sum += evidence.contribution[i];
        assert_non_null(fit_factor_name((enum fit_factor)i));
    }
    assert_true(fabs(sum - fit_log_odds(&evidence)) < 1e-12);
    assert_true(fit_structure(&evidence) > 0);
    assert_string_equal(fit_factor_name(FIT_LAW), "only_if");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_factor_moves_it_the_right_way),
        cmocka_unit_test(many_predicates_count_as_three),
        cmocka_unit_test(probabilities_and_odds_go_back_and_forth),
        cmocka_unit_test(a_lead_is_a_share),
        cmocka_unit_test(contributions_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
