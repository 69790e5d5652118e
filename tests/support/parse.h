/*
 * parse.h - values for tests: from a text that must be good, and back.
 */
#ifndef NDF_TESTS_PARSE_H
#define NDF_TESTS_PARSE_H

#include "base/json.h"
#include "base/yaml.h"
#include "support/support.h"

static inline struct value test_json(struct arena *arena, const char *text)
{
    struct value value = value_null;
    ndf_error error = {0};
    int err = json_parse(arena, str_of(text), &value, &error);
    if (err != NDF_OK) fail_msg("%s: %s", text, error.message);
    return value;
}

/* The only document of a YAML text. */
static inline struct value test_yaml(struct arena *arena, const char *text)
{
    struct value *values = NULL;
    size_t count = 0;
    ndf_error error = {0};
    int err = yaml_parse(arena, str_of(text), &values, &count, &error);
    if (err != NDF_OK) fail_msg("%s: %s", text, error.message);
    assert_int_equal(count, 1);
    return values[0];
}

/* The canonical text; lives in arena. */
static inline const char *test_canonical(
    struct arena *arena, const struct value *value)
{
    struct buf buf;
    buf_init(&buf, arena->mem);
    json_write(&buf, value);
    assert_ok(buf_error(&buf));
    struct str text = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
    assert_non_null(text.at);
    return text.at;
}

static inline void test_contains(const char *text, const char *part)
{
    struct str whole = str_of(text);
    if (str_find(whole, str_of(part)) == whole.size)
        fail_msg("'%s' does not say '%s'", text, part);
}

#endif
