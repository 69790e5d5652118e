/*
 * test_store_faults.c - a disk that fails at each possible moment: nothing is
 * acknowledged that is not there afterwards, and the store opens again.
 */
#include <string.h>

#include "fixture.h"
#include "support/faulty_vfs.h"

enum { RECORDS = 8, CHANGES_MAX = 5000 };

static int setup(void **state)
{
    (void)state;
    faulty_vfs_install();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    faulty_vfs_remove();
    return 0;
}

/* Appends records until RECORDS are acknowledged or the store has stopped;
 * tells how many were. A full disk is tried once more. */
static int64_t append_all(struct store *store, int *first_error)
{
    int64_t acknowledged = 0;
    int refusals = 0;
    *first_error = NDF_OK;
    while (acknowledged < RECORDS && refusals < 3) {
        struct fixture_record at = {"run-1", acknowledged};
        ndf_error error;
        int err = store_write(store, fixture_append, &at, &error);
        if (err == NDF_OK) acknowledged++;
        if (err != NDF_OK) refusals++;
        if (*first_error == NDF_OK) *first_error = err;
    }
    return acknowledged;
}

/* One round with a fault; false when the fault was never reached. */
static bool fail_once(enum fault fault, long n, bool for_ever)
{
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_run, fixture_text("run-1"));
    int first_error;
    faulty_vfs_fail(fault, n, for_ever);
    int64_t acknowledged = append_all(store, &first_error);
    if (faulty_vfs_failures() == 0) assert_int_equal(acknowledged, RECORDS);
    if (first_error != NDF_OK && fault == FAULT_FULL)
        assert_int_equal(first_error, NDF_EFULL);
    if (first_error != NDF_OK && fault != FAULT_FULL) {
        /* Nothing more is taken, also if the disk would. */
        assert_int_equal(first_error, NDF_EIO);
        ndf_error error;
        faulty_vfs_fail(FAULT_NONE, 0, false);
        assert_int_equal(
            store_write(store, fixture_run, fixture_text("b"), &error),
            NDF_ESTORE);
        assert_non_null(strstr(error.message, "stopped"));
        store_close(store);
        store = NULL;
    }
    store_close(store);
    bool reached = first_error != NDF_OK || faulty_vfs_failures() > 0;
    faulty_vfs_fail(FAULT_NONE, 0, false);
    store = fixture_open(path, STORE_EXISTING);
    assert_true(fixture_records(store, "run-1") >= acknowledged);
    assert_int_equal(fixture_problems(store), 0);
    struct fixture_record next = {"run-1", fixture_records(store, "run-1")};
    fixture_write(store, fixture_append, &next);
    store_close(store);
    test_dir_remove(&dir);
    return reached;
}

static void fail_everywhere(enum fault fault, bool for_ever)
{
    long n = 1;
    while (n < CHANGES_MAX && fail_once(fault, n, for_ever))
        n++;
    print_message("%ld places\n", n - 1);
    assert_true(n > RECORDS && n < CHANGES_MAX);
}

static void an_io_error_anywhere_loses_nothing_acknowledged(void **state)
{
    (void)state;
    fail_everywhere(FAULT_IO, false);
}

static void a_broken_disk_loses_nothing_acknowledged(void **state)
{
    (void)state;
    fail_everywhere(FAULT_IO, true);
}

static void a_failed_sync_is_never_acknowledged(void **state)
{
    (void)state;
    fail_everywhere(FAULT_SYNC, false);
}

static void a_full_disk_is_said_and_survived(void **state)
{
    (void)state;
    fail_everywhere(FAULT_FULL, false);
}

static void a_disk_that_stays_full_loses_nothing_acknowledged(void **state)
{
    (void)state;
    fail_everywhere(FAULT_FULL, true);
}

static void an_error_while_opening_leaves_a_store_that_opens(void **state)
{
    (void)state;
    bool reached = true;
    long n = 1;
    for (; reached && n < CHANGES_MAX; n++) {
        struct test_dir dir;
        struct store_options options = {.path = NULL};
        struct store *store;
        test_dir_make(&dir);
        options.path = test_path(&dir, "a.db");
        faulty_vfs_fail(n % 2 == 0 ? FAULT_IO : FAULT_FULL, (n + 1) / 2, false);
        ndf_error error = {.code = NDF_OK};
        int err = store_open(&store, &mem_libc, &options, &error);
        reached = faulty_vfs_failures() > 0;
        if (err != NDF_OK) assert_true(err == NDF_EIO || err == NDF_EFULL);
        else store_close(store);
        faulty_vfs_fail(FAULT_NONE, 0, false);
        store = fixture_open(options.path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        assert_int_equal(fixture_problems(store), 0);
        store_close(store);
        test_dir_remove(&dir);
    }
    assert_true(n > 5);
}

/* ---- copying the log back ------------------------------------------------ */

enum { LARGE = 5 * 1024 * 1024, STEP = 211 };

static int put_large(struct store_tx *tx, void *ud, ndf_error *error)
{
    uint8_t hash[STORE_HASH_SIZE];
    struct str bytes = {ud, LARGE};
    return tx_content_put(tx, STORE_BLOB, bytes, hash, error);
}

static void assert_survives_checkpoint(const char *bytes, long n, bool *reached)
{
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_run, fixture_text("run-1"));
    faulty_vfs_fail(FAULT_IO, n, false);
    int first_error;
    int large = store_write(store, put_large, fixture_text(bytes), NULL);
    int64_t acknowledged = append_all(store, &first_error);
    store_close(store);
    *reached = faulty_vfs_failures() > 0;
    faulty_vfs_fail(FAULT_NONE, 0, false);
    store = fixture_open(path, STORE_EXISTING);
    struct store_check_counts counts;
    assert_ok(store_check(store, NULL, NULL, &counts, NULL));
    assert_int_equal(counts.problems, 0);
    if (large == NDF_OK) assert_int_equal(counts.contents, 1);
    assert_true(fixture_records(store, "run-1") >= acknowledged);
    store_close(store);
    test_dir_remove(&dir);
}

static void an_io_error_while_the_log_is_copied_loses_nothing(void **state)
{
    (void)state;
    char *bytes = test_malloc(LARGE);
    uint64_t noise = 1;
    for (size_t i = 0; i < LARGE; i++) {
        noise = noise * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = (char)(noise >> 56);
    }
    bool reached = true;
    long stride = fixture_stride(STEP);
    for (long n = 1; reached && n < 20000; n += stride)
        assert_survives_checkpoint(bytes, n, &reached);
    assert_false(reached);
    test_free(bytes);
}

/* ---- what "done" means --------------------------------------------------- */

static void assert_synced(void *ud, int err, const ndf_error *error)
{
    (void)error;
    assert_int_equal(err, NDF_OK);
    /* Counted here, asserted on the test's own thread. */
    if (faulty_vfs_dirty_logs() != 0) (*(int *)ud)++;
}

static int put_a_note(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_meta_put(tx, STR("a"), STR("b"), error);
}

static void done_is_said_behind_the_sync(void **state)
{
    (void)state;
    struct test_dir dir;
    int unsynced = 0;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    for (int i = 0; i < 100; i++)
        assert_ok(
            store_submit(store, put_a_note, assert_synced, &unsynced, NULL));
    store_close(store);
    assert_int_equal(unsynced, 0);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_io_error_anywhere_loses_nothing_acknowledged),
        cmocka_unit_test(a_broken_disk_loses_nothing_acknowledged),
        cmocka_unit_test(a_failed_sync_is_never_acknowledged),
        cmocka_unit_test(a_full_disk_is_said_and_survived),
        cmocka_unit_test(a_disk_that_stays_full_loses_nothing_acknowledged),
        cmocka_unit_test(an_error_while_opening_leaves_a_store_that_opens),
        cmocka_unit_test(an_io_error_while_the_log_is_copied_loses_nothing),
        cmocka_unit_test(done_is_said_behind_the_sync),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
