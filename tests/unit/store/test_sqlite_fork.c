/*
 * test_sqlite_fork.c - a child opens no file while its parent has one open.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "support/support.h"

static int open_store(const char *path, struct store **store)
{
    struct store_options options = {.path = path, .mode = STORE_CREATE};
    return store_open(store, &mem_libc, &options, NULL);
}

/* What opening gives in a child. */
static int in_a_child(const char *path)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct store *store;
        int err = open_store(path, &store);
        _exit(err == NDF_OK ? 0 : err == NDF_EFORKED ? 1 : 2);
    }
    int status = -1;
    assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_child_is_refused_only_while_its_parent_has_a_file_open(
    void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store;
    assert_ok(open_store(path, &store));
    assert_int_equal(in_a_child(path), 1);
    assert_int_equal(in_a_child(NULL), 0); /* memory is each one's own */
    store_close(store);
    assert_int_equal(in_a_child(path), 0);
    /* The child's files are not counted here. */
    assert_ok(open_store(path, &store));
    store_close(store);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_child_is_refused_only_while_its_parent_has_a_file_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
