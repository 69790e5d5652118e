/*
 * test_matcher.c - regular expressions with bounded effort.
 */
#include <stdlib.h>
#include <string.h>

#include "decide/matcher.h"
#include "support/support.h"

static enum matcher_result search(
    const char *pattern, struct str text, struct matcher_work *work)
{
    struct matcher *matcher;
    ndf_error error = {0};
    enum matcher_result result;
    assert_ok(matcher_new(
        &matcher, &mem_libc, str_of(pattern), MATCHER_EXACT, &error));
    assert_ok(matcher_search(matcher, work, text, &result));
    matcher_free(matcher);
    return result;
}

static void it_finds_what_pcre2_finds(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        enum matcher_result result;
    } rows[] = {
        {"leak", "a leak", MATCHER_YES},
        {"^leak", "a leak", MATCHER_NO},
        {"LEAK", "a leak", MATCHER_NO},
        {"(?i)LEAK", "a leak", MATCHER_YES},
        {"", "", MATCHER_YES},
        {"x", "", MATCHER_NO},
        {"\\b(cve|xss)\\b", "an xss hole", MATCHER_YES},
        {"^\\w+$", "\xC3\x84rger", MATCHER_YES}, /* UCP */
        {"^.$", "\xC3\x84", MATCHER_YES},        /* UTF */
        {"(a)(b)?\\1", "aa", MATCHER_YES},
        {"foo.*bar", "foo and then bar", MATCHER_YES},
    };
    struct arena arena;
    struct matcher_work work;
    arena_init(&arena, &mem_libc);
    matcher_work_init(&work, &arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(search(rows[i].pattern, str_of(rows[i].text), &work),
            rows[i].result);
    assert_false(work.gave_up);
    arena_deinit(&arena);
}

static void folding_is_asked_for(void **state)
{
    (void)state;
    struct arena arena;
    struct matcher_work work;
    struct matcher *matcher;
    enum matcher_result result;
    arena_init(&arena, &mem_libc);
    matcher_work_init(&work, &arena);
    assert_ok(
        matcher_new(&matcher, &mem_libc, STR("devops"), MATCHER_FOLDED, NULL));
    assert_ok(matcher_search(matcher, &work, STR("DevOps"), &result));
    assert_int_equal(result, MATCHER_YES);
    matcher_free(matcher);
    arena_deinit(&arena);
}

static void a_bad_expression_says_why(void **state)
{
    (void)state;
    static const char *const bad[] = {"(", "[a", "*", "a{2,1}", "(?<n", "\\C"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct matcher *matcher;
        ndf_error error = {0};
        assert_int_equal(matcher_new(&matcher, &mem_libc, str_of(bad[i]),
                             MATCHER_EXACT, &error),
            NDF_ESCHEMA);
        assert_null(matcher);
        assert_non_null(strstr(error.message, "regular expression"));
    }
}

/* Whatever they do, the steps charged stay within the account of one call. */
static void hostile_expressions_end(void **state)
{
    (void)state;
    static const char *const hostile[] = {"(a+)+$", "(\\w*)*[\\x{1}\\x{2}]",
        "(\\w+\\s?)*[!?]$", ".*.*.*[\\x{1}\\x{2}]",
        "(?=(.*?(\\w).*\\2{3}))q?[\\x{1}\\x{2}]", "^(a|aa)+$", "(x+x+)+[yz]"};
    enum { SIZE = 1024 * 1024 };
    char *text = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = i % 40 == 39 ? ' ' : i % 3 == 0 ? 'x' : 'a';
    struct arena arena;
    struct matcher_work work;
    arena_init(&arena, &mem_libc);
    matcher_work_init(&work, &arena);
    for (size_t round = 0; round < 30; round++) {
        size_t size = round % 2 == 0 ? SIZE : 2000;
        for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
            (void)search(hostile[i], (struct str){text, size}, &work);
    }
    assert_true(work.gave_up);
    assert_true(work.effort < MATCHER_EFFORT_ALL);
    /* With an empty account nothing more is searched. */
    work.effort = 0;
    assert_int_equal(
        search("a", (struct str){text, SIZE}, &work), MATCHER_GAVE_UP);
    arena_deinit(&arena);
    free(text);
}

static void what_lies_behind_the_searched_part_is_unknown(void **state)
{
    (void)state;
    enum { SIZE = MATCHER_TEXT_MAX + 4 };
    char *text = malloc(SIZE);
    memset(text, ' ', SIZE);
    /* A character lies across the cut. */
    memcpy(text + MATCHER_TEXT_MAX - 1, "\xC3\x84", 2);
    text[SIZE - 1] = 'z';
    struct arena arena;
    struct matcher_work work;
    arena_init(&arena, &mem_libc);
    matcher_work_init(&work, &arena);
    assert_int_equal(
        search("z", (struct str){text, SIZE}, &work), MATCHER_GAVE_UP);
    assert_true(work.gave_up);
    text[0] = 'z';
    assert_int_equal(search("z", (struct str){text, SIZE}, &work), MATCHER_YES);
    arena_deinit(&arena);
    free(text);
}

static int use(const struct mem *mem, void *ud)
{
    (void)ud;
    struct arena arena;
    struct matcher_work work;
    struct matcher *matcher = NULL;
    enum matcher_result result;
    arena_init(&arena, mem);
    matcher_work_init(&work, &arena);
    int err = matcher_new(&matcher, mem, STR("a.c"), MATCHER_EXACT, NULL);
    if (err == NDF_OK)
        err = matcher_search(matcher, &work, STR("abc"), &result);
    matcher_free(matcher);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_pcre2_finds),
        cmocka_unit_test(folding_is_asked_for),
        cmocka_unit_test(a_bad_expression_says_why),
        cmocka_unit_test(hostile_expressions_end),
        cmocka_unit_test(what_lies_behind_the_searched_part_is_unknown),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
