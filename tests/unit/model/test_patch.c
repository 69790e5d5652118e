/*
 * test_patch.c - what a step changed, and what of it was allowed.
 */
#include "model/patch.h"
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

static void merging_is_rfc_7396(void **state)
{
    (void)state;
    /* The table of RFC 7396, appendix A. */
    static const struct {
        const char *target, *patch, *result;
    } rows[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
            "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value target = test_json(&arena, rows[i].target);
        struct value patch = test_json(&arena, rows[i].patch);
        struct value out;
        assert_ok(patch_merge(&arena, &target, &patch, &out));
        assert_string_equal(test_canonical(&arena, &out), rows[i].result);
    }
}

static const char start[] =
    "{\"domain\":\"web\",\"agent_type\":\"dev\",\"priority\":3,"
    "\"attributes\":{\"a\":1,\"b\":{\"c\":[1,2]},\"n\":null},\"text\":\"t\"}";

static int apply(const char *patch_json, const char *writes_json,
    enum context_policy policy, struct patch_result *out, ndf_error *error)
{
    struct value before = test_json(&arena, start);
    struct value patch = test_json(&arena, patch_json);
    struct value names = test_json(&arena, writes_json);
    struct str items[8];
    struct str_list writes = {items, names.array.count};
    struct context context;
    for (size_t i = 0; i < writes.count; i++)
        items[i] = names.array.items[i].string;
    assert_ok(context_decode(&arena, &before, &context, error));
    return patch_apply(&arena, &context, &patch, &writes, policy, out, error);
}

static const char *shown(const struct context *context)
{
    struct value out;
    assert_ok(context_encode(&arena, context, &out));
    return test_canonical(&arena, &out);
}

static void undeclared_changes_are_violations(void **state)
{
    (void)state;
    static const struct {
        const char *patch, *writes;
        size_t violations;
        enum severity worst;
        const char *first;
    } rows[] = {
        {"{}", "[]", 0, SEVERITY_NONE, NULL},
        {"{\"domain\":\"web\",\"attributes\":{\"a\":1.0}}", "[]", 0,
            SEVERITY_NONE, NULL},
        {"{\"domain\":\"data\"}", "[]", 1, SEVERITY_CRITICAL, "domain"},
        {"{\"domain\":\"data\"}", "[\"domain\"]", 0, SEVERITY_NONE, NULL},
        {"{\"domain\":null}", "[]", 1, SEVERITY_CRITICAL, "domain"},
        {"{\"agent_type\":\"x\"}", "[]", 1, SEVERITY_CRITICAL, "agent_type"},
        {"{\"priority\":1}", "[]", 1, SEVERITY_MINOR, "priority"},
        {"{\"priority\":\"medium\"}", "[]", 0, SEVERITY_NONE, NULL},
        {"{\"priority\":1}", "[\"priority\"]", 0, SEVERITY_NONE, NULL},
        {"{\"text\":\"other\"}", "[\"text\"]", 1, SEVERITY_CRITICAL, "text"},
        {"{\"attributes\":{\"a\":2}}", "[]", 1, SEVERITY_MODERATE,
            "attributes.a"},
        {"{\"attributes\":{\"a\":2}}", "[\"a\"]", 0, SEVERITY_NONE, NULL},
        {"{\"attributes\":{\"a\":2}}", "[\"attributes.a\"]", 0, SEVERITY_NONE,
            NULL},
        {"{\"attributes\":{\"a\":null}}", "[]", 1, SEVERITY_MODERATE,
            "attributes.a"},
        {"{\"attributes\":{\"n\":null}}", "[]", 1, SEVERITY_MODERATE,
            "attributes.n"},
        {"{\"attributes\":{\"new\":1}}", "[]", 1, SEVERITY_MODERATE,
            "attributes.new"},
        {"{\"attributes\":{\"b\":{\"d\":1}}}", "[]", 1, SEVERITY_MODERATE,
            "attributes.b"},
        {"{\"attributes\":null}", "[]", 3, SEVERITY_MODERATE, "attributes.a"},
        {"{\"attributes\":{\"domain\":1}}", "[\"domain\"]", 1,
            SEVERITY_MODERATE, "attributes.domain"},
        {"{\"attributes\":{\"domain\":1}}", "[\"attributes.domain\"]", 0,
            SEVERITY_NONE, NULL},
        {"{\"priority\":1,\"domain\":\"x\",\"attributes\":{\"z\":1,\"a\":1}}",
            "[]", 3, SEVERITY_CRITICAL, "domain"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct patch_result result;
        ndf_error error = {0};
        assert_ok(apply(
            rows[i].patch, rows[i].writes, POLICY_RESTORE, &result, &error));
        if (result.violation_count != rows[i].violations ||
            result.worst != rows[i].worst)
            fail_msg("%s %s: %zu", rows[i].patch, rows[i].writes,
                result.violation_count);
        if (rows[i].first != NULL)
            assert_true(
                str_equal(result.violations[0].field, str_of(rows[i].first)));
    }
}

static void restore_puts_back_only_what_was_not_declared(void **state)
{
    (void)state;
    struct patch_result result;
    ndf_error error = {0};
    assert_ok(apply("{\"domain\":\"x\",\"priority\":1,\"text\":\"u\","
                    "\"attributes\":{\"a\":null,\"b\":{\"c\":null},"
                    "\"ok\":7,\"bad\":8}}",
        "[\"b\",\"ok\",\"priority\"]", POLICY_RESTORE, &result, &error));
    assert_string_equal(shown(&result.context),
        "{\"agent_type\":\"dev\",\"attributes\":{\"a\":1,\"b\":{},\"n\":null,"
        "\"ok\":7},\"domain\":\"web\",\"priority\":1,\"text\":\"t\"}");
    assert_int_equal(result.violation_count, 4);
}

static void enforce_drops_too_and_leaves_the_step_to_fail(void **state)
{
    (void)state;
    struct patch_result result;
    ndf_error error = {0};
    assert_ok(
        apply("{\"domain\":\"x\"}", "[]", POLICY_ENFORCE, &result, &error));
    assert_str(result.context.domain, "web");
    assert_int_equal(result.violation_count, 1);
}

static void record_keeps_all_but_the_text(void **state)
{
    (void)state;
    struct patch_result result;
    ndf_error error = {0};
    assert_ok(apply("{\"domain\":null,\"text\":\"u\","
                    "\"attributes\":{\"a\":null,\"new\":1}}",
        "[]", POLICY_RECORD, &result, &error));
    assert_string_equal(shown(&result.context),
        "{\"agent_type\":\"dev\",\"attributes\":{\"b\":{\"c\":[1,2]},"
        "\"n\":null,\"new\":1},\"priority\":3,\"text\":\"t\"}");
    assert_int_equal(result.violation_count, 4);
    const struct violation *gone = &result.violations[2];
    assert_str(gone->field, "attributes.a");
    assert_int_equal(gone->before->integer, 1);
    assert_null(gone->after);
    assert_null(result.violations[3].before);
}

static void a_patch_must_leave_a_context(void **state)
{
    (void)state;
    static const char *const patches[] = {"[]", "\"x\"", "null",
        "{\"domain\":\"a..b\"}", "{\"priority\":9}", "{\"unknown\":1}",
        "{\"attributes\":[1]}", "{\"attributes\":\"x\"}"};
    for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
        struct patch_result result;
        ndf_error error = {0};
        assert_int_equal(
            apply(patches[i], "[]", POLICY_RECORD, &result, &error),
            NDF_ESCHEMA);
        assert_int_equal(error.code, NDF_ESCHEMA);
        assert_true(error.message[0] != '\0');
    }
}

static void big_maps_are_merged_and_compared_in_time(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    struct value before = value_of_object();
    struct value shuffled = value_of_object();
    struct value objects[2] = {value_of_object(), value_of_object()};
    for (int side = 0; side < 2; side++) {
        struct member *members =
            arena_calloc(&arena, value_room(COUNT), sizeof *members);
        for (int i = 0; i < COUNT; i++) {
            int n = side == 0 ? i : COUNT - 1 - i;
            members[i].key = arena_format(&arena, "key%d", n);
            members[i].value = value_of_int(n);
        }
        objects[side].object.members = members;
        objects[side].object.count = COUNT;
    }
    struct value merged;
    assert_ok(patch_merge(&arena, &objects[0], &objects[1], &merged));
    assert_int_equal(merged.object.count, COUNT);

    struct value list[2] = {value_of_array(), value_of_array()};
    assert_ok(value_push(&arena, &list[0], objects[0]));
    assert_ok(value_push(&arena, &list[1], objects[1]));
    struct value attributes = value_of_object();
    assert_ok(value_set(&arena, &attributes, STR("list"), list[0]));
    assert_ok(value_set(&arena, &before, STR("attributes"), attributes));
    struct value change = value_of_object();
    assert_ok(value_set(&arena, &change, STR("list"), list[1]));
    assert_ok(value_set(&arena, &shuffled, STR("attributes"), change));
    struct context context;
    struct patch_result result;
    struct str_list none = {NULL, 0};
    assert_ok(context_decode(&arena, &before, &context, NULL));
    assert_ok(patch_apply(
        &arena, &context, &shuffled, &none, POLICY_RESTORE, &result, NULL));
    assert_int_equal(result.violation_count, 0);
}

static void severities_deduct_as_the_seed_says(void **state)
{
    (void)state;
    assert_true(severity_deduction(SEVERITY_NONE) == 0);
    assert_true(severity_deduction(SEVERITY_MINOR) == 0.05);
    assert_true(severity_deduction(SEVERITY_MODERATE) == 0.10);
    assert_true(severity_deduction(SEVERITY_CRITICAL) == 0.30);
    assert_string_equal(severity_name(SEVERITY_CRITICAL), "critical");
    assert_string_equal(severity_name(SEVERITY_NONE), "none");
}

static int apply_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct value before;
    struct value patch;
    struct context context;
    struct patch_result result;
    ndf_error error = {0};
    struct str item = STR("b");
    struct str_list writes = {&item, 1};
    (void)ud;
    arena_init(&own, mem);
    int err = json_parse(&own, str_of(start), &before, &error);
    if (err == NDF_OK)
        err = json_parse(&own,
            STR("{\"domain\":\"x\",\"attributes\":{\"b\":1,\"a\":null,"
                "\"c\":{\"d\":{}}}}"),
            &patch, &error);
    if (err == NDF_OK) err = context_decode(&own, &before, &context, &error);
    if (err == NDF_OK)
        err = patch_apply(
            &own, &context, &patch, &writes, POLICY_RESTORE, &result, &error);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(apply_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_is_rfc_7396),
        cmocka_unit_test(undeclared_changes_are_violations),
        cmocka_unit_test(restore_puts_back_only_what_was_not_declared),
        cmocka_unit_test(enforce_drops_too_and_leaves_the_step_to_fail),
        cmocka_unit_test(record_keeps_all_but_the_text),
        cmocka_unit_test(a_patch_must_leave_a_context),
        cmocka_unit_test(big_maps_are_merged_and_compared_in_time),
        cmocka_unit_test(severities_deduct_as_the_seed_says),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
