/*
 * test_store_open.c - opening, what is no store, backups.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static int put_note(struct store_tx *tx, void *ud, ndf_error *error)
{
    return tx_meta_put(tx, STR("note"), str_of(ud), error);
}

static bool note_is(struct store *store, const char *expected)
{
    struct store_reader *reader = fixture_read(store);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct str value;
    int err = read_meta(reader, &arena, STR("note"), &value, NULL);
    bool same = expected == NULL ? err == NDF_ENOTFOUND
                                 : str_equal(value, str_of(expected));
    arena_deinit(&arena);
    store_read_end(reader);
    return same;
}

static void a_store_is_found_again(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    fixture_write(store, put_note, fixture_text("kept"));
    store_close(store);
    store = fixture_open(test_path(&dir, "a.db"), STORE_READ_ONLY);
    assert_true(note_is(store, "kept"));
    assert_true(store_is_read_only(store));
    ndf_error error;
    assert_int_equal(
        store_write(store, put_note, fixture_text("x"), &error), NDF_EREADONLY);
    store_close(store);
    test_dir_remove(&dir);
}

static void what_is_no_store_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    char garbage[4096];
    memset(garbage, 'g', sizeof garbage - 1);
    garbage[sizeof garbage - 1] = '\0';
    test_write(&dir, "garbage", garbage);
    test_write(&dir, "empty", "");
    assert_int_equal(mkdir(test_path(&dir, "folder"), 0700), 0);
    fixture_sql(test_path(&dir, "other"), "CREATE TABLE x (y)");
    static const struct {
        const char *name;
        enum store_mode mode;
        int err;
        const char *says;
    } cases[] = {
        {"no/such/folder", STORE_CREATE, NDF_ENOTFOUND, "folder is not there"},
        {"missing", STORE_EXISTING, NDF_ENOTFOUND, "there is no store at"},
        {"missing", STORE_READ_ONLY, NDF_ENOTFOUND, "there is no store at"},
        {"empty", STORE_READ_ONLY, NDF_ENOTFOUND, "is empty"},
        {"folder", STORE_CREATE, NDF_ECORRUPT, "is not a file"},
        {"garbage", STORE_CREATE, NDF_ECORRUPT, "is no store of ndf"},
        {"garbage", STORE_READ_ONLY, NDF_ECORRUPT, "is no store of ndf"},
        {"other", STORE_CREATE, NDF_ECORRUPT, "of another program"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int err = fixture_open_error(
            test_path(&dir, cases[i].name), cases[i].mode, &error);
        assert_int_equal(err, cases[i].err);
        assert_non_null(strstr(error.message, cases[i].says));
    }
    assert_int_not_equal(access(test_path(&dir, "missing"), F_OK), 0);
    store_close(fixture_open(test_path(&dir, "empty"), STORE_CREATE));
    test_dir_remove(&dir);
}

static void names_that_sqlite_reads_otherwise_are_files(void **state)
{
    (void)state;
    static const char *const names[] = {
        ":memory:", "file:x?mode=memory", "a b%20#?.db"};
    struct test_dir dir;
    char before[4096];
    test_dir_make(&dir);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir.path), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct store *store = fixture_open(names[i], STORE_CREATE);
        assert_int_equal(access(test_path(&dir, names[i]), F_OK), 0);
        assert_int_equal(chdir("/"), 0);
        fixture_write(store, put_note, fixture_text("x"));
        assert_true(note_is(store, "x"));
        store_close(store);
        assert_int_equal(chdir(dir.path), 0);
    }
    assert_int_equal(chdir(before), 0);
    test_dir_remove(&dir);
}

static void a_backup_is_whole_and_never_overwrites(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    const char *path = test_path(&dir, "copy.db");
    assert_ok(store_backup(store, path, &error));
    assert_int_equal(store_backup(store, path, &error), NDF_EEXISTS);
    assert_int_equal(
        store_backup(store, test_path(&dir, "no/copy"), &error), NDF_ENOTFOUND);
    store_close(store);
    store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(fixture_records(store, "run-1"), 3);
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    test_dir_remove(&dir);
}

static int use_all(const struct mem *mem, void *ud)
{
    struct store_options options = {.path = ud};
    struct store *store;
    struct store_reader *reader = NULL;
    struct arena arena;
    arena_init(&arena, mem);
    int err = store_open(&store, mem, &options, NULL);
    if (err != NDF_OK) return err;
    err = store_write(store, fixture_fill, NULL, NULL);
    if (err == NDF_OK) err = store_read_begin(store, &reader, NULL);
    struct store_run run;
    if (err == NDF_OK) err = read_run(reader, &arena, STR("run-1"), &run, NULL);
    struct str note;
    if (err == NDF_OK)
        err = read_meta(reader, &arena, STR("made"), &note, NULL);
    store_read_end(reader);
    store_close(store);
    arena_deinit(&arena);
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
        cmocka_unit_test(a_store_is_found_again),
        cmocka_unit_test(what_is_no_store_is_refused_with_a_reason),
        cmocka_unit_test(names_that_sqlite_reads_otherwise_are_files),
        cmocka_unit_test(a_backup_is_whole_and_never_overwrites),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
