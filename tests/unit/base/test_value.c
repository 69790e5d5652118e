/*
 * test_value.c - the tree that JSON and YAML become.
 */
#include <math.h>
#include <string.h>

#include "support/parse.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static void members_are_found_by_key_and_by_path(void **state)
{
    (void)state;
    struct value v = test_json(
        &arena, "{\"a\":{\"b\":{\"c\":7}},\"s\":\"x\",\"t\":true,\"n\":null}");
    assert_int_equal(value_path(&v, STR("a.b.c"))->integer, 7);
    assert_null(value_path(&v, STR("a.x.c")));
    assert_null(value_path(&v, STR("s.x")));
    assert_null(value_get(NULL, STR("a")));
    assert_null(value_get(value_get(&v, STR("s")), STR("a")));
    assert_str(value_get_str(&v, STR("s")), "x");
    assert_null(value_get_str(&v, STR("t")).at);
    assert_int_equal(value_get_int(&v, STR("s"), -3), -3);
    assert_int_equal(value_get_int(value_path(&v, STR("a.b")), STR("c"), 0), 7);
    assert_true(value_get_bool(&v, STR("t"), false));
    assert_true(value_get_bool(&v, STR("missing"), true));
}

static void values_are_equal_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"1", "1.0", true},
        {"1", "1.5", false},
        {"null", "null", true},
        {"null", "false", false},
        {"true", "true", true},
        {"true", "false", false},
        {"\"1\"", "1", false},
        {"\"a\"", "\"a\"", true},
        {"[1,2]", "[1,2.0]", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":{\"b\":[{}]}}", "{\"a\":{\"b\":[{}]}}", true},
        {"{\"a\":{\"b\":[{}]}}", "{\"a\":{\"b\":[[]]}}", false},
        {"{}", "[]", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"9223372036854775807", "9223372036854775808.0", false},
        {"-9223372036854775808", "-9223372036854775808.0", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value a = test_json(&arena, rows[i].a);
        struct value b = test_json(&arena, rows[i].b);
        if (value_equal(&a, &b) != rows[i].equal ||
            value_equal(&b, &a) != rows[i].equal)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        assert_true(value_equal(&a, &a));
    }
}

static void numbers_and_strings_have_an_order(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool ordered;
        int order;
    } rows[] = {
        {"1", "2", true, -1},
        {"2", "1", true, 1},
        {"1", "1.0", true, 0},
        {"1", "1.5", true, -1},
        {"-1", "-1.5", true, 1},
        {"1.5", "1.25", true, 1},
        {"9223372036854775807", "1e300", true, -1},
        {"-9223372036854775808", "-1e300", true, 1},
        {"9007199254740993", "9007199254740992.0", true, 1},
        {"\"a\"", "\"b\"", true, -1},
        {"\"a\"", "1", false, 0},
        {"true", "1", false, 0},
        {"null", "null", false, 0},
        {"[1]", "[2]", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value a = test_json(&arena, rows[i].a);
        struct value b = test_json(&arena, rows[i].b);
        int order = 7;
        if (value_compare(&a, &b, &order) != rows[i].ordered ||
            (order > 0) - (order < 0) != rows[i].order)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        (void)value_compare(&b, &a, &order);
        assert_int_equal((order > 0) - (order < 0), -rows[i].order);
    }
}

static void what_is_no_number_becomes_null(void **state)
{
    (void)state;
    assert_int_equal(value_of_real(NAN).kind, VALUE_NULL);
    assert_int_equal(value_of_real(INFINITY).kind, VALUE_NULL);
    assert_int_equal(value_of_real(0.5).kind, VALUE_REAL);
}

static void trees_grow_and_replace(void **state)
{
    (void)state;
    struct value object = value_of_object();
    struct value array = value_of_array();
    for (int i = 0; i < 100; i++) {
        struct str key = arena_format(&arena, "k%d", i);
        assert_ok(value_set(&arena, &object, key, value_of_int(i)));
        assert_ok(value_push(&arena, &array, value_of_int(i)));
    }
    assert_ok(value_set(&arena, &object, STR("k50"), value_of_bool(true)));
    assert_int_equal(object.object.count, 100);
    assert_int_equal(array.array.count, 100);
    assert_true(value_get_bool(&object, STR("k50"), false));
    assert_int_equal(value_get_int(&object, STR("k99"), -1), 99);
    assert_int_equal(array.array.items[42].integer, 42);
}

static void a_parsed_or_copied_tree_may_grow_too(void **state)
{
    (void)state;
    struct value v = test_json(&arena, "{\"a\":[1,2,3],\"b\":\"x\",\"c\":3}");
    struct value copy;
    assert_ok(value_copy(&arena, &v, &copy));
    assert_true(value_equal(&v, &copy));
    struct value *list = &copy.object.members[0].value;
    for (int i = 4; i < 20; i++) {
        assert_ok(value_push(&arena, list, value_of_int(i)));
        struct str key = arena_format(&arena, "k%d", i);
        assert_ok(value_set(&arena, &copy, key, value_null));
    }
    assert_int_equal(list->array.items[18].integer, 19);
    assert_int_equal(v.object.members[0].value.array.count, 3);
}

static void sizes_and_depths_are_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t depth;
    } rows[] = {{"1", 0}, {"[]", 1}, {"{}", 1}, {"[[],1]", 2},
        {"{\"a\":{\"b\":[1,2,{}]},\"c\":1}", 4}, {"\"abc\"", 0},
        {"[true,false,null,12,1.5]", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = test_json(&arena, rows[i].text);
        size_t written = strlen(test_canonical(&arena, &v));
        assert_true(value_size(&v) <= written);
        assert_true(value_size(&v) * 3 >= written);
        assert_int_equal(value_depth(&v), rows[i].depth);
    }
}

static int copy_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value copy;
    arena_init(&own, mem);
    int err = value_copy(&own, ud, &copy);
    if (err == NDF_OK)
        err = value_set(&own, &copy, STR("more"), value_of_int(1));
    arena_deinit(&own);
    return err;
}

static void a_copy_survives_each_failed_allocation(void **state)
{
    (void)state;
    struct value v = test_json(&arena,
        "{\"a\":[1,[2,\"three\"]],\"b\":{\"c\":\"d\"},\"e\":1,\"f\":2}");
    test_each_allocation_fails(copy_body, &v);
}

static void kinds_have_names_for_people(void **state)
{
    (void)state;
    assert_string_equal(value_kind_name(VALUE_NULL), "null");
    assert_string_equal(value_kind_name(VALUE_BOOL), "boolean");
    assert_string_equal(value_kind_name(VALUE_INT), "integer");
    assert_string_equal(value_kind_name(VALUE_REAL), "number");
    assert_string_equal(value_kind_name(VALUE_STRING), "string");
    assert_string_equal(value_kind_name(VALUE_ARRAY), "list");
    assert_string_equal(value_kind_name(VALUE_OBJECT), "map");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_key_and_by_path),
        cmocka_unit_test(values_are_equal_by_content),
        cmocka_unit_test(numbers_and_strings_have_an_order),
        cmocka_unit_test(what_is_no_number_becomes_null),
        cmocka_unit_test(trees_grow_and_replace),
        cmocka_unit_test(a_parsed_or_copied_tree_may_grow_too),
        cmocka_unit_test(sizes_and_depths_are_bounds),
        cmocka_unit_test(a_copy_survives_each_failed_allocation),
        cmocka_unit_test(kinds_have_names_for_people),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
