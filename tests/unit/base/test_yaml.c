/*
 * test_yaml.c - YAML 1.2 core, and what of YAML is refused.
 */
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

static void texts_mean_what_their_json_means(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"a: 1\nb: [x, 2, {c: d}]", "{\"a\":1,\"b\":[\"x\",2,{\"c\":\"d\"}]}"},
        {"- null\n- ~\n-\n- Null\n- NULL", "[null,null,null,null,null]"},
        {"[true, True, TRUE, false, False, FALSE]",
            "[true,true,true,false,false,false]"},
        {"[yes, no, on, off, y, n, nUll, tRue]",
            "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"nUll\",\"tRue\"]"},
        {"[1:30, 2001-01-01, 1_000, 0b11, '1', \"2\"]",
            "[\"1:30\",\"2001-01-01\",\"1_000\",\"0b11\",\"1\",\"2\"]"},
        {"[0, -0, +7, 007, -12, 0o17, 0x1F, 0o, 0x, 0o8, 0xg]",
            "[0,0,7,7,-12,15,31,\"0o\",\"0x\",\"0o8\",\"0xg\"]"},
        {"[9223372036854775807, -9223372036854775808]",
            "[9223372036854775807,-9223372036854775808]"},
        {"[1.5, -.5, +.5, 5., 1e3, 1.E3, 007.25, 2e-2, -1.5E+2]",
            "[1.5,-0.5,0.5,5.0,1000.0,1000.0,7.25,0.02,-150.0]"},
        {"[., -, +, e3, 1e, 1e+, 1.2.3, 1 2, .e1, +.]",
            "[\".\",\"-\",\"+\",\"e3\",\"1e\",\"1e+\",\"1.2.3\",\"1 2\","
            "\".e1\",\"+.\"]"},
        {"|\n  a\n  b\n", "\"a\\nb\\n\""},
        {">-\n  a\n  b\n", "\"a b\""},
        {"'it''s'", "\"it's\""},
        {"\"\\u00e9\\x41\\n\"", "\"\xC3\xA9\x41\\n\""},
        {"'null'", "\"null\""},
        {"{}", "{}"},
        {"[]", "[]"},
        {"a:\n  - b: 1\n    c: 2\n  - d", "{\"a\":[{\"b\":1,\"c\":2},\"d\"]}"},
        {"'1': a\n\"true\": b", "{\"1\":\"a\",\"true\":\"b\"}"},
        {"'<<': a", "{\"<<\":\"a\"}"},
        {"? a\n: b", "{\"a\":\"b\"}"},
        {"# only\na: b # comment", "{\"a\":\"b\"}"},
        {"\xEF\xBB\xBF"
         "a: b",
            "{\"a\":\"b\"}"},
        {"%YAML 1.2\n---\na: b", "{\"a\":\"b\"}"},
        {"~", "null"},
        {"{\"a\": [1, true, null, \"x\"]}", "{\"a\":[1,true,null,\"x\"]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value yaml = test_yaml(&arena, rows[i].yaml);
        struct value json = test_json(&arena, rows[i].json);
        assert_string_equal(
            test_canonical(&arena, &yaml), test_canonical(&arena, &json));
        assert_true(value_equal(&yaml, &json));
    }
}

static void whole_reals_stay_reals(void **state)
{
    (void)state;
    struct value v = test_yaml(&arena, "[1.0, 1e3, 1]");
    assert_int_equal(v.array.items[0].kind, VALUE_REAL);
    assert_int_equal(v.array.items[1].kind, VALUE_REAL);
    assert_int_equal(v.array.items[2].kind, VALUE_INT);
}

static void values_know_their_place(void **state)
{
    (void)state;
    struct value v = test_yaml(
        &arena, "# head\na: 1\nb\xC3\xA9: {c: [x,\n  yy]}\nz: |\n  text\n");
    assert_int_equal(v.line, 2);
    assert_int_equal(v.column, 1);
    const struct member *b = &v.object.members[1];
    assert_int_equal(b->line, 3);
    assert_int_equal(b->column, 1);
    assert_int_equal(b->value.column, 5);
    const struct value *list = value_path(&b->value, STR("c"));
    assert_int_equal(list->column, 9);
    assert_int_equal(list->array.items[1].line, 4);
    assert_int_equal(list->array.items[1].column, 3);
    assert_int_equal(v.object.members[2].value.line, 5);
}

static void empty_documents_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {{"", 0}, {"# nothing\n", 0}, {"---\n---\n", 0},
        {"a: 1\n---\n---\nb: 2\n...\n", 2}, {"--- a\n--- b\n--- c\n", 3},
        {"---\nnull\n", 1}, {"--- ''\n", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value *values;
        size_t count = 99;
        assert_ok(
            yaml_parse(&arena, str_of(rows[i].text), &values, &count, NULL));
        assert_int_equal(count, rows[i].count);
    }
}

static void what_is_dangerous_or_ambiguous_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *says;
    } rows[] = {
        {"a: &x 1\nb: *x", 1, 4, "anchors"},
        {"- *x", 1, 3, "anchors"},
        {"a: &x [1]", 1, 4, "anchors"},
        {"a: &x {}", 1, 4, "anchors"},
        {"a: !!str 1", 1, 4, "tags"},
        {"a: ! 1", 1, 4, "tags"},
        {"!x [1]", 1, 1, "tags"},
        {"a: !!map {}", 1, 4, "tags"},
        {"%TAG !a! tag:x,2000:\n--- 1", 1, 2, "tags"},
        {"--- 1\n...\n%TAG !a! tag:x,2000:\n--- 1", 3, 1, "tags"},
        {"a: !!python/object:os.system x", 1, 4, "tags"},
        {"b: 1\n<<: {a: 1}", 2, 1, "merge"},
        {"a: 1\nb: 2\na: 3", 3, 1, "line 1"},
        {"{a: 1, 'a': 2}", 1, 8, "there already"},
        {"1: a", 1, 1, "quotes"},
        {"true: a", 1, 1, "quotes"},
        {"null: a", 1, 1, "quotes"},
        {"1.5: a", 1, 1, "quotes"},
        {"? [a]\n: b", 1, 3, "key must be a string"},
        {"? {a: b}\n: c", 1, 3, "key must be a string"},
        {"a: .inf", 1, 4, "infinity"},
        {"a: -.INF", 1, 4, "infinity"},
        {"a: .NaN", 1, 4, "infinity"},
        {"a: 9223372036854775808", 1, 4, "64 bits"},
        {"a: -9223372036854775809", 1, 4, "64 bits"},
        {"a: 0x8000000000000000", 1, 4, "64 bits"},
        {"a: 1e999", 1, 4, "too big"},
        {"a: \"\\0\"", 1, 4, "NUL"},
        {"a: b: c", 1, 5, "needs quotes"},
        {"a:\n\t- b", 2, 1, "tabs"},
        {"a: [1, 2", 2, 1, "flow"},
        {"a: 'x", 1, 6, "quoted"},
        {"a: 1\n b: 2", 2, 0, "not valid YAML"},
        {"a: b\n\xFF", 2, 1, "UTF-8"},
        {"a: \xC3\xA9 \xC3", 1, 6, "UTF-8"},
        {"a: \x01", 1, 4, "control"},
        {"- a\nb: c", 2, 1, "not valid YAML"},
        {"a: @b", 1, 4, "quotes"},
        {"a: \"\\ud800\"", 1, 0, "invalid Unicode"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value *values;
        size_t count = 99;
        ndf_error error = {0};
        int err =
            yaml_parse(&arena, str_of(rows[i].text), &values, &count, &error);
        if (err != NDF_ESYNTAX || error.line != rows[i].line ||
            (rows[i].column != 0 && error.column != rows[i].column))
            fail_msg("%s: %d %u:%u %s", rows[i].text, err, error.line,
                error.column, error.message);
        test_contains(error.message, rows[i].says);
        assert_int_equal(count, 0);
    }
}

static void a_raw_nul_is_refused(void **state)
{
    (void)state;
    struct value *values;
    size_t count;
    ndf_error error = {0};
    struct str text = {"a: b\nc: \0d", 10};
    assert_int_equal(
        yaml_parse(&arena, text, &values, &count, &error), NDF_ESYNTAX);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 4);
    test_contains(error.message, "NUL");
}

static int parse_nested(const char *open, const char *close, size_t depth)
{
    struct buf text;
    struct value *values;
    size_t count;
    buf_init(&text, &mem_libc);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, str_of(open));
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, str_of(close));
    int err = yaml_parse(&arena, buf_str(&text), &values, &count, NULL);
    buf_deinit(&text);
    return err;
}

static void depth_is_limited_at_64(void **state)
{
    (void)state;
    assert_ok(parse_nested("[", "]", 64));
    assert_ok(parse_nested("{a: ", "}", 64));
    assert_int_equal(parse_nested("[", "]", 65), NDF_ELIMIT);
    assert_int_equal(parse_nested("{a: ", "}", 65), NDF_ELIMIT);
    assert_int_equal(parse_nested("[", "", 100000), NDF_ELIMIT);
    assert_int_equal(parse_nested("- ", "", 100000), NDF_ELIMIT);
}

static void an_alias_bomb_does_not_go_off(void **state)
{
    (void)state;
    struct value *values;
    size_t count;
    struct str bomb = STR("a: &a [x,x,x,x,x,x,x,x,x]\n"
                          "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                          "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n");
    assert_int_equal(
        yaml_parse(&arena, bomb, &values, &count, NULL), NDF_ESYNTAX);
}

static void ten_megabytes_are_read(void **state)
{
    (void)state;
    enum { SIZE = 10 * 1024 * 1024 };
    struct buf text;
    struct value *values;
    size_t count;
    buf_init(&text, &mem_libc);
    buf_add_str(&text, STR("text: \""));
    memset(buf_reserve(&text, SIZE), 'x', SIZE);
    text.size += SIZE;
    buf_add_str(&text, STR("\"\n"));
    assert_ok(yaml_parse(&arena, buf_str(&text), &values, &count, NULL));
    assert_int_equal(value_get_str(&values[0], STR("text")).size, SIZE);
    buf_deinit(&text);
}

static int parse_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value *values;
    size_t count;
    ndf_error error = {0};
    (void)ud;
    arena_init(&own, mem);
    int err = yaml_parse(&own,
        STR("a: [1, 1.5, x, {b: c}]\nq: ~\n---\ne: [[], {}]\n"), &values,
        &count, &error);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(parse_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_mean_what_their_json_means),
        cmocka_unit_test(whole_reals_stay_reals),
        cmocka_unit_test(values_know_their_place),
        cmocka_unit_test(empty_documents_are_left_out),
        cmocka_unit_test(what_is_dangerous_or_ambiguous_is_refused),
        cmocka_unit_test(a_raw_nul_is_refused),
        cmocka_unit_test(depth_is_limited_at_64),
        cmocka_unit_test(an_alias_bomb_does_not_go_off),
        cmocka_unit_test(ten_megabytes_are_read),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
