/*
 * test_base64.c - bytes as text and back.
 */
#include <string.h>

#include "base/base64.h"
#include "support/support.h"

static void the_examples_of_the_rfc_hold(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"f"
         "o",
            "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buf buf;
        buf_init(&buf, &mem_libc);
        base64_write(&buf, str_of(pairs[i][0]));
        assert_true(str_equal(buf_str(&buf), str_of(pairs[i][1])));
        buf_reset(&buf);
        assert_true(base64_read(&buf, str_of(pairs[i][1])));
        assert_true(str_equal(buf_str(&buf), str_of(pairs[i][0])));
        buf_deinit(&buf);
    }
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct buf text, again;
        buf_init(&text, &mem_libc);
        buf_init(&again, &mem_libc);
        base64_write(&text, (struct str){bytes, size});
        assert_true(base64_read(&again, buf_str(&text)));
        assert_true(str_equal(buf_str(&again), (struct str){bytes, size}));
        buf_deinit(&text);
        buf_deinit(&again);
    }
}

static void what_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z", "Zg",
        "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm-v", "Zm v",
        "=m9v", "Zg=a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf buf;
        buf_init(&buf, &mem_libc);
        assert_false(base64_read(&buf, str_of(bad[i])));
        buf_deinit(&buf);
    }
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_false(base64_read(&buf, STR("Zm\0v")));
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_hold),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(what_is_not_canonical_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
