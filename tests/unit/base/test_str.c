/*
 * test_str.c - tests of base/str.
 */
#include <limits.h>

#include "support/support.h"

static void slices_compare_by_bytes_and_shorter_comes_first(void **state)
{
    (void)state;
    struct str none = {NULL, 0};
    assert_true(str_equal(STR(""), none));
    assert_true(str_equal(STR("a\0b"), STR("a\0b")));
    assert_false(str_equal(STR("ab"), STR("ac")));
    assert_int_equal(str_compare(none, STR("")), 0);
    assert_true(str_compare(STR("ab"), STR("abc")) < 0);
    assert_true(str_compare(STR("b"), STR("abc")) > 0);
    assert_true(str_compare(STR("\x7f"), STR("\xff")) < 0);
    assert_str(str_of(NULL), "");
    assert_str(str_of("xyz"), "xyz");
    assert_int_equal(str_int(SIZE_MAX), INT_MAX);
    assert_int_equal(str_int(5), 5);
}

static void starts_and_ends_look_at_the_ends_only(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR("")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_true(str_ends(STR("abc"), STR("abc")));
    assert_false(str_ends(STR("abc"), STR("ab")));
    assert_false(str_ends(STR("c"), STR("bc")));
}

static void find_gives_the_first_place_or_the_size(void **state)
{
    (void)state;
    static const struct {
        struct str text, needle;
        size_t at;
    } rows[] = {
        {{"abcabc", 6}, {"ca", 2}, 2},
        {{"aaab", 4}, {"ab", 2}, 2},
        {{"abc", 3}, {"", 0}, 0},
        {{"", 0}, {"a", 1}, 0},
        {{"abc", 3}, {"abcd", 4}, 3},
        {{"abab", 4}, {"abb", 3}, 4},
        {{"xxa", 3}, {"ab", 2}, 3},
        {{NULL, 0}, {NULL, 0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(str_find(rows[i].text, rows[i].needle), rows[i].at);
    assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'd'), 3);
}

static void trim_and_cut_stay_inside(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t\r\n a b \n")), "a b");
    assert_str(str_trim(STR("  ")), "");
    assert_str(str_from(STR("abc"), 1), "bc");
    assert_str(str_from(STR("abc"), 9), "");
    assert_str(str_until(STR("abc"), 2), "ab");
    assert_str(str_until(STR("abc"), 9), "abc");
}

static size_t count_pieces(struct str text)
{
    struct str rest = text;
    struct str piece;
    size_t count = 0;
    while (str_split(&rest, ',', &piece))
        count++;
    assert_false(str_split(&rest, ',', &piece));
    return count;
}

static void split_gives_every_piece_also_empty_ones(void **state)
{
    (void)state;
    assert_int_equal(count_pieces(STR("")), 0);
    assert_int_equal(count_pieces(STR("a")), 1);
    assert_int_equal(count_pieces(STR("a,")), 2);
    assert_int_equal(count_pieces(STR(",")), 2);
    assert_int_equal(count_pieces(STR(",,a")), 3);
    struct str rest = STR("a,,b");
    struct str piece;
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "a");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "");
    assert_str(rest, "b");
    assert_true(str_split(&rest, ',', &piece));
    assert_str(piece, "b");
    assert_false(str_split(&rest, ',', &piece));
}

static void distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"kitten", "sitting", 3},
        {"runs", "rnus", 1},
        {"abc", "abc", 0},
        {"teh", "the", 1},
        {"import", "improt", 1},
        {"ab", "ba", 1},
        {"abcdef", "ghijkl", 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str a = str_of(rows[i].a);
        struct str b = str_of(rows[i].b);
        assert_int_equal(str_distance(a, b, 10), rows[i].distance);
        assert_int_equal(str_distance(b, a, 10), rows[i].distance);
        assert_int_equal(
            str_distance(a, b, rows[i].distance), rows[i].distance);
    }
    assert_int_equal(str_distance(STR("abcdef"), STR("ghijkl"), 2), 3);
    char text[300] = {0};
    struct str long_text = {text, sizeof text};
    assert_int_equal(str_distance(long_text, long_text, 5), 0);
    assert_int_equal(str_distance(long_text, str_until(long_text, 299), 5), 6);
}

static void the_nearest_word_is_within_a_third(void **state)
{
    (void)state;
    static const struct str words[] = {
        {"import", 6}, {"trust", 5}, {"ls", 2}, {"steps", 5}};
    assert_str(str_nearest(STR("improt"), words, 4), "import");
    assert_str(str_nearest(STR("trsut"), words, 4), "trust");
    assert_str(str_nearest(STR("sl"), words, 4), "ls");
    assert_str(str_nearest(STR("step"), words, 4), "steps");
    assert_null(str_nearest(STR("banana"), words, 4).at);
    assert_null(str_nearest(STR("x"), words, 4).at);
    assert_null(str_nearest(STR(""), words, 4).at);
    assert_null(str_nearest(STR("trust"), words, 0).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare_by_bytes_and_shorter_comes_first),
        cmocka_unit_test(starts_and_ends_look_at_the_ends_only),
        cmocka_unit_test(find_gives_the_first_place_or_the_size),
        cmocka_unit_test(trim_and_cut_stay_inside),
        cmocka_unit_test(split_gives_every_piece_also_empty_ones),
        cmocka_unit_test(distance_counts_edits_and_swaps),
        cmocka_unit_test(the_nearest_word_is_within_a_third),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
