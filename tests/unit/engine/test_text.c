/*
 * test_text.c - the documents that the API hands out.
 */
#include "engine/text.h"
#include "support/support.h"

static void a_text_is_copied_and_ends_with_nul(void **state)
{
    (void)state;
    char bytes[] = "abc";
    ndf_text *text;
    assert_ok(text_new(&text, &mem_libc, (struct str){bytes, 2}));
    bytes[0] = 'x';
    assert_int_equal(ndf_text_size(text), 2);
    assert_string_equal(ndf_text_data(text), "ab");
    ndf_text_free(text);
    ndf_text_free(NULL);
}

static void a_value_becomes_canonical_json(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct value value = value_of_object();
    assert_ok(value_set(&arena, &value, STR("b"), value_of_int(1)));
    assert_ok(value_set(&arena, &value, STR("a"), value_of_bool(true)));
    ndf_text *text;
    assert_ok(text_of_value(&text, &mem_libc, &value));
    assert_string_equal(ndf_text_data(text), "{\"a\":true,\"b\":1}");
    ndf_text_free(text);
    arena_deinit(&arena);
}

static int make(const struct mem *mem, void *ud)
{
    (void)ud;
    struct value value = value_of_int(7);
    ndf_text *text;
    int err = text_of_value(&text, mem, &value);
    ndf_text_free(text);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(make, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_copied_and_ends_with_nul),
        cmocka_unit_test(a_value_becomes_canonical_json),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
