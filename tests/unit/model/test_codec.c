/*
 * test_codec.c - maps into structs and back, by a table.
 */
#include <math.h>
#include <string.h>

#include "model/codec.h"
#include "support/parse.h"

struct inner {
    uint32_t count;
};

enum colour { RED, GREEN };

struct thing {
    struct str text;
    bool flag;
    uint32_t small;
    uint64_t big;
    int64_t whole;
    double real;
    uint64_t wait_ms;
    uint64_t bytes;
    enum colour colour;
    struct value object;
    struct value any;
    struct inner inner;
};

static const char *const colours[] = {"red", "green", NULL};

static bool no_blank(struct str text)
{
    return str_find_char(text, ' ') == text.size;
}

static const struct codec_key inner_keys[] = {
    {.name = "count",
        .type = &codec_u32,
        .max = 9,
        .offset = offsetof(struct inner, count)},
};
static const struct codec_map inner_map = {
    .name = "inner", .what = "an inner", .keys = inner_keys, .count = 1};

static const struct codec_key keys[] = {
    {.name = "text",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct thing, text),
        .min = 1,
        .max = 8,
        .valid = no_blank,
        .expected = "a short word (a string)"},
    {.name = "flag",
        .type = &codec_bool,
        .offset = offsetof(struct thing, flag)},
    {.name = "small",
        .type = &codec_u32,
        .offset = offsetof(struct thing, small)},
    {.name = "big", .type = &codec_u64, .offset = offsetof(struct thing, big)},
    {.name = "whole",
        .type = &codec_i64,
        .min = -5,
        .max = 5,
        .offset = offsetof(struct thing, whole)},
    {.name = "real",
        .type = &codec_real,
        .min = -1,
        .max = 1,
        .offset = offsetof(struct thing, real)},
    {.name = "wait",
        .type = &codec_duration,
        .offset = offsetof(struct thing, wait_ms)},
    {.name = "bytes",
        .type = &codec_bytes,
        .max = 4096,
        .offset = offsetof(struct thing, bytes)},
    {.name = "colour",
        .type = &codec_word,
        .detail = colours,
        .offset = offsetof(struct thing, colour),
        .expected = "red or green"},
    {.name = "object",
        .type = &codec_object,
        .offset = offsetof(struct thing, object)},
    {.name = "any", .type = &codec_any, .offset = offsetof(struct thing, any)},
    {.name = "inner",
        .type = &codec_struct,
        .detail = &inner_map,
        .offset = offsetof(struct thing, inner)},
};
static const struct codec_map map = {.name = "thing",
    .what = "a thing",
    .keys = keys,
    .count = sizeof keys / sizeof keys[0]};
static const struct thing usual = {.real = (double)NAN, .small = 7};

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

static int read_thing(const char *json, struct thing *out, ndf_error *error)
{
    struct value v = test_json(&arena, json);
    struct codec c = {&arena, error};
    *out = usual;
    return codec_read_map(&c, &map, &v, out);
}

static void all_types_go_both_ways(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"text\":\"t\"}",
        "{\"any\":[1],\"big\":9223372036854775807,\"bytes\":4096,"
        "\"colour\":\"green\",\"flag\":true,\"inner\":{\"count\":9},"
        "\"object\":{},\"real\":-0.5,\"small\":4294967295,\"text\":\"t\","
        "\"wait\":\"1500ms\",\"whole\":-5}",
        "{\"small\":0,\"text\":\"t\",\"wait\":\"2s\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct thing thing;
        struct value out;
        ndf_error error = {0};
        if (read_thing(texts[i], &thing, &error) != NDF_OK)
            fail_msg("%s", error.message);
        assert_ok(codec_write_map(&arena, &map, &thing, &usual, &out));
        assert_string_equal(test_canonical(&arena, &out), texts[i]);
    }
}

static void what_equals_the_default_is_left_out(void **state)
{
    (void)state;
    struct thing thing;
    struct value out;
    assert_ok(read_thing("{\"text\":\"t\",\"small\":7,\"colour\":\"red\","
                         "\"wait\":0,\"inner\":{},\"flag\":false}",
        &thing, NULL));
    assert_ok(codec_write_map(&arena, &map, &thing, &usual, &out));
    assert_string_equal(test_canonical(&arena, &out), "{\"text\":\"t\"}");
    assert_ok(codec_write_map(&arena, &map, &thing, NULL, &out));
    assert_int_equal(value_get_int(&out, STR("small"), 0), 7);
}

static void each_row_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *member, *says;
        int code;
    } rows[] = {
        {"\"text\":\"\"", "a short word", NDF_ESCHEMA},
        {"\"text\":\"a b\"", "a short word", NDF_ESCHEMA},
        {"\"text\":\"123456789\"", "9 bytes are too many, at most 8",
            NDF_ELIMIT},
        {"\"text\":1.5", "got 1.5 (put it in quotes)", NDF_ESCHEMA},
        {"\"flag\":1", "expected true or false, got 1", NDF_ESCHEMA},
        {"\"small\":4294967296", "from 0 to 4294967295", NDF_ESCHEMA},
        {"\"small\":1.0", "an integer", NDF_ESCHEMA},
        {"\"big\":-1", "an integer of at least 0", NDF_ESCHEMA},
        {"\"whole\":6", "from -5 to 5, got 6", NDF_ESCHEMA},
        {"\"real\":1.5", "a number from -1 to 1", NDF_ESCHEMA},
        {"\"real\":\"1\"", "a number from -1 to 1, got '1'", NDF_ESCHEMA},
        {"\"wait\":\"x\"", "a duration like 120s", NDF_ESCHEMA},
        {"\"bytes\":4097", "a size like 64MiB", NDF_ESCHEMA},
        {"\"colour\":\"blue\"", "red or green, got 'blue'", NDF_ESCHEMA},
        {"\"colour\":null", "red or green, got nothing", NDF_ESCHEMA},
        {"\"object\":[]", "expected a map, got a list", NDF_ESCHEMA},
        {"\"inner\":{\"count\":10}", "from 0 to 9", NDF_ESCHEMA},
        {"\"inner\":{\"counts\":1}", "in an inner, did you mean 'count'?",
            NDF_ESCHEMA},
        {"\"inner\":5", "expected a map", NDF_ESCHEMA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct thing thing;
        ndf_error error = {0};
        struct str json = arena_format(&arena, "{%s}", rows[i].member);
        int err = read_thing(json.at, &thing, &error);
        if (err != rows[i].code)
            fail_msg("%s: %d %s", json.at, err, error.message);
        test_contains(error.message, rows[i].says);
    }
}

static void a_missing_key_is_named(void **state)
{
    (void)state;
    struct thing thing;
    ndf_error error = {0};
    assert_int_equal(read_thing("{}", &thing, &error), NDF_ESCHEMA);
    assert_string_equal(error.message, "a thing lacks the key 'text'");
}

static void long_texts_are_clipped_between_characters(void **state)
{
    (void)state;
    char text[200];
    memset(text, 'x', sizeof text);
    memcpy(text + 58, "\xE2\x82\xAC", 3);
    struct str clip = codec_clip((struct str){text, sizeof text});
    assert_int_equal(clip.size, 58);
    assert_int_equal(codec_clip(STR("short")).size, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_types_go_both_ways),
        cmocka_unit_test(what_equals_the_default_is_left_out),
        cmocka_unit_test(each_row_is_checked),
        cmocka_unit_test(a_missing_key_is_named),
        cmocka_unit_test(long_texts_are_clipped_between_characters),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
