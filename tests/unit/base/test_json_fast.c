/*
 * test_json_fast.c - the short way says what the long way says, or nothing.
 */
#include <string.h>

#include "base/json_fast.h"
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

static void plain_texts_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool taken;
    } rows[] = {
        {"{}", true},
        {" [ ] ", true},
        {"\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", true},
        {"[0, -1, 999999999999999999, true, false, null]", true},
        {"{\"a\": {\"b\": [[]]}, \"c\": \"\xC3\xA9\"}", true},
        {"", false},
        {"[1,]", false},
        {"[1", false},
        {"{\"a\" 1}", false},
        {"{\"a\": 1,}", false},
        {"{a: 1}", false},
        {"{\"a\": 1, \"a\": 2}", false},
        {"\"\\u0041\"", false},
        {"\"\\x\"", false},
        {"\"\\\"", false},
        {"\"a\nb\"", false},
        {"1.5", false},
        {"1e3", false},
        {"01", false},
        {"-0", false},
        {"-", false},
        {"+1", false},
        {"1000000000000000000", false},
        {"-1000000000000000000", false},
        {"tru", false},
        {"truee", false},
        {"[] []", false},
        {"'a'", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value value;
        if (json_read_fast(&arena, str_of(rows[i].text), &value) !=
            rows[i].taken)
            fail_msg("%s", rows[i].text);
    }
}

static struct str nested(size_t depth)
{
    struct buf buf;
    buf_init(&buf, &mem_libc);
    for (size_t i = 0; i < depth; i++)
        buf_add_char(&buf, '[');
    for (size_t i = 0; i < depth; i++)
        buf_add_char(&buf, ']');
    struct str text = arena_str(&arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

static void limits_are_left_to_the_long_way(void **state)
{
    (void)state;
    struct value value;
    assert_true(json_read_fast(&arena, nested(VALUE_DEPTH_MAX), &value));
    assert_int_equal(value_depth(&value), VALUE_DEPTH_MAX);
    assert_false(json_read_fast(&arena, nested(VALUE_DEPTH_MAX + 1), &value));
    struct str members = STR("");
    for (size_t i = 0; i < 65; i++) {
        members = arena_format(
            &arena, "%.*s%s\"%zu\": 1", STR_ARG(members), i > 0 ? "," : "", i);
        struct str text = arena_format(&arena, "{%s}", members.at);
        assert_int_equal(json_read_fast(&arena, text, &value), i < 64);
    }
}

/* ---- against the long way ------------------------------------------------ */

/* NOLINTNEXTLINE(misc-no-recursion): test values are a few levels deep */
static void assert_same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->line + 1, b->line);
    assert_int_equal(a->column, b->column);
    assert_true(value_equal(a, b));
    for (size_t i = 0; a->kind == VALUE_ARRAY && i < a->array.count; i++)
        assert_same(&a->array.items[i], &b->array.items[i]);
    for (size_t i = 0; a->kind == VALUE_OBJECT && i < a->object.count; i++) {
        const struct member *x = &a->object.members[i];
        const struct member *y = &b->object.members[i];
        assert_true(str_equal(x->key, y->key));
        assert_int_equal(x->key.at[x->key.size], '\0');
        assert_int_equal(x->line + 1, y->line);
        assert_int_equal(x->column, y->column);
        assert_same(&x->value, &y->value);
    }
}

static uint32_t random_below(uint32_t *state, uint32_t end)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8) % end;
}

static struct str random_text(uint32_t *state)
{
    static const char *const pieces[] = {"{", "}", "[", "]", ",", ":", "\"a\"",
        "\"b\\n\"", "\"\xE2\x82\xAC\"", "\"\"", "1", "-2", "0", "true", "null",
        " ", "\n", "\t", "\\", "\"", "{\"k\": ", "[1, ", "\"x\": [", "]}", "{}",
        "[]"};
    struct str text = STR("");
    uint32_t count = 1 + random_below(state, 9);
    for (uint32_t i = 0; i < count; i++)
        text = arena_format(&arena, "%.*s%s", STR_ARG(text),
            pieces[random_below(state, sizeof pieces / sizeof pieces[0])]);
    return text;
}

/* Behind a real number nothing is plain: so the long way reads the same. */
static void both_ways_read_the_same(void **state)
{
    (void)state;
    uint32_t random = 3;
    size_t taken = 0;
    for (size_t i = 0; i < 200000; i++) {
        struct str text = random_text(&random);
        struct value fast;
        if (json_read_fast(&arena, text, &fast)) {
            struct value slow;
            struct str wrapped = arena_format(&arena, "[\n%s\n,0.5]", text.at);
            if (json_parse(&arena, wrapped, &slow, NULL) != NDF_OK)
                fail_msg("not valid: %s", text.at);
            assert_int_equal(slow.array.count, 2);
            assert_same(&fast, &slow.array.items[0]);
            taken++;
        }
        if (i % 1000 == 0) arena_deinit(&arena);
    }
    assert_true(taken > 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(plain_texts_are_taken),
        TEST(limits_are_left_to_the_long_way),
        TEST(both_ways_read_the_same),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
