/*
 * test_walk.c - the files of a folder.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/walk.h"
#include "support/support.h"

static void upper_folders_come_first_and_others_files_are_passed_over(
    void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *folders[] = {"b", "b/c", ".git", ".ndf", "node_modules"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(mkdir(test_path(&dir, folders[i]), 0777), 0);
    const char *files[] = {"b/c/x.md", "z.yaml", "b/y.json", "a.yml", "no.txt",
        ".git/x.md", ".ndf/x.md", "node_modules/x.md"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        test_write(&dir, files[i], "");
    /* A circle of links is not walked. */
    assert_int_equal(symlink(dir.path, test_path(&dir, "b/loop")), 0);
    assert_int_equal(
        symlink(test_path(&dir, "z.yaml"), test_path(&dir, "b/link.yaml")), 0);
    assert_int_equal(symlink("nowhere", test_path(&dir, "dead.md")), 0);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct vec found;
    vec_init(&found, &mem_libc, sizeof(struct walk_file));
    assert_ok(walk_files(&arena, str_of(dir.path), &found, NULL));
    const char *expected[] = {
        "a.yml", "z.yaml", "b/link.yaml", "b/y.json", "b/c/x.md"};
    assert_int_equal(found.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < found.count; i++) {
        const struct walk_file *file = vec_get(&found, i);
        assert_string_equal(file->relative.at, expected[i]);
        assert_true(file->mtime_ns > 0);
    }
    vec_deinit(&found);
    arena_deinit(&arena);
    test_dir_remove(&dir);
}

static void a_file_gives_itself_and_nothing_is_an_error(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    test_write(&dir, "any.name", "x");
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct vec found;
    vec_init(&found, &mem_libc, sizeof(struct walk_file));
    assert_ok(
        walk_files(&arena, str_of(test_path(&dir, "any.name")), &found, NULL));
    assert_int_equal(found.count, 1);
    assert_int_equal(((struct walk_file *)found.at)->relative.size, 0);
    ndf_error error;
    assert_int_equal(
        walk_files(&arena, str_of(test_path(&dir, "none")), &found, &error),
        NDF_ENOTFOUND);
    assert_int_equal(
        walk_files(&arena, STR("/dev/null"), &found, &error), NDF_EINVAL);
    vec_deinit(&found);
    arena_deinit(&arena);
    test_dir_remove(&dir);
}

static void too_deep_a_folder_is_refused(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    char path[512];
    int size = 0;
    for (int i = 0; i <= WALK_DEPTH_MAX; i++) {
        size += snprintf(
            path + size, sizeof path - (size_t)size, i == 0 ? "d" : "/d");
        assert_int_equal(mkdir(test_path(&dir, path), 0777), 0);
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct vec found;
        vec_init(&found, &mem_libc, sizeof(struct walk_file));
        assert_int_equal(walk_files(&arena, str_of(dir.path), &found, NULL),
            i < WALK_DEPTH_MAX ? NDF_OK : NDF_ELIMIT);
        vec_deinit(&found);
        arena_deinit(&arena);
    }
    test_dir_remove(&dir);
}

static int walk(const struct mem *mem, void *ud)
{
    const struct test_dir *dir = ud;
    struct arena arena;
    arena_init(&arena, mem);
    struct vec found;
    vec_init(&found, mem, sizeof(struct walk_file));
    int err = walk_files(&arena, str_of(dir->path), &found, NULL);
    vec_deinit(&found);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    assert_int_equal(mkdir(test_path(&dir, "b"), 0777), 0);
    test_write(&dir, "b/a.md", "");
    test_write(&dir, "c.md", "");
    test_each_allocation_fails(walk, &dir);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            upper_folders_come_first_and_others_files_are_passed_over),
        cmocka_unit_test(a_file_gives_itself_and_nothing_is_an_error),
        cmocka_unit_test(too_deep_a_folder_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
