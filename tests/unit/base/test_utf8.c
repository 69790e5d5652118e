/*
 * test_utf8.c - valid text, and text as people compare it.
 */
#include "base/err.h"
#include "base/utf8.h"
#include "support/support.h"

static void validity_is_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        size_t bad;
    } rows[] = {
        {{"", 0}, 0},
        {{"plain ascii, longer than eight", 30}, 30},
        {{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9}, 9},
        {{"a\0b", 3}, 3},
        {{"12345678\xFF", 9}, 8},
        {{"\x80", 1}, 0},
        {{"a\xC0\x80", 3}, 1},        /* overlong NUL */
        {{"\xC1\xBF", 2}, 0},         /* overlong */
        {{"\xE0\x9F\xBF", 3}, 0},     /* overlong */
        {{"\xF0\x8F\xBF\xBF", 4}, 0}, /* overlong */
        {{"\xED\xA0\x80", 3}, 0},     /* surrogate */
        {{"\xED\x9F\xBF", 3}, 3},
        {{"\xF4\x8F\xBF\xBF", 4}, 4}, /* U+10FFFF */
        {{"\xF4\x90\x80\x80", 4}, 0}, /* past it */
        {{"\xF5\x80\x80\x80", 4}, 0},
        {{"\xE2\x82", 2}, 0}, /* cut */
        {{"ab\xE2\x82", 4}, 2},
        {{"\xE2(\xA1", 3}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(utf8_invalid_at(rows[i].text), rows[i].bad);
        assert_int_equal(
            utf8_valid(rows[i].text), rows[i].bad == rows[i].text.size);
    }
}

static void bad_bytes_are_replaced(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    utf8_add_lossy(&buf, STR("a\xFF\xFE"
                             "b\xC3"));
    assert_str(buf_str(&buf), "a\xEF\xBF\xBD\xEF\xBF\xBD"
                              "b\xEF\xBF\xBD");
    buf_reset(&buf);
    utf8_add_lossy(&buf, STR(""));
    assert_int_equal(buf.size, 0);
    buf_deinit(&buf);
}

static void nothing_printable_moves_the_cursor(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    utf8_add_printable(&buf, STR("a\x1b[31mred\x1b[0m\r\n\tb\x7f\xC2\x9B"
                                 "c\x07\xFF"
                                 "\xC3\xA9"));
    assert_str(buf_str(&buf), "a[31mred[0m\n\tbc\xEF\xBF\xBD\xC3\xA9");
    buf_deinit(&buf);
}

static void folding_is_nfkc_without_case(void **state)
{
    (void)state;
    static const struct {
        struct str text, folded;
    } rows[] = {
        {{"", 0}, {"", 0}}, {{"Hello WORLD 12", 14}, {"hello world 12", 14}},
        {{"\xC3\x89T\xC3\x89", 5}, {"\xC3\xA9t\xC3\xA9", 5}},
        {{"e\xCC\x81", 3}, {"\xC3\xA9", 2}}, /* composed */
        {{"\xEF\xAC\x81", 3}, {"fi", 2}},    /* ligature */
        {{"Stra\xC3\x9F"
          "e",
             7},
            {"strasse", 7}},
        {{"\xEF\xBC\xA1", 3}, {"a", 1}}, /* full width */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf buf;
        buf_init(&buf, &mem_libc);
        assert_ok(utf8_fold(&buf, rows[i].text));
        assert_true(str_equal(buf_str(&buf), rows[i].folded));
        buf_deinit(&buf);
    }
}

static void code_points_come_one_by_one(void **state)
{
    (void)state;
    struct str text = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    size_t at = 0;
    assert_int_equal(utf8_next(text, &at), 'a');
    assert_int_equal(utf8_next(text, &at), 0xE9);
    assert_int_equal(utf8_next(text, &at), 0x20AC);
    assert_int_equal(utf8_next(text, &at), 0x1F600);
    assert_int_equal(at, text.size);
    assert_int_equal(utf8_next(text, &at), -1);
}

static void words_are_letters_marks_and_digits(void **state)
{
    (void)state;
    static const int32_t word[] = {'a', 'Z', '7', 0xE9, 0x4E2D, 0x0301, 0x0661};
    static const int32_t other[] = {' ', '_', '-', 0x3000, 0x1F600, 0x2028};
    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
        assert_true(utf8_is_word(word[i]));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_false(utf8_is_word(other[i]));
    assert_true(utf8_is_upper('A'));
    assert_true(utf8_is_upper(0xC9));
    assert_false(utf8_is_upper('a'));
    assert_true(utf8_is_digit(0x0661));
    assert_false(utf8_is_digit('x'));
}

static void width_counts_columns(void **state)
{
    (void)state;
    assert_int_equal(utf8_width(STR("abc")), 3);
    assert_int_equal(utf8_width(STR("\xE4\xB8\xAD")), 2);
    assert_int_equal(utf8_width(STR("e\xCC\x81")), 1);
}

static int fold_body(const struct mem *mem, void *ud)
{
    struct buf buf;
    (void)ud;
    buf_init(&buf, mem);
    int err = utf8_fold(&buf, STR("Abc"));
    if (err == NDF_OK) err = utf8_fold(&buf, STR("\xC3\x89t\xC3\xA9"));
    buf_deinit(&buf);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(fold_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validity_is_rfc_3629),
        cmocka_unit_test(bad_bytes_are_replaced),
        cmocka_unit_test(nothing_printable_moves_the_cursor),
        cmocka_unit_test(folding_is_nfkc_without_case),
        cmocka_unit_test(code_points_come_one_by_one),
        cmocka_unit_test(words_are_letters_marks_and_digits),
        cmocka_unit_test(width_counts_columns),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
