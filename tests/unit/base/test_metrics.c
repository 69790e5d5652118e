/*
 * test_metrics.c - tests of base/metrics.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "support/support.h"

static struct histogram *histogram_make(void)
{
    struct histogram *h = calloc(1, sizeof *h);
    assert_non_null(h);
    return h;
}

static void an_empty_histogram_is_all_zero(void **state)
{
    (void)state;
    struct histogram *h = histogram_make();
    struct histogram_summary s;
    histogram_read(h, &s);
    assert_int_equal(s.count, 0);
    assert_true(s.mean >= 0 && s.mean <= 0);
    assert_int_equal(s.p99, 0);
    assert_int_equal(histogram_quantile(h, 0.5), 0);
    free(h);
}

static void a_value_is_kept_to_within_a_64th(void **state)
{
    (void)state;
    const uint64_t top = UINT64_C(1) << HISTOGRAM_MAX_BITS;
    struct histogram *h = histogram_make();
    histogram_add(h, top);
    for (uint64_t value = 1; value < top; value += 1 + value / 50) {
        struct histogram *one = histogram_make();
        histogram_add(one, value);
        histogram_add(one, top);
        uint64_t kept = histogram_quantile(one, 0.5);
        assert_true(kept >= value);
        assert_true(kept - value <= value / 64);
        free(one);
    }
    free(h);
}

static void small_values_are_exact_and_large_ones_are_capped(void **state)
{
    (void)state;
    const uint64_t top = UINT64_C(1) << HISTOGRAM_MAX_BITS;
    struct histogram *h = histogram_make();
    for (uint64_t v = 0; v < 64; v++)
        histogram_add(h, v);
    assert_int_equal(histogram_quantile(h, 0), 0);
    assert_int_equal(histogram_quantile(h, 0.5), 31);
    assert_int_equal(histogram_quantile(h, 1), 63);
    histogram_add(h, UINT64_MAX);
    histogram_add(h, top - 1);
    struct histogram_summary s;
    histogram_read(h, &s);
    assert_true(s.max == top);
    assert_int_equal(s.count, 66);
    assert_true(histogram_quantile(h, 1) == top);
    free(h);
}

static void quantiles_of_a_ramp_are_where_they_should_be(void **state)
{
    (void)state;
    struct histogram *h = histogram_make();
    for (uint64_t v = 1; v <= 10000; v++)
        histogram_add(h, v);
    struct histogram_summary s;
    histogram_read(h, &s);
    assert_int_equal(s.count, 10000);
    assert_true(s.mean > 5000.4 && s.mean < 5000.6);
    assert_in_range(s.p50, 5000, 5080);
    assert_in_range(s.p95, 9500, 9650);
    assert_in_range(s.p99, 9900, 10000);
    assert_int_equal(s.max, 10000);
    free(h);
}

struct shared {
    struct wide_counter wide_counter;
    struct wide_histogram wide;
    struct counter counter;
    struct histogram histogram;
};

enum { THREADS = 4, EACH = 20000 };

static void *record(void *ud)
{
    struct shared *shared = ud;
    for (uint64_t i = 1; i <= EACH; i++) {
        counter_add(&shared->counter, 2);
        histogram_add(&shared->histogram, i);
        wide_counter_add(&shared->wide_counter, 3);
        wide_histogram_add(&shared->wide, i);
    }
    return NULL;
}

static void nothing_is_lost_when_threads_record_together(void **state)
{
    (void)state;
    struct shared *shared = calloc(1, sizeof *shared);
    pthread_t threads[THREADS];
    assert_ok(wide_histogram_init(&shared->wide, &mem_libc));
    for (size_t i = 0; i < THREADS; i++)
        assert_ok(pthread_create(&threads[i], NULL, record, shared));
    struct histogram_summary s;
    histogram_read(&shared->histogram, &s);
    assert_true(s.count <= (uint64_t)THREADS * EACH);
    for (size_t i = 0; i < THREADS; i++)
        assert_ok(pthread_join(threads[i], NULL));
    histogram_read(&shared->histogram, &s);
    assert_int_equal(s.count, THREADS * EACH);
    assert_int_equal(s.max, EACH);
    assert_int_equal(counter_get(&shared->counter), 2 * THREADS * EACH);
    assert_int_equal(
        wide_counter_get(&shared->wide_counter), 3 * THREADS * EACH);
    /* Read as one, it is as one that is shared. */
    struct histogram_summary wide;
    wide_histogram_read(&shared->wide, &wide);
    assert_memory_equal(&wide, &s, sizeof s);
    wide_histogram_deinit(&shared->wide);
    free(shared);
}

static int use_wide(const struct mem *mem, void *ud)
{
    (void)ud;
    struct wide_histogram wide;
    int err = wide_histogram_init(&wide, mem);
    if (err == NDF_OK) {
        struct histogram_summary s;
        wide_histogram_read(&wide, &s);
        assert_int_equal(s.count, 0);
        wide_histogram_add(&wide, 7);
        wide_histogram_read(&wide, &s);
        assert_int_equal(s.count, 1);
        assert_int_equal(s.max, 7);
    }
    wide_histogram_deinit(&wide);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_wide, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_is_all_zero),
        cmocka_unit_test(a_value_is_kept_to_within_a_64th),
        cmocka_unit_test(small_values_are_exact_and_large_ones_are_capped),
        cmocka_unit_test(quantiles_of_a_ramp_are_where_they_should_be),
        cmocka_unit_test(nothing_is_lost_when_threads_record_together),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
