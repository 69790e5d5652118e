/*
 * test_json.c - reading strictly, writing canonically.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void values_know_their_place(void **state)
{
    (void)state;
    struct value v = test_json(&arena,
        "{\n  \"a\": [1, true,\n    \"\xC3\xA9\xE2\x82\xAC\", {}],\n"
        "\t\"k\\\"ey\" : -2.5e3 , \"n\":null}");
    assert_int_equal(v.line, 1);
    assert_int_equal(v.column, 1);
    const struct member *a = &v.object.members[0];
    assert_int_equal(a->line, 2);
    assert_int_equal(a->column, 3);
    assert_int_equal(a->value.column, 8);
    const struct value *items = a->value.array.items;
    assert_int_equal(items[0].column, 9);
    assert_int_equal(items[1].column, 12);
    assert_int_equal(items[2].line, 3);
    assert_int_equal(items[2].column, 5);
    assert_int_equal(items[3].column, 11); /* behind four columns of text */
    const struct member *key = &v.object.members[1];
    assert_str(key->key, "k\"ey");
    assert_int_equal(key->line, 4);
    assert_int_equal(key->column, 2);
    assert_int_equal(key->value.column, 12);
    assert_int_equal(v.object.members[2].value.column, 25);
}

static void integers_are_exact(void **state)
{
    (void)state;
    assert_true(test_json(&arena, "9223372036854775807").integer == INT64_MAX);
    assert_true(test_json(&arena, "-9223372036854775808").integer == INT64_MIN);
    assert_int_equal(test_json(&arena, "1e2").kind, VALUE_REAL);
}

static void bad_texts_are_refused_with_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        unsigned line;
        const char *says;
    } rows[] = {
        {"", NDF_ESYNTAX, 1, "empty"},
        {" \n ", NDF_ESYNTAX, 2, "empty"},
        {"{\"a\":1,\n\"a\":2}", NDF_ESYNTAX, 2, "duplicate"},
        {"[1,\n2,]", NDF_ESYNTAX, 2, "near"},
        {"{\"a\":1} x", NDF_ESYNTAX, 1, "end of file"},
        {"NaN", NDF_ESYNTAX, 1, "invalid token"},
        {"[Infinity]", NDF_ESYNTAX, 1, "invalid token"},
        {"\"\\ud800\"", NDF_ESYNTAX, 1, "ud800"},
        {"\"\\udc00\\ud800\"", NDF_ESYNTAX, 1, "udc00"},
        {"\"a\\u0000b\"", NDF_ESYNTAX, 1, "NUL"},
        {"{\"a\\u0000b\":1}", NDF_ESYNTAX, 1, "NUL"},
        {"9223372036854775808", NDF_ESYNTAX, 1, "64 bits"},
        {"-9223372036854775809", NDF_ESYNTAX, 1, "64 bits"},
        {"1e999", NDF_ESYNTAX, 1, "too big"},
        {"\"\xFF\"", NDF_ESYNTAX, 1, "UTF-8"},
        {"\"\xC0\x80\"", NDF_ESYNTAX, 1, "UTF-8"},
        {"\"\xED\xA0\x80\"", NDF_ESYNTAX, 1, "UTF-8"},
        {"\xFF\xFE", NDF_ESYNTAX, 1, "UTF-8"},
        {"\"a\tb\"", NDF_ESYNTAX, 1, "control"},
        {"01", NDF_ESYNTAX, 1, "near"},
        {"+1", NDF_ESYNTAX, 1, "near"},
        {"{1:2}", NDF_ESYNTAX, 1, "string"},
        {"'a'", NDF_ESYNTAX, 1, "near"},
        {"[1 2]", NDF_ESYNTAX, 1, "near"},
        {"// x\n1", NDF_ESYNTAX, 1, "near"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v;
        ndf_error error = {0};
        int err = json_parse(&arena, str_of(rows[i].text), &v, &error);
        if (err != rows[i].code || error.code != err ||
            error.line != rows[i].line || error.column == 0)
            fail_msg("%s: %d %u:%u %s", rows[i].text, err, error.line,
                error.column, error.message);
        test_contains(error.message, rows[i].says);
        assert_int_equal(v.kind, VALUE_NULL);
        assert_int_equal(
            json_parse(&arena, str_of(rows[i].text), &v, NULL), err);
    }
}

/* As many as are compared one with another, and one past it. */
static void a_key_is_there_once(void **state)
{
    (void)state;
    for (int count = 2; count <= 40; count++) {
        struct buf text;
        struct value v;
        ndf_error error = {0};
        buf_init(&text, &mem_libc);
        for (int i = 0; i < count; i++)
            buf_format(&text, "%s\"k%d\":%d", i == 0 ? "{" : ",", i, i);
        buf_add_str(&text, STR("}"));
        assert_ok(json_parse(&arena, buf_str(&text), &v, &error));
        assert_int_equal(v.object.count, count);
        text.size--;
        buf_format(&text, ",\n\"\\u006b%d\":0}", count - 1);
        assert_int_equal(
            json_parse(&arena, buf_str(&text), &v, &error), NDF_ESYNTAX);
        test_contains(error.message, "duplicate");
        assert_int_equal(error.line, 2);
        buf_deinit(&text);
    }
}

static void escapes_mean_characters(void **state)
{
    (void)state;
    struct value v = test_json(&arena,
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"");
    assert_str(
        v.string, "a\"\\/\b\f\n\r\tzA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    static const char *const bad[] = {"\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"", "\"\\u"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(
            json_parse(&arena, str_of(bad[i]), &v, NULL), NDF_ESYNTAX);
}

static void a_raw_nul_is_refused(void **state)
{
    (void)state;
    struct value v;
    static const char text[] = "[\"a\0b\"]";
    struct str slice = {text, sizeof text - 1};
    assert_int_equal(json_parse(&arena, slice, &v, NULL), NDF_ESYNTAX);
    static const char behind[] = "1\0";
    slice = (struct str){behind, 2};
    assert_int_equal(json_parse(&arena, slice, &v, NULL), NDF_ESYNTAX);
}

static void repeat(struct buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_str(buf, str_of(text));
}

static int parse_nested(
    const char *open, const char *close, size_t depth, ndf_error *error)
{
    struct buf text;
    struct value v;
    buf_init(&text, &mem_libc);
    repeat(&text, open, depth);
    if (open[0] == '{') buf_add_str(&text, STR("1"));
    repeat(&text, close, depth);
    int err = json_parse(&arena, buf_str(&text), &v, error);
    buf_deinit(&text);
    return err;
}

static void depth_is_limited_at_64(void **state)
{
    (void)state;
    ndf_error error = {0};
    assert_ok(parse_nested("[", "]", 64, &error));
    assert_ok(parse_nested("{\"a\":", "}", 64, &error));
    assert_int_equal(parse_nested("[", "]", 65, &error), NDF_ELIMIT);
    assert_int_equal(error.column, 65);
    test_contains(error.message, "64 levels");
    assert_int_equal(parse_nested("{\"a\":", "}", 65, &error), NDF_ELIMIT);
    assert_int_equal(parse_nested("[", "]", 100000, &error), NDF_ELIMIT);
    assert_int_equal(parse_nested("[", "", 100000, &error), NDF_ELIMIT);
}

static void numbers_have_one_canonical_form(void **state)
{
    (void)state;
    /* Those with a point or exponent are from RFC 8785, appendix B. */
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"0", "0"},
        {"-0.0", "0"},
        {"-0", "0"},
        {"1.0", "1"},
        {"-12", "-12"},
        {"5e-324", "5e-324"},
        {"-5e-324", "-5e-324"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"333333333.33333329", "333333333.3333333"},
        {"1e30", "1e+30"},
        {"4.50", "4.5"},
        {"2e-3", "0.002"},
        {"0.000000000000000000000000001", "1e-27"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"1e-6", "0.000001"},
        {"1.5e-7", "1.5e-7"},
        {"9007199254740992.0", "9007199254740992"},
        {"123456789012.34", "123456789012.34"},
        {"0.1", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1e23", "1e+23"},
        {"9.223372036854775e18", "9223372036854774784"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        /* Not as RFC 8785 has it: it would come back as an integer that does
         * not fit. */
        {"1e19", "1e+19"},
        {"123456789012345680000.0", "1.2345678901234568e+20"},
        {"-18446744073709551616.0", "-1.8446744073709552e+19"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = test_json(&arena, rows[i].text);
        const char *text = test_canonical(&arena, &v);
        assert_string_equal(text, rows[i].canonical);
        struct value again = test_json(&arena, text);
        assert_true(value_equal(&v, &again));
    }
}

static uint64_t random_bits(uint64_t *seed)
{
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void any_double_survives_writing_and_reading(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct buf text;
    buf_init(&text, &mem_libc);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_bits(&seed);
        double real;
        memcpy(&real, &bits, sizeof real);
        if (!isfinite(real)) continue;
        struct arena own;
        arena_init(&own, &mem_libc);
        struct value v = value_of_real(real);
        struct value again;
        buf_reset(&text);
        json_write(&text, &v);
        assert_ok(json_parse(&own, buf_str(&text), &again, NULL));
        assert_true(value_equal(&v, &again));
        arena_deinit(&own);
    }
    buf_deinit(&text);
}

static void the_locale_has_no_say(void **state)
{
    (void)state;
    const char *names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "pl_PL"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++)
        found = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!found) skip();
    struct value v = test_json(&arena, "[1.5,1e-9]");
    assert_string_equal(test_canonical(&arena, &v), "[1.5,1e-9]");
    setlocale(LC_NUMERIC, "C");
}

static void members_are_sorted_by_utf16_units(void **state)
{
    (void)state;
    /* RFC 8785, section 3.2.3 */
    struct value v = test_json(&arena,
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
        "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
        "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\","
        "\"\\u0080\":\"Control\","
        "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}");
    static const char *const order[] = {"Carriage Return", "One", "Control",
        "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"};
    struct value again = test_json(&arena, test_canonical(&arena, &v));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_string_equal(again.object.members[i].value.string.at, order[i]);
}

static void equal_values_give_equal_bytes(void **state)
{
    (void)state;
    struct value a = test_json(
        &arena, "{\"b\":[1,2.0,{\"y\":null,\"x\":true}],\"a\":\"\\u00e9\\/\"}");
    struct value b = test_json(&arena,
        " {\"a\" : \"\xC3\xA9/\", \"b\":[1.0,2, {\"x\":true,\"y\":null} ] } ");
    assert_true(value_equal(&a, &b));
    assert_string_equal(test_canonical(&arena, &a), test_canonical(&arena, &b));
    assert_string_equal(test_canonical(&arena, &a),
        "{\"a\":\"\xC3\xA9/\",\"b\":[1,2,{\"x\":true,\"y\":null}]}");
}

static void many_members_are_sorted_too(void **state)
{
    (void)state;
    struct value v = value_of_object();
    for (int i = 99; i >= 0; i--)
        assert_ok(value_set(
            &arena, &v, arena_format(&arena, "k%02d", i), value_of_int(i)));
    struct value again = test_json(&arena, test_canonical(&arena, &v));
    for (int i = 0; i < 100; i++)
        assert_int_equal(again.object.members[i].value.integer, i);
}

static void strings_are_escaped_as_little_as_allowed(void **state)
{
    (void)state;
    struct value v = value_of_str(STR("\"\\/\b\f\n\r\t\x01\x1f\x7f<\xC2\x80"));
    assert_string_equal(test_canonical(&arena, &v),
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<\xC2\x80\"");
}

static void the_pretty_form_keeps_the_order(void **state)
{
    (void)state;
    struct value v =
        test_json(&arena, "{\"b\":1,\"a\":[true,{}],\"c\":{\"d\":[]}}");
    struct buf text;
    buf_init(&text, &mem_libc);
    json_write_pretty(&text, &v);
    assert_string_equal(text.at,
        "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    {}\n  ],\n  \"c\": {\n"
        "    \"d\": []\n  }\n}\n");
    buf_deinit(&text);
}

static void ten_megabytes_are_read(void **state)
{
    (void)state;
    enum { SIZE = 10 * 1024 * 1024 };
    struct buf text;
    struct value v;
    buf_init(&text, &mem_libc);
    buf_add_char(&text, '"');
    char *at = buf_reserve(&text, SIZE);
    memset(at, 'x', SIZE);
    text.size += SIZE;
    buf_add_char(&text, '"');
    assert_ok(json_parse(&arena, buf_str(&text), &v, NULL));
    assert_int_equal(v.string.size, SIZE);
    buf_deinit(&text);
}

static int parse_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value v;
    ndf_error error = {0};
    struct buf text;
    (void)ud;
    arena_init(&own, mem);
    buf_init(&text, mem);
    int err = json_parse(
        &own, STR("{\"a\":[1,\"two\",{\"b\":3.5}],\"c\":null}"), &v, &error);
    if (err == NDF_OK) {
        for (int i = 0; i < 30 && err == NDF_OK; i++)
            err = value_set(
                &own, &v, arena_format(&own, "k%d", i), value_of_int(i));
        json_write(&text, &v);
        json_write_pretty(&text, &v);
        if (err == NDF_OK) err = buf_error(&text);
    }
    buf_deinit(&text);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(parse_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_know_their_place),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(bad_texts_are_refused_with_a_place),
        cmocka_unit_test(a_key_is_there_once),
        cmocka_unit_test(escapes_mean_characters),
        cmocka_unit_test(a_raw_nul_is_refused),
        cmocka_unit_test(depth_is_limited_at_64),
        cmocka_unit_test(numbers_have_one_canonical_form),
        cmocka_unit_test(any_double_survives_writing_and_reading),
        cmocka_unit_test(the_locale_has_no_say),
        cmocka_unit_test(members_are_sorted_by_utf16_units),
        cmocka_unit_test(equal_values_give_equal_bytes),
        cmocka_unit_test(many_members_are_sorted_too),
        cmocka_unit_test(strings_are_escaped_as_little_as_allowed),
        cmocka_unit_test(the_pretty_form_keeps_the_order),
        cmocka_unit_test(ten_megabytes_are_read),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
