/*
 * test_agent_file.c - agent files of others, as they are found in the wild.
 */
#include <stdio.h>
#include <string.h>

#include "model/agent_file.h"
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

static struct agent decode(const char *text, ndf_error *warning)
{
    struct agent agent;
    ndf_error error = {0};
    if (agent_file_decode(&arena, str_of(text), STR("the-stem"), &agent,
            warning, &error) != NDF_OK)
        fail_msg("%s: %s", text, error.message);
    return agent;
}

static void a_good_file_is_read_strictly(void **state)
{
    (void)state;
    ndf_error warning;
    struct agent a = decode("---\nname: code-reviewer\n"
                            "description: \"Reviews: code\"\n"
                            "tools: Read, Grep\nmodel: opus\ncolor: red\n"
                            "---\n\n# You review\n\ncode\n\n",
        &warning);
    assert_int_equal(warning.code, NDF_OK);
    assert_str(a.name, "code-reviewer");
    assert_str(a.description, "Reviews: code");
    assert_str(a.model, "opus");
    assert_str(a.body, "# You review\n\ncode");
    assert_int_equal(a.tools.count, 2);
    assert_str(a.tools.items[1].name, "Grep");
    assert_int_equal(a.run.count, 0);
    assert_int_equal(a.env.kind, VALUE_OBJECT);
}

static void tools_are_written_in_many_ways(void **state)
{
    (void)state;
    static const struct {
        const char *tools;
        size_t count;
        const char *last;
    } rows[] = {
        {"Read", 1, "Read"},
        {"Read, Bash(git add:*, git commit:*), Grep", 3, "Grep"},
        {"Grep, Bash(git add:*, git commit:*)", 2,
            "Bash(git add:*, git commit:*)"},
        {"[Read, Write]", 2, "Write"},
        {"\n  - Read\n  - Edit", 2, "Edit"},
        {"{read: true, write: false, edit: ask}", 2, "edit"},
        {"[Read, {name: find, input_schema: {a: b}, other: c}]", 2, "find"},
        {"", 0, NULL},
        {"[]", 0, NULL},
        {"',, ,'", 0, NULL},
        {"'*'", 1, "*"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        ndf_error warning;
        snprintf(text, sizeof text, "---\nname: a\ntools: %s\n---\nb\n",
            rows[i].tools);
        struct agent a = decode(text, &warning);
        assert_int_equal(warning.code, NDF_OK);
        assert_int_equal(a.tools.count, rows[i].count);
        if (rows[i].last != NULL)
            assert_true(str_equal(
                a.tools.items[a.tools.count - 1].name, str_of(rows[i].last)));
    }
}

static void unquoted_colons_are_mended_with_a_warning(void **state)
{
    (void)state;
    ndf_error warning;
    struct agent a = decode(
        "---\nname: fixer\n"
        "description: Use when: it broke. Context: a test\\nuser: \"help\"\n"
        "model: sonnet\ntools: Read, Edit\n---\nBody\n",
        &warning);
    assert_int_equal(warning.code, NDF_ESYNTAX);
    assert_int_equal(warning.line, 3);
    test_contains(warning.message, "Read line by line");
    test_contains(warning.message, "quotes");
    assert_str(a.name, "fixer");
    assert_str(
        a.description, "Use when: it broke. Context: a test\nuser: \"help\"");
    assert_str(a.model, "sonnet");
    assert_int_equal(a.tools.count, 2);
    assert_str(a.body, "Body");
}

static void names_that_cannot_be_used_are_mended(void **state)
{
    (void)state;
    static const struct {
        const char *name, *taken;
    } rows[] = {
        {"Code Reviewer (v2)", "Code-Reviewer-v2"},
        {"- dash -", "dash"},
        {"'a/b:c'", "a-b-c"},
        {"\xC3\xA9\xC3\xA8", "the-stem"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        ndf_error warning;
        snprintf(text, sizeof text, "---\nname: %s\ndescription: d\n---\n",
            rows[i].name);
        struct agent a = decode(text, &warning);
        assert_true(str_equal(a.name, str_of(rows[i].taken)));
        assert_true(warning.code != NDF_OK);
    }
}

static void a_file_without_a_name_has_that_of_its_path(void **state)
{
    (void)state;
    ndf_error warning;
    struct agent a = decode("---\ndescription: d\n---\nb", &warning);
    assert_int_equal(warning.code, NDF_OK);
    assert_str(a.name, "the-stem");
    a = decode("---\n---\nb", &warning);
    assert_str(a.name, "the-stem");
    assert_str(a.body, "b");
    a = decode("---\nname: 42\ndescription: 1.5\n---\n", &warning);
    assert_str(a.name, "42");
    assert_str(a.description, "1.5");
}

static void windows_files_and_marks_are_read(void **state)
{
    (void)state;
    ndf_error warning;
    struct agent a = decode("\xEF\xBB\xBF---\r\nname: w\r\n"
                            "description: |\r\n  two\r\n  lines\r\n"
                            "---  \r\nBody\r\nmore\r\n",
        &warning);
    assert_int_equal(warning.code, NDF_OK);
    assert_str(a.name, "w");
    test_contains(a.description.at, "two");
    assert_str(a.body, "Body\r\nmore");
}

static int decode_error(struct str text, ndf_error *error)
{
    struct agent agent;
    ndf_error warning;
    int err =
        agent_file_decode(&arena, text, STR("stem"), &agent, &warning, error);
    assert_null(agent.name.at);
    return err;
}

static void what_is_no_agent_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int code;
        unsigned line;
        const char *says;
    } rows[] = {
        {{"", 0}, NDF_ENOTFOUND, 1, "no front matter"},
        {{"# Readme\n", 9}, NDF_ENOTFOUND, 1, "no front matter"},
        {{"---\nname: a\n", 12}, NDF_ENOTFOUND, 1, "no front matter"},
        {{"---\nname: a\xFF\n---\n", 17}, NDF_ESYNTAX, 2, "UTF-8"},
        {{"---\nname: a\n---\n\0", 17}, NDF_ESYNTAX, 4, "NUL"},
        {{"---\nname: [a]\n---\n", 18}, NDF_ESCHEMA, 2, "expected a text"},
        {{"---\nname: a\ntools: 5\n---\n", 25}, NDF_ESCHEMA, 3, "tools"},
        {{"---\nname: a\ntools: [{a: b}]\n---\n", 32}, NDF_ESCHEMA, 3, "tools"},
        {{"---\nname: a\ntools: [[]]\n---\n", 28}, NDF_ESCHEMA, 3, "tools"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ndf_error error = {0};
        int err = decode_error(rows[i].text, &error);
        if (err != rows[i].code || error.line != rows[i].line)
            fail_msg("%zu: %d line %u %s", i, err, error.line, error.message);
        test_contains(error.message, rows[i].says);
    }
}

static void sizes_are_limited(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t size;
        const char *after;
        int code;
    } rows[] = {
        {"---\nname: a\n---\n", AGENT_BODY_MAX, "", NDF_OK},
        {"---\nname: a\n---\n", AGENT_BODY_MAX + 1, "", NDF_ELIMIT},
        {"---\nname: a\ndescription: ", AGENT_DESCRIPTION_MAX, "\n---\n",
            NDF_OK},
        {"---\nname: a\ndescription: ", AGENT_DESCRIPTION_MAX + 1, "\n---\n",
            NDF_ELIMIT},
        {"---\nname: a\n---\n", AGENT_FILE_MAX, "", NDF_ELIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf text;
        struct agent agent;
        ndf_error warning;
        buf_init(&text, &mem_libc);
        buf_add_str(&text, str_of(rows[i].before));
        memset(buf_reserve(&text, rows[i].size), 'x', rows[i].size);
        text.size += rows[i].size;
        buf_add_str(&text, str_of(rows[i].after));
        assert_int_equal(agent_file_decode(&arena, buf_str(&text), STR("s"),
                             &agent, &warning, NULL),
            rows[i].code);
        buf_deinit(&text);
    }
}

static int decode_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct agent agent;
    ndf_error warning;
    ndf_error error = {0};
    const char *text = ud;
    arena_init(&own, mem);
    int err = agent_file_decode(
        &own, str_of(text), STR("s"), &agent, &warning, &error);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static char good[] =
        "---\nname: A b\ndescription: 5\ntools: a, b\n---\nbody";
    static char bad[] =
        "---\nname: a\ndescription: b: c\n more\ntools:\n - x\n---\nbody";
    test_each_allocation_fails(decode_body, good);
    test_each_allocation_fails(decode_body, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read_strictly),
        cmocka_unit_test(tools_are_written_in_many_ways),
        cmocka_unit_test(unquoted_colons_are_mended_with_a_warning),
        cmocka_unit_test(names_that_cannot_be_used_are_mended),
        cmocka_unit_test(a_file_without_a_name_has_that_of_its_path),
        cmocka_unit_test(windows_files_and_marks_are_read),
        cmocka_unit_test(what_is_no_agent_file_is_refused),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
