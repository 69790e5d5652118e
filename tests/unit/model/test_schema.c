/*
 * test_schema.c - the JSON Schema has the keys of the decoders' tables, and the
 * tables those of the schema.
 */
#include "model/pattern.h"
#include "model/schema.h"
#include "model/tables.h"
#include "support/parse.h"

static struct arena arena;
static struct value schema;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    schema = test_json(&arena, schema_text());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static const struct value *definition(const char *name)
{
    const struct value *found =
        value_get(value_get(&schema, STR("$defs")), str_of(name));
    if (found == NULL) fail_msg("the schema lacks %s", name);
    return found;
}

static bool table_has(const struct codec_map *map, struct str key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_equal(str_of(map->keys[i].name), key)) return true;
    }
    return false;
}

static void every_key_is_in_both(void **state)
{
    (void)state;
    static const struct codec_map *const maps[] = {&agent_map, &pattern_map,
        &step_map, &task_map, &retry_map, &expect_map, &undo_map, &limits_map,
        &tool_map, &resources_map, &phase_map, &success_criteria_map,
        &allocation_map, &budget_map, &confidence_map};
    for (size_t m = 0; m < sizeof maps / sizeof maps[0]; m++) {
        const struct value *def = definition(maps[m]->name);
        const struct value *keys = value_get(def, STR("properties"));
        assert_non_null(keys);
        assert_false(value_get_bool(def, STR("additionalProperties"), true));
        for (size_t i = 0; i < maps[m]->count; i++) {
            struct str key = str_of(maps[m]->keys[i].name);
            if (value_get(keys, key) == NULL)
                fail_msg("the schema of %s lacks %s", maps[m]->name, key.at);
        }
        for (size_t i = 0; i < keys->object.count; i++) {
            struct str key = keys->object.members[i].key;
            if (!table_has(maps[m], key))
                fail_msg("the table of %s lacks %s", maps[m]->name, key.at);
        }
    }
}

static void every_operator_is_in_the_schema(void **state)
{
    (void)state;
    const struct value *keys =
        value_get(definition("comparison"), STR("properties"));
    assert_int_equal(keys->object.count, OP_GLOB);
    for (int op = 0; op < OP_GLOB; op++)
        assert_non_null(
            value_get(keys, str_of(predicate_op_name((enum predicate_op)op))));
}

static void every_field_of_a_condition_is_in_the_schema(void **state)
{
    (void)state;
    const struct value *keys =
        value_get(definition("condition"), STR("properties"));
    assert_int_equal(keys->object.count, 5);
    for (int field = 0; field < FIELD_ATTRIBUTE; field++)
        assert_non_null(value_get(keys, str_of(field_name((enum field)field))));
    assert_non_null(value_get(keys, STR("attributes")));
}

static void everything_is_described(void **state)
{
    (void)state;
    assert_str(value_get_str(&schema, STR("$schema")),
        "https://json-schema.org/draft/2020-12/schema");
    static const char *const titled[] = {"agent", "pattern", "step", "task",
        "phase", "retry", "expect", "undo", "condition", "comparison"};
    for (size_t i = 0; i < sizeof titled / sizeof titled[0]; i++) {
        const struct value *def = definition(titled[i]);
        assert_non_null(value_get_str(def, STR("title")).at);
        assert_non_null(value_get_str(def, STR("description")).at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_in_both),
        cmocka_unit_test(every_operator_is_in_the_schema),
        cmocka_unit_test(every_field_of_a_condition_is_in_the_schema),
        cmocka_unit_test(everything_is_described),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
