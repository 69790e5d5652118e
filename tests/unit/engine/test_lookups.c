/*
 * test_lookups.c - what is kept, for how long, and what goes first.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/lookups.h"
#include "support/support.h"

struct fixture {
    struct lookups lookups;
};

static int setup(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);
    *state = fixture;
    if (fixture == NULL) return 1;
    lookups_init(&fixture->lookups, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    lookups_deinit(&fixture->lookups);
    free(fixture);
    return 0;
}

static struct lookups *begin(void **state, uint32_t size, uint64_t ttl_ms)
{
    struct fixture *fixture = *state;
    const struct lookups_options options = {.size = size, .ttl_ms = ttl_ms};
    assert_ok(lookups_configure(&fixture->lookups, &options));
    return &fixture->lookups;
}

static struct lookup_key key_of(uint64_t picture, const int *number)
{
    return (struct lookup_key){picture, {(const char *)number, sizeof *number}};
}

/* Keeps twice the number under a number; false: there was no room for it. */
static bool keep(
    struct lookups *lookups, uint64_t picture, int number, int64_t now_ns)
{
    const struct lookup_key key = key_of(picture, &number);
    const int twice = 2 * number;
    struct lookup *lookup = lookups_make(lookups, &key, sizeof twice, now_ns);
    if (lookup == NULL) return false;
    memcpy(lookup_value(lookup), &twice, sizeof twice);
    lookups_put(lookups, lookup);
    lookup_release(lookup);
    return true;
}

static bool has(
    struct lookups *lookups, uint64_t picture, int number, int64_t now_ns)
{
    const struct lookup_key key = key_of(picture, &number);
    struct lookup *lookup = lookups_get(lookups, &key, now_ns);
    if (lookup == NULL) return false;
    int twice;
    assert_int_equal(lookup_size(lookup), sizeof twice);
    memcpy(&twice, lookup_value(lookup), sizeof twice);
    assert_int_equal(twice, 2 * number);
    lookup_release(lookup);
    return true;
}

static struct lookups_stats stats_of(struct lookups *lookups, int64_t now_ns)
{
    struct lookups_stats stats;
    lookups_read(lookups, now_ns, &stats);
    return stats;
}

static void nothing_is_kept_when_it_is_off(void **state)
{
    struct lookups *lookups = begin(state, 0, 1000);
    assert_false(lookups_on(lookups));
    (void)keep(lookups, 1, 1, 0);
    assert_false(has(lookups, 1, 1, 0));
    struct lookups_stats stats = stats_of(lookups, 0);
    assert_int_equal(stats.size + stats.entries + stats.bytes, 0);
}

static void what_was_kept_is_found(void **state)
{
    struct lookups *lookups = begin(state, 4, 1000);
    assert_true(lookups_on(lookups));
    assert_false(has(lookups, 1, 1, 0));
    assert_true(keep(lookups, 1, 1, 0));
    assert_true(keep(lookups, 1, 1, 0)); /* the same again is no second one */
    assert_true(has(lookups, 1, 1, 5));
    assert_false(has(lookups, 1, 2, 5));
    struct lookups_stats stats = stats_of(lookups, 7);
    assert_int_equal(stats.size, 4);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.misses, 2);
    assert_int_equal(stats.oldest_ns, 7);
    assert_true(stats.bytes > sizeof(int));
}

static void who_was_asked_again_gets_a_second_chance(void **state)
{
    struct lookups *lookups = begin(state, 3, 1000);
    for (int i = 1; i <= 3; i++)
        assert_true(keep(lookups, 1, i, 0));
    assert_true(has(lookups, 1, 1, 0));
    assert_true(keep(lookups, 1, 4, 0));
    assert_false(has(lookups, 1, 2, 0));
    assert_true(has(lookups, 1, 1, 0));
    assert_true(has(lookups, 1, 3, 0));
    assert_true(has(lookups, 1, 4, 0));
    /* All were asked: the hand goes round once. */
    assert_true(keep(lookups, 1, 5, 0));
    struct lookups_stats stats = stats_of(lookups, 0);
    assert_int_equal(stats.entries, 3);
    assert_int_equal(stats.evictions, 2);
}

static void no_more_than_its_size_is_kept(void **state)
{
    static const uint32_t sizes[] = {1, 2, 33, 63, 64, 100, 511, 512, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct lookups *lookups = begin(state, sizes[s], 1000);
        for (int i = 0; i < 5000; i++) {
            assert_true(keep(lookups, 1, i, 0));
            assert_true(has(lookups, 1, i, 0));
        }
        struct lookups_stats stats = stats_of(lookups, 0);
        assert_int_equal(stats.size, sizes[s]);
        assert_int_equal(stats.entries, sizes[s]);
    }
}

static void what_is_old_is_gone(void **state)
{
    struct lookups *lookups = begin(state, 4, 10);
    const int64_t ms = 1000 * 1000;
    assert_true(keep(lookups, 1, 1, 0));
    assert_true(has(lookups, 1, 1, 10 * ms));
    assert_false(has(lookups, 1, 1, 10 * ms + 1));
    struct lookups_stats stats = stats_of(lookups, 11 * ms);
    assert_int_equal(stats.expired, 1);
    assert_int_equal(stats.entries, 0);
    assert_int_equal(stats.oldest_ns, 0);
}

static void another_picture_is_another_world(void **state)
{
    struct lookups *lookups = begin(state, 8, 1000);
    assert_true(keep(lookups, 1, 1, 0));
    assert_false(has(lookups, 2, 1, 0)); /* now it has heard of 2 */
    assert_true(keep(lookups, 1, 1, 0));
    assert_false(has(lookups, 1, 1, 0));
    assert_true(keep(lookups, 2, 1, 0));
    assert_true(has(lookups, 2, 1, 0));
    assert_int_equal(stats_of(lookups, 0).entries, 1);
}

static void what_is_pinned_outlives_the_cache(void **state)
{
    struct lookups *lookups = begin(state, 1, 1000);
    const int number = 1;
    const struct lookup_key key = key_of(1, &number);
    assert_true(keep(lookups, 1, 1, 0));
    struct lookup *pinned = lookups_get(lookups, &key, 0);
    assert_non_null(pinned);
    assert_true(keep(lookups, 1, 2, 0));
    (void)begin(state, 0, 1000);
    int twice;
    memcpy(&twice, lookup_value(pinned), sizeof twice);
    assert_int_equal(twice, 2);
    lookup_release(pinned);
}

static void what_is_too_large_is_not_kept(void **state)
{
    struct lookups *lookups = begin(state, 1000, 1000);
    const int number = 1;
    const struct lookup_key key = key_of(1, &number);
    assert_null(lookups_make(lookups, &key, LOOKUPS_ENTRY_MAX, 0));
    assert_null(lookups_make(lookups, &key, SIZE_MAX, 0));
    assert_int_equal(stats_of(lookups, 0).refused, 2);
    struct lookup *most =
        lookups_make(lookups, &key, LOOKUPS_ENTRY_MAX - 512, 0);
    assert_non_null(most);
    lookups_put(lookups, most);
    lookup_release(most);
    assert_int_equal(stats_of(lookups, 0).entries, 1);
}

static void bytes_are_bounded_too(void **state)
{
    struct lookups *lookups = begin(state, LOOKUPS_SIZE_MAX, 1000);
    for (int i = 0; i < 1200; i++) {
        const struct lookup_key key = key_of(1, &i);
        struct lookup *large =
            lookups_make(lookups, &key, LOOKUPS_ENTRY_MAX / 2, 0);
        assert_non_null(large);
        lookups_put(lookups, large);
        lookup_release(large);
    }
    struct lookups_stats stats = stats_of(lookups, 0);
    assert_true(stats.bytes <= LOOKUPS_BYTES_MAX);
    assert_true(stats.bytes > LOOKUPS_BYTES_MAX / 2);
    assert_true(stats.evictions > 0);
    assert_int_equal(stats.entries + stats.evictions, 1200);
}

static void nobody_waits(void **state)
{
    struct lookups *lookups = begin(state, 4, 1000);
    assert_true(keep(lookups, 1, 1, 0));
    pthread_mutex_lock(&lookups->shards[0].lock);
    assert_false(has(lookups, 1, 1, 0));
    assert_true(keep(lookups, 1, 2, 0)); /* made, and let go */
    pthread_mutex_unlock(&lookups->shards[0].lock);
    assert_true(has(lookups, 1, 1, 0));
    struct lookups_stats stats = stats_of(lookups, 0);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.busy, 2);
}

struct crowd {
    struct lookups *lookups;
    int seed;
};

static void *look_often(void *ud)
{
    struct crowd *crowd = ud;
    uint32_t random = (uint32_t)crowd->seed;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525U + 1013904223U;
        int number = (int)(random >> 16) % 97;
        uint64_t picture = 1 + (uint64_t)i / 5000;
        if (!has(crowd->lookups, picture, number, i))
            (void)keep(crowd->lookups, picture, number, i);
    }
    return NULL;
}

static void threads_find_only_what_is_right(void **state)
{
    struct lookups *lookups = begin(state, 64, 1);
    struct crowd crowds[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){lookups, i + 1};
        assert_int_equal(
            pthread_create(&threads[i], NULL, look_often, &crowds[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        (void)begin(state, i % 3 == 0 ? 0 : 64 + (uint32_t)i, 1000);
    (void)begin(state, 64, 1000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct lookups_stats stats = stats_of(lookups, 0);
    assert_true(stats.entries <= 64);
}

/* Whatever is not there for want of memory is only not kept. */
static int use_all(const struct mem *mem, void *ud)
{
    (void)ud;
    struct lookups *lookups = malloc(sizeof *lookups);
    assert_non_null(lookups);
    lookups_init(lookups, mem);
    const struct lookups_options options = {.size = 200, .ttl_ms = 1000};
    int err = lookups_configure(lookups, &options);
    assert_true(lookups_on(lookups) == (err == NDF_OK));
    if (err == NDF_OK && !keep(lookups, 1, 1, 0)) err = NDF_ENOMEM;
    if (err == NDF_OK) assert_true(has(lookups, 1, 1, 0));
    lookups_deinit(lookups);
    free(lookups);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            nothing_is_kept_when_it_is_off, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_was_kept_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(
            who_was_asked_again_gets_a_second_chance, setup, teardown),
        cmocka_unit_test_setup_teardown(
            no_more_than_its_size_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_old_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            another_picture_is_another_world, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_pinned_outlives_the_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_too_large_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_are_bounded_too, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(
            threads_find_only_what_is_right, setup, teardown),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
