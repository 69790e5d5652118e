/*
 * test_err.c - tests of base/err.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "support/support.h"

static void every_code_has_its_name_and_text(void **state)
{
    (void)state;
    assert_string_equal(ndf_error_name(NDF_ENOMEM), "NDF_ENOMEM");
    assert_string_equal(ndf_strerror(NDF_ENOMEM), "out of memory");
    assert_string_equal(ndf_error_name(NDF_OK), "NDF_OK");
    assert_string_equal(ndf_strerror(-9999), "unknown error");
    assert_string_equal(ndf_error_name(1), "NDF_EUNKNOWN");
#define CHECK_ROW(name, code, text)                                            \
    assert_string_equal(ndf_error_name(code), #name);                          \
    assert_string_equal(ndf_strerror(name), text);
    NDF_ERRORS(CHECK_ROW)
#undef CHECK_ROW
}

static void an_error_says_what_and_where(void **state)
{
    (void)state;
    ndf_error error;
    assert_int_equal(
        err_at(&error, NDF_ESCHEMA, 3, 7, "no %s here", "x"), NDF_ESCHEMA);
    assert_int_equal(error.code, NDF_ESCHEMA);
    assert_int_equal(error.line, 3);
    assert_int_equal(error.column, 7);
    assert_string_equal(error.message, "no x here");
    assert_int_equal(err_set(&error, NDF_EIO, "%d", 5), NDF_EIO);
    assert_int_equal(error.line, 0);
    assert_int_equal(err_set(NULL, NDF_EIO, "x"), NDF_EIO);
    assert_int_equal(err_at(NULL, NDF_EIO, 1, 1, "x"), NDF_EIO);
}

static void controls_never_reach_a_message(void **state)
{
    (void)state;
    ndf_error error;
    err_set(&error, NDF_EINVAL, "a%sb", "\x1b[31m\n\t\x7f");
    assert_string_equal(error.message, "a?[31m???b");
    err_set(&error, NDF_EINVAL, "%s",
        "\xc2\x9b"
        "31m \xc3\xa9");
    assert_string_equal(error.message, "??31m \xc3\xa9");
    err_set(&error, NDF_EINVAL, "%s",
        "a\xff"
        "b\xe2\x82"
        "c");
    assert_string_equal(error.message, "a?b??c");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2000];
    ndf_error error;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', sizeof text);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        text[sizeof text - 1] = '\0';
        err_set(&error, NDF_EINVAL, "%s", text);
        size_t size = strlen(error.message);
        assert_true(size < NDF_MESSAGE_SIZE && size >= NDF_MESSAGE_SIZE - 5);
        assert_int_equal((size - shift) % 4, 0);
    }
    memset(text, 'x', sizeof text - 1);
    err_set(&error, NDF_EINVAL, "%s", text);
    assert_int_equal(strlen(error.message), NDF_MESSAGE_SIZE - 1);
}

static void the_path_is_put_before_it_once(void **state)
{
    (void)state;
    ndf_error error;
    err_at(&error, NDF_ESYNTAX, 3, 7, "bad");
    assert_int_equal(err_prefix(&error, "a.yaml"), NDF_ESYNTAX);
    assert_string_equal(error.message, "a.yaml:3:7: bad");
    assert_int_equal(err_prefix(&error, "a.yaml"), NDF_ESYNTAX);
    assert_string_equal(error.message, "a.yaml:3:7: bad");
    assert_int_equal(error.line, 3);
    err_at(&error, NDF_ESYNTAX, 3, 0, "bad");
    err_prefix(&error, "a.yaml");
    assert_string_equal(error.message, "a.yaml:3: bad");
    err_set(&error, NDF_ESYNTAX, "bad");
    err_prefix(&error, "a.yaml");
    assert_string_equal(error.message, "a.yaml: bad");
    assert_int_equal(err_prefix(NULL, "a.yaml"), NDF_EINVAL);
}

static void an_errno_becomes_a_code(void **state)
{
    (void)state;
    assert_int_equal(err_from_errno(ENOSPC), NDF_EFULL);
    assert_int_equal(err_from_errno(ENOMEM), NDF_ENOMEM);
    assert_int_equal(err_from_errno(EROFS), NDF_EREADONLY);
    assert_int_equal(err_from_errno(EACCES), NDF_EREADONLY);
    assert_int_equal(err_from_errno(EPERM), NDF_EREADONLY);
    assert_int_equal(err_from_errno(ENOENT), NDF_ENOTFOUND);
    assert_int_equal(err_from_errno(EBADF), NDF_EIO);
    char text[64];
    assert_string_equal(
        err_errno_text(ENOENT, text, sizeof text), "No such file or directory");
    char tiny[4];
    assert_true(strlen(err_errno_text(ENOENT, tiny, sizeof tiny)) < 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_name_and_text),
        cmocka_unit_test(an_error_says_what_and_where),
        cmocka_unit_test(controls_never_reach_a_message),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(the_path_is_put_before_it_once),
        cmocka_unit_test(an_errno_becomes_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
