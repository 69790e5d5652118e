/*
 * test_executor.c - every way a run can go, in a world without time.
 */
#include <math.h>
#include <string.h>

#include "exec_world.h"
#include "support/parse.h"

#define THREE "[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}]"
#define UNDO  "\"undo\": {\"run\": [\"back\"]}"

struct play {
    const char *what;
    const char *steps;
    struct script scripts[4];
    const char *trace; /* starts in order; ~ is an undo */
    enum ndf_run_state state;
    enum outcome_result outcome;
    const char *evidence;
    const char *error; /* part of it */
};

static const struct play plays[] = {
    {"steps run one after another", THREE, {{0}}, "a b c", NDF_RUN_SUCCEEDED,
        OUTCOME_UNKNOWN, "", ""},
    {"a step's expectation proves success",
        "[{\"name\": \"a\", \"expect\": {\"exit\": 0}}]", {{0}}, "a",
        NDF_RUN_SUCCEEDED, OUTCOME_SUCCESS, "expect", ""},
    {"to allow silence proves nothing",
        "[{\"name\": \"a\", \"expect\": {\"nonempty\": false}}]",
        {{"a", "e", NULL}}, "a", NDF_RUN_SUCCEEDED, OUTCOME_UNKNOWN, "", ""},
    {"a failed step ends the run", THREE, {{"b", "f", NULL}}, "a b",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "failure",
        "step 'b' failed: agent 'b' ended with status 1: last words"},
    {"an empty output is a failure", THREE, {{"a", "e", NULL}}, "a",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "failure", "printed nothing"},
    {"a missed expectation is a failure",
        "[{\"name\": \"a\", \"expect\": {\"regex\": \"^ok\"}}]", {{0}}, "a",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "expect", "does not match"},
    {"another exit status can be expected",
        "[{\"name\": \"a\", \"expect\": {\"exit\": 1}}]", {{"a", "f", NULL}},
        "a", NDF_RUN_SUCCEEDED, OUTCOME_SUCCESS, "expect", ""},
    {"a timeout is told apart", THREE, {{"c", "t", NULL}}, "a b c",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "timeout", "within its timeout"},
    {"silence is a timeout", THREE, {{"c", "q", NULL}}, "a b c", NDF_RUN_FAILED,
        OUTCOME_FAILURE, "timeout", "no sign of life"},
    {"so is too much output", THREE, {{"a", "c", NULL}}, "a", NDF_RUN_FAILED,
        OUTCOME_FAILURE, "failure", "printed more than it may"},
    {"so is an agent that cannot start", THREE, {{"a", "s", NULL}}, "a",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "start", "could not be started"},
    {"a step is tried again",
        "[{\"name\": \"a\", \"retry\": {\"attempts\": 3}}, {\"name\": \"b\"}]",
        {{"a", "fto", NULL}}, "a a/2 a/3 b", NDF_RUN_SUCCEEDED, OUTCOME_UNKNOWN,
        "", ""},
    {"but not for ever", "[{\"name\": \"a\", \"retry\": {\"attempts\": 2}}]",
        {{"a", "f", NULL}}, "a a/2", NDF_RUN_FAILED, OUTCOME_FAILURE, "failure",
        "step 'a'"},
    {"and only for what retry.on says",
        "[{\"name\": \"a\", \"retry\": {\"attempts\": 3, \"on\": "
        "[\"timeout\"]}}]",
        {{"a", "tf", NULL}}, "a a/2", NDF_RUN_FAILED, OUTCOME_FAILURE,
        "failure", ""},
    {"completed steps are undone in reverse",
        "[{\"name\": \"a\", " UNDO
        "}, {\"name\": \"b\"}, {\"name\": \"c\", " UNDO
        "}, {\"name\": \"d\", " UNDO "}]",
        {{"d", "f", NULL}}, "a b c d ~c ~a", NDF_RUN_FAILED, OUTCOME_FAILURE,
        "failure", "step 'd'"},
    {"a failed step is undone when it asks for it",
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
        ", \"undo_on_failure\": true}]",
        {{"b", "f", NULL}}, "a b ~b ~a", NDF_RUN_FAILED, OUTCOME_FAILURE,
        "failure", ""},
    {"but not when it never ran",
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
        ", \"undo_on_failure\": true}]",
        {{"b", "s", NULL}}, "a b ~a", NDF_RUN_FAILED, OUTCOME_FAILURE, "start",
        ""},
    {"an undo is tried again",
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}]",
        {{"a", "o", "ffo"}, {"b", "f", NULL}}, "a b ~a ~a/2 ~a/3",
        NDF_RUN_FAILED, OUTCOME_FAILURE, "failure", "step 'b'"},
    {"an undo that keeps failing stops there",
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
        "}, {\"name\": \"c\"}]",
        {{"b", "o", "f"}, {"c", "f", NULL}}, "a b c ~b ~b/2 ~b/3",
        NDF_RUN_UNDO_FAILED, OUTCOME_FAILURE, "failure",
        "undo of step 'b' keeps failing"},
    {"a lost call is in doubt", THREE, {{"b", "l", NULL}}, "a b",
        NDF_RUN_IN_DOUBT, OUTCOME_UNKNOWN, "", "step 'b' is in doubt"},
    {"unless the step is idempotent",
        "[{\"name\": \"a\", \"idempotent\": true, \"retry\": {\"attempts\": "
        "2}}]",
        {{"a", "lo", NULL}}, "a a/2", NDF_RUN_SUCCEEDED, OUTCOME_UNKNOWN, "",
        ""},
    {"a lost undo is in doubt too",
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}]",
        {{"a", "o", "l"}, {"b", "f", NULL}}, "a b ~a", NDF_RUN_IN_DOUBT,
        OUTCOME_UNKNOWN, "", "the undo of step 'a' is in doubt"},
};

static void a_run_goes_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        const struct play *play = &plays[i];
        struct world w;
        world_play(&w, play->steps, play->scripts);
        if (strcmp(w.trace.at, play->trace) != 0 ||
            w.end.state != play->state || w.end.outcome != play->outcome ||
            strcmp(w.end.evidence.at, play->evidence) != 0 ||
            str_find(w.end.error, str_of(play->error)) ==
                w.end.error.size + (play->error[0] == '\0')) {
            fail_msg("%s: '%s' state %d outcome %d '%s' '%s'", play->what,
                w.trace.at, (int)w.end.state, (int)w.end.outcome,
                w.end.evidence.at, w.end.error.at);
        }
        world_deinit(&w);
    }
}

static void an_agent_that_is_always_lost_is_not_called_for_ever(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "l", NULL}, {0}};
    struct world w;
    world_play(&w, "[{\"name\": \"a\", \"idempotent\": true}]", scripts);
    assert_string_equal(w.trace.at, "a");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    test_contains(w.end.error.at, "lost its agent");
    world_deinit(&w);
}

static void rollback_can_be_switched_off(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}]", scripts);
    w.plan.rollback = false;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a b");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    world_deinit(&w);
}

static void sequences_hold_sequences(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc, THREE, NULL);
    struct plan_node inner = {.kind = NODE_SEQUENCE,
        .id = STR("inner"),
        .children = &w.plan.root.children[1],
        .child_count = 2};
    struct plan_node outer[] = {w.plan.root.children[0], inner};
    w.plan.root.children = outer;
    w.plan.root.child_count = 2;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a b c");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

/* ---- context ------------------------------------------------------------ */

static void patches_go_by_the_policy(void **state)
{
    (void)state;
    static const struct {
        enum context_policy policy;
        const char *does;
        enum ndf_run_state state;
        double preservation;
    } cases[] = {
        {POLICY_RESTORE, "p", NDF_RUN_SUCCEEDED, 1},
        {POLICY_RESTORE, "v", NDF_RUN_SUCCEEDED, 0.95},
        {POLICY_RECORD, "v", NDF_RUN_SUCCEEDED, 0.95},
        {POLICY_ENFORCE, "v", NDF_RUN_FAILED, 0.95},
        {POLICY_ENFORCE, "p", NDF_RUN_SUCCEEDED, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script scripts[] = {{"a", cases[i].does, NULL}, {0}};
        struct world w;
        world_init(&w, &mem_libc,
            "[{\"name\": \"a\", \"writes\": [\"stage\"]}]", scripts);
        w.plan.policy = cases[i].policy;
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_int_equal(w.end.state, cases[i].state);
        assert_true(fabs(w.end.preservation - cases[i].preservation) < 1e-9);
        world_deinit(&w);
    }
}

/* The body of the last record of a kind. */
static struct value last_record(
    struct world *w, struct arena *arena, const char *kind)
{
    for (size_t i = w->journal.count; i > 0; i--) {
        const struct world_record *record = vec_get(&w->journal, i - 1);
        if (!str_equal(record->kind, str_of(kind))) continue;
        return test_json(arena, record->body.at);
    }
    fail_msg("no record '%s'", kind);
    return value_null;
}

static void a_result_keeps_what_a_replay_needs(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "p", NULL}, {0}};
    struct arena arena;
    struct world w;
    world_play(&w, "[{\"name\": \"a\", \"writes\": [\"stage\"]}]", scripts);
    arena_init(&arena, &mem_libc);
    struct value body = last_record(&w, &arena, "result");
    assert_str(value_get_str(&body, STR("status")), "exited");
    assert_true(value_get_bool(&body, STR("ok"), false));
    assert_int_equal(value_get_int(&body, STR("latency_ms"), 0), 5);
    assert_str(value_get_str(&body, STR("output")), "done");
    const struct value *patch = value_get(&body, STR("patch"));
    assert_string_equal(test_canonical(&arena, patch),
        "{\"attributes\":{\"stage\":\"patched\"}}");
    assert_int_equal(value_get_str(&body, STR("snapshot")).size, 64);
    body = last_record(&w, &arena, "end");
    assert_str(value_get_str(&body, STR("state")), "succeeded");
    body = last_record(&w, &arena, "intent");
    assert_str(value_get_str(&body, STR("key")), "run-1/a");
    assert_str(value_get_str(&body, STR("boot")), "boot");
    arena_deinit(&arena);
    world_deinit(&w);
}

static void a_large_output_goes_beside_the_record_and_is_read_again(
    void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"a", "b", NULL}, {"b", "h", NULL}, {0}};
    struct arena arena;
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\"}, {\"name\": \"b\", \"with\": {\"x\": "
        "\"${steps.a.output}\"}}]",
        scripts);
    assert_ok(world_live(&w, NULL));
    while (world_choices(&w) > 0) {
        world_happen(&w, 0);
    }
    arena_init(&arena, &mem_libc);
    struct value body = last_record(&w, &arena, "result");
    assert_int_equal(executor_record_blob(&body).size, 64);
    assert_null(value_get(&body, STR("output")));
    struct value intent = last_record(&w, &arena, "intent");
    world_crash(&w, 0);
    ((struct world_call *)vec_get(&w.calls, 1))->does = 'o';
    ((struct world_call *)vec_get(&w.calls, 1))->state = CALL_NEVER;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    assert_int_equal(value_get_str(&intent, STR("request")).size, 64);
    arena_deinit(&arena);
    world_deinit(&w);
}

/* ---- stopping ----------------------------------------------------------- */

static void a_cancel_stops_the_agent_and_undoes(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "h", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\", " UNDO
        ", \"undo_on_failure\": true, \"retry\": {\"attempts\": 5}}]",
        scripts);
    assert_ok(world_live(&w, NULL));
    while (world_choices(&w) > 0) {
        world_happen(&w, 0);
    }
    world_cancel(&w);
    assert_int_equal(world_count(&w, "cancel", NULL), 0);
    world_cancel(&w);
    world_run(&w);
    assert_int_equal(world_count(&w, "cancel", NULL), 1);
    assert_string_equal(w.trace.at, "a b ~b ~a");
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    assert_int_equal(w.end.outcome, OUTCOME_FAILURE);
    world_deinit(&w);
}

static void a_cancel_before_the_start_starts_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc, THREE, NULL);
    assert_ok(world_live(&w, NULL));
    world_cancel(&w);
    world_run(&w);
    assert_null(w.trace.at);
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    assert_int_equal(world_count(&w, "result", "a"), 1);
    world_deinit(&w);
}

static void a_cancel_during_the_last_step_counts_even_if_it_ends_well(
    void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "n", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc, "[{\"name\": \"a\", " UNDO "}]", scripts);
    assert_ok(world_live(&w, NULL));
    world_happen(&w, 0);
    world_cancel(&w);
    world_run(&w);
    assert_string_equal(w.trace.at, "a ~a");
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    world_deinit(&w);
}

static void a_cancel_ends_the_wait_for_a_retry(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "f", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", \"retry\": {\"attempts\": 3, \"backoff\": 10}}]",
        scripts);
    assert_ok(world_live(&w, NULL));
    while (w.timers.count == 0) {
        world_happen(&w, 0);
    }
    world_cancel(&w);
    assert_int_equal(w.timers.count, 0);
    world_run(&w);
    assert_string_equal(w.trace.at, "a");
    assert_int_equal(w.end.state, NDF_RUN_CANCELLED);
    world_deinit(&w);
}

static void a_run_has_a_time_limit(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "h", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc,
        "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}]", scripts);
    w.plan.timeout_ms = 1000;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a b ~a");
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.evidence.at, "timeout");
    test_contains(w.end.error.at, "time limit");
    world_deinit(&w);
}

static void earlier_lives_count_for_the_time_limit(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "h", NULL}, {0}};
    struct world w;
    world_init(&w, &mem_libc, THREE, scripts);
    w.plan.budget.time_ms = 5; /* what the step took */
    assert_ok(world_live(&w, NULL));
    while (world_count(&w, "result", "a") == 0) {
        world_happen(&w, 0);
    }
    world_crash(&w, 0);
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.evidence.at, "timeout");
    world_deinit(&w);
}

static void a_budget_bounds_the_calls(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"a", "u", NULL}, {0}};
    for (int i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, &mem_libc,
            "[{\"name\": \"a\", " UNDO "}, {\"name\": \"b\"}, {\"name\": "
            "\"c\"}]",
            scripts);
        if (i == 0) w.plan.budget.steps = 2;
        if (i == 1) w.plan.budget.tokens = 10;
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_string_equal(w.trace.at, i == 0 ? "a b ~a" : "a ~a");
        assert_int_equal(w.end.state, NDF_RUN_FAILED);
        assert_string_equal(w.end.evidence.at, "budget");
        assert_int_equal(w.end.tokens, 10);
        world_deinit(&w);
    }
}

/* ---- crashes ------------------------------------------------------------ */

/* Plays a scene, dying after `event` events with `written` batches on disk. */
static void crash_at(
    const struct play *play, size_t event, size_t written, size_t *events)
{
    struct world w;
    ndf_error error = {0};
    world_init(&w, &mem_libc, play->steps, play->scripts);
    assert_ok(world_live(&w, &error));
    while (!w.ended && w.steps < event) {
        world_happen(&w, 0);
    }
    *events = w.steps;
    if (!w.ended) {
        world_crash(&w, written);
        int err = world_live(&w, &error);
        if (err != NDF_OK) fail_msg("%s: %s", play->what, error.message);
        world_run(&w);
    }
    if (w.end.state != play->state || w.end.outcome != play->outcome ||
        strcmp(w.trace.at, play->trace) != 0) {
        fail_msg("%s, dead after %zu: '%s' state %d", play->what, event,
            w.trace.at, (int)w.end.state);
    }
    for (size_t i = 0; i < w.calls.count; i++) {
        const struct world_call *call = vec_get(&w.calls, i);
        assert_true(call->starts <= 1);
    }
    world_deinit(&w);
}

static void a_crash_at_any_event_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        for (size_t written = 0; written <= 1; written++) {
            size_t events = 0;
            for (size_t at = 1; events == 0 || events >= at - 1; at++) {
                crash_at(&plays[i], at, written, &events);
                if (events < at) break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_goes_as_it_should),
        cmocka_unit_test(an_agent_that_is_always_lost_is_not_called_for_ever),
        cmocka_unit_test(rollback_can_be_switched_off),
        cmocka_unit_test(sequences_hold_sequences),
        cmocka_unit_test(patches_go_by_the_policy),
        cmocka_unit_test(a_result_keeps_what_a_replay_needs),
        cmocka_unit_test(
            a_large_output_goes_beside_the_record_and_is_read_again),
        cmocka_unit_test(a_cancel_stops_the_agent_and_undoes),
        cmocka_unit_test(a_cancel_before_the_start_starts_nothing),
        cmocka_unit_test(
            a_cancel_during_the_last_step_counts_even_if_it_ends_well),
        cmocka_unit_test(a_cancel_ends_the_wait_for_a_retry),
        cmocka_unit_test(a_run_has_a_time_limit),
        cmocka_unit_test(earlier_lives_count_for_the_time_limit),
        cmocka_unit_test(a_budget_bounds_the_calls),
        cmocka_unit_test(a_crash_at_any_event_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
