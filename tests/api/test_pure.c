/*
 * test_pure.c - the questions that need no engine.
 */
#include <math.h>

#include "api/api.h"

static void a_domain_fits_itself_and_its_globs(void **state)
{
    static const struct {
        const char *glob, *domain;
        int fits;
    } cases[] = {
        {"web", "web", 1},
        {"web", "web.css", 0},
        {"web.*", "web.css", 1},
        {"web.*", "web", 0},
        {"web.*", "web.css.grid", 0},
        {"web.**", "web", 1},
        {"web.**", "web.css.grid", 1},
        {"**", "anything.at.all", 1},
        {"web..css", "web", NDF_EINVAL},
        {"web", "web.*", NDF_EINVAL},
        {NULL, "web", NDF_EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            ndf_domain_matches(cases[i].glob, cases[i].domain), cases[i].fits);
}

static void more_wins_make_success_likelier_and_surer(void **state)
{
    double few, many, few_lower, many_lower, none, none_lower;
    (void)state;
    assert_int_equal(ndf_success(0, 0, &none, &none_lower), NDF_OK);
    assert_int_equal(ndf_success(3, 4, &few, &few_lower), NDF_OK);
    assert_int_equal(ndf_success(300, 400, &many, &many_lower), NDF_OK);
    assert_true(none > 0 && none < 1 && none_lower < none);
    assert_true(few_lower < few && many_lower < many);
    assert_true(many_lower > few_lower);
    assert_true(fabs(many - 0.75) < 0.01);
}

static void counts_that_cannot_be_are_refused(void **state)
{
    double mean, lower;
    (void)state;
    assert_int_equal(ndf_success(2, 1, &mean, &lower), NDF_EINVAL);
    assert_int_equal(ndf_success(-1, 1, &mean, &lower), NDF_EINVAL);
    assert_int_equal(
        ndf_success(0, (double)INFINITY, &mean, &lower), NDF_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_fits_itself_and_its_globs),
        cmocka_unit_test(more_wins_make_success_likelier_and_surer),
        cmocka_unit_test(counts_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
