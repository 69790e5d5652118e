/*
 * test_trust.c - the list of trusted folders.
 */
#include <string.h>

#include "engine/trust.h"
#include "support/support.h"

static struct trust in_dir(const struct test_dir *dir)
{
    return (struct trust){&mem_libc, str_of(test_path(dir, "home"))};
}

static bool trusted(const struct trust *trust, const char *path)
{
    bool result;
    assert_ok(trust_check(trust, str_of(path), &result, NULL));
    return result;
}

static void trust_covers_what_is_below(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct trust trust = in_dir(&dir);
    assert_false(trusted(&trust, "/a/b"));
    assert_ok(trust_grant(&trust, STR("/a/b"), NULL));
    assert_ok(trust_grant(&trust, STR("/a/b"), NULL));
    const struct {
        const char *path;
        bool is;
    } rows[] = {{"/a/b", true}, {"/a/b/c/d.yaml", true}, {"/a", false},
        {"/a/bc", false}, {"/", false}, {"/x", false}, {"a/b", false},
        {".", false}, {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(trusted(&trust, rows[i].path), rows[i].is);
    assert_ok(trust_grant(&trust, STR("/x"), NULL));
    assert_ok(trust_revoke(&trust, STR("/a/b"), NULL));
    assert_false(trusted(&trust, "/a/b"));
    assert_true(trusted(&trust, "/x"));
    test_dir_remove(&dir);
}

static void a_damaged_list_trusts_nothing_and_says_so(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct trust trust = in_dir(&dir);
    assert_ok(trust_grant(&trust, STR("/a"), NULL));
    test_write(&dir, "home/trusted.json", "[\"/a\"");
    bool result = true;
    ndf_error error = {0};
    assert_int_not_equal(
        trust_check(&trust, STR("/a"), &result, &error), NDF_OK);
    assert_false(result);
    assert_non_null(strstr(error.message, "trusted.json"));
    test_dir_remove(&dir);
}

static void without_a_home_nothing_is_trusted(void **state)
{
    (void)state;
    struct trust trust = {&mem_libc, STR("")};
    assert_false(trusted(&trust, "/a"));
    ndf_error error;
    assert_int_equal(trust_grant(&trust, STR("/a"), &error), NDF_ENOTFOUND);
}

static int use(const struct mem *mem, void *ud)
{
    struct trust trust = {mem, str_of(test_path(ud, "home"))};
    bool result;
    int err = trust_grant(&trust, STR("/a"), NULL);
    if (err == NDF_OK) err = trust_check(&trust, STR("/a/b"), &result, NULL);
    if (err == NDF_OK) err = trust_revoke(&trust, STR("/a"), NULL);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    test_each_allocation_fails(use, &dir);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_covers_what_is_below),
        cmocka_unit_test(a_damaged_list_trusts_nothing_and_says_so),
        cmocka_unit_test(without_a_home_nothing_is_trusted),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
