/*
 * test_front_matter.c - the lines before a Markdown text.
 */
#include "model/front_matter.h"
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

static void the_two_parts_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint32_t line;
        const char *front, *body;
    } rows[] = {
        {"---\na: b\n---\nbody\n", true, 2, "a: b\n", "body"},
        {"\n \n---\na: b\n---\n\n\nx\n\n", true, 4, "a: b\n", "x"},
        {"---\n---\n", true, 2, "", ""},
        {"---\n---", true, 2, "", ""},
        {"---\r\na: b\r\n---\r\nx", true, 2, "a: b\r\n", "x"},
        {"--- \na: b\n---\t\nx\n---\ny", true, 2, "a: b\n", "x\n---\ny"},
        {"", false, 0, "", ""},
        {"---", false, 0, "", ""},
        {"---\n", false, 0, "", ""},
        {"---\na: b\n", false, 0, "", ""},
        {"----\na: b\n----\n", false, 0, "", ""},
        {" ---\na: b\n---\n", false, 0, "", ""},
        {"a: b\n---\n", false, 0, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct front_matter parts;
        if (front_matter_split(str_of(rows[i].text), &parts) != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (!rows[i].good) continue;
        assert_int_equal(parts.front_line, rows[i].line);
        assert_true(str_equal(parts.front, str_of(rows[i].front)));
        assert_true(str_equal(parts.body, str_of(rows[i].body)));
    }
}

static void mending_reads_what_people_meant(void **state)
{
    (void)state;
    static const struct {
        const char *front, *json;
    } rows[] = {
        {"", "{}"},
        {"a: b: c\n", "{\"a\":\"b: c\"}"},
        {"a: 'it''s: x'\n", "{\"a\":\"it's: x\"}"},
        {"a: \"x \\\"y\\\" \\n z: 1\"\n", "{\"a\":\"x \\\"y\\\" \\n z: 1\"}"},
        {"a: x: y\n  more\n  text\n", "{\"a\":\"x: y more text\"}"},
        {"a: |\n  x: y\n    z\nb: 1\n", "{\"a\":\"x: y\\n    z\",\"b\":\"1\"}"},
        {"a: >-\n  x: y\n  z\n", "{\"a\":\"x: y z\"}"},
        {"tools:\n  - A\n  - \"B: x\"\nb: c\n",
            "{\"b\":\"c\",\"tools\":[\"A\",\"B: x\"]}"},
        {"a: 1\na: 2\n", "{\"a\":\"1\"}"},
        {"# comment\na: 1\n# another\n", "{\"a\":\"1\"}"},
        {"description: x: y\nuser: hello\nassistant: hi\nmodel: m\n",
            "{\"description\":\"x: y\\nuser: hello\\nassistant: hi\","
            "\"model\":\"m\"}"},
        {"other: x: y\nuser: hello\n",
            "{\"other\":\"x: y\",\"user\":\"hello\"}"},
        {"no key here\na: b\n", "{\"a\":\"b\"}"},
        {"a:b\nc: d\n", "{\"c\":\"d\"}"},
        {"a:\n", "{\"a\":\"\"}"},
        {"a: \"\n", "{\"a\":\"\\\"\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value out;
        assert_ok(front_matter_mend(&arena, str_of(rows[i].front), &out));
        assert_string_equal(test_canonical(&arena, &out), rows[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_parts_are_split),
        cmocka_unit_test(mending_reads_what_people_meant),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
