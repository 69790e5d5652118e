/*
 * test_exec_parallel.c - tasks side by side: their order, their room, their
 * failures, and the context of each.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "exec_world.h"
#include "support/parse.h"

#define TASKS(options, tasks) "{" options "\"tasks\": [" tasks "]}"
#define DIAMOND                                                                \
    "{\"name\": \"a\"}, {\"name\": \"b\", \"needs\": [\"a\"]}, "               \
    "{\"name\": \"c\", \"needs\": [\"a\"]}, "                                  \
    "{\"name\": \"d\", \"needs\": [\"b\", \"c\"]}"
#define THREE "{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}"

static void start(
    struct world *w, const char *plan, const struct script *scripts)
{
    ndf_error error = {0};
    world_init(w, &mem_libc, plan, scripts);
    if (world_live(w, &error) != NDF_OK) fail_msg("%s", error.message);
}

/* The n-th record of that kind and step, parsed; in w->arena. */
static struct value record(struct world *w, const char *kind, const char *step)
{
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *from = vec_get(&w->journal, i);
        if (!str_equal(from->kind, str_of(kind))) continue;
        struct value body = test_json(&w->arena, from->body.at);
        if (step == NULL) return body;
        if (str_equal(value_get_str(&body, STR("step")), str_of(step)))
            return body;
    }
    fail_msg("no record '%s' of '%s'", kind, step != NULL ? step : "");
    return value_null;
}

static void tasks_start_when_what_they_need_is_done(void **state)
{
    (void)state;
    struct world w;
    world_play(&w, TASKS("", DIAMOND), NULL);
    assert_string_equal(w.trace.at, "a b c d");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.steps_done, 4);
    world_deinit(&w);
}

static void tasks_run_side_by_side(void **state)
{
    (void)state;
    struct world w;
    start(&w, TASKS("", THREE), NULL);
    world_happen(&w, 0); /* one batch has all three intents */
    assert_string_equal(w.trace.at, "a b c");
    assert_int_equal(world_count(&w, "result", NULL), 0);
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static size_t at_work(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->calls.count; i++) {
        const struct world_call *call = vec_get(&w->calls, i);
        if (call->state == CALL_RUNS) count++;
    }
    return count;
}

static void no_more_than_max_concurrent_run_at_once(void **state)
{
    (void)state;
    struct world w;
    size_t most = 0;
    start(&w, TASKS("\"max_concurrent\": 2, ", THREE ", {\"name\": \"d\"}"),
        NULL);
    while (!w.ended) {
        world_happen(&w, 0);
        if (at_work(&w) > most) most = at_work(&w);
    }
    assert_int_equal(most, 2);
    assert_string_equal(w.trace.at, "a b c d");
    world_deinit(&w);
}

static void there_is_a_bound_without_max_concurrent(void **state)
{
    (void)state;
    struct world w;
    struct buf plan;
    buf_init(&plan, &mem_libc);
    buf_format(&plan, "{\"tasks\": [");
    for (int i = 0; i <= EXEC_TASKS_AT_ONCE_MAX; i++) {
        buf_format(&plan, "%s{\"name\": \"t%d\"}", i > 0 ? ", " : "", i);
    }
    buf_format(&plan, "]}");
    start(&w, buf_str(&plan).at, NULL);
    world_happen(&w, 0);
    assert_int_equal(at_work(&w), EXEC_TASKS_AT_ONCE_MAX);
    world_run(&w);
    assert_int_equal(w.end.steps_done, EXEC_TASKS_AT_ONCE_MAX + 1);
    buf_deinit(&plan);
    world_deinit(&w);
}

/* cpus, memory in all and free */
#define MACHINE(all_cpus, all_memory, free_memory)                             \
    {                                                                          \
        .cpus = (all_cpus), .memory = (all_memory),                            \
        .memory_free = (free_memory)                                           \
    }

#define NEEDS_ROOM                                                             \
    "{\"name\": \"a\", \"resources\": {\"cpu\": 2, \"memory\": \"40B\"}}, "    \
    "{\"name\": \"b\", \"resources\": {\"cpu\": 2, \"memory\": \"40B\"}}, "    \
    "{\"name\": \"c\", \"resources\": {\"cpu\": 0.5}}"

static void tasks_wait_for_room_in_the_machine(void **state)
{
    (void)state;
    static const struct {
        struct exec_machine machine;
        const char *first;
    } cases[] = {
        {MACHINE(8, 200, 200), "a b c"}, /* room for all */
        {MACHINE(4, 200, 200), "a"},     /* 4 of 3.2 cpus; none overtakes */
        {MACHINE(8, 90, 90), "a"},       /* 10 bytes left of 90, 18 stay free */
        {MACHINE(8, 200, 70), "a"},      /* others have taken it */
        {MACHINE(2, 40, 1), "a"},        /* more than the share, alone */
        {MACHINE(0, 0, 0), "a b c"},     /* nothing is known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct exec_machine machine = cases[i].machine;
        world_init(&w, &mem_libc, TASKS("", NEEDS_ROOM), NULL);
        w.machine = &machine;
        assert_ok(world_live(&w, NULL));
        world_happen(&w, 0);
        assert_string_equal(w.trace.at, cases[i].first);
        world_run(&w);
        assert_string_equal(w.trace.at, "a b c");
        assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
        world_deinit(&w);
    }
}

static void tasks_of_other_runs_take_room_too(void **state)
{
    (void)state;
    static const struct {
        struct exec_machine machine;
        const char *first;
    } cases[] = {
        {{.cpus = 8, .others = 1, .cpu_taken = 1}, "a b c"},
        {{.cpus = 8, .others = 1, .cpu_taken = 4}, "a"},
        {{.cpus = 8, .others = 2, .cpu_taken = 6}, ""},
        {{.memory = 200, .memory_free = 200, .others = 1, .memory_taken = 60},
            "a b c"},
        {{.memory = 200, .memory_free = 200, .others = 1, .memory_taken = 90},
            "a"},
        {{.cpus = 8, .others = 1, .behind = true}, ""},
        {{.cpus = 8, .behind = true}, ""}, /* the other will be at work */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct exec_machine machine = cases[i].machine;
        world_init(&w, &mem_libc, TASKS("", NEEDS_ROOM), NULL);
        w.machine = &machine;
        assert_ok(world_live(&w, NULL));
        struct exec_load load;
        if (cases[i].first[0] != '\0') world_happen(&w, 0);
        executor_load(w.x, &load);
        assert_string_equal(w.trace.size > 0 ? w.trace.at : "", cases[i].first);
        assert_int_equal(load.waits, strcmp(cases[i].first, "a b c") != 0);
        /* The others have ended. */
        machine.others = 0;
        machine.cpu_taken = 0;
        machine.memory_taken = 0;
        machine.behind = false;
        world_room(&w);
        world_run(&w);
        assert_string_equal(w.trace.at, "a b c");
        executor_load(w.x, &load);
        assert_int_equal(load.count, 0);
        assert_false(load.waits);
        world_deinit(&w);
    }
}

static void memory_is_looked_at_again_by_a_timer(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "h", NULL}, {0}};
    struct exec_machine machine = MACHINE(8, 200, 70);
    struct world w;
    world_init(&w, &mem_libc, TASKS("", NEEDS_ROOM), scripts);
    w.machine = &machine;
    assert_ok(world_live(&w, NULL));
    world_happen(&w, 0);
    assert_int_equal(w.timers.count, 1);
    machine.memory_free = 160;
    world_happen(&w, 0); /* the timer */
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "a b c");
    assert_int_equal(w.timers.count, 0);
    world_deinit(&w);
}

static void a_task_that_never_fits_says_so(void **state)
{
    (void)state;
    struct exec_machine machine = MACHINE(1, 30, 30);
    struct world w;
    world_init(
        &w, &mem_libc, TASKS("\"failure_tolerance\": 0.7, ", NEEDS_ROOM), NULL);
    w.machine = &machine;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "c");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    struct value body = record(&w, "result", "a");
    assert_str(value_get_str(&body, STR("error")),
        "it declares 2 cpus and this machine has 1: declare less, or run it "
        "on a larger machine");
    world_deinit(&w);
}

static void a_failure_skips_what_needs_it_and_nothing_else(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct world w;
    world_play(&w,
        TASKS("\"failure_tolerance\": 0.5, ",
            DIAMOND ", {\"name\": \"e\", \"needs\": [\"c\"]}"),
        scripts);
    assert_string_equal(w.trace.at, "a b c e");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(w.end.steps_done, 3);
    assert_int_equal(world_count(&w, "skip", NULL), 1);
    struct value body = record(&w, "skip", "d");
    assert_str(
        value_get_str(&body, STR("error")), "it needs 'b', which failed");
    assert_int_equal(world_count(&w, "undo_intent", NULL), 0);
    world_deinit(&w);
}

static void skipped_tasks_count_as_failed(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "f", NULL}, {0}};
    struct world w;
    world_play(&w,
        TASKS("\"failure_tolerance\": 0.9, ",
            "{\"name\": \"a\"}, {\"name\": \"b\", \"needs\": [\"a\"]}"),
        scripts);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.step.at, "a");
    assert_non_null(strstr(w.end.error.at, "2 of 2 tasks failed"));
    assert_non_null(strstr(w.end.error.at, "agent 'a' ended with status 1"));
    world_deinit(&w);
}

#define UNDO ", \"undo\": {\"run\": [\"back\"]}"

static void too_many_failures_stop_and_undo_the_run(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"c", "f", NULL}, {"d", "h", NULL}, {0}};
    struct world w;
    start(&w,
        TASKS("",
            "{\"name\": \"a\"" UNDO "}, {\"name\": \"b\"" UNDO "}, {\"name\": "
            "\"c\"" UNDO "}, {\"name\": \"d\"" UNDO
            ", \"undo_on_failure\": true}"),
        scripts);
    world_happen(&w, 0); /* four at work */
    world_happen(&w, 1); /* b is done first */
    world_run(&w);
    assert_string_equal(w.trace.at, "a b c d ~d ~a ~b");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.step.at, "c");
    assert_string_equal(w.end.evidence.at, "failure");
    assert_non_null(strstr(w.end.error.at, "step 'c' failed: agent 'c'"));
    struct value body = record(&w, "result", "d");
    assert_str(value_get_str(&body, STR("reason")), "cancel");
    world_deinit(&w);
}

static void a_retry_leaves_its_place_to_others(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "fu", NULL}, {0}};
    struct world w;
    world_play(&w,
        TASKS("\"max_concurrent\": 1, ",
            "{\"name\": \"a\", \"retry\": {\"attempts\": 2, \"backoff\": 5}}, "
            "{\"name\": \"b\"}"),
        scripts);
    assert_string_equal(w.trace.at, "a b a/2");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

/* Each of four writes an attribute of its own; `patches` says what. */
static void end_with_patch(struct world *w, size_t choice, const char *patch)
{
    struct agent_result result = {.status = AGENT_EXITED,
        .output = value_of_str(STR("done")),
        .patch = test_json(&w->arena, patch)};
    w->instead = &result;
    world_happen(w, choice);
    w->instead = NULL;
}

static const struct value *seen(struct world *w, struct str name)
{
    struct value request = test_json(&w->arena, w->last.call.request.at);
    const struct value *context = value_get(&request, STR("context"));
    return value_get(value_get(context, STR("attributes")), name);
}

#define WRITER(name, more)                                                     \
    "{\"name\": \"" name "\", \"writes\": [\"attributes.x\", "                 \
    "\"attributes." name "\"]" more "}"

static void a_task_sees_the_patches_of_what_it_needs_only(void **state)
{
    (void)state;
    struct exec_look look;
    struct world w;
    start(&w,
        TASKS("", WRITER("a", "") ", " WRITER("b", "") ", " WRITER(
                      "c", ", \"needs\": [\"b\"]")),
        NULL);
    world_happen(&w, 0); /* a and b at work */
    end_with_patch(
        &w, 1, "{\"attributes\": {\"x\": \"b\", \"b\": 1}}"); /* b, before a */
    world_happen(&w, 0);
    assert_string_equal(w.trace.at, "a b c");
    assert_str(seen(&w, STR("x"))->string, "b");
    end_with_patch(&w, 0, "{\"attributes\": {\"x\": \"a\", \"a\": 1}}");
    world_happen(&w, 0);
    end_with_patch(&w, 0, "{\"attributes\": {\"c\": {\"n\": 1}}}");
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    /* In declared order: what b wrote comes after what a wrote. */
    assert_ok(executor_look(w.x, &look));
    const struct value *after = value_get(look.context, STR("attributes"));
    assert_str(value_get_str(after, STR("x")), "b");
    assert_non_null(value_get(after, STR("a")));
    assert_non_null(value_get(after, STR("c")));
    assert_int_equal(look.end->preservation, 1);
    /* The last record names the context that it led to. */
    struct value end = record(&w, "end", NULL);
    assert_int_equal(value_get_str(&end, STR("snapshot")).size, 64);
    world_deinit(&w);
}

static void what_is_needed_comes_first_at_the_fan_in(void **state)
{
    (void)state;
    struct exec_look look;
    struct world w;
    start(&w,
        TASKS("", WRITER("a", ", \"needs\": [\"b\"]") ", " WRITER("b", "")),
        NULL);
    world_happen(&w, 0);
    end_with_patch(&w, 0, "{\"attributes\": {\"x\": \"b\"}}");
    world_happen(&w, 0);
    end_with_patch(&w, 0, "{\"attributes\": {\"x\": \"a\"}}");
    world_run(&w);
    assert_ok(executor_look(w.x, &look));
    const struct value *after = value_get(look.context, STR("attributes"));
    assert_str(value_get_str(after, STR("x")), "a");
    world_deinit(&w);
}

static void violations_are_judged_by_what_the_task_was_given(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"a", "p", NULL}, {"b", "v", NULL}, {"c", "v", NULL}, {0}};
    struct world w;
    world_play(&w,
        TASKS("", "{\"name\": \"a\", \"writes\": [\"stage\"]}, {\"name\": "
                  "\"b\"}, {\"name\": \"c\", \"needs\": [\"a\"]}"),
        scripts);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_true(w.end.preservation > 0.89 && w.end.preservation < 0.91);
    world_deinit(&w);
}

static void templates_name_only_what_a_task_needs(void **state)
{
    (void)state;
    static const struct {
        const char *tasks;
        const char *error; /* NULL: it can be run */
    } cases[] = {
        {"{\"name\": \"a\"}, {\"name\": \"b\", \"with\": {\"x\": "
         "\"${steps.a.output}\"}}",
            "this task does not need 'a'"},
        {DIAMOND ", {\"name\": \"e\", \"needs\": [\"d\"], \"with\": {\"x\": "
                 "\"${steps.a.output}\"}}",
            NULL},
        {"{\"name\": \"a\", \"needs\": [\"b\"], \"with\": {\"x\": "
         "\"${steps.b.output}\"}}, {\"name\": \"b\"}",
            NULL},
        {"{\"name\": \"a\", \"needs\": [\"z\"]}", "no task"},
        {"{\"name\": \"a\", \"needs\": [\"b\"]}, {\"name\": \"b\", "
         "\"needs\": [\"a\"]}",
            "circle"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        ndf_error error = {0};
        char plan[512];
        snprintf(plan, sizeof plan, "{\"tasks\": [%s]}", cases[i].tasks);
        world_init(&w, &mem_libc, plan, NULL);
        int err = world_live(&w, &error);
        if (cases[i].error != NULL) {
            assert_int_not_equal(err, NDF_OK);
            assert_non_null(strstr(error.message, cases[i].error));
        } else {
            assert_ok(err);
            world_run(&w);
            assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
        }
        world_deinit(&w);
    }
}

static void outputs_are_handed_to_those_that_need_them(void **state)
{
    (void)state;
    struct world w;
    world_play(&w,
        TASKS("", "{\"name\": \"b\", \"needs\": [\"a\"], \"with\": {\"x\": "
                  "\"${steps.a.output}\"}}, {\"name\": \"a\"}"),
        NULL);
    assert_string_equal(w.trace.at, "a b");
    struct value request = test_json(&w.arena, w.last.call.request.at);
    const struct value *with = value_get(&request, STR("with"));
    assert_str(value_get_str(with, STR("x")), "done");
    world_deinit(&w);
}

static void a_doubtful_task_lets_the_others_end(void **state)
{
    (void)state;
    struct world w;
    start(&w,
        TASKS("\"max_concurrent\": 2, ",
            "{\"name\": \"a\"}, {\"name\": \"b\", \"idempotent\": true}, "
            "{\"name\": \"c\"}"),
        NULL);
    world_happen(&w, 0);
    world_power_loss(&w);
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a b");
    assert_int_equal(w.end.state, NDF_RUN_IN_DOUBT);
    assert_string_equal(w.end.step.at, "a");
    assert_int_equal(world_count(&w, "result", "b"), 1);
    world_deinit(&w);
}

/* Each call took 5 ms; those side by side took them once. */
static void time_is_not_counted_twice_after_a_crash(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"d", "h", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc, TASKS("", DIAMOND), scripts);
    w.plan.timeout_ms = 1000;
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.last_timer_ms, 1000);
    while (world_starts(&w, "d", false) == 0) {
        world_happen(&w, 0);
    }
    world_crash(&w, 0);
    assert_ok(world_live(&w, NULL));
    assert_int_equal(w.last_timer_ms, 990);
    world_deinit(&w);
}

static void a_record_out_of_place_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *body;
    } cases[] = {
        {"intent", "{\"step\": \"b\", \"attempt\": 1}"}, /* a is not done */
        {"skip", "{\"step\": \"b\"}"},                   /* a did not fail */
        {"skip", "{\"step\": \"a\"}"},
        {"skip", "{\"step\": \"z\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        ndf_error error = {0};
        start(&w, TASKS("", DIAMOND), NULL);
        struct value body = test_json(&w.arena, cases[i].body);
        struct exec_record out = {.kind = str_of(cases[i].kind), .body = &body};
        assert_int_equal(executor_replay(w.x, &out, &error), NDF_ECORRUPT);
        world_deinit(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_start_when_what_they_need_is_done),
        cmocka_unit_test(tasks_run_side_by_side),
        cmocka_unit_test(no_more_than_max_concurrent_run_at_once),
        cmocka_unit_test(there_is_a_bound_without_max_concurrent),
        cmocka_unit_test(tasks_wait_for_room_in_the_machine),
        cmocka_unit_test(tasks_of_other_runs_take_room_too),
        cmocka_unit_test(memory_is_looked_at_again_by_a_timer),
        cmocka_unit_test(a_task_that_never_fits_says_so),
        cmocka_unit_test(a_failure_skips_what_needs_it_and_nothing_else),
        cmocka_unit_test(skipped_tasks_count_as_failed),
        cmocka_unit_test(too_many_failures_stop_and_undo_the_run),
        cmocka_unit_test(a_retry_leaves_its_place_to_others),
        cmocka_unit_test(a_task_sees_the_patches_of_what_it_needs_only),
        cmocka_unit_test(what_is_needed_comes_first_at_the_fan_in),
        cmocka_unit_test(violations_are_judged_by_what_the_task_was_given),
        cmocka_unit_test(templates_name_only_what_a_task_needs),
        cmocka_unit_test(outputs_are_handed_to_those_that_need_them),
        cmocka_unit_test(a_doubtful_task_lets_the_others_end),
        cmocka_unit_test(time_is_not_counted_twice_after_a_crash),
        cmocka_unit_test(a_record_out_of_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
