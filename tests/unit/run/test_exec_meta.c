/*
 * test_exec_meta.c - phases of patterns: their order, what counts as success,
 * what is taken back, and the context that goes from one to the next.
 */
#include <string.h>

#include "base/json.h"
#include "exec_world.h"
#include "support/parse.h"

#define UNDO       ", \"undo\": {\"run\": [\"back\"]}"
#define STEP(name) "{\"name\": \"" name "\"" UNDO "}"
#define ONE(name)  "[" STEP(name) "]"
#define PHASE(id, options, plans)                                              \
    "{\"id\": \"" id "\", " options "\"plans\": [" plans "]}"
#define META(options, phases) "{" options "\"phases\": [" phases "]}"
#define PARALLEL              "\"parallel\": true, "

static void start(
    struct world *w, const char *plan, const struct script *scripts)
{
    ndf_error error = {0};
    world_init(w, &mem_libc, plan, scripts);
    if (world_live(w, &error) != NDF_OK) fail_msg("%s", error.message);
}

/* Plays it, then again with a crash and another life after every event. */
static void play(struct world *w, const char *plan,
    const struct script *scripts, int state, const char *trace)
{
    struct world again;
    world_play(w, plan, scripts);
    assert_string_equal(w->trace.at, trace);
    assert_int_equal(w->end.state, state);
    for (size_t at = 0; at < w->steps; at++) {
        start(&again, plan, scripts);
        for (size_t i = 0; i < at && !again.ended; i++) {
            world_happen(&again, 0);
        }
        if (!again.ended) {
            ndf_error error = {0};
            world_crash(&again, at % 2);
            int err = world_live(&again, &error);
            if (err != NDF_OK) fail_msg("%s", error.message);
            world_run(&again);
        }
        assert_int_equal(again.end.state, state);
        assert_int_equal(again.end.steps_done, w->end.steps_done);
        world_deinit(&again);
    }
}

static void phases_follow_one_another(void **state)
{
    (void)state;
    struct world w;
    play(&w,
        META("", PHASE("p", "", ONE("a") "," ONE("b")) "," PHASE(
                     "q", "", "{\"tasks\": [" STEP("c") "," STEP("d") "]}")),
        NULL, NDF_RUN_SUCCEEDED, "p/0/a p/1/b q/0/c q/0/d");
    assert_int_equal(w.end.steps_done, 4);
    assert_int_equal(w.end.steps_total, 4);
    assert_int_equal(world_count(&w, "pattern_begin", NULL), 3);
    assert_int_equal(world_count(&w, "pattern_end", NULL), 3);
    world_deinit(&w);
}

static void patterns_of_a_parallel_phase_run_side_by_side(void **state)
{
    (void)state;
    struct world w;
    const char *plan =
        META("", PHASE("p", PARALLEL, ONE("a") "," ONE("b") "," ONE("c")));
    start(&w, plan, NULL);
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "p/0/a p/1/b p/2/c");
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
    start(&w,
        META("",
            PHASE("p",
                PARALLEL "\"resource_allocation\": {\"max_concurrent\": 2}, ",
                ONE("a") "," ONE("b") "," ONE("c"))),
        NULL);
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "p/0/a p/1/b");
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static void what_failed_is_taken_back_as_the_strategy_says(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"q/1/d", "f", NULL}, {NULL, NULL, NULL}};
#define PLAN(strategy)                                                         \
    META("\"rollback_strategy\": \"" strategy "\", ",                          \
        PHASE("p", "", ONE("a")) "," PHASE(                                    \
            "q", "", ONE("b") ",[" STEP("c") "," STEP("d") "]"))
    struct world w;
    play(&w, PLAN("pattern"), scripts, NDF_RUN_FAILED,
        "p/0/a q/0/b q/1/c q/1/d ~q/1/c");
    assert_string_equal(w.end.error.at,
        "phase 'q' failed: pattern 'q/1' failed: step 'q/1/d' failed: agent "
        "'d' ended with status 1: last words");
    assert_string_equal(w.end.step.at, "q/1/d");
    assert_string_equal(w.end.evidence.at, "failure");
    world_deinit(&w);
    play(&w, PLAN("phase"), scripts, NDF_RUN_FAILED,
        "p/0/a q/0/b q/1/c q/1/d ~q/1/c ~q/0/b");
    assert_string_equal(w.end.step.at, "q/1/d");
    world_deinit(&w);
    play(&w, PLAN("complete"), scripts, NDF_RUN_FAILED,
        "p/0/a q/0/b q/1/c q/1/d ~q/1/c ~q/0/b ~p/0/a");
    assert_string_equal(w.end.step.at, "q/1/d");
    world_deinit(&w);
#undef PLAN
}

static void criteria_tolerate_failures(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "f", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("",
            PHASE("p", "\"success_criteria\": {\"min_success_rate\": 0.5}, ",
                ONE("a") "," ONE("b")) "," PHASE("q", "", ONE("c"))),
        scripts, NDF_RUN_SUCCEEDED, "p/0/a p/1/b q/0/c");
    world_deinit(&w);
    play(&w,
        META("", PHASE("p", "\"success_criteria\": {\"max_error_count\": 1}, ",
                     ONE("a") "," ONE("b"))),
        scripts, NDF_RUN_SUCCEEDED, "p/0/a p/1/b");
    world_deinit(&w);
    /* As soon as they cannot hold any more, nothing else begins. */
    play(&w,
        META("",
            PHASE("p", "\"success_criteria\": {\"min_success_rate\": 0.9}, ",
                ONE("a") "," ONE("b"))),
        scripts, NDF_RUN_FAILED, "p/0/a");
    world_deinit(&w);
}

static void a_failure_cancels_the_others_of_its_phase(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "f", NULL}, {"p/1/c", "h", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("",
            PHASE("p", PARALLEL, ONE("a") ",[" STEP("b") "," STEP("c") "]")),
        scripts, NDF_RUN_FAILED, "p/0/a p/1/b");
    world_deinit(&w);
}

/* What is ended for it stands before it in the phase. */
static void the_step_that_failed_is_named(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "h", NULL}, {"p/1/b", "f", NULL}, {NULL, NULL, NULL}};
    struct world w;
    start(&w, META("", PHASE("p", PARALLEL, ONE("a") "," ONE("b"))), scripts);
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.step.at, "p/1/b");
    world_deinit(&w);
}

static void triggers_end_a_phase_that_would_tolerate_it(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"p/0/a", "f", NULL},
        {"p/0/t", "t", NULL}, {"p/0/v", "v", NULL}, {NULL, NULL, NULL}};
#define PLAN(trigger, step)                                                    \
    META("", PHASE("p",                                                        \
                 "\"success_criteria\": {\"min_success_rate\": 0}, "           \
                 "\"rollback_triggers\": [\"" trigger "\"], ",                 \
                 ONE(step) "," ONE("b")))
    struct world w;
    play(&w, PLAN("error", "a"), scripts, NDF_RUN_FAILED, "p/0/a");
    world_deinit(&w);
    play(&w, PLAN("timeout", "a"), scripts, NDF_RUN_SUCCEEDED, "p/0/a p/1/b");
    world_deinit(&w);
    play(&w, PLAN("timeout", "t"), scripts, NDF_RUN_FAILED, "p/0/t");
    world_deinit(&w);
    play(&w, PLAN("violation", "v"), scripts, NDF_RUN_FAILED, "p/0/v ~p/0/v");
    world_deinit(&w);
    play(&w, PLAN("critical", "v"), scripts, NDF_RUN_SUCCEEDED, "p/0/v p/1/b");
    world_deinit(&w);
#undef PLAN
}

static void a_phase_that_lasts_too_long_is_ended(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/1/b", "h", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("", PHASE("p", "\"success_criteria\": {\"max_latency\": 60}, ",
                     ONE("a") "," ONE("b"))),
        scripts, NDF_RUN_FAILED, "p/0/a p/1/b ~p/0/a");
    assert_string_equal(w.end.evidence.at, "timeout");
    world_deinit(&w);
}

static void a_pattern_inside_has_its_own_limits(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "h", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("", PHASE("p", "\"success_criteria\": {\"min_success_rate\": 0}, ",
                     "{\"timeout_ms\": 5, \"steps\": " ONE(
                         "a") "}, "
                              "{\"budget_steps\": 1, \"steps\": [" STEP(
                                  "b") "," STEP("c") "]}") "," PHASE("q", "",
                     ONE("d"))),
        scripts, NDF_RUN_SUCCEEDED, "p/0/a p/1/b ~p/1/b q/0/d");
    world_deinit(&w);
    /* What those inside spend, the whole spends. */
    play(&w,
        META("\"budget_steps\": 2, ",
            PHASE("p", "", ONE("a")) "," PHASE("q", "", ONE("b")) "," PHASE(
                "r", "", ONE("c"))),
        NULL, NDF_RUN_FAILED, "p/0/a q/0/b ~q/0/b ~p/0/a");
    assert_string_equal(w.end.evidence.at, "budget");
    world_deinit(&w);
}

static void meta_patterns_nest(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"q/0/z/0/d", "f", NULL}, {NULL, NULL, NULL}};
#define INNER(strategy)                                                        \
    META("\"rollback_strategy\": \"" strategy "\", ",                          \
        PHASE("y", "", ONE("b") "," ONE("c")) "," PHASE("z", "", ONE("d")))
    struct world w;
    play(&w,
        META("", PHASE("p", "", ONE("a")) "," PHASE("q", "", INNER("phase"))),
        NULL, NDF_RUN_SUCCEEDED, "p/0/a q/0/y/0/b q/0/y/1/c q/0/z/0/d");
    world_deinit(&w);
    play(&w,
        META(
            "", PHASE("p", "", ONE("a")) "," PHASE("q", "", INNER("complete"))),
        scripts, NDF_RUN_FAILED,
        "p/0/a q/0/y/0/b q/0/y/1/c q/0/z/0/d ~q/0/y/1/c ~q/0/y/0/b ~p/0/a");
    assert_string_equal(w.end.step.at, "q/0/z/0/d");
    world_deinit(&w);
    /* A nested one that had succeeded is taken back whole. */
    play(&w,
        META("", PHASE("q", "", INNER("pattern")) "," PHASE("r", "", ONE("e"))),
        (const struct script[]){{"r/0/e", "f", NULL}, {NULL, NULL, NULL}},
        NDF_RUN_FAILED,
        "q/0/y/0/b q/0/y/1/c q/0/z/0/d r/0/e ~q/0/z/0/d ~q/0/y/1/c ~q/0/y/0/b");
    world_deinit(&w);
#undef INNER
}

static void a_phase_chooses_when_it_is_reached(void **state)
{
    (void)state;
    struct world w;
    play(&w,
        META("",
            PHASE("p", "", ONE("a")) ",{\"id\": \"q\", \"select\": "
                                     "[" STEP("b") "," STEP("c") "]}," PHASE(
                                         "r", "", ONE("d"))),
        NULL, NDF_RUN_SUCCEEDED, "p/0/a q/0/b q/0/c r/0/d");
    assert_int_equal(world_count(&w, "phase_select", NULL), 1);
    assert_int_equal(w.end.steps_total, 4);
    world_deinit(&w);
    play(&w,
        META("", PHASE("p", "", ONE("a")) ",{\"id\": \"q\", \"select\": null}"),
        NULL, NDF_RUN_FAILED, "p/0/a ~p/0/a");
    assert_string_equal(w.end.error.at, "phase 'q' failed: nothing fits");
    world_deinit(&w);
}

static void tasks_of_patterns_share_the_machine_and_the_allotment(void **state)
{
    (void)state;
#define TWO(cpu)                                                               \
    "{\"tasks\": [{\"name\": \"a\", \"resources\": {\"cpu\": " cpu "}}, "      \
    "{\"name\": \"b\", \"resources\": {\"cpu\": " cpu "}}]}"
    struct exec_machine machine = {.cpus = 5};
    struct world w;
    ndf_error error = {0};
    /* 0.8 x 5 cpus: four tasks of one cpu, of whatever pattern. */
    world_init(&w, &mem_libc,
        META("", PHASE("p", PARALLEL, TWO("1") "," TWO("1") "," TWO("1"))),
        NULL);
    w.machine = &machine;
    assert_ok(world_live(&w, &error));
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "p/0/a p/0/b p/1/a p/1/b");
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
    world_init(&w, &mem_libc,
        META("", PHASE("p", PARALLEL "\"resource_allocation\": {\"cpu\": 3}, ",
                     TWO("1") "," TWO("1"))),
        NULL);
    w.machine = &machine;
    assert_ok(world_live(&w, &error));
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "p/0/a p/0/b p/1/a");
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
    world_play(&w,
        META("",
            PHASE("p", "\"resource_allocation\": {\"cpu\": 3}, ", TWO("4"))),
        NULL);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_non_null(strstr(w.end.error.at, "resource_allocation"));
    world_deinit(&w);
#undef TWO
}

static void what_is_chosen_must_fit_the_run(void **state)
{
    (void)state;
    struct world w;
    ndf_error error = {0};
    world_init(&w, &mem_libc,
        "{\"phases\": [{\"id\": \"q\", \"select\": " ONE("b") "}]}", NULL);
    w.plan.budget.cost = 1;
    assert_ok(world_live(&w, &error));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_non_null(
        strstr(w.end.error.at, "the price of agent 'b' is unknown"));
    world_deinit(&w);
}

static void doubt_stops_the_run_when_others_have_ended(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "l", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("", PHASE("p", PARALLEL,
                     ONE("a") ",[" STEP("b") "," STEP("c") "]") "," PHASE("q",
                     "", ONE("d"))),
        scripts, NDF_RUN_IN_DOUBT, "p/0/a p/1/b p/1/c");
    assert_string_equal(w.end.step.at, "p/0/a");
    world_deinit(&w);
}

static void an_undo_that_fails_ends_the_run_there(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"p/0/a", "o", "f"}, {"q/0/b", "f", NULL}, {NULL, NULL, NULL}};
    struct world w;
    play(&w,
        META("", PHASE("o", "", ONE("z")) "," PHASE(
                     "p", "", ONE("a")) "," PHASE("q", "", ONE("b"))),
        scripts, NDF_RUN_UNDO_FAILED,
        "o/0/z p/0/a q/0/b ~p/0/a ~p/0/a/2 ~p/0/a/3");
    assert_string_equal(w.end.step.at, "p/0/a");
    world_deinit(&w);
}

static void a_cancel_takes_all_back(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"q/0/b", "h", NULL}, {"q/1/c", "h", NULL}, {NULL, NULL, NULL}};
    struct world w;
    start(&w,
        META("\"rollback_strategy\": \"pattern\", ",
            PHASE("p", "", ONE("a")) "," PHASE(
                "q", PARALLEL, ONE("b") "," ONE("c"))),
        scripts);
    while (world_starts(&w, "q/1/c", false) == 0) {
        world_happen(&w, 0);
    }
    world_cancel(&w);
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    assert_string_equal(w.trace.at, "p/0/a q/0/b q/1/c ~p/0/a");
    world_deinit(&w);
}

static struct value context_after(struct world *w)
{
    struct exec_look look;
    struct value copy;
    const struct exec_options options = {.mem = &mem_libc,
        .plan = &w->plan,
        .initial = &w->context,
        .run = STR("run-1"),
        .boot = STR("boot"),
        .seed = 7};
    struct executor *x;
    assert_ok(executor_new(&x, &options, NULL));
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *from = vec_get(&w->journal, i);
        struct value body = test_json(&w->arena, from->body.at);
        struct exec_record record = {
            .kind = from->kind, .body = &body, .blob = from->blob};
        assert_ok(executor_replay(x, &record, NULL));
    }
    assert_ok(executor_look(x, &look));
    assert_ok(value_copy(&w->arena, look.context, &copy));
    executor_free(x);
    return copy;
}

static const char *stage_after(struct world *w)
{
    struct value context = context_after(w);
    const struct value *attributes = value_get(&context, STR("attributes"));
    return value_get_str(attributes, STR("stage")).at;
}

static void the_context_goes_from_pattern_to_pattern(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"p/0/a", "p", NULL},
        {"p/1/f", "pf", NULL}, {"p/2/g", "f", NULL}, {NULL, NULL, NULL}};
#define WRITES(name) "[{\"name\": \"" name "\", \"writes\": [\"stage\"]}]"
    struct world w;
    world_play(&w,
        META("", PHASE("p", "", WRITES("a")) "," PHASE("q", "",
                     "[{\"name\": \"b\", \"with\": {\"s\": "
                     "\"${attributes.stage}\"}}]")),
        scripts);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_non_null(strstr(w.last.call.request.at, "\"s\":\"patched\""));
    assert_string_equal(stage_after(&w), "patched");
    world_deinit(&w);
    /* In parallel each is given the phase's; all of them are merged. */
    world_play(&w,
        META("", PHASE("p", PARALLEL, WRITES("a") "," WRITES("b")) "," PHASE(
                     "q", "", WRITES("c"))),
        scripts);
    assert_string_equal(stage_after(&w), "patched");
    world_deinit(&w);
    /* What failed hands nothing on. */
    world_play(&w,
        META("", PHASE("p", "\"success_criteria\": {\"min_success_rate\": 0}, ",
                     "[{\"name\": \"x\"}],"
                     "[{\"name\": \"f\", \"writes\": [\"stage\"]}, {\"name\": "
                     "\"n\", "
                     "\"expect\": {\"regex\": \"nothing like it\"}}]")),
        scripts);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_string_equal(stage_after(&w), "new");
    world_deinit(&w);
#undef WRITES
}

static int play_body(const struct mem *mem, void *ud)
{
    struct world w;
    world_init(&w, mem, ud, NULL);
    int err = world_live(&w, NULL);
    while (err == NDF_OK && !w.ended) {
        world_happen(&w, 0);
        err = w.last_error;
    }
    world_deinit(&w);
    return err;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    char plan[] =
        META("", PHASE("p", PARALLEL,
                     ONE("a") "," ONE(
                         "b")) ",{\"id\": \"q\", \"select\": " ONE("c") "}");
    test_each_allocation_fails(play_body, plan);
}

/* The phase's time is over while the end of the run is being written. */
static void a_latency_that_runs_out_late_changes_no_end(void **state)
{
    (void)state;
    struct world w;
    start(&w,
        META("", PHASE("p", "\"success_criteria\": {\"max_latency\": 500}, ",
                     "[{\"name\": \"a\"}]")),
        (const struct script[]){{"p/0/a", "l", NULL}, {NULL, NULL, NULL}});
    while (!w.ended) {
        const struct world_record *last =
            w.pending.count > 0 ? vec_get(&w.pending, w.pending.count - 1)
                                : NULL;
        bool late = last != NULL && str_equal(last->kind, STR("end")) &&
                    w.timers.count > 0;
        assert_true(world_choices(&w) > 0);
        world_happen(&w, late ? world_choices(&w) - 1 : 0);
    }
    assert_int_equal(w.end.state, NDF_RUN_IN_DOUBT);
    assert_int_equal(world_count(&w, "phase_stop", NULL), 0);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_follow_one_another),
        cmocka_unit_test(patterns_of_a_parallel_phase_run_side_by_side),
        cmocka_unit_test(what_failed_is_taken_back_as_the_strategy_says),
        cmocka_unit_test(criteria_tolerate_failures),
        cmocka_unit_test(a_failure_cancels_the_others_of_its_phase),
        cmocka_unit_test(the_step_that_failed_is_named),
        cmocka_unit_test(triggers_end_a_phase_that_would_tolerate_it),
        cmocka_unit_test(a_phase_that_lasts_too_long_is_ended),
        cmocka_unit_test(a_pattern_inside_has_its_own_limits),
        cmocka_unit_test(meta_patterns_nest),
        cmocka_unit_test(a_phase_chooses_when_it_is_reached),
        cmocka_unit_test(tasks_of_patterns_share_the_machine_and_the_allotment),
        cmocka_unit_test(what_is_chosen_must_fit_the_run),
        cmocka_unit_test(doubt_stops_the_run_when_others_have_ended),
        cmocka_unit_test(an_undo_that_fails_ends_the_run_there),
        cmocka_unit_test(a_cancel_takes_all_back),
        cmocka_unit_test(the_context_goes_from_pattern_to_pattern),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_latency_that_runs_out_late_changes_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
