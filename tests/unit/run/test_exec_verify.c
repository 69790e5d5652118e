/*
 * test_exec_verify.c - a step's verifier: what it is given, what its word does,
 * and what becomes of it when something dies.
 */
#include <string.h>

#include "exec_world.h"
#include "support/parse.h"

#define UNDO "\"undo\": {\"run\": [\"back\"]}"

static void a_verified_step_is_proved(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", \"verify\": \"judge\", \"with\": {\"n\": 1}}, "
        "{\"name\": \"b\"}]",
        NULL);
    assert_string_equal(w.trace.at, "a ?a b");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.outcome, OUTCOME_SUCCESS);
    assert_string_equal(w.end.evidence.at, "verify");
    assert_int_equal(w.end.steps_done, 2);
    assert_int_equal(world_count(&w, "verify_result", "a"), 1);
    world_deinit(&w);
}

static void a_verifier_sees_the_output(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"verify\": \"judge\", \"timeout\": 9, \"with\": "
        "{\"n\": 1}}]",
        NULL);
    assert_ok(world_live(&w, NULL));
    while (world_verifies(&w, "a") == 0) {
        world_happen(&w, 0);
    }
    const struct agent_call *call = &w.last.call;
    test_contains(call->request.at, "\"verify\":true");
    test_contains(call->request.at, "\"output\":\"done\"");
    test_contains(call->request.at, "\"with\":{\"n\":1}");
    test_contains(call->request.at, "\"task\":\"do it\"");
    assert_str(call->agent, "judge");
    assert_str(call->key, "run-1/a#verify.1");
    assert_str(call->file, "v1.1");
    assert_int_equal(call->timeout_ms, 9000);
    world_run(&w);
    world_deinit(&w);
}

static void a_refused_work_is_done_again(void **state)
{
    (void)state;
    static const struct script verifiers[] = {{"a", "fxo", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"verify\": \"judge\", \"retry\": {\"attempts\": "
        "3, \"backoff\": 0, \"on\": [\"expect\"]}}]",
        NULL);
    w.verifiers = verifiers;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a ?a a/2 ?a/2 a/3 ?a/3");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static void a_refused_work_fails_the_step(void **state)
{
    (void)state;
    static const struct {
        const char *does, *why, *evidence;
    } table[] = {
        {"f", "does not accept it (status 1): done", "verify"},
        {"x", "does not accept it: last words", "verify"},
        {"t", "verifier 'judge' did not end within its timeout", "timeout"},
        {"s", "verifier 'judge' could not be started", "start"},
        {"c", "printed more than it may", "failure"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct script verifiers[] = {{"b", table[i].does, NULL}, {0}};
        static const struct script scripts[] = {{"b", "p", NULL}, {0}};
        struct world w;
        world_init(&w, &mem_libc,
            "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
            ", \"undo_on_failure\": true, \"writes\": [\"stage\"], "
            "\"verify\": \"judge\"}]",
            scripts);
        w.verifiers = verifiers;
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_string_equal(w.trace.at, "a b ?b ~b ~a");
        assert_int_equal(w.end.state, NDF_RUN_FAILED);
        test_contains(w.end.error.at, table[i].why);
        assert_string_equal(w.end.evidence.at, table[i].evidence);
        struct exec_look look;
        assert_ok(executor_look(w.x, &look));
        const struct value *stage =
            value_path(look.context, STR("attributes.stage"));
        assert_str(stage->string, "new");
        world_deinit(&w);
    }
}

static void a_patch_counts_when_it_is_verified(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        static const struct script scripts[] = {{"a", "p", NULL}, {0}};
        struct world w;
        world_init(&w, &mem_libc,
            i == 0 ? "[{\"name\": \"a\", \"writes\": [\"stage\"], \"verify\": "
                     "\"judge\"}, {\"name\": \"b\", \"if\": "
                     "\"${attributes.stage} == patched\"}]"
                   : "{\"tasks\": [{\"name\": \"a\", \"writes\": [\"stage\"], "
                     "\"verify\": \"judge\"}, {\"name\": \"b\", \"needs\": "
                     "[\"a\"], \"if\": \"${attributes.stage} == patched\"}]}",
            scripts);
        assert_ok(world_live(&w, NULL));
        while (world_verifies(&w, "a") == 0) {
            world_happen(&w, 0);
        }
        test_contains(w.last.call.request.at, "\"stage\":\"new\"");
        world_crash(&w, 0);
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_string_equal(w.trace.at, "a ?a b");
        world_deinit(&w);
    }
}

static void a_verifier_changes_nothing(void **state)
{
    (void)state;
    static const struct script verifiers[] = {{"a", "p", NULL}, {0}};
    struct world w;
    struct exec_look look;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"writes\": [\"stage\"], \"verify\": \"judge\"}]",
        NULL);
    w.verifiers = verifiers;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_ok(executor_look(w.x, &look));
    assert_str(
        value_path(look.context, STR("attributes.stage"))->string, "new");
    assert_true(w.end.preservation >= 1);
    world_deinit(&w);
}

static void a_lost_verifier_is_called_again_if_the_step_may_be(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            i == 0 ? "[{\"name\": \"a\", \"verify\": \"judge\", "
                     "\"idempotent\": true}]"
                   : "[{\"name\": \"a\", \"verify\": \"judge\"}]",
            NULL);
        assert_ok(world_live(&w, NULL));
        while (world_verifies(&w, "a") == 0) {
            world_happen(&w, 0);
        }
        world_power_loss(&w);
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_int_equal(
            w.end.state, i == 0 ? NDF_RUN_SUCCEEDED : NDF_RUN_IN_DOUBT);
        assert_string_equal(w.trace.at, i == 0 ? "a ?a ?a/2" : "a ?a");
        if (i == 1) test_contains(w.end.error.at, "the verifier of step 'a'");
        world_deinit(&w);
    }
}

static void a_cancel_between_work_and_verifier_fails_the_step(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        static const struct script verifiers[] = {{"a", "h", NULL}, {0}};
        struct world w;
        world_init(&w, &mem_libc,
            "[{\"name\": \"a\", " UNDO ", \"undo_on_failure\": true, "
            "\"verify\": \"judge\"}]",
            NULL);
        w.verifiers = verifiers;
        assert_ok(world_live(&w, NULL));
        while (world_starts(&w, "a", false) == 0) {
            world_happen(&w, 0);
        }
        while (i == 1 && world_verifies(&w, "a") == 0) {
            world_happen(&w, 0);
        }
        if (i == 0) world_happen(&w, 0); /* its end, not yet on record */
        world_cancel(&w);
        world_run(&w);
        assert_string_equal(w.trace.at, i == 0 ? "a ~a" : "a ?a ~a");
        assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
        assert_int_equal(world_count(&w, "verify_result", "a"), 1);
        world_deinit(&w);
    }
}

static void a_verifier_counts_for_the_budget(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", " UNDO ", \"undo_on_failure\": true, \"verify\": "
        "\"judge\"}]",
        NULL);
    w.plan.budget.steps = 1;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a ~a");
    assert_string_equal(w.end.evidence.at, "budget");
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verified_step_is_proved),
        cmocka_unit_test(a_verifier_sees_the_output),
        cmocka_unit_test(a_refused_work_is_done_again),
        cmocka_unit_test(a_refused_work_fails_the_step),
        cmocka_unit_test(a_patch_counts_when_it_is_verified),
        cmocka_unit_test(a_verifier_changes_nothing),
        cmocka_unit_test(a_lost_verifier_is_called_again_if_the_step_may_be),
        cmocka_unit_test(a_cancel_between_work_and_verifier_fails_the_step),
        cmocka_unit_test(a_verifier_counts_for_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
