/*
 * test_context.c - what is known about a task.
 */
#include <string.h>

#include "model/context.h"
#include "support/parse.h"

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

static struct context decode(const char *json)
{
    struct value v = test_json(&arena, json);
    struct context context;
    ndf_error error = {0};
    if (context_decode(&arena, &v, &context, &error) != NDF_OK)
        fail_msg("%s: %s", json, error.message);
    return context;
}

static void a_full_context_is_read(void **state)
{
    (void)state;
    struct context c = decode("{\"domain\":\"security.web\","
                              "\"agent_type\":\"analyst\",\"priority\":2,"
                              "\"attributes\":{\"stage\":null,\"n\":1},"
                              "\"text\":\"audit it\"}");
    assert_str(c.domain, "security.web");
    assert_str(c.agent_type, "analyst");
    assert_int_equal(c.priority, 2);
    assert_int_equal(c.attributes.object.count, 2);
    assert_int_equal(value_get(&c.attributes, STR("stage"))->kind, VALUE_NULL);
    assert_str(c.text, "audit it");
}

static void every_part_may_be_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",
        "{\"domain\":null,\"agent_type\":null,\"priority\":null,"
        "\"attributes\":null,\"text\":null}"};
    for (size_t i = 0; i < 2; i++) {
        struct context c = decode(texts[i]);
        struct value out;
        assert_null(c.domain.at);
        assert_null(c.agent_type.at);
        assert_null(c.text.at);
        assert_int_equal(c.priority, 0);
        assert_int_equal(c.attributes.kind, VALUE_OBJECT);
        assert_ok(context_encode(&arena, &c, &out));
        assert_string_equal(test_canonical(&arena, &out), "{}");
    }
    assert_null(decode("{\"text\":\"\"}").text.at);
}

static void priorities_have_words(void **state)
{
    (void)state;
    static const char *const words[] = {
        "highest", "high", "medium", "low", "lowest"};
    for (int i = 0; i < 5; i++) {
        struct str json =
            arena_format(&arena, "{\"priority\":\"%s\"}", words[i]);
        assert_int_equal(decode(json.at).priority, i + 1);
    }
}

static void encoding_gives_back_what_was_read(void **state)
{
    (void)state;
    static const char text[] =
        "{\"agent_type\":\"a b\",\"attributes\":{\"a\":[1,{\"b\":null}],"
        "\"z\":1.5},\"domain\":\"x.y\",\"priority\":5,\"text\":\"t\"}";
    struct context c = decode(text);
    struct value out;
    assert_ok(context_encode(&arena, &c, &out));
    assert_string_equal(test_canonical(&arena, &out), text);
}

static void bad_contexts_are_refused_in_one_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
        int code;
    } rows[] = {
        {"[]", "expected a map", NDF_ESCHEMA},
        {"1", "expected a map", NDF_ESCHEMA},
        {"{\"domein\":\"x\"}", "did you mean 'domain'?", NDF_ESCHEMA},
        {"{\"zzz\":1}", "known are: domain, agent_type", NDF_ESCHEMA},
        {"{\"domain\":\"a..b\"}", "dotted name", NDF_ESCHEMA},
        {"{\"domain\":\"a.*\"}", "dotted name", NDF_ESCHEMA},
        {"{\"domain\":\"\"}", "dotted name", NDF_ESCHEMA},
        {"{\"domain\":5}", "got 5 (put it in quotes)", NDF_ESCHEMA},
        {"{\"agent_type\":\"\"}", "'agent_type'", NDF_ESCHEMA},
        {"{\"priority\":0}", "1 (most urgent) to 5", NDF_ESCHEMA},
        {"{\"priority\":6}", "got 6", NDF_ESCHEMA},
        {"{\"priority\":2.0}", "1 (most urgent) to 5", NDF_ESCHEMA},
        {"{\"priority\":\"urgent\"}", "got 'urgent'", NDF_ESCHEMA},
        {"{\"attributes\":[1]}", "expected a map, got a list", NDF_ESCHEMA},
        {"{\"text\":{}}", "got a map", NDF_ESCHEMA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = test_json(&arena, rows[i].json);
        struct context c;
        ndf_error error = {0};
        assert_int_equal(context_decode(&arena, &v, &c, &error), rows[i].code);
        assert_int_equal(error.line, 1);
        test_contains(error.message, rows[i].says);
        assert_null(c.text.at);
    }
}

static struct str filled(size_t size)
{
    char *text = arena_alloc(&arena, size + 1);
    memset(text, 'x', size);
    return (struct str){text, size};
}

static void sizes_are_limited(void **state)
{
    (void)state;
    struct value v = value_of_object();
    struct context c;
    ndf_error error = {0};
    assert_ok(value_set(
        &arena, &v, STR("text"), value_of_str(filled(CONTEXT_TEXT_MAX))));
    assert_ok(context_decode(&arena, &v, &c, &error));
    assert_ok(value_set(&arena, &v, STR("text"),
        value_of_str(filled((size_t)10 * 1024 * 1024))));
    assert_int_equal(context_decode(&arena, &v, &c, &error), NDF_ELIMIT);
    test_contains(error.message, "put it into a file");

    v = value_of_object();
    struct value attributes = value_of_object();
    assert_ok(value_set(&arena, &attributes, STR("big"),
        value_of_str(filled(CONTEXT_SIZE_MAX))));
    assert_ok(value_set(&arena, &v, STR("attributes"), attributes));
    assert_int_equal(context_decode(&arena, &v, &c, &error), NDF_ELIMIT);

    assert_ok(value_set(&arena, &v, STR("attributes"), value_null));
    assert_ok(value_set(
        &arena, &v, STR("domain"), value_of_str(filled(CONTEXT_NAME_MAX))));
    assert_ok(context_decode(&arena, &v, &c, &error));
    assert_ok(value_set(
        &arena, &v, STR("domain"), value_of_str(filled(CONTEXT_NAME_MAX + 1))));
    assert_int_equal(context_decode(&arena, &v, &c, &error), NDF_ELIMIT);
}

static void attributes_are_32_levels_deep_at_most(void **state)
{
    (void)state;
    for (int depth = 32; depth <= 33; depth++) {
        struct value deep = value_of_int(1);
        for (int i = 0; i < depth; i++) {
            struct value outer = value_of_object();
            assert_ok(value_set(&arena, &outer, STR("a"), deep));
            deep = outer;
        }
        struct value v = value_of_object();
        struct context c;
        assert_ok(value_set(&arena, &v, STR("attributes"), deep));
        assert_int_equal(context_decode(&arena, &v, &c, NULL),
            depth == 32 ? NDF_OK : NDF_ELIMIT);
    }
}

static int round_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value v;
    struct value out;
    struct context c;
    ndf_error error = {0};
    (void)ud;
    arena_init(&own, mem);
    int err = json_parse(&own,
        STR("{\"domain\":\"a.b\",\"priority\":\"low\","
            "\"attributes\":{\"a\":[1]},\"text\":\"t\"}"),
        &v, &error);
    if (err == NDF_OK) err = context_decode(&own, &v, &c, &error);
    if (err == NDF_OK) err = context_encode(&own, &c, &out);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(round_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_context_is_read),
        cmocka_unit_test(every_part_may_be_unknown),
        cmocka_unit_test(priorities_have_words),
        cmocka_unit_test(encoding_gives_back_what_was_read),
        cmocka_unit_test(bad_contexts_are_refused_in_one_sentence),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(attributes_are_32_levels_deep_at_most),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
