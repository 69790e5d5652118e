/*
 * test_owners.c - who is at work on a run, told by one file of locks.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/id.h"
#include "engine/owners.h"
#include "support/support.h"

#define ONE STR("00000000000z")
#define TWO STR("000000000010")

static void two_owners_exclude_each_other(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *runs = test_path(&dir, "runs");
    struct owners here, there;
    owners_init(&here, &mem_libc);
    owners_init(&there, &mem_libc);
    /* To look makes nothing. */
    assert_false(owners_has(&here, runs, ONE));
    assert_int_equal(access(runs, F_OK), -1);
    assert_ok(owners_take(&here, runs, ONE, NULL));
    assert_true(owners_has(&here, runs, ONE));
    assert_true(owners_has(&there, runs, ONE));
    assert_false(owners_has(&there, runs, TWO));
    assert_int_equal(owners_take(&there, runs, ONE, NULL), NDF_EBUSY);
    ndf_error error;
    assert_int_equal(owners_take(&here, runs, ONE, &error), NDF_EBUSY);
    assert_non_null(strstr(error.message, "this process is at work on run "
                                          "00000000000z"));
    assert_ok(owners_take(&there, runs, TWO, NULL));
    owners_drop(&here, ONE);
    owners_drop(&here, TWO); /* not its own */
    assert_true(owners_has(&here, runs, TWO));
    assert_ok(owners_take(&there, runs, ONE, NULL));
    owners_deinit(&there);
    assert_false(owners_has(&here, runs, ONE));
    assert_false(owners_has(&here, runs, TWO));
    owners_deinit(&here);
    test_dir_remove(&dir);
}

static void ids_spell_different_numbers(void **state)
{
    (void)state;
    assert_int_equal(engine_id_number(STR("000000000000")), 0);
    assert_int_equal(engine_id_number(ONE), 31);
    assert_int_equal(engine_id_number(TWO), 32);
    assert_int_equal(
        engine_id_number(STR("zzzzzzzzzzzz")), ((int64_t)1 << 60) - 1);
}

static int take_without_memory(const struct mem *mem, void *ud)
{
    struct owners owners;
    owners_init(&owners, mem);
    int err = owners_take(&owners, ud, ONE, NULL);
    if (err == NDF_OK) owners_drop(&owners, ONE);
    owners_deinit(&owners);
    return err;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct test_dir dir;
    char runs[PATH_MAX];
    test_dir_make(&dir);
    (void)snprintf(runs, sizeof runs, "%s", test_path(&dir, "runs"));
    test_each_allocation_fails(take_without_memory, runs);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_owners_exclude_each_other),
        cmocka_unit_test(ids_spell_different_numbers),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
