/*
 * test_same_math.c - exp and log against those of the C library.
 */
#include <float.h>
#include <math.h>

#include "decide/same_math.h"
#include "support/support.h"

static const double bound = 1e-7;

static bool is_near(double got, double wanted)
{
    return fabs(got - wanted) <= bound * fabs(wanted);
}

static void exp_is_near_that_of_the_library(void **state)
{
    (void)state;
    for (double x = -700 + 1e-9; x <= 700; x += 0.00317)
        if (!is_near(same_exp(x), exp(x))) fail_msg("exp(%.17g)", x);
    for (double x = 1e-300; x < 1; x *= 1.7) {
        assert_true(is_near(same_exp(x), exp(x)));
        assert_true(is_near(same_exp(-x), exp(-x)));
    }
}

static void log_is_near_that_of_the_library(void **state)
{
    (void)state;
    for (double x = DBL_MIN; x < 1e307; x *= 1.00173)
        if (!is_near(same_log(x), log(x))) fail_msg("log(%.17g)", x);
    /* Around 1 the result is small: no digits may be lost there. */
    for (double d = 1e-15; d < 0.5; d *= 1.01) {
        assert_true(is_near(same_log(1 + d), log(1 + d)));
        assert_true(is_near(same_log(1 - d), log(1 - d)));
    }
    /* Where the reduction turns over. */
    for (double x = 1.41421356; x < 1.41421357; x += 1e-11)
        assert_true(is_near(same_log(x), log(x)));
}

static void edges_are_what_is_said(void **state)
{
    (void)state;
    assert_true(same_exp(0) == 1);
    assert_true(same_log(1) == 0);
    assert_true(same_exp(-700) == 0);
    assert_true(same_exp(-1e300) == 0);
    assert_true(same_exp(-INFINITY) == 0);
    assert_true(same_exp((double)NAN) == 0);
    assert_true(same_exp(701) == same_exp(700));
    assert_true(same_exp(INFINITY) == same_exp(700));
    assert_true(isfinite(same_exp(700)));
    assert_true(same_exp(-699.999) > 0);
    /* Powers of two are exact. */
    for (int n = -1022; n <= 1023; n++)
        assert_true(same_power_of_two(n) == ldexp(1, n));
    assert_true(same_log(4) == 2 * same_log(2));
    /* What is out of its range is wrong, and no more than that. */
    assert_true(isfinite(same_log(0)));
    assert_true(isfinite(same_log(-3)));
}

static void both_rise_all_along(void **state)
{
    (void)state;
    for (double x = -20; x < 20; x += 0.001)
        assert_true(same_exp(x) < same_exp(x + 0.001));
    for (double x = 0.001; x < 1000; x *= 1.0001)
        assert_true(same_log(x) < same_log(x * 1.0001));
}

/* The bits of known results. They are part of what "the same on every machine"
 * means: they change only with same_math.h itself, and then what was learned
 * has to be learned anew (MAGIC of learner_bytes.c). */
static void the_bits_are_the_same_on_every_machine(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (double x = -30; x < 30; x += 0.0625) {
        volatile double in = x;
        double results[2] = {same_exp(in), same_log(in + 31)};
        double again[2] = {same_exp(in), same_log(in + 31)};
        assert_memory_equal(results, again, sizeof results);
        for (int i = 0; i < 2; i++) {
            uint64_t bits;
            memcpy(&bits, &results[i], sizeof bits);
            sum = sum * 0x100000001B3 + bits;
        }
    }
    assert_true(sum == 0xEB781A794EF13EE7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_near_that_of_the_library),
        cmocka_unit_test(log_is_near_that_of_the_library),
        cmocka_unit_test(edges_are_what_is_said),
        cmocka_unit_test(both_rise_all_along),
        cmocka_unit_test(the_bits_are_the_same_on_every_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
