/*
 * test_init_settings.c - what ndf-init is told is read whole or not at all.
 */
#include <string.h>

#include "run/init_settings.h"
#include "support/support.h"

static const struct init_settings example = {.timeout_ms = 1,
    .silence_ms = 2,
    .grace_ms = 3,
    .output_max = UINT64_MAX,
    .namespace = INIT_NAMESPACE_NEVER,
    .privileges = 1,
    .memory = UINT64_MAX,
    .cpu_ms = 5,
    .files = 6,
    .processes = 7,
    .file_size = 8};

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    char text[INIT_SETTINGS_SIZE];
    struct init_settings back;
    size_t size = init_settings_format(&example, text);
    assert_int_equal(size, strlen(text));
    assert_true(init_settings_parse(text, &back));
    assert_memory_equal(&back, &example, sizeof back);
}

static void another_text_is_refused(void **state)
{
    (void)state;
    char text[INIT_SETTINGS_SIZE];
    struct init_settings back;
    size_t size = init_settings_format(&example, text);
    assert_false(init_settings_parse("", &back));
    assert_false(init_settings_parse("60000", &back));
    text[0] = 'N';
    assert_false(init_settings_parse(text, &back));
    text[0] = 'n';
    text[size] = ' ';
    text[size + 1] = '\0';
    assert_false(init_settings_parse(text, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(another_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
