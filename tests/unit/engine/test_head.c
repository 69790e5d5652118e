/*
 * test_head.c - the small form of a document.
 */
#include <string.h>

#include "base/json.h"
#include "base/yaml.h"
#include "decide/text.h"
#include "engine/head.h"
#include "support/support.h"

static void decode(struct arena *arena, const char *yaml, struct document *out)
{
    struct value *values;
    size_t count;
    assert_ok(yaml_parse(arena, str_of(yaml), &values, &count, NULL));
    assert_int_equal(count, 1);
    assert_ok(document_decode(arena, &values[0], out, NULL));
}

static struct head round_trip(struct arena *arena, const char *yaml)
{
    struct document document;
    decode(arena, yaml, &document);
    struct encoded encoded;
    struct buf spec, bytes;
    buf_init(&spec, &mem_libc);
    buf_init(&bytes, &mem_libc);
    assert_ok(document_encode(arena, &document, &encoded.value));
    json_write(&spec, &encoded.value);
    encoded.text = buf_str(&spec);
    assert_ok(head_encode(arena, &document, &encoded, &bytes));
    struct head head;
    assert_ok(head_decode(arena, buf_str(&bytes), document.kind, &head));
    buf_deinit(&bytes);
    buf_deinit(&spec);
    return head;
}

static void an_agent_keeps_what_a_list_shows(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct head head =
        round_trip(&arena, "agent: a\ndescription: Does things.\nrun: [./x]\n");
    assert_str(head.description, "Does things.");
    assert_true(head.runs && head.relative_program);
    assert_null(head.pattern);
    head = round_trip(&arena, "agent: a\nrun: [/bin/x]\n");
    assert_true(head.runs && !head.relative_program);
    head = round_trip(&arena, "agent: a\nrun: [x/y]\n");
    assert_true(head.relative_program);
    head = round_trip(&arena, "agent: a\ndescription: d\n");
    assert_true(!head.runs && !head.relative_program);
    arena_deinit(&arena);
}

static void a_long_description_is_cut_at_a_character(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    char yaml[1024] = "agent: a\ndescription: x";
    size_t size = strlen(yaml);
    for (int i = 0; i < 200; i++, size += 2)
        memcpy(yaml + size, "é", 3);
    struct head head = round_trip(&arena, yaml);
    assert_int_equal(head.description.size, HEAD_DESCRIPTION_MAX - 1);
    arena_deinit(&arena);
}

static void a_pattern_is_kept_whole(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct head head = round_trip(&arena,
        "pattern: p.q\ndescription: d\nonly_if: {domain: a.**}\n"
        "steps:\n  - s: {agent: x, undo: {run: [./undo]}}\n");
    assert_non_null(head.pattern);
    assert_str(head.pattern->name, "p.q");
    assert_int_equal(head.pattern->only_if_count, 1);
    assert_true(head.relative_program);
    arena_deinit(&arena);
}

static void what_the_host_keeps_is_not_in_it(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct head head = round_trip(&arena,
        "pattern: p\nask_host: true\nhost: {large: thing}\nsteps: [a]\n");
    assert_true(head.pattern->ask_host);
    assert_int_equal(head.pattern->host.kind, VALUE_NULL);
    arena_deinit(&arena);
}

static void damaged_heads_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct head head;
    const char *agents[] = {"", "r", "r.\xff"};
    for (size_t i = 0; i < sizeof agents / sizeof *agents; i++)
        assert_int_equal(
            head_decode(&arena, str_of(agents[i]), DOCUMENT_AGENT, &head),
            NDF_ECORRUPT);
    const char *patterns[] = {"", "{", "{}", "{\"agent\":\"a\"}"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        assert_int_equal(
            head_decode(&arena, str_of(patterns[i]), DOCUMENT_PATTERN, &head),
            NDF_ECORRUPT);
    arena_deinit(&arena);
}

static void features_are_made_of_all_words(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct document document;
    decode(
        &arena, "agent: a\ndescription: d\nexamples: [please do]\n", &document);
    struct buf bytes;
    buf_init(&bytes, &mem_libc);
    assert_ok(head_features(&mem_libc, &document, &bytes));
    assert_true(text_features_valid(buf_str(&bytes)));
    buf_deinit(&bytes);
    arena_deinit(&arena);
}

/* What is said of the parameters of its tools counts, too. */
static void features_are_made_of_tools(void **state)
{
    (void)state;
    static const char *const texts[] = {"agent: a\ntools: [book]\n",
        "agent: a\ntools: [{name: book}]\n",
        "agent: a\ntools: [{name: book, input_schema: {properties: {nights: "
        "{description: stay}}}}]\n"};
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct buf bytes[3];
    for (size_t i = 0; i < 3; i++) {
        struct document document;
        decode(&arena, texts[i], &document);
        buf_init(&bytes[i], &mem_libc);
        assert_ok(head_features(&mem_libc, &document, &bytes[i]));
        assert_true(text_features_valid(buf_str(&bytes[i])));
    }
    assert_true(str_equal(buf_str(&bytes[0]), buf_str(&bytes[1])));
    assert_true(bytes[2].size > bytes[0].size);
    for (size_t i = 0; i < 3; i++)
        buf_deinit(&bytes[i]);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_keeps_what_a_list_shows),
        cmocka_unit_test(a_long_description_is_cut_at_a_character),
        cmocka_unit_test(a_pattern_is_kept_whole),
        cmocka_unit_test(what_the_host_keeps_is_not_in_it),
        cmocka_unit_test(damaged_heads_are_refused),
        cmocka_unit_test(features_are_made_of_all_words),
        cmocka_unit_test(features_are_made_of_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
