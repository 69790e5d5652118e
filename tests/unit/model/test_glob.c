/*
 * test_glob.c - globs over dotted domains.
 */
#include "model/glob.h"
#include "support/support.h"

static void good_globs_are_told_from_bad(void **state)
{
    (void)state;
    static const struct {
        const char *glob;
        bool valid;
    } rows[] = {{"a", true}, {"a.b-c.D_1", true}, {"*", true}, {"**", true},
        {"a.*", true}, {"*.a", true}, {"a.**", true}, {"*.*.**", true},
        {"", false}, {".", false}, {"a.", false}, {".a", false},
        {"a..b", false}, {"a.**.b", false}, {"**.a", false}, {"a*", false},
        {"a.b*", false}, {"***", false}, {"a b", false}, {"a/b", false},
        {"\xC3\xA9", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (glob_valid(str_of(rows[i].glob)) != rows[i].valid)
            fail_msg("%s", rows[i].glob);
    }
}

static void stars_match_segments(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *domain;
        bool match;
    } rows[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "a.b", false},
        {"a.b", "a", false},
        {"a", "ab", false},
        {"a.*", "a.b", true},
        {"a.*", "a", false},
        {"a.*", "a.b.c", false},
        {"*", "a", true},
        {"*", "a.b", false},
        {"*.b", "a.b", true},
        {"*.b", "a.c", false},
        {"a.**", "a", true},
        {"a.**", "a.b", true},
        {"a.**", "a.b.c", true},
        {"a.**", "ab", false},
        {"**", "a.b.c", true},
        {"**", "x", true},
        {"*.**", "a", true},
        {"a.*.**", "a", false},
        {"a.*.**", "a.b", true},
        {"A", "a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (glob_match(str_of(rows[i].glob), str_of(rows[i].domain)) !=
            rows[i].match)
            fail_msg("%s on %s", rows[i].glob, rows[i].domain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_globs_are_told_from_bad),
        cmocka_unit_test(stars_match_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
