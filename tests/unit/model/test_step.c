/*
 * test_step.c - steps, tasks and their limits.
 */
#include "model/document.h"
#include "support/parse.h"

static void decode(struct arena *arena, const char *yaml, struct document *out)
{
    struct value v = test_yaml(arena, yaml);
    ndf_error error = {0};
    if (document_decode(arena, &v, out, &error) != NDF_OK)
        fail_msg("%s: %s", yaml, error.message);
}

static void a_full_step_is_read(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "pattern: p\nsteps:\n- one:\n    agent: s/w\n    with: {a: 1}\n"
        "    writes: [r]\n    timeout: 5s\n"
        "    retry: {attempts: 5, backoff: 500ms, on: [timeout]}\n"
        "    undo: {run: [git, checkout, .], timeout: 1s}\n"
        "    undo_on_failure: true\n    idempotent: true\n"
        "    expect: {exit: 0, regex: ok, files: [f], nonempty: false}\n"
        "    verify: j\n    if: x\n    approval: true\n    heartbeat: 1m\n",
        &d);
    const struct step *s = &d.pattern.steps[0];
    assert_str(s->agent, "s/w");
    assert_int_equal(value_get_int(&s->with, STR("a"), 0), 1);
    assert_str(s->writes.items[0], "r");
    assert_int_equal(s->timeout_ms, 5000);
    assert_true(s->retry_set);
    assert_int_equal(s->retry.attempts, 5);
    assert_int_equal(s->retry.backoff_ms, 500);
    assert_true(s->retry.factor == 2);
    assert_str(s->retry.on.items[0], "timeout");
    assert_true(s->undo.set);
    assert_null(s->undo.agent.at);
    assert_int_equal(s->undo.run.count, 3);
    assert_int_equal(s->undo_when, UNDO_ALSO_FAILED);
    assert_true(s->idempotent);
    assert_true(s->expect.set && s->expect.exit_set);
    assert_int_equal(s->expect.exit, 0);
    assert_str(s->expect.regex, "ok");
    assert_str(s->expect.files.items[0], "f");
    assert_false(s->expect.nonempty);
    assert_str(s->verify, "j");
    assert_str(s->condition, "x");
    assert_true(s->approval);
    assert_int_equal(s->heartbeat_ms, 60000);
    arena_deinit(&arena);
}

static void steps_are_written_with_their_names_for_plans(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    struct value written;
    struct step step;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "pattern: p\ntasks:\n- a\n- b: {agent: x, needs: [a], timeout: 1s}\n",
        &d);
    assert_ok(step_encode(&arena, &d.pattern.steps[1], &written));
    assert_string_equal(test_canonical(&arena, &written),
        "{\"agent\":\"x\",\"name\":\"b\",\"needs\":[\"a\"],"
        "\"timeout\":\"1s\"}");
    assert_ok(step_decode(&arena, &written, &step, NULL));
    assert_str(step.name, "b");
    assert_int_equal(step.timeout_ms, 1000);
    struct value nameless = test_json(&arena, "{\"agent\":\"x\"}");
    ndf_error error = {0};
    assert_int_equal(
        step_decode(&arena, &nameless, &step, &error), NDF_ESCHEMA);
    test_contains(error.message, "lacks the key 'name'");
    arena_deinit(&arena);
}

static void ten_thousand_steps_are_the_limit(void **state)
{
    (void)state;
    for (int count = 10000; count <= 10001; count++) {
        struct arena arena;
        struct document d;
        ndf_error error = {0};
        arena_init(&arena, &mem_libc);
        struct value steps = value_of_array();
        struct value v = value_of_object();
        for (int i = 0; i < count; i++) {
            struct str name = arena_format(&arena, "s%d", i);
            assert_ok(value_push(&arena, &steps, value_of_str(name)));
        }
        assert_ok(
            value_set(&arena, &v, STR("pattern"), value_of_str(STR("p"))));
        assert_ok(value_set(&arena, &v, STR("tasks"), steps));
        assert_int_equal(document_decode(&arena, &v, &d, &error),
            count == 10000 ? NDF_OK : NDF_ELIMIT);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_step_is_read),
        cmocka_unit_test(steps_are_written_with_their_names_for_plans),
        cmocka_unit_test(ten_thousand_steps_are_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
