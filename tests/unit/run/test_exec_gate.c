/*
 * test_exec_gate.c - what stands before a step's work: `if` and `approval`, and
 * both with verifiers in one run.
 */
#include <string.h>

#include "exec_world.h"
#include "support/parse.h"

#define UNDO "\"undo\": {\"run\": [\"back\"]}"

/* ---- if ----------------------------------------------------------------- */

static void a_step_whose_condition_does_not_hold_is_passed_over(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\"}, {\"name\": \"b\", " UNDO
        ", \"if\": \"${steps.a.output} == nothing\"}, {\"name\": \"c\", "
        "\"if\": \"${steps.a.output} == done\", \"with\": {\"x\": "
        "\"${steps.b.output}\", \"y\": \"${steps.b.exit}\"}}]",
        NULL);
    assert_string_equal(w.trace.at, "a c");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.steps_done, 3);
    assert_int_equal(world_count(&w, "skip", "b"), 1);
    test_contains(w.last.call.request.at, "\"with\":{\"x\":null,\"y\":null}");
    world_deinit(&w);
}

static void all_steps_may_be_passed_over(void **state)
{
    (void)state;
    struct world w;
    world_play(
        &w, "[{\"name\": \"a\", \"if\": \"${attributes.urgent}\"}]", NULL);
    assert_null(w.trace.at);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.outcome, OUTCOME_UNKNOWN);
    world_deinit(&w);
}

static void a_step_that_was_passed_over_is_not_undone(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"c", "f", NULL}, {0}};
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
        ", \"undo_on_failure\": true, \"if\": \"${attributes.no}\"}, "
        "{\"name\": \"c\"}]",
        scripts);
    assert_string_equal(w.trace.at, "a c ~a");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    world_deinit(&w);
}

static void the_context_of_the_moment_is_judged(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "p", NULL}, {0}};
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", \"writes\": [\"stage\"]}, {\"name\": \"b\", "
        "\"if\": \"${attributes.stage} == patched\"}, {\"name\": \"c\", "
        "\"if\": \"${attributes.stage} == new\"}]",
        scripts);
    assert_string_equal(w.trace.at, "a b");
    world_deinit(&w);
}

static void a_condition_that_cannot_be_judged_fails_the_step(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", \"if\": "
        "\"${steps.a.output} > 3\", \"retry\": {\"attempts\": 3}}]",
        NULL);
    assert_string_equal(w.trace.at, "a ~a");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    test_contains(w.end.error.at, "no number");
    assert_string_equal(w.end.step.at, "b");
    world_deinit(&w);
}

static void tasks_that_need_a_passed_one_run(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "{\"tasks\": [{\"name\": \"a\"}, {\"name\": \"b\", \"needs\": [\"a\"], "
        "\"if\": \"${steps.a.output} == no\"}, {\"name\": \"c\", \"needs\": "
        "[\"b\"], \"with\": {\"x\": \"${steps.b.output}\"}}, {\"name\": "
        "\"d\", \"if\": \"${attributes.stage} == old\"}]}",
        NULL);
    assert_string_equal(w.trace.at, "a c");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.steps_done, 4);
    world_deinit(&w);
}

/* ---- approval ----------------------------------------------------------- */

static void happen_all(struct world *w)
{
    while (world_choices(w) > 0) {
        world_happen(w, 0);
    }
}

static void a_step_waits_until_it_is_approved(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\"}, {\"name\": \"b\", \"approval\": true}]", NULL);
    assert_ok(world_live(&w, NULL));
    happen_all(&w);
    assert_false(w.ended);
    assert_string_equal(w.trace.at, "a");
    assert_string_equal(world_asked(&w), "b");
    world_approve(&w, "a", true); /* not asked */
    world_approve(&w, "nobody", true);
    world_approve(&w, "", false);
    assert_int_equal(world_choices(&w), 0);
    world_approve(&w, "b", true);
    world_approve(&w, "b", false); /* too late */
    world_run(&w);
    assert_string_equal(w.trace.at, "a b");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(world_count(&w, "approve", "b"), 1);
    world_deinit(&w);
}

static void a_denial_undoes_and_says_why(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", \"approval\": "
        "true, " UNDO ", \"undo_on_failure\": true}]",
        NULL);
    w.answer = ANSWER_NO;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a ~a");
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    assert_string_equal(w.end.evidence.at, "denied");
    assert_string_equal(w.end.error.at, "step 'b' was denied: not today");
    world_deinit(&w);
}

static void a_whole_run_may_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            i == 0 ? "[{\"name\": \"a\"}]" : "{\"tasks\": [{\"name\": \"a\"}]}",
            NULL);
        w.plan.approval = true;
        assert_ok(world_live(&w, NULL));
        happen_all(&w);
        assert_string_equal(world_asked(&w), "");
        assert_null(w.trace.at);
        world_crash(&w, 1);
        assert_ok(world_live(&w, NULL));
        happen_all(&w);
        assert_null(w.trace.at);
        world_approve(&w, "", i == 0);
        world_run(&w);
        assert_int_equal(
            w.end.state, i == 0 ? NDF_RUN_SUCCEEDED : NDF_RUN_CANCELLED);
        if (i == 1)
            assert_string_equal(
                w.end.error.at, "the run was denied: not today");
        assert_int_equal(world_count(&w, "ask", NULL), 1);
        world_deinit(&w);
    }
}

static void nobody_is_asked_about_a_step_that_is_passed_over(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        "[{\"name\": \"a\", \"approval\": true, \"if\": "
        "\"${attributes.stage} == old\"}]",
        NULL);
    assert_int_equal(world_count(&w, "ask", NULL), 0);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static void a_cancel_ends_the_wait_for_a_person(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            i == 0 ? "[{\"name\": \"z\", " UNDO
                     "}, {\"name\": \"a\", \"approval\": true}]"
            : i == 1 ? "{\"tasks\": [{\"name\": \"z\", " UNDO
                       "}, {\"name\": \"a\", \"approval\": true}]}"
                     : "[{\"name\": \"z\", " UNDO "}]",
            NULL);
        w.plan.approval = i == 2;
        assert_ok(world_live(&w, NULL));
        happen_all(&w);
        world_cancel(&w);
        world_run(&w);
        if (i < 2) assert_string_equal(w.trace.at, "z ~z");
        if (i == 2) assert_null(w.trace.at);
        assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
        world_deinit(&w);
    }
}

static void other_tasks_go_on_while_one_waits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "{\"max_concurrent\": 1, \"tasks\": [{\"name\": \"a\", \"approval\": "
        "true}, {\"name\": \"b\", \"approval\": true}, {\"name\": \"c\"}, "
        "{\"name\": \"d\", \"needs\": [\"a\"]}]}",
        NULL);
    assert_ok(world_live(&w, NULL));
    happen_all(&w);
    assert_string_equal(w.trace.at, "c");
    assert_int_equal(world_count(&w, "ask", NULL), 2);
    world_approve(&w, "b", true);
    happen_all(&w);
    assert_string_equal(w.trace.at, "c b");
    w.answer = ANSWER_YES;
    world_run(&w);
    assert_string_equal(w.trace.at, "c b a d");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

/* Of the patterns inside a meta pattern one is denied: the run ends, and what
 * others did is taken back. */
static void patterns_inside_ask_for_themselves(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            "{\"phases\": [{\"id\": \"p\", \"plans\": [[{\"name\": \"a\", " UNDO
            "}]]}, {\"id\": \"q\", \"plans\": [{\"approval\": true, "
            "\"timeout_ms\": 50, \"steps\": [{\"name\": \"b\", "
            "\"approval\": true, " UNDO "}]}]}]}",
            NULL);
        assert_ok(world_live(&w, NULL));
        happen_all(&w);
        assert_string_equal(world_asked(&w), "q/0");
        world_crash(&w, 0);
        assert_ok(world_live(&w, NULL));
        happen_all(&w);
        assert_string_equal(w.trace.at, "p/0/a");
        world_approve(&w, "q/0", true);
        happen_all(&w);
        assert_int_equal(w.timers.count, 0);
        assert_string_equal(world_asked(&w), "q/0/b");
        world_approve(&w, "q/0/b", i == 0);
        world_run(&w);
        assert_string_equal(
            w.trace.at, i == 0 ? "p/0/a q/0/b" : "p/0/a ~p/0/a");
        assert_int_equal(
            w.end.state, i == 0 ? NDF_RUN_SUCCEEDED : NDF_RUN_CANCELLED);
        if (i == 1)
            assert_string_equal(
                w.end.error.at, "step 'q/0/b' was denied: not today");
        world_deinit(&w);
    }
}

static void a_person_takes_no_time_of_the_run(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\"}, {\"name\": \"b\", \"approval\": true}]", NULL);
    w.plan.timeout_ms = 1000;
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.timers.count, 1);
    while (world_asked(&w) == NULL) {
        world_happen(&w, 0);
    }
    assert_int_equal(w.timers.count, 0);
    world_crash(&w, 0);
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.timers.count, 0);
    world_approve(&w, "b", true);
    assert_int_equal(w.timers.count, 1);
    assert_int_equal(w.last_timer_ms, 995);
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

/* Nor of a phase's. */
static void a_person_makes_no_phase_late(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc,
        "{\"phases\": [{\"id\": \"p\", \"success_criteria\": "
        "{\"max_latency\": 1}, \"plans\": [[{\"name\": \"a\"}, "
        "{\"name\": \"b\", \"approval\": true}]]}]}",
        NULL);
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.timers.count, 1);
    happen_all(&w);
    assert_string_equal(world_asked(&w), "p/0/b");
    assert_int_equal(w.timers.count, 0);
    world_crash(&w, 0);
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.timers.count, 0);
    world_approve(&w, "p/0/b", true);
    assert_int_equal(w.timers.count, 1);
    assert_int_equal(w.last_timer_ms, 995);
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

/* ---- all of it ---------------------------------------------------------- */

#define ALL                                                                    \
    "[{\"name\": \"a\", \"verify\": \"judge\", \"writes\": [\"stage\"], " UNDO \
    ", \"retry\": {\"attempts\": 2, \"backoff\": 0}}, {\"name\": \"b\", "      \
    "\"approval\": true, \"if\": \"${attributes.stage} == patched\"}, "        \
    "{\"name\": \"c\", \"if\": \"${steps.b.output} == 'done'\", \"verify\": "  \
    "\"judge\"}, {\"name\": \"d\", \"if\": \"not ${steps.c.output}\"}]"

static const struct script all_scripts[] = {{"a", "pp", NULL}, {0}};
static const struct script all_verifiers[] = {{"a", "fo", NULL}, {0}};

static int play_all(const struct mem *mem, void *ud)
{
    struct world w;
    (void)ud;
    world_init(&w, mem, ALL, all_scripts);
    w.verifiers = all_verifiers;
    w.answer = ANSWER_YES;
    int err = world_live(&w, NULL);
    if (err == NDF_OK) {
        world_run(&w);
        err = w.last_error;
    }
    if (err == NDF_OK) assert_string_equal(w.trace.at, "a ?a a/2 ?a/2 b c ?c");
    world_deinit(&w);
    return err;
}

static void it_survives_every_failing_allocation(void **state)
{
    (void)state;
    test_each_allocation_fails(play_all, NULL);
}

static void a_crash_at_any_event_changes_nothing(void **state)
{
    (void)state;
    for (size_t written = 0; written <= 1; written++) {
        bool more = true;
        for (size_t at = 1; more; at++) {
            struct world w;
            ndf_error error = {0};
            world_init(&w, &mem_libc, ALL, all_scripts);
            w.verifiers = all_verifiers;
            w.answer = ANSWER_YES;
            assert_ok(world_live(&w, NULL));
            while (!w.ended && w.steps < at) {
                world_happen(&w, 0);
            }
            more = !w.ended;
            if (more) {
                world_crash(&w, written);
                int err = world_live(&w, &error);
                if (err != NDF_OK) fail_msg("%zu: %s", at, error.message);
                world_run(&w);
            }
            if (strcmp(w.trace.at, "a ?a a/2 ?a/2 b c ?c") != 0)
                fail_msg("dead after %zu: '%s'", at, w.trace.at);
            assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
            assert_int_equal(w.end.steps_done, 4);
            world_deinit(&w);
        }
    }
}

static void a_journal_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *body;
    } table[] = {
        {"skip", "{\"step\": \"a\", \"if\": true}"}, /* it has none */
        {"ask", "{\"step\": \"a\"}"},
        {"ask", "{}"},
        {"approve", "{\"step\": \"b\", \"approved\": true}"},
        {"approve", "{\"approved\": true}"},
        {"verify_intent", "{\"step\": \"a\", \"attempt\": 1}"},
        {"verify_intent", "{\"step\": \"b\", \"attempt\": 1}"},
        {"verify_result", "{\"step\": \"a\", \"attempt\": 1, \"ok\": true}"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            "[{\"name\": \"a\", \"verify\": \"judge\"}, {\"name\": \"b\", "
            "\"approval\": true}]",
            NULL);
        struct world_record *record = vec_push(&w.journal);
        *record = (struct world_record){
            str_of(table[i].kind), str_of(table[i].body), {NULL, 0}};
        assert_int_equal(world_live(&w, NULL), NDF_ECORRUPT);
        world_deinit(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_whose_condition_does_not_hold_is_passed_over),
        cmocka_unit_test(all_steps_may_be_passed_over),
        cmocka_unit_test(a_step_that_was_passed_over_is_not_undone),
        cmocka_unit_test(the_context_of_the_moment_is_judged),
        cmocka_unit_test(a_condition_that_cannot_be_judged_fails_the_step),
        cmocka_unit_test(tasks_that_need_a_passed_one_run),
        cmocka_unit_test(a_step_waits_until_it_is_approved),
        cmocka_unit_test(a_denial_undoes_and_says_why),
        cmocka_unit_test(a_whole_run_may_wait),
        cmocka_unit_test(nobody_is_asked_about_a_step_that_is_passed_over),
        cmocka_unit_test(a_cancel_ends_the_wait_for_a_person),
        cmocka_unit_test(other_tasks_go_on_while_one_waits),
        cmocka_unit_test(patterns_inside_ask_for_themselves),
        cmocka_unit_test(a_person_takes_no_time_of_the_run),
        cmocka_unit_test(a_person_makes_no_phase_late),
        cmocka_unit_test(it_survives_every_failing_allocation),
        cmocka_unit_test(a_crash_at_any_event_changes_nothing),
        cmocka_unit_test(a_journal_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
