/*
 * support.h - what many tests need: cmocka, an allocator that counts and
 * fails, a folder that goes away.
 */
#ifndef NDF_TESTS_SUPPORT_H
#define NDF_TESTS_SUPPORT_H

/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#include "base/err.h"
#include "base/mem.h"

/* Counts live bytes; fails from the (left + 1)-th allocation on when left is
 * 0 or more; -1 never fails. Thread-safe. */
struct test_mem {
    struct mem mem; /* give &test.mem to the code under test */
    _Atomic long left;
    _Atomic long live;
};

void test_mem_init(struct test_mem *test, long left);

/* Runs body with allocation 1, 2, 3... failing until it returns NDF_OK, and
 * checks each time that nothing leaks and that only NDF_ENOMEM came back. */
typedef int (*test_body)(const struct mem *mem, void *ud);
void test_each_allocation_fails(test_body body, void *ud);

/* A fresh folder under $TMPDIR; test_dir_remove deletes it with its content.
 */
struct test_dir {
    char path[256];
};
void test_dir_make(struct test_dir *dir);
void test_dir_remove(struct test_dir *dir);
/* dir/name; borrowed until the 8th next call. */
const char *test_path(const struct test_dir *dir, const char *name);
/* Writes text to dir/name. */
void test_write(const struct test_dir *dir, const char *name, const char *text);

#define assert_ok(call) assert_int_equal((call), 0)
#define assert_str(slice, literal)                                             \
    do {                                                                       \
        struct str got_ = (slice);                                             \
        assert_int_equal(got_.size, sizeof(literal) - 1);                      \
        assert_memory_equal(got_.at, literal, sizeof(literal) - 1);            \
    } while (0)

#endif
