/*
 * support.c - see support.h.
 */
#include "support/support.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/os.h"

static void *counting_alloc(
    void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct test_mem *test = ud;
    if (new_size == 0) {
        atomic_fetch_sub(&test->live, (long)old_size);
        free(ptr);
        return NULL;
    }
    if (atomic_load(&test->left) >= 0 &&
        atomic_fetch_sub(&test->left, 1) <= 0) {
        atomic_store(&test->left, 0);
        return NULL;
    }
    void *moved = realloc(ptr, new_size);
    if (moved != NULL)
        atomic_fetch_add(&test->live, (long)new_size - (long)old_size);
    return moved;
}

void test_mem_init(struct test_mem *test, long left)
{
    memset(test, 0, sizeof *test);
    test->mem.fn = counting_alloc;
    test->mem.ud = test;
    atomic_store(&test->left, left);
}

void test_each_allocation_fails(test_body body, void *ud)
{
    int err = NDF_ENOMEM;
    for (long n = 0; err == NDF_ENOMEM; n++) {
        struct test_mem test;
        test_mem_init(&test, n);
        err = body(&test.mem, ud);
        assert_int_equal(atomic_load(&test.live), 0);
        assert_true(err == NDF_OK || err == NDF_ENOMEM);
        assert_true(n < 1000000);
    }
}

void test_dir_make(struct test_dir *dir)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir->path, sizeof dir->path, "%s/ndf-test-XXXXXX",
        tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir->path));
}

void test_dir_remove(struct test_dir *dir)
{
    assert_int_equal(os_remove_tree(dir->path), NDF_OK);
}

const char *test_path(const struct test_dir *dir, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", dir->path, name);
    return path;
}

void test_write(const struct test_dir *dir, const char *name, const char *text)
{
    FILE *file = fopen(test_path(dir, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}
