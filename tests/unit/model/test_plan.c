/*
 * test_plan.c - plans as they come back from a journal.
 */
#include <string.h>

#include "model/plan.h"
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

static const char plan_text[] =
    "{\"budget\":{\"cost\":1.5,\"minutes\":2},\"context\":\"enforce\","
    "\"cwd\":\"/tmp\",\"pattern\":\"p/x.y\",\"rollback\":false,"
    "\"root\":{\"children\":["
    "{\"agent\":{\"agent\":\"a\",\"run\":[\"/bin/true\"]},\"id\":\"scan\","
    "\"step\":{\"agent\":\"src/a\",\"name\":\"scan\",\"retry\":{},"
    "\"timeout\":\"5s\",\"undo\":{\"agent\":\"u\"}},"
    "\"undo_agent\":{\"agent\":\"u\"},\"undo_runtime\":\"callback\"},"
    "{\"children\":[{\"agent\":{\"agent\":\"b\"},\"id\":\"sub/b\","
    "\"runtime\":\"callback\",\"step\":{\"agent\":\"b\",\"name\":\"b\"}}],"
    "\"id\":\"sub\"}],\"id\":\"root\"},"
    "\"timeout\":\"60s\",\"version\":\"abc\"}";

static void a_plan_survives_writing_and_reading(void **state)
{
    (void)state;
    struct value v = test_json(&arena, plan_text);
    struct plan plan;
    struct value out;
    ndf_error error = {0};
    if (plan_decode(&arena, &v, &plan, &error) != NDF_OK)
        fail_msg("%s", error.message);
    assert_str(plan.pattern, "p/x.y");
    assert_str(plan.cwd, "/tmp");
    assert_int_equal(plan.policy, POLICY_ENFORCE);
    assert_int_equal(plan.timeout_ms, 60000);
    assert_false(plan.rollback);
    assert_int_equal(plan.budget.time_ms, 120000);
    assert_int_equal(plan.root.kind, NODE_SEQUENCE);
    assert_int_equal(plan.root.child_count, 2);
    const struct plan_node *scan = &plan.root.children[0];
    assert_int_equal(scan->kind, NODE_STEP);
    assert_int_equal(scan->runtime, RUNTIME_PROCESS);
    assert_str(scan->agent.run.items[0], "/bin/true");
    assert_true(scan->step.retry_set);
    assert_int_equal(scan->step.retry.attempts, 3);
    assert_str(scan->undo_agent.name, "u");
    assert_int_equal(scan->undo_runtime, RUNTIME_CALLBACK);
    const struct plan_node *sub = &plan.root.children[1];
    assert_int_equal(sub->child_count, 1);
    assert_int_equal(sub->children[0].runtime, RUNTIME_CALLBACK);
    assert_ok(plan_encode(&arena, &plan, &out));
    struct value again = test_json(&arena, test_canonical(&arena, &out));
    assert_ok(plan_decode(&arena, &again, &plan, &error));
    assert_ok(plan_encode(&arena, &plan, &v));
    assert_string_equal(
        test_canonical(&arena, &out), test_canonical(&arena, &v));
}

static void a_plan_of_one_step_needs_no_sequence(void **state)
{
    (void)state;
    struct value v = test_json(&arena,
        "{\"pattern\":\"p\",\"cwd\":\"/\",\"root\":{\"id\":\"a\","
        "\"step\":{\"name\":\"a\"},\"agent\":{\"agent\":\"a\"}}}");
    struct plan plan;
    assert_ok(plan_decode(&arena, &v, &plan, NULL));
    assert_int_equal(plan.root.kind, NODE_STEP);
    assert_str(plan.root.step.agent, "a");
    assert_true(plan.rollback);
}

static void a_parallel_root_keeps_its_bounds_and_needs(void **state)
{
    (void)state;
    static const char text[] =
        "{\"cwd\":\"/\",\"pattern\":\"p\",\"root\":{\"children\":["
        "{\"agent\":{\"agent\":\"a\"},\"id\":\"a\",\"step\":{\"agent\":\"a\","
        "\"name\":\"a\",\"resources\":{\"cpu\":2}}},"
        "{\"agent\":{\"agent\":\"b\"},\"id\":\"b\",\"step\":{\"agent\":\"b\","
        "\"name\":\"b\",\"needs\":[\"a\"]}}],"
        "\"failure_tolerance\":0.25,\"kind\":\"parallel\","
        "\"max_concurrent\":3,\"resource_threshold\":0.5}}";
    struct value v = test_json(&arena, text);
    struct value out;
    struct plan plan;
    assert_ok(plan_decode(&arena, &v, &plan, NULL));
    assert_int_equal(plan.root.kind, NODE_PARALLEL);
    assert_int_equal(plan.root.max_concurrent, 3);
    assert_true(plan.root.resource_threshold == 0.5);
    assert_true(plan.root.failure_tolerance == 0.25);
    assert_str(plan.root.children[1].step.needs.items[0], "a");
    assert_true(plan.root.children[0].step.cpu == 2);
    assert_ok(plan_encode(&arena, &plan, &out));
    assert_true(value_equal(&v, &out));
}

static void damaged_plans_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *root, *says;
    } rows[] = {
        {"1", "expected a map"},
        {"{\"children\":[{}]}", "lacks the key 'id'"},
        {"{\"children\":[{\"id\":\"\",\"children\":[]}]}",
            "lacks the key 'id'"},
        {"{}", "either children or a step"},
        {"{\"id\":\"a\"}", "either children or a step"},
        {"{\"id\":\"a\",\"step\":{\"name\":\"a\"}}",
            "either children or a step"},
        {"{\"id\":\"a\",\"children\":{}}", "a list of nodes"},
        {"{\"id\":\"a\",\"children\":[],\"step\":{\"name\":\"a\"}}",
            "either children or a step"},
        {"{\"id\":\"a\",\"children\":[{\"id\":\"a\",\"children\":[]}]}",
            "two nodes of a plan have the id 'a'"},
        {"{\"id\":\"a\",\"childrn\":[]}", "did you mean 'children'?"},
        {"{\"id\":\"a\",\"children\":[],\"runtime\":\"magic\"}",
            "process or callback"},
        {"{\"kind\":\"magic\",\"children\":[]}", "the word parallel"},
        {"{\"id\":\"a\",\"kind\":\"parallel\",\"step\":{\"name\":\"a\"},"
         "\"agent\":{\"agent\":\"a\"}}",
            "only a root"},
        {"{\"children\":[{\"id\":\"a\",\"kind\":\"parallel\","
         "\"children\":[]}]}",
            "only a root"},
        {"{\"kind\":\"parallel\",\"children\":[{\"id\":\"a\","
         "\"children\":[]}]}",
            "is not a step"},
        {"{\"kind\":\"parallel\",\"failure_tolerance\":2,\"children\":[]}",
            "failure_tolerance"},
        {"{\"id\":\"a\",\"step\":{\"name\":\"a b\"},"
         "\"agent\":{\"agent\":\"a\"}}",
            "letters, digits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text = arena_format(&arena,
            "{\"pattern\":\"p\",\"cwd\":\"/\",\"root\":%s}", rows[i].root);
        struct value v = test_json(&arena, text.at);
        struct plan plan;
        ndf_error error = {0};
        if (plan_decode(&arena, &v, &plan, &error) != NDF_ESCHEMA)
            fail_msg("%s", rows[i].root);
        test_contains(error.message, rows[i].says);
    }
}

static int decode_depth(int depth)
{
    struct value node =
        test_json(&arena, "{\"id\":\"leaf\",\"step\":{\"name\":\"a\"},"
                          "\"agent\":{\"agent\":\"a\"}}");
    for (int i = 1; i < depth; i++) {
        struct value list = value_of_array();
        struct value outer = value_of_object();
        struct str id = arena_format(&arena, "n%d", i);
        assert_ok(value_push(&arena, &list, node));
        assert_ok(value_set(&arena, &outer, STR("id"), value_of_str(id)));
        assert_ok(value_set(&arena, &outer, STR("children"), list));
        node = outer;
    }
    struct value v = test_json(&arena, "{\"pattern\":\"p\",\"cwd\":\"/\"}");
    struct plan plan;
    struct value out;
    assert_ok(value_set(&arena, &v, STR("root"), node));
    int err = plan_decode(&arena, &v, &plan, NULL);
    if (err == NDF_OK) assert_ok(plan_encode(&arena, &plan, &out));
    return err;
}

static void plans_are_16_levels_deep_at_most(void **state)
{
    (void)state;
    assert_ok(decode_depth(PLAN_DEPTH_MAX));
    assert_int_equal(decode_depth(PLAN_DEPTH_MAX + 1), NDF_ELIMIT);
}

static void a_plan_too_big_is_not_written(void **state)
{
    (void)state;
    struct value v = test_json(&arena, plan_text);
    struct plan plan;
    struct value out;
    assert_ok(plan_decode(&arena, &v, &plan, NULL));
    size_t size = PLAN_BYTES_MAX;
    char *body = arena_alloc(&arena, size + 1);
    memset(body, 'x', size);
    plan.root.children[0].agent.body = (struct str){body, size};
    assert_int_equal(plan_encode(&arena, &plan, &out), NDF_ELIMIT);
}

static int round_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value v;
    struct value out;
    struct plan plan;
    ndf_error error = {0};
    (void)ud;
    arena_init(&own, mem);
    int err = json_parse(&own, str_of(plan_text), &v, &error);
    if (err == NDF_OK) err = plan_decode(&own, &v, &plan, &error);
    if (err == NDF_OK) err = plan_encode(&own, &plan, &out);
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
        cmocka_unit_test(a_plan_survives_writing_and_reading),
        cmocka_unit_test(a_plan_of_one_step_needs_no_sequence),
        cmocka_unit_test(a_parallel_root_keeps_its_bounds_and_needs),
        cmocka_unit_test(damaged_plans_are_refused),
        cmocka_unit_test(plans_are_16_levels_deep_at_most),
        cmocka_unit_test(a_plan_too_big_is_not_written),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
