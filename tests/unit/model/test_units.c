/*
 * test_units.c - numbers as people write them.
 */
#include "model/pattern.h"
#include "model/units.h"
#include "support/parse.h"

static struct value parse(struct arena *arena, const char *json)
{
    return test_json(arena, json);
}

static void durations_have_units_or_are_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool good;
        uint64_t ms;
    } rows[] = {
        {"\"120s\"", true, 120000},
        {"\"5m\"", true, 300000},
        {"\"5min\"", true, 300000},
        {"\"2h\"", true, 7200000},
        {"\"1d\"", true, 86400000},
        {"\"500ms\"", true, 500},
        {"\"1.5h\"", true, 5400000},
        {"\"0.001s\"", true, 1},
        {"\"0s\"", true, 0},
        {"30", true, 30000},
        {"0", true, 0},
        {"1.5", true, 1500},
        {"0.0004", true, 0},
        {"\"36525d\"", true, UINT64_C(3155760000000)},
        {"\"36526d\"", false, 0},
        {"3155760000", true, UINT64_C(3155760000000)},
        {"3155760001", false, 0},
        {"9223372036854775807", false, 0},
        {"1e300", false, 0},
        {"-1", false, 0},
        {"-0.5", false, 0},
        {"\"\"", false, 0},
        {"\"s\"", false, 0},
        {"\"5\"", false, 0},
        {"\"5 s\"", false, 0},
        {"\"5S\"", false, 0},
        {"\"-5s\"", false, 0},
        {"\"1.s\"", false, 0},
        {"\".5s\"", false, 0},
        {"\"1.0001s\"", false, 0},
        {"\"99999999999999999999s\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct value v = parse(&arena, rows[i].json);
        uint64_t ms = 0;
        bool good = duration_parse(&v, &ms);
        if (good != rows[i].good || (good && ms != rows[i].ms))
            fail_msg("%s", rows[i].json);
        arena_deinit(&arena);
    }
}

static void sizes_have_units_or_are_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool good;
        uint64_t bytes;
    } rows[] = {
        {"\"64MiB\"", true, 67108864},
        {"\"2GB\"", true, 2000000000},
        {"\"1.5KiB\"", true, 1536},
        {"\"10B\"", true, 10},
        {"\"1TiB\"", true, UINT64_C(1099511627776)},
        {"\"1kB\"", true, 1000},
        {"0", true, 0},
        {"4096", true, 4096},
        {"1000000000000000000", true, UINT64_C(1000000000000000000)},
        {"1000000000000000001", false, 0},
        {"1.5", false, 0},
        {"-1", false, 0},
        {"\"64\"", false, 0},
        {"\"64mb\"", false, 0},
        {"\"9999999TiB\"", false, 0},
        {"null", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct value v = parse(&arena, rows[i].json);
        uint64_t bytes = 0;
        bool good = bytes_parse(&v, &bytes);
        if (good != rows[i].good || (good && bytes != rows[i].bytes))
            fail_msg("%s", rows[i].json);
        arena_deinit(&arena);
    }
}

static void words_of_scales_are_numbers(void **state)
{
    (void)state;
    int64_t n = 0;
    assert_true(scale_number(STR("complexity"), STR("high"), &n));
    assert_int_equal(n, 8);
    assert_true(scale_number(STR("complexity"), STR("low"), &n));
    assert_int_equal(n, 2);
    assert_true(scale_number(STR("priority"), STR("highest"), &n));
    assert_int_equal(n, 1);
    assert_true(scale_number(STR("priority"), STR("low"), &n));
    assert_int_equal(n, 4);
    assert_false(scale_number(STR("complexity"), STR("highest"), &n));
    assert_false(scale_number(STR("stage"), STR("high"), &n));
    assert_int_equal(n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units_or_are_seconds),
        cmocka_unit_test(sizes_have_units_or_are_bytes),
        cmocka_unit_test(words_of_scales_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
