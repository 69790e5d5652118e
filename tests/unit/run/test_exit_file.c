/*
 * test_exit_file.c - the last line of ndf-init is read whole or not at all.
 */
#include <string.h>

#include "run/exit_file.h"
#include "support/support.h"

static const struct exit_file example = {.status = "signalled",
    .exit = -1,
    .signal = 9,
    .stage = EXIT_STAGE_EXEC,
    .error = 2,
    .size = UINT64_MAX,
    .check = 0x0123456789abcdef,
    .latency_ms = 12,
    .alone = 1};

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    char text[EXIT_FILE_SIZE];
    struct exit_file back;
    size_t size = exit_file_format(&example, text);
    assert_int_equal(size, strlen(text));
    assert_true(exit_file_parse(text, &back));
    assert_string_equal(back.status, "signalled");
    assert_int_equal(back.exit, -1);
    assert_int_equal(back.signal, 9);
    assert_int_equal(back.stage, EXIT_STAGE_EXEC);
    assert_int_equal(back.error, 2);
    assert_true(back.size == UINT64_MAX);
    assert_true(back.check == 0x0123456789abcdef);
    assert_int_equal(back.latency_ms, 12);
    assert_int_equal(back.alone, 1);
}

static void a_line_of_the_first_version_is_read(void **state)
{
    (void)state;
    struct exit_file back;
    assert_true(exit_file_parse("ndf-exit-1 exited 3 0 0 0 5 0123456789abcdef "
                                "12 6871f3ff30c4d4ac\n",
        &back));
    assert_string_equal(back.status, "exited");
    assert_int_equal(back.exit, 3);
    assert_int_equal(back.latency_ms, 12);
    assert_int_equal(back.alone, 0);
}

static void a_line_that_was_cut_or_changed_is_refused(void **state)
{
    (void)state;
    char text[EXIT_FILE_SIZE];
    struct exit_file back;
    size_t size = exit_file_format(&example, text);
    for (size_t i = 0; i < size; i++) {
        char cut[EXIT_FILE_SIZE] = {0};
        memcpy(cut, text, i);
        assert_false(exit_file_parse(cut, &back));
        memcpy(cut, text, size);
        cut[i] ^= 1;
        assert_false(exit_file_parse(cut, &back));
    }
}

static void the_check_is_fnv_1a(void **state)
{
    (void)state;
    /* Test vectors of draft-eastlake-fnv. */
    assert_true(
        exit_file_check(EXIT_CHECK_START, "", 0) == 0xcbf29ce484222325u);
    assert_true(
        exit_file_check(EXIT_CHECK_START, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(
        exit_file_check(EXIT_CHECK_START, "foobar", 6) == 0x85944171f73967e8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_line_of_the_first_version_is_read),
        cmocka_unit_test(a_line_that_was_cut_or_changed_is_refused),
        cmocka_unit_test(the_check_is_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
