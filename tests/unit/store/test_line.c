/*
 * test_line.c - a record as a line of JSON and back.
 */
#include <string.h>

#include "base/json.h"
#include "store/line.h"
#include "support/support.h"

static struct store_source source_with(struct str state)
{
    return (struct store_source){
        .id = STR("s"),
        .name = STR("n"),
        .kind = STR("file"),
        .path = STR("/p \"q\""),
        .run_argv = STR("[]"),
        .state = state,
        .added_ms = INT64_MIN,
    };
}

/* The line of a source with these bytes, as text in arena. */
static struct str line_of(struct arena *arena, struct str bytes)
{
    struct store_source source = source_with(bytes);
    struct value line;
    struct buf text;
    assert_ok(
        line_of_record(arena, layout_of(TABLE_SOURCE), &source, &line, NULL));
    buf_init(&text, &mem_libc);
    json_write(&text, &line);
    struct str kept = arena_str(arena, buf_str(&text));
    buf_deinit(&text);
    return kept;
}

static void bytes_take_the_most_readable_form_and_come_back(void **state)
{
    (void)state;
    char deep[130];
    memset(deep, '[', 64);
    memset(deep + 64, ']', 64);
    struct {
        struct str bytes;
        const char *form;
    } cases[] = {
        {STR("{\"a\":[1,2.5]}"), "\"state\":{\"a\":[1,2.5]}"},
        {STR("\"text\""), "\"state\":\"text\""},
        {STR("null"), "\"state\":null"},
        {STR("{\"b\":1,\"a\":2}"), "\"state_text\":\"{\\\"b\\\""},
        {STR("[1, 2]"), "\"state_text\":\"[1, 2]\""},
        {STR("1,2"), "\"state_text\":\"1,2\""},
        {STR("99999999999999999999"), "\"state_text\":\"9999"},
        {STR(""), "\"state_text\":\"\""},
        {STR("plain"), "\"state_text\":\"plain\""},
        {STR("a\0b"), "\"state_base64\":\"YQBi\""},
        {STR("\xff"), "\"state_base64\":\"/w==\""},
        {{deep, 128}, "\"state_text\":\"[[["},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct value line;
        struct store_source again;
        arena_init(&arena, &mem_libc);
        struct str text = line_of(&arena, cases[i].bytes);
        assert_true(str_find(text, str_of(cases[i].form)) < text.size);
        assert_ok(json_parse(&arena, text, &line, NULL));
        assert_ok(line_to_record(
            &arena, layout_of(TABLE_SOURCE), &line, &again, NULL));
        assert_true(str_equal(again.state, cases[i].bytes));
        assert_str(again.path, "/p \"q\"");
        assert_true(again.added_ms == INT64_MIN);
        arena_deinit(&arena);
    }
}

static void a_line_that_lies_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{}",
        "{\"record\":\"meta\",\"name\":\"a\"}",
        "{\"record\":\"meta\",\"name\":1,\"value\":1}",
        "{\"record\":\"meta\",\"name\":\"a\",\"value\":1,\"more\":2}",
        "{\"record\":\"meta\",\"name\":\"a\",\"value\":1,\"value_text\":\"\"}",
        "{\"record\":\"meta\",\"name\":\"a\",\"value_text\":1}",
        "{\"record\":\"meta\",\"name\":\"a\",\"value_base64\":\"x\"}",
        "{\"record\":\"meta\",\"name\":\"a\",\"value_base64\":null}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct arena arena;
        struct value line;
        struct store_meta meta;
        ndf_error error;
        arena_init(&arena, &mem_libc);
        assert_ok(json_parse(&arena, str_of(lines[i]), &line, NULL));
        assert_int_equal(
            line_to_record(&arena, layout_of(TABLE_META), &line, &meta, &error),
            NDF_ESCHEMA);
        arena_deinit(&arena);
    }
}

static void wrong_numbers_and_hashes_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"record\":\"tally\",\"pattern\":\"p\",\"domain\":\"\",\"wins\":1,"
        "\"tries\":\"2\",\"at_ms\":1,\"executions\":1}",
        "{\"record\":\"tally\",\"pattern\":\"p\",\"domain\":\"\",\"wins\":1,"
        "\"tries\":2,\"at_ms\":1.5,\"executions\":1}",
    };
    struct arena arena;
    arena_init(&arena, &mem_libc);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct value line;
        struct store_tally tally;
        assert_ok(json_parse(&arena, str_of(lines[i]), &line, NULL));
        assert_int_equal(
            line_to_record(&arena, layout_of(TABLE_TALLY), &line, &tally, NULL),
            NDF_ESCHEMA);
    }
    struct value line;
    struct content_row row;
    assert_ok(json_parse(&arena,
        STR("{\"record\":\"blob\",\"hash\":\"abc\",\"size\":1,\"codec\":0,"
            "\"body\":1}"),
        &line, NULL));
    assert_int_equal(
        line_to_record(&arena, layout_of(TABLE_BLOB), &line, &row, NULL),
        NDF_ESCHEMA);
    arena_deinit(&arena);
}

static int there_and_back(const struct mem *mem, void *ud)
{
    struct store_source source = source_with(*(const struct str *)ud), again;
    struct arena arena;
    struct value line;
    arena_init(&arena, mem);
    int err =
        line_of_record(&arena, layout_of(TABLE_SOURCE), &source, &line, NULL);
    if (err == NDF_OK)
        err = line_to_record(
            &arena, layout_of(TABLE_SOURCE), &line, &again, NULL);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct str forms[] = {STR("{\"a\":1}"), STR("text"), STR("\xff\xfe")};
    for (size_t i = 0; i < 3; i++)
        test_each_allocation_fails(there_and_back, &forms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_take_the_most_readable_form_and_come_back),
        cmocka_unit_test(a_line_that_lies_is_refused),
        cmocka_unit_test(wrong_numbers_and_hashes_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
