/*
 * The words of tools.
 */
#include "model/agent.h"
#include "model/codec.h"
#include "support/parse.h"

static const char travel[] =
    "{\"agent\": \"travel\", \"tools\": [\"Read\", {\"name\": \"book\", "
    "\"description\": \"Books a room.\", \"input_schema\": {\"type\": "
    "\"object\", \"title\": \"Booking\", \"properties\": {\"nights\": "
    "{\"type\": \"integer\", \"description\": \"How long.\"}, \"guests\": "
    "{\"type\": \"array\", \"items\": {\"properties\": {\"passport\": {}}}}, "
    "\"how\": {\"anyOf\": [{\"description\": \"A card.\"}, {\"title\": 5}, "
    "7]}, \"odd\": \"text\"}, \"required\": [\"nights\"]}}]}";

static struct agent decode(struct arena *arena, const char *json)
{
    struct value value = test_json(arena, json);
    struct agent agent;
    ndf_error error = {0};
    if (agent_decode(arena, &value, &agent, &error) != NDF_OK)
        fail_msg("%s", error.message);
    return agent;
}

static void a_tool_says_its_parameters(void **state)
{
    static const char *const want[] = {"Read", "book", "Books a room.",
        "Booking", "nights", "guests", "how", "odd", "How long.", "passport",
        "A card."};
    struct arena arena;
    struct vec texts;
    (void)state;
    arena_init(&arena, &mem_libc);
    vec_init(&texts, &mem_libc, sizeof(struct str));
    struct agent agent = decode(&arena, travel);
    assert_int_equal(agent.tools.count, 2);
    for (size_t i = 0; i < agent.tools.count; i++)
        assert_ok(tool_texts(&agent.tools.items[i], &texts));
    assert_int_equal(texts.count, sizeof want / sizeof *want);
    for (size_t i = 0; i < texts.count; i++) {
        bool found = false;
        for (size_t j = 0; j < texts.count; j++)
            found = found || str_equal(*(struct str *)vec_get(&texts, j),
                                 str_of(want[i]));
        if (!found) fail_msg("%s is missing", want[i]);
    }
    vec_deinit(&texts);
    arena_deinit(&arena);
}

static void a_tool_without_more_is_written_as_its_name(void **state)
{
    struct arena arena;
    struct value out;
    (void)state;
    arena_init(&arena, &mem_libc);
    struct agent agent = decode(&arena,
        "{\"agent\": \"a\", \"tools\": [\"x\", {\"name\": \"y\"}, {\"name\": "
        "\"z\", \"description\": \"d\"}]}");
    assert_ok(agent_encode(&arena, &agent, &out));
    assert_string_equal(test_canonical(&arena, value_get(&out, STR("tools"))),
        "[\"x\",\"y\",{\"description\":\"d\",\"name\":\"z\"}]");
    arena_deinit(&arena);
}

static struct value deep(struct arena *arena, int levels)
{
    struct value value = value_of_object();
    for (int i = 1; i < levels; i++) {
        struct value outer = value_of_object();
        assert_ok(value_set(arena, &outer, STR("items"), value));
        value = outer;
    }
    return value;
}

static int decode_deep(int levels)
{
    struct arena arena;
    struct agent agent;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    struct value value = test_json(&arena, "{\"agent\": \"a\"}");
    struct value tool = test_json(&arena, "{\"name\": \"x\"}");
    struct value tools = value_of_array();
    struct value schema = deep(&arena, levels);
    assert_ok(value_set(&arena, &tool, STR("input_schema"), schema));
    assert_ok(value_push(&arena, &tools, tool));
    assert_ok(value_set(&arena, &value, STR("tools"), tools));
    int err = agent_decode(&arena, &value, &agent, &error);
    arena_deinit(&arena);
    return err;
}

static void a_schema_has_a_depth(void **state)
{
    (void)state;
    assert_int_equal(decode_deep(CODEC_DEPTH_MAX), NDF_OK);
    assert_int_equal(decode_deep(CODEC_DEPTH_MAX + 1), NDF_ELIMIT);
}

static int list_texts(const struct mem *mem, void *ud)
{
    struct vec texts;
    vec_init(&texts, mem, sizeof(struct str));
    int err = tool_texts(ud, &texts);
    vec_deinit(&texts);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, &mem_libc);
    struct agent agent = decode(&arena, travel);
    test_each_allocation_fails(list_texts, &agent.tools.items[1]);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tool_says_its_parameters),
        cmocka_unit_test(a_tool_without_more_is_written_as_its_name),
        cmocka_unit_test(a_schema_has_a_depth),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
