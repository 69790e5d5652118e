/*
 * test_clauses.c - where a task may be cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/clauses.h"
#include "support/support.h"

static const char joins[] = "?,|.>^"; /* by enum clause_join */

/* The clauses, each behind the sign of its join (the first without). */
static const char *cut(const char *text, enum clauses_cut how)
{
    static char out[512];
    struct clause clauses[CLAUSES_MAX];
    size_t count = clauses_find(str_of(text), how, clauses);
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        assert_true(clauses[i].start < clauses[i].end);
        assert_true(clauses[i].end <= strlen(text));
        assert_true(i == 0 || clauses[i].start >= clauses[i - 1].end);
        if (i > 0) out[used++] = joins[clauses[i].join];
        int size = snprintf(out + used, sizeof out - used, "%.*s",
            (int)(clauses[i].end - clauses[i].start), text + clauses[i].start);
        used += (size_t)size;
    }
    return out;
}

static void lists_are_cut_in_any_language(void **state)
{
    static const struct {
        const char *text, *clauses;
    } cases[] = {
        {"fix a", "fix a"},
        {"", ""},
        {" ; \n", ""},
        {"fix a; write b", "fix a|write b"},
        {"fix a\nwrite b\r\n\ncall c\n", "fix a|write b|call c"},
        {"- fix a\n- write b", "fix a|write b"},
        {"Do:\n * fix a\n * write b", "Do|fix a|write b"},
        {"1. fix a\n2. write b", "fix a>write b"},
        {"1) fix a 2) write b", "fix a>write b"},
        {"all of (1) fix a (2) write b", "all of>fix a>write b"},
        {"bump to version 1. now", "bump to version 1. now"},
        {"item 2) b and 3) c", "item 2) b and 3) c"},
        {"Fix a in b.cc. Write c!", "Fix a in b.cc.Write c!"},
        {"e.g. this one", "e.g. this one"},
        {"\xE4\xBF\xAE\xEF\xBC\x9B\xE5\x86\x99", "\xE4\xBF\xAE|\xE5\x86\x99"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(
            cut(cases[i].text, CLAUSES_STRONG), cases[i].clauses);
}

static void words_for_then_and_after_give_the_order(void **state)
{
    static const struct {
        const char *text, *clauses;
    } cases[] = {
        {"fix a then write b", "fix a>write b"},
        {"fix a, and then write b", "fix a>write b"},
        {"fix a; then write b", "fix a>write b"},
        {"Dann fix a", "fix a"},
        {"behebe a, danach schreibe b", "behebe a>schreibe b"},
        {"behebe a und anschlie\xC3\x9F"
         "end schreibe b",
            "behebe a>schreibe b"},
        {"\xE4\xBF\xAE\xE7\x84\xB6\xE5\x90\x8E\xE5\x86\x99",
            "\xE4\xBF\xAE>\xE5\x86\x99"},
        {"write b after fixing a", "write b^fixing a"},
        {"After fixing a, write b, please", "fixing a>write b, please"},
        {"strengthen authentication", "strengthen authentication"},
        {"the then-clause", "the then-clause"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(
            cut(cases[i].text, CLAUSES_STRONG), cases[i].clauses);
}

static void commas_and_words_for_and_are_weak(void **state)
{
    static const char text[] = "fix a, write b and call c; sing";
    (void)state;
    assert_string_equal(cut(text, CLAUSES_ALL), "fix a,write b,call c|sing");
    assert_string_equal(
        cut(text, CLAUSES_STRONG), "fix a, write b and call c|sing");
}

static void too_many_are_none(void **state)
{
    struct clause clauses[CLAUSES_MAX];
    static char long_text[CLAUSES_TEXT_MAX + 1];
    (void)state;
    assert_string_equal(
        cut("a;b;c;d;f;g;h;i", CLAUSES_STRONG), "a|b|c|d|f|g|h|i");
    assert_string_equal(cut("a;b;c;d;f;g;h;i;j", CLAUSES_STRONG), "");
    memset(long_text, 'a', sizeof long_text);
    assert_int_equal(clauses_find((struct str){long_text, CLAUSES_TEXT_MAX},
                         CLAUSES_ALL, clauses),
        1);
    assert_int_equal(clauses_find((struct str){long_text, CLAUSES_TEXT_MAX + 1},
                         CLAUSES_ALL, clauses),
        0);
}

/* No byte of a text is read behind its end. */
static void every_prefix_is_safe(void **state)
{
    static const char text[] =
        "1. fix a, and then\n- (2) write b; \xE3\x80\x82\xEF\xBC\x8C! \n";
    struct clause clauses[CLAUSES_MAX];
    (void)state;
    for (size_t size = 0; size <= sizeof text - 1; size++) {
        char *copy = malloc(size + 1);
        memcpy(copy, text, size);
        size_t count =
            clauses_find((struct str){copy, size}, CLAUSES_ALL, clauses);
        for (size_t i = 0; i < count; i++)
            assert_true(clauses[i].end <= size);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_cut_in_any_language),
        cmocka_unit_test(words_for_then_and_after_give_the_order),
        cmocka_unit_test(commas_and_words_for_and_are_weak),
        cmocka_unit_test(too_many_are_none),
        cmocka_unit_test(every_prefix_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
