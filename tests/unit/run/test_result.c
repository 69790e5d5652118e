/*
 * test_result.c - what agents print becomes values, whatever they print.
 */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "run/result.h"
#include "support/support.h"

static struct agent_result parse(struct arena *arena, struct str raw)
{
    struct agent_result result = {.error = STR("")};
    assert_ok(result_parse(arena, raw, &result));
    return result;
}

static void plain_text_stays_text_without_blanks_at_its_end(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = parse(&arena, STR("  two\nlines \r\n\n"));
    assert_str(result.output.string, "  two\nlines");
    assert_int_equal(result.patch.kind, VALUE_NULL);
    assert_false(result_empty(&result));
    arena_deinit(&arena);
}

static void an_answer_is_taken_apart(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = parse(&arena,
        STR("\n{\"output\": {\"n\": 1}, \"patch\": {\"priority\": 2}, "
            "\"usage\": {\"tokens\": 7}, \"error\": \"hm\", \"extra\": 1}\n"));
    assert_int_equal(value_get_int(&result.output, STR("n"), 0), 1);
    assert_int_equal(value_get_int(&result.patch, STR("priority"), 0), 2);
    assert_int_equal(value_get_int(&result.usage, STR("tokens"), 0), 7);
    assert_str(result.error, "hm");
    arena_deinit(&arena);
}

static void what_is_no_answer_is_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"findings\": []}",
        "{\"output\": 1",
        "{\"output\": 1} trailing",
        "{\"output\": 1, \"output\": 2}",
        "{\"output\": 99999999999999999999}",
        "[1, 2]",
        "42",
        "{}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct agent_result result = parse(&arena, str_of(texts[i]));
        assert_int_equal(result.output.kind, VALUE_STRING);
        assert_string_equal(result.output.string.at, texts[i]);
        arena_deinit(&arena);
    }
}

static void bytes_that_no_string_may_hold_are_replaced(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = parse(&arena, (struct str){"a\0b\xFF\0", 5});
    assert_true(utf8_valid(result.output.string));
    assert_string_equal(result.output.string.at, "a\xEF\xBF\xBD"
                                                 "b\xEF\xBF\xBD\xEF\xBF\xBD");
    arena_deinit(&arena);
}

static void silence_is_empty_and_a_patch_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool empty;
    } cases[] = {
        {"", true},
        {" \n\t", true},
        {"{\"output\": null}", true},
        {"{\"output\": \"  \"}", true},
        {"{\"usage\": {}}", true},
        {"{\"output\": 0}", false},
        {"{\"output\": []}", false},
        {"{\"patch\": {}}", true},
        {"{\"patch\": {\"priority\": 2}}", false},
        {".", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct agent_result result = parse(&arena, str_of(cases[i].text));
        assert_int_equal(result_empty(&result), cases[i].empty);
        arena_deinit(&arena);
    }
}

static void a_usage_that_is_no_object_counts_as_none(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result =
        parse(&arena, STR("{\"output\": 1, \"usage\": 5}"));
    assert_int_equal(result.usage.kind, VALUE_NULL);
    arena_deinit(&arena);
}

static void a_large_usage_is_dropped(void **state)
{
    (void)state;
    struct arena arena;
    struct buf buf;
    arena_init(&arena, &mem_libc);
    buf_init(&buf, &mem_libc);
    /* 30 KB that take 180 KB when written */
    buf_add_str(&buf, STR("{\"output\": 1, \"usage\": {\"x\": \""));
    for (int i = 0; i < 30000; i++)
        buf_add_str(&buf, STR("\\u0001"));
    buf_add_str(&buf, STR("\"}}"));
    struct agent_result result = parse(&arena, buf_str(&buf));
    buf_deinit(&buf);
    assert_int_equal(result.output.integer, 1);
    assert_int_equal(result.usage.kind, VALUE_NULL);
    arena_deinit(&arena);
}

static void a_damaged_answer_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{\n\"output\": 1,}", "line 2, column 13: "},
        {"{\"patch\": {}} x", "line 1, column 15: "},
        {"{\"findings\": [1,]}", ""},
        {"{\"output\": 1}", ""},
        {"say \"output\"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct agent_result result = parse(&arena, str_of(cases[i].text));
        assert_true(str_starts(result.flaw, str_of(cases[i].says)));
        assert_int_equal(result.flaw.size > 0, cases[i].says[0] != '\0');
        arena_deinit(&arena);
    }
}

static void a_value_is_empty_only_as_an_empty_string(void **state)
{
    (void)state;
    const struct {
        struct value output;
        bool empty, empty_when_typed;
    } cases[] = {
        {value_null, true, false},
        {value_of_bool(false), false, false},
        {value_of_int(0), false, false},
        {value_of_object(), false, false},
        {value_of_str(STR("")), true, true},
        {value_of_str(STR(" \n")), true, false},
        {value_of_str(STR("null")), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct agent_result result = {.output = cases[i].output};
        assert_int_equal(result_empty(&result), cases[i].empty);
        result.typed = true;
        assert_int_equal(result_empty(&result), cases[i].empty_when_typed);
    }
}

static int parse_body(const struct mem *mem, void *ud)
{
    struct arena arena;
    struct agent_result result;
    const struct str *raw = ud;
    arena_init(&arena, mem);
    int err = result_parse(&arena, *raw, &result);
    arena_deinit(&arena);
    return err;
}

static void it_survives_every_failing_allocation(void **state)
{
    (void)state;
    struct str texts[] = {STR("{\"output\": [1, 2], \"patch\": {\"a\": 1}}"),
        STR("{\"usage\": {\"a\": 1}}"), STR("{\"usage\": {\"a\": 1"),
        STR("plain\xFFtext"), STR("plain")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        test_each_allocation_fails(parse_body, &texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_text_without_blanks_at_its_end),
        cmocka_unit_test(an_answer_is_taken_apart),
        cmocka_unit_test(what_is_no_answer_is_text),
        cmocka_unit_test(bytes_that_no_string_may_hold_are_replaced),
        cmocka_unit_test(silence_is_empty_and_a_patch_is_not),
        cmocka_unit_test(a_usage_that_is_no_object_counts_as_none),
        cmocka_unit_test(a_large_usage_is_dropped),
        cmocka_unit_test(a_damaged_answer_says_where),
        cmocka_unit_test(a_value_is_empty_only_as_an_empty_string),
        cmocka_unit_test(it_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
