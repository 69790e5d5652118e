/*
 * test_hash.c - tests of base/hash and base/clock.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "support/support.h"

static void sha256_is_the_published_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct str part = str_of(rows[i].text);
        uint8_t digest[HASH_SHA256_SIZE];
        char hex[HASH_HEX_SIZE];
        hash_sha256(&part, 1, digest);
        hash_hex(digest, sizeof digest, hex);
        assert_string_equal(hex, rows[i].hex);
    }
}

static void parts_hash_as_the_whole(void **state)
{
    (void)state;
    struct str parts[] = {STR("a"), {NULL, 0}, STR("bc")};
    struct str whole = STR("abc");
    uint8_t a[HASH_SHA256_SIZE];
    uint8_t b[HASH_SHA256_SIZE];
    hash_sha256(parts, 3, a);
    hash_sha256(&whole, 1, b);
    assert_memory_equal(a, b, sizeof a);
    hash_sha256(NULL, 0, a);
}

static void hex_reads_back_and_refuses_all_else(void **state)
{
    (void)state;
    uint8_t bytes[2];
    assert_true(hash_unhex(STR("0aFf"), bytes, 2));
    assert_int_equal(bytes[0], 0x0a);
    assert_int_equal(bytes[1], 0xff);
    assert_false(hash_unhex(STR("0aF"), bytes, 2));
    assert_false(hash_unhex(STR("0aF"), bytes, 1));
    assert_false(hash_unhex(STR("0aFg"), bytes, 2));
    assert_false(hash_unhex(STR(" aFf"), bytes, 2));
    assert_false(hash_unhex(STR("0aFf00"), bytes, 2));
    assert_true(hash_unhex(STR(""), bytes, 0));
}

static void a_hash_depends_on_bytes_and_seed(void **state)
{
    (void)state;
    assert_true(hash64(STR("a")) == hash64_seed(STR("a"), 0));
    assert_true(hash64(STR("a")) != hash64(STR("b")));
    assert_true(hash64_seed(STR("a"), 1) != hash64_seed(STR("a"), 2));
    assert_true(hash64(STR("")) == hash64((struct str){NULL, 0}));
    /* Stored in journals, so it may never change. */
    assert_true(hash64(STR("")) == UINT64_C(0x2d06800538d394c2));
}

static void wall_time_reads_as_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1769860800123, "2026-01-31T12:00:00.123Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_text(rows[i].ms, text);
        if (rows[i].ms == INT64_MIN) /* "0-01-01" or "0000-01-01" by libc */
            assert_non_null(text);
        else assert_string_equal(text, rows[i].text);
    }
}

static void the_machines_clocks_run(void **state)
{
    (void)state;
    assert_true(clock_wall_ms(&clock_system) > INT64_C(1600000000000));
    int64_t before = clock_mono_ns(&clock_system);
    assert_true(clock_mono_ns(&clock_system) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_published_one),
        cmocka_unit_test(parts_hash_as_the_whole),
        cmocka_unit_test(hex_reads_back_and_refuses_all_else),
        cmocka_unit_test(a_hash_depends_on_bytes_and_seed),
        cmocka_unit_test(wall_time_reads_as_utc),
        cmocka_unit_test(the_machines_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
