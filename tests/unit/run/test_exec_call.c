/*
 * test_exec_call.c - what agents are given, and what is made of what they
 * bring back.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exec_world.h"
#include "run/exec.h"
#include "support/parse.h"

#define UNDO "\"undo\": {\"run\": [\"back\", \"${steps.a.output}\"]}"

/* The world up to the first start. */
static void first_call(struct world *w, const char *steps)
{
    ndf_error error = {0};
    world_init(w, &mem_libc, steps, NULL);
    int err = world_live(w, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    world_happen(w, 0);
}

static void a_request_says_all_that_an_agent_needs(void **state)
{
    (void)state;
    struct world w;
    first_call(&w, "[{\"name\": \"a\", \"with\": {\"n\": \"${priority}\", "
                   "\"s\": \"p=${priority}\"}}]");
    assert_string_equal(w.last.call.request.at,
        "{\"agent\":{\"name\":\"a\"},\"attempt\":1,\"context\":{"
        "\"attributes\":{\"stage\":\"new\"},\"domain\":\"web\",\"priority\":3,"
        "\"text\":\"do it\"},\"key\":\"run-1/a\",\"run\":\"run-1\",\"step\":"
        "\"a\",\"task\":\"do it\",\"with\":{\"n\":3,\"s\":\"p=3\"}}");
    assert_str(w.last.call.key, "run-1/a");
    assert_str(w.last.call.file, "s1.1");
    assert_int_equal(w.last.runtime, RUNTIME_PROCESS);
    world_deinit(&w);
}

static void argv_env_and_files_are_rendered(void **state)
{
    (void)state;
    struct world w;
    ndf_error error = {0};
    struct str argv[] = {STR("prog"), STR("${text}"), STR("$${x}")};
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"timeout\": 5, \"heartbeat\": 2, \"expect\": "
        "{\"files\": [\"${domain}.txt\"]}}]",
        NULL);
    struct agent *agent = &w.plan.root.children[0].agent;
    agent->pass_env = (struct str_list){argv, 1};
    agent->sandbox.files = 9;
    agent->run = (struct str_list){argv, 3};
    agent->env = test_json(&w.arena, "{\"D\": \"<${domain}>\"}");
    agent->body = STR("You are careful.");
    agent->output_max = 77;
    if (world_live(&w, &error) != NDF_OK) fail_msg("%s", error.message);
    world_happen(&w, 0);
    const struct agent_call *call = &w.last.call;
    assert_int_equal(call->argv.count, 3);
    assert_str(call->argv.items[1], "do it");
    assert_str(call->argv.items[2], "${x}");
    assert_str(value_get_str(&call->env, STR("D")), "<web>");
    assert_str(call->files.items[0], "web.txt");
    assert_int_equal(call->timeout_ms, 5000);
    assert_int_equal(call->silence_ms, 2000);
    assert_int_equal(call->output_max, 77);
    assert_int_equal(call->sandbox.files, 9);
    assert_str(call->pass_env.items[0], "prog");
    test_contains(call->request.at, "\"body\":\"You are careful.\"");
    world_deinit(&w);
}

static void an_undo_sees_what_its_step_did(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct world w;
    world_play(&w, "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}]", scripts);
    const struct agent_call *call = &w.last.call;
    assert_str(call->key, "run-1/a#undo");
    assert_str(call->file, "u1.1");
    assert_str(call->argv.items[1], "done");
    test_contains(call->request.at, "\"undo\":true");
    test_contains(call->request.at, "\"output\":\"done\"");
    world_deinit(&w);
}

static void an_undo_can_be_an_agent_s_work(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"undo\": {\"agent\": \"undoer\", \"with\": "
        "{\"x\": 1}, \"timeout\": 9}}, {\"name\": \"b\"}]",
        scripts);
    w.plan.root.children[0].undo_agent.name = STR("undoer");
    w.plan.root.children[0].undo_runtime = RUNTIME_CALLBACK;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_str(w.last.call.agent, "undoer");
    assert_int_equal(w.last.runtime, RUNTIME_CALLBACK);
    assert_int_equal(w.last.call.argv.count, 0);
    assert_int_equal(w.last.call.timeout_ms, 9000);
    test_contains(w.last.call.request.at, "\"with\":{\"x\":1}");
    world_deinit(&w);
}

static void a_template_that_cannot_be_rendered_fails_its_step(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", \"retry\": "
        "{\"attempts\": 5}, \"with\": {\"x\": \"${steps.a.output.no}\"}}]",
        NULL);
    assert_string_equal(w.trace.at, "a ~a");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    test_contains(w.end.error.at, "step 'b' failed");
    test_contains(w.end.error.at, "is no JSON");
    assert_int_equal(world_count(&w, "intent", "b"), 1);
    world_deinit(&w);
}

static void an_argument_that_is_too_long_says_stdin(void **state)
{
    (void)state;
    struct world w;
    struct str argv[] = {STR("prog"), STR("${text}")};
    char *large;
    world_init(&w, &mem_libc, "[{\"name\": \"a\"}]", NULL);
    large = arena_alloc(&w.arena, AGENT_ARG_MAX);
    memset(large, 'x', AGENT_ARG_MAX);
    w.context.text = (struct str){large, AGENT_ARG_MAX};
    w.plan.root.children[0].agent.run = (struct str_list){argv, 2};
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_null(w.trace.at);
    test_contains(w.end.error.at, "stdin");
    world_deinit(&w);
}

static void a_process_needs_something_to_run(void **state)
{
    (void)state;
    struct world w;
    ndf_error error = {0};
    world_init(&w, &mem_libc, "[{\"name\": \"a\"}]", NULL);
    w.plan.root.children[0].agent.run.count = 0;
    assert_int_equal(world_live(&w, &error), NDF_EREFERENCE);
    test_contains(error.message, "agent 'a' says nothing to run");
    world_deinit(&w);
}

/* ---- what comes back ---------------------------------------------------- */

/* One step whose agent brings exactly this. */
static void bring(
    struct world *w, const char *steps, struct agent_result *result)
{
    world_init(w, &mem_libc, steps, NULL);
    w->instead = result;
    if (result->error.at == NULL) result->error = STR("");
    if (result->log.at == NULL) result->log = STR("");
    assert_ok(world_live(w, NULL));
    world_run(w);
}

static void endings_are_told_in_words(void **state)
{
    (void)state;
    static const struct {
        struct agent_result result;
        const char *says;
    } cases[] = {
        {{.status = AGENT_SIGNALLED, .signal = 11}, "died of signal 11"},
        {{.status = AGENT_OUTPUT_LOST}, "could not be kept"},
        {{.status = AGENT_CANCELLED}, "was stopped"},
        {{.status = AGENT_EXITED, .exit = 3, .error = {"my words", 8}},
            "ended with status 3: my words"},
        {{.status = AGENT_EXITED, .exit = 3, .log = {"one\n two \n\n", 11}},
            "ended with status 3: two"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct agent_result result = cases[i].result;
        bring(&w, "[{\"name\": \"a\"}]", &result);
        assert_int_equal(w.end.state, NDF_RUN_FAILED);
        test_contains(w.end.error.at, cases[i].says);
        world_deinit(&w);
    }
}

static void a_patch_that_is_none_fails_the_step(void **state)
{
    (void)state;
    static const char *const patches[] = {
        "[]", "7", "{\"priority\": 99}", "{\"attributes\": 3}"};
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        struct world w;
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct agent_result result = {.output = value_of_str(STR("x")),
            .patch = test_json(&arena, patches[i])};
        bring(&w,
            "[{\"name\": \"a\", \"writes\": [\"priority\", "
            "\"attributes\"]}]",
            &result);
        if (w.end.state != NDF_RUN_FAILED) fail_msg("%s", patches[i]);
        world_deinit(&w);
        arena_deinit(&arena);
    }
}

static void cost_and_tokens_are_summed(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = {.output = value_of_str(STR("x")),
        .usage = test_json(&arena, "{\"tokens\": 5, \"cost\": 0.25}")};
    bring(&w, "[{\"name\": \"a\"}, {\"name\": \"b\"}]", &result);
    assert_int_equal(w.end.tokens, 10);
    assert_true(w.end.cost == 0.5);
    world_deinit(&w);

    result.usage = test_json(
        &arena, "{\"tokens\": 9223372036854775807, \"cost\": \"much\"}");
    bring(&w, "[{\"name\": \"a\"}, {\"name\": \"b\"}]", &result);
    assert_true(w.end.tokens == INT64_MAX);
    assert_true(isnan(w.end.cost));
    world_deinit(&w);
    arena_deinit(&arena);
}

static void a_cost_budget_is_kept(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = {.output = value_of_str(STR("x")),
        .error = STR(""),
        .log = STR(""),
        .usage = test_json(&arena, "{\"cost\": 1}")};
    world_init(&w, &mem_libc, "[{\"name\": \"a\"}, {\"name\": \"b\"}]", NULL);
    w.instead = &result;
    w.plan.budget.cost = 1;
    for (size_t i = 0; i < 2; i++) {
        w.plan.root.children[i].agent.price =
            test_json(&w.arena, "{\"tokens\": 1}");
    }
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a");
    test_contains(w.end.error.at, "budget of cost");
    world_deinit(&w);
    arena_deinit(&arena);
}

static void a_large_json_output_is_read_again_after_a_crash(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct agent_result result = {.error = STR(""), .log = STR("")};
    result.output = value_of_array();
    for (int i = 0; i < 3000; i++) {
        assert_ok(value_push(&arena, &result.output, value_of_int(i)));
    }
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\"}, {\"name\": \"b\", \"with\": {\"x\": "
        "\"${steps.a.output.2999}\"}}]",
        NULL);
    w.instead = &result;
    assert_ok(world_live(&w, NULL));
    while (world_count(&w, "result", "a") == 0) {
        world_happen(&w, 0);
    }
    world_crash(&w, 0);
    w.calls.count = 1; /* b was not started */
    w.instead = NULL;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    test_contains(w.last.call.request.at, "\"with\":{\"x\":2999}");
    world_deinit(&w);
    arena_deinit(&arena);
}

static void a_long_log_keeps_its_end(void **state)
{
    (void)state;
    static char log[3 * EXEC_LOG_MAX + 1];
    struct world w;
    for (size_t i = 0; i + 2 < sizeof log; i += 2) {
        memcpy(log + i, "\xC3\xA4", 2); /* cut in the middle of one */
    }
    struct agent_result result = {
        .output = value_of_str(STR("x")), .log = str_of(log)};
    result.log = str_from(result.log, 0);
    bring(&w, "[{\"name\": \"a\"}]", &result);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static void a_diff_makes_one_context_of_another(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *patch;
    } cases[] = {
        {"{}", "{}", "{}"},
        {"{\"a\": 1}", "{\"a\": 1, \"b\": 2}", "{\"b\":2}"},
        {"{\"a\": 1}", "{}", "{\"a\":null}"},
        {"{\"a\": {\"x\": 1, \"y\": 2}}", "{\"a\": {\"x\": 1, \"y\": 3}}",
            "{\"a\":{\"y\":3}}"},
        {"{\"a\": {\"x\": 1}}", "{\"a\": [1]}", "{\"a\":[1]}"},
        {"{\"a\": [1]}", "{\"a\": {\"x\": {}}}", "{\"a\":{\"x\":{}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        struct value patch, back;
        arena_init(&arena, &mem_libc);
        struct value a = test_json(&arena, cases[i].a);
        struct value b = test_json(&arena, cases[i].b);
        assert_ok(exec_diff(&arena, &a, &b, &patch));
        assert_string_equal(test_canonical(&arena, &patch), cases[i].patch);
        assert_ok(patch_merge(&arena, &a, &patch, &back));
        assert_true(value_equal(&back, &b));
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_says_all_that_an_agent_needs),
        cmocka_unit_test(argv_env_and_files_are_rendered),
        cmocka_unit_test(an_undo_sees_what_its_step_did),
        cmocka_unit_test(an_undo_can_be_an_agent_s_work),
        cmocka_unit_test(a_template_that_cannot_be_rendered_fails_its_step),
        cmocka_unit_test(an_argument_that_is_too_long_says_stdin),
        cmocka_unit_test(a_process_needs_something_to_run),
        cmocka_unit_test(endings_are_told_in_words),
        cmocka_unit_test(a_patch_that_is_none_fails_the_step),
        cmocka_unit_test(cost_and_tokens_are_summed),
        cmocka_unit_test(a_cost_budget_is_kept),
        cmocka_unit_test(a_large_json_output_is_read_again_after_a_crash),
        cmocka_unit_test(a_long_log_keeps_its_end),
        cmocka_unit_test(a_diff_makes_one_context_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
