/*
 * test_regex.c - regular expressions are tried before they are kept.
 */
#include <string.h>

#include "model/pattern.h"
#include "model/regex.h"
#include "support/parse.h"

static void expressions_are_compiled(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says; /* NULL: good */
    } rows[] = {
        {"", NULL},
        {"a|b", NULL},
        {"\\b(cve|vulnerab)", NULL},
        {"\\p{Greek}+(?<name>x)\\k<name>", NULL},
        {"\xC3\xA9+", NULL},
        {"(a", "at byte 2"},
        {"a)", "at byte 1"},
        {"[z-a]", "at byte 3"},
        {"a{2,1}", "at byte"},
        {"*a", "at byte 0"},
        {"\\C", "at byte 2"},
        {"(?<a>x)(?<a>y)", "at byte"},
        {"\\", "at byte 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = value_of_str(str_of(rows[i].text));
        ndf_error error = {0};
        v.line = 4;
        v.column = 2;
        int err = regex_check(&v, "text", &error);
        if ((err == NDF_OK) != (rows[i].says == NULL))
            fail_msg("%s: %s", rows[i].text, error.message);
        if (rows[i].says == NULL) continue;
        assert_int_equal(err, NDF_ESCHEMA);
        assert_int_equal(error.line, 4);
        test_contains(error.message, rows[i].says);
    }
}

static void long_and_deep_ones_are_refused(void **state)
{
    (void)state;
    static char text[PATTERN_REGEX_MAX + 2];
    ndf_error error = {0};
    memset(text, 'a', sizeof text - 1);
    struct value v = value_of_str((struct str){text, PATTERN_REGEX_MAX});
    assert_ok(regex_check(&v, "text", &error));
    v.string.size++;
    assert_int_equal(regex_check(&v, "text", &error), NDF_ELIMIT);
    memset(text, '(', 2000);
    memset(text + 2000, ')', 2000);
    v.string.size = 4000;
    assert_int_equal(regex_check(&v, "text", &error), NDF_ESCHEMA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_compiled),
        cmocka_unit_test(long_and_deep_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
