/*
 * test_store_sqlite.c - what only this backend has: a log to keep short, and
 * folders that cannot be written.
 */
#define _DEFAULT_SOURCE /* syscall */

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "support/faulty_vfs.h"

enum { PIECE = 1024 * 1024, PAGE = 4096 };

/* A blob that cannot be packed and is another one each time. */
static int put_noise(struct store_tx *tx, void *ud, ndf_error *error)
{
    uint64_t *noise = ud;
    char *bytes = test_malloc(PIECE);
    uint8_t hash[STORE_HASH_SIZE];
    for (size_t i = 0; i < PIECE; i++) {
        *noise = *noise * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = (char)(*noise >> 56);
    }
    int err =
        tx_content_put(tx, STORE_BLOB, (struct str){bytes, PIECE}, hash, error);
    test_free(bytes);
    return err;
}

static off_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : 0;
}

static void the_log_is_kept_short(void **state)
{
    (void)state;
    struct test_dir dir;
    uint64_t noise = 1;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    for (int i = 0; i < 20; i++)
        fixture_write(store, put_noise, &noise);
    assert_true(size_of(test_path(&dir, "a.db-wal")) < 3000 * PAGE);
    assert_true(size_of(test_path(&dir, "a.db")) > 10 * PIECE);
    store_close(store);
    assert_int_equal(size_of(test_path(&dir, "a.db-wal")), 0);
    test_dir_remove(&dir);
}

static void a_long_reader_lets_it_grow_only_while_it_reads(void **state)
{
    (void)state;
    struct test_dir dir;
    uint64_t noise = 1;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    struct store_reader *reader = fixture_read(store);
    for (int i = 0; i < 70; i++)
        fixture_write(store, put_noise, &noise);
    off_t grown = size_of(test_path(&dir, "a.db-wal"));
    assert_true(grown > 16000 * PAGE);
    store_read_end(reader);
    /* A busy machine copies late, but then it does not grow at all. */
    for (int i = 0; i < 30; i++)
        fixture_write(store, put_noise, &noise);
    off_t settled = size_of(test_path(&dir, "a.db-wal"));
    assert_true(settled <= grown + 18 * PIECE);
    for (int i = 0; i < 10; i++)
        fixture_write(store, put_noise, &noise);
    assert_true(size_of(test_path(&dir, "a.db-wal")) <= settled);
    assert_int_equal(fixture_records(store, "run-1"), 3);
    store_close(store);
    test_dir_remove(&dir);
}

/* ---- folders that cannot be written ---------------------------------------
 */

static int look_around(const char *path)
{
    struct store_options options = {.path = path, .mode = STORE_READ_ONLY};
    struct store_check_counts counts;
    struct store *store;
    ndf_error error;
    if (store_open(&store, &mem_libc, &options, &error) != NDF_OK) return 1;
    if (store_check(store, NULL, NULL, &counts, &error) != NDF_OK) return 2;
    if (counts.problems != 0 || counts.records != 3) return 3;
    store_close(store);
    options.mode = STORE_EXISTING;
    if (store_open(&store, &mem_libc, &options, &error) != NDF_EREADONLY)
        return 4;
    return strstr(error.message, "read-only") != NULL ? 0 : 5;
}

/* The modes of files bind root too, once it gave its capabilities up. Another
 * user would not do: it may not even reach the folder. */
static bool bind_by_modes(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0;
}

/* In a process that modes bind, whoever runs the test. */
static int look_when_bound(const char *path)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!bind_by_modes()) _exit(9);
        _exit(look_around(path));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_store_in_a_folder_that_is_read_only_can_be_read(void **state)
{
    (void)state;
    static const char *const names[] = {"a.db", "a b%20?#.db"};
    struct test_dir dir;
    test_dir_make(&dir);
    for (size_t i = 0; i < 2; i++) {
        const char *path = test_path(&dir, names[i]);
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        store_close(store);
        assert_int_equal(chmod(path, 0444), 0);
    }
    assert_int_equal(chmod(dir.path, 0555), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(look_when_bound(test_path(&dir, names[i])), 0);
    assert_int_equal(chmod(dir.path, 0755), 0);
    test_dir_remove(&dir);
}

static void one_with_a_log_beside_it_is_not_half_read(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    store_close(store);
    test_write(&dir, "a.db-wal", "something");
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(dir.path, 0555), 0);
    assert_int_equal(look_when_bound(path), 1);
    assert_int_equal(chmod(dir.path, 0755), 0);
    test_dir_remove(&dir);
}

/* ---- a full disk ----------------------------------------------------------
 */

static void a_store_on_a_full_disk_can_be_read(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    store_close(store);
    faulty_vfs_install();
    faulty_vfs_fail(FAULT_ROOM, 0, false);
    store = fixture_open(path, STORE_READ_ONLY);
    assert_int_equal(fixture_records(store, "run-1"), 3);
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    assert_int_equal(
        fixture_open_error(path, STORE_EXISTING, &error), NDF_EFULL);
    assert_non_null(strstr(error.message, "free some"));
    /* What the log holds cannot be seen without its index. */
    test_write(&dir, "a.db-wal", "something");
    assert_int_equal(
        fixture_open_error(path, STORE_READ_ONLY, &error), NDF_EFULL);
    assert_non_null(strstr(error.message, "free some"));
    faulty_vfs_fail(FAULT_NONE, 0, false);
    faulty_vfs_remove();
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_kept_short),
        cmocka_unit_test(a_long_reader_lets_it_grow_only_while_it_reads),
        cmocka_unit_test(a_store_in_a_folder_that_is_read_only_can_be_read),
        cmocka_unit_test(one_with_a_log_beside_it_is_not_half_read),
        cmocka_unit_test(a_store_on_a_full_disk_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
