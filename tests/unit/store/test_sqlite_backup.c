/*
 * test_sqlite_backup.c - a copy is whole, or its name stays free.
 */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "store/sqlite_backup.h"
#include "support/faulty_vfs.h"

static int files_in(const struct test_dir *dir)
{
    int count = 0;
    DIR *folder = opendir(dir->path);
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 2;
}

static void a_copy_is_made_while_others_write(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    for (int64_t seq = 3; seq < 40; seq++) {
        struct fixture_record at = {"run-1", seq};
        assert_ok(store_submit(store, fixture_append, NULL, &at, NULL));
        if (seq % 10 == 0) {
            char name[] = "copy-0.db";
            name[5] = (char)('0' + seq / 10);
            assert_ok(store_backup(store, test_path(&dir, name), NULL));
        }
        fixture_write(store, fixture_run, fixture_text("b"));
    }
    store_close(store);
    for (char digit = '1'; digit < '4'; digit++) {
        char name[] = "copy-0.db";
        name[5] = digit;
        store = fixture_open(test_path(&dir, name), STORE_EXISTING);
        assert_true(fixture_records(store, "run-1") >= 10);
        assert_int_equal(fixture_problems(store), 0);
        store_close(store);
    }
    test_dir_remove(&dir);
}

static void a_copy_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    faulty_vfs_install();
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    long n = 1;
    for (bool reached = true; reached; n++) {
        faulty_vfs_fail(n % 2 == 0 ? FAULT_IO : FAULT_FULL, (n + 1) / 2, false);
        const char *path = test_path(&dir, "copy.db");
        int err = store_backup(store, path, NULL);
        reached = faulty_vfs_failures() > 0;
        if (err != NDF_OK) assert_int_equal(files_in(&dir), 0);
        if (err == NDF_OK) assert_int_equal(unlink(path), 0);
    }
    assert_true(n > 10);
    faulty_vfs_fail(FAULT_NONE, 0, false);
    store_close(store);
    faulty_vfs_remove();
    test_dir_remove(&dir);
}

static void a_copy_of_a_damaged_store_is_made_and_told(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    const char *copy = test_path(&dir, "copy.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    store_close(store);
    fixture_sql(path, "UPDATE tally SET wins = wins + 1");
    store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(store_backup(store, copy, &error), NDF_ECORRUPT);
    assert_non_null(strstr(error.message, "copied to "));
    assert_non_null(strstr(error.message, "is damaged: 1 problem:"));
    store_close(store);
    assert_int_equal(files_in(&dir), 2);
    store = fixture_open(copy, STORE_READ_ONLY);
    assert_int_equal(fixture_problems(store), 1);
    assert_int_equal(fixture_records(store, "run-1"), 3);
    store_close(store);
    test_dir_remove(&dir);
}

static int back_up(const struct mem *mem, void *ud)
{
    const struct test_dir *dir = ud;
    struct store_options options = {.path = NULL};
    struct store *store;
    const char *copy = test_path(dir, "copy.db");
    int err = store_open(&store, mem, &options, NULL);
    if (err != NDF_OK) return err;
    err = store_backup(store, copy, NULL);
    store_close(store);
    assert_int_equal(files_in(dir), err == NDF_OK ? 1 : 0);
    if (err == NDF_OK) assert_int_equal(unlink(copy), 0);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    test_each_allocation_fails(back_up, &dir);
    test_dir_remove(&dir);
}

static void a_name_in_the_current_folder_works(void **state)
{
    (void)state;
    struct test_dir dir;
    char before[4096];
    test_dir_make(&dir);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir.path), 0);
    struct store *store = fixture_open(NULL, STORE_CREATE);
    assert_ok(store_backup(store, "file:x?mode=memory", NULL));
    assert_int_equal(access(test_path(&dir, "file:x?mode=memory"), R_OK), 0);
    store_close(store);
    assert_int_equal(chdir(before), 0);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_made_while_others_write),
        cmocka_unit_test(a_copy_that_fails_leaves_nothing_behind),
        cmocka_unit_test(a_copy_of_a_damaged_store_is_made_and_told),
        cmocka_unit_test(a_name_in_the_current_folder_works),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
