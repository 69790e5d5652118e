/*
 * test_map.c - tests of base/map, against a plain array.
 */
#include <stdio.h>

#include "base/map.h"
#include "support/support.h"

enum { KEYS = 300, KEY_SIZE = 16 };

static struct str key_of(char keys[KEYS][KEY_SIZE], size_t i)
{
    return str_of(keys[i]);
}

static void fill_keys(char keys[KEYS][KEY_SIZE])
{
    for (size_t i = 0; i < KEYS; i++)
        snprintf(keys[i], KEY_SIZE, "key-%zu", i);
}

static void what_is_put_is_found(void **state)
{
    (void)state;
    int one = 1;
    int two = 2;
    struct map map;
    map_init(&map, &mem_libc);
    assert_null(map_get(&map, STR("a")));
    assert_null(map_remove(&map, STR("a")));
    assert_ok(map_put(&map, STR("a"), &one));
    assert_ok(map_put(&map, STR(""), &two));
    assert_ptr_equal(map_get(&map, (struct str){NULL, 0}), &two);
    assert_int_equal(map_add(&map, STR("a"), &two), NDF_EEXISTS);
    assert_ptr_equal(map_get(&map, STR("a")), &one);
    assert_ok(map_put(&map, STR("a"), &two));
    assert_ptr_equal(map_get(&map, STR("a")), &two);
    assert_ok(map_put(&map, STR("none"), NULL));
    assert_true(map_has(&map, STR("none")));
    assert_false(map_has(&map, STR("nine")));
    assert_int_equal(map.live, 3);
    map_deinit(&map);
}

static void a_key_without_an_address_is_a_key(void **state)
{
    (void)state;
    int one = 1;
    struct map map;
    map_init(&map, &mem_libc);
    assert_ok(map_add(&map, (struct str){NULL, 0}, &one));
    assert_ptr_equal(map_get(&map, STR("")), &one);
    assert_ok(map_put(&map, (struct str){NULL, 0}, &one));
    assert_int_equal(map.live, 1);
    assert_ptr_equal(map_remove(&map, STR("")), &one);
    assert_int_equal(map.live, 0);
    map_deinit(&map);
}

static void iteration_is_by_insertion(void **state)
{
    (void)state;
    char keys[KEYS][KEY_SIZE];
    fill_keys(keys);
    struct map map;
    map_init(&map, &mem_libc);
    for (size_t i = 0; i < KEYS; i++)
        assert_ok(map_add(&map, key_of(keys, i), keys[i]));
    size_t at = 0;
    for (size_t i = 0; i < KEYS; i++)
        assert_ptr_equal(map_next(&map, &at)->value, keys[i]);
    assert_null(map_next(&map, &at));
    map_clear(&map);
    at = 0;
    assert_null(map_next(&map, &at));
    assert_null(map_get(&map, key_of(keys, 0)));
    assert_ok(map_add(&map, key_of(keys, 0), keys[0]));
    map_deinit(&map);
}

/* A small generator of its own, so that the test is the same everywhere. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void it_behaves_like_an_array_of_flags(void **state)
{
    (void)state;
    char keys[KEYS][KEY_SIZE];
    fill_keys(keys);
    bool there[KEYS] = {false};
    size_t live = 0;
    uint32_t seed = 1;
    struct map map;
    map_init(&map, &mem_libc);
    for (size_t n = 0; n < 100000; n++) {
        size_t i = next_random(&seed) % KEYS;
        if (next_random(&seed) % 2 == 0) {
            int err = map_add(&map, key_of(keys, i), keys[i]);
            assert_int_equal(err, there[i] ? NDF_EEXISTS : NDF_OK);
            live += !there[i];
            there[i] = true;
        } else {
            void *was = map_remove(&map, key_of(keys, i));
            assert_ptr_equal(was, there[i] ? keys[i] : NULL);
            live -= there[i];
            there[i] = false;
        }
        assert_int_equal(map.live, live);
    }
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(map_has(&map, key_of(keys, i)), there[i]);
    /* Tombstones are packed away: twice the keys is the most it holds. */
    assert_true(map.capacity <= 1024);
    map_deinit(&map);
}

static void a_map_may_be_moved(void **state)
{
    (void)state;
    int one = 1;
    struct map map;
    map_init(&map, &mem_libc);
    assert_ok(map_put(&map, STR("a"), &one));
    struct map moved = map;
    assert_ptr_equal(map_get(&moved, STR("a")), &one);
    map_deinit(&moved);
}

static int fill_map(const struct mem *mem, void *ud)
{
    char(*keys)[KEY_SIZE] = ud;
    struct map map;
    map_init(&map, mem);
    int err = NDF_OK;
    for (size_t i = 0; i < 100 && err == NDF_OK; i++) {
        err = map_put(&map, key_of(keys, i), keys[i]);
        assert_int_equal(map.live, err == NDF_OK ? i + 1 : i);
        assert_true(i == 0 || map_has(&map, key_of(keys, i - 1)));
    }
    map_deinit(&map);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    char keys[KEYS][KEY_SIZE];
    fill_keys(keys);
    test_each_allocation_fails(fill_map, keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_found),
        cmocka_unit_test(a_key_without_an_address_is_a_key),
        cmocka_unit_test(iteration_is_by_insertion),
        cmocka_unit_test(it_behaves_like_an_array_of_flags),
        cmocka_unit_test(a_map_may_be_moved),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
