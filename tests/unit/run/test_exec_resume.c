/*
 * test_exec_resume.c - runs that were interrupted, journals that make no
 * sense, plans that cannot run, and memory that is not there.
 */
#include <string.h>

#include "exec_world.h"
#include "support/parse.h"

#define THREE "[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}]"

static void a_record_that_fails_halts_the_run_and_it_can_be_resumed(
    void **state)
{
    (void)state;
    struct world w;
    world_init(&w, &mem_libc, THREE, NULL);
    assert_ok(world_live(&w, NULL));
    world_happen(&w, 0); /* a's intent is recorded */
    world_happen(&w, 0); /* a ended: its result is on the way */
    w.fail_next_record = true;
    world_happen(&w, 0);
    assert_true(w.ended);
    assert_true(w.end.halted);
    assert_string_equal(w.end.error.at, "the disk is full");
    assert_string_equal(w.trace.at, "a");
    assert_int_equal(world_count(&w, "result", NULL), 0);

    world_crash(&w, 0);
    w.ended = false;
    w.fail_next_record = false;
    assert_ok(world_live(&w, NULL));
    world_run(&w);
    assert_string_equal(w.trace.at, "a b c");
    assert_int_equal(w.end.state, NDF_RUN_SUCCEEDED);
    world_deinit(&w);
}

static void a_run_that_ended_is_handed_back_as_it_ended(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct world w;
    world_play(&w, THREE, scripts);
    size_t records = w.journal.count;
    world_crash(&w, 0);
    w.ended = false;
    assert_ok(world_live(&w, NULL));
    assert_true(w.ended);
    assert_int_equal(w.end.state, NDF_RUN_FAILED);
    assert_string_equal(w.end.step.at, "b");
    assert_int_equal(w.journal.count, records);
    world_deinit(&w);
}

static void what_the_records_say_can_be_looked_at(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"b", "f", NULL}, {0}};
    struct exec_look look;
    struct exec_step_look steps[3];
    struct world w;
    world_init(&w, &mem_libc, THREE, scripts);
    assert_ok(world_live(&w, NULL));
    assert_ok(executor_look(w.x, &look));
    assert_null(look.end);
    assert_int_equal(look.step_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        executor_look_step(w.x, i, &steps[i]);
        assert_true(steps[i].due && !steps[i].done);
    }
    world_run(&w);
    /* Nothing needs a's output; who reads the journal can have it. */
    for (int all = 0; all < 2; all++) {
        world_crash(&w, 0);
        w.ended = false;
        w.outputs = all ? EXEC_OUTPUTS_ALL : EXEC_OUTPUTS_NEEDED;
        assert_ok(world_live(&w, NULL));
        assert_ok(executor_look(w.x, &look));
        assert_int_equal(look.end->state, NDF_RUN_FAILED);
        assert_int_equal(look.context->kind, VALUE_OBJECT);
        for (uint32_t i = 0; i < 3; i++) {
            executor_look_step(w.x, i, &steps[i]);
            assert_int_equal(steps[i].done, i == 0);
            assert_false(steps[i].due);
        }
        assert_int_equal(steps[0].output->kind != VALUE_NULL, all);
        assert_str(steps[2].plan->id, "c");
    }
    world_deinit(&w);
}

static void after_a_power_loss_only_idempotent_steps_run_again(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        const char *trace;
        enum ndf_run_state state;
    } cases[] = {
        {"[{\"name\": \"a\"}]", "a", NDF_RUN_IN_DOUBT},
        {"[{\"name\": \"a\", \"idempotent\": true}]", "a a/2",
            NDF_RUN_SUCCEEDED},
    };
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, &mem_libc, cases[i].steps, NULL);
        assert_ok(world_live(&w, NULL));
        world_happen(&w, 0);
        world_power_loss(&w);
        assert_ok(world_live(&w, NULL));
        world_run(&w);
        assert_string_equal(w.trace.at, cases[i].trace);
        assert_int_equal(w.end.state, cases[i].state);
        world_deinit(&w);
    }
}

static void a_journal_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *body;
    } records[] = {
        {"intent", "{\"step\": \"zz\", \"attempt\": 1}"},
        {"intent", "{\"step\": \"a\", \"attempt\": 2}"},
        {"intent", "{}"},
        {"intent", "[]"},
        {"result", "{\"step\": \"a\", \"attempt\": 1, \"ok\": true}"},
        {"retry", "{\"step\": \"a\", \"attempt\": 1, \"wait_ms\": 0}"},
        {"undo_intent", "{\"step\": \"a\", \"attempt\": 1}"},
        {"end", "{\"state\": \"running\"}"},
        {"end", "{\"state\": 5}"},
        {"dance", "{}"},
        {"undo_dance", "{\"step\": \"a\"}"},
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct world w;
        ndf_error error = {0};
        world_init(&w, &mem_libc, THREE, NULL);
        struct world_record *record = vec_push(&w.journal);
        record->kind = str_of(records[i].kind);
        record->body = str_of(records[i].body);
        assert_int_equal(world_live(&w, &error), NDF_ECORRUPT);
        test_contains(error.message, "damaged");
        world_deinit(&w);
    }
}

/* ---- plans that cannot run ---------------------------------------------- */

static void a_plan_that_cannot_run_is_refused_with_its_step(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        int code;
        const char *says;
    } cases[] = {
        {"[{\"name\": \"a\", \"with\": {\"x\": \"${steps.b.output}\"}}]",
            NDF_EREFERENCE, "step 'a'"},
        {"[{\"name\": \"a\", \"with\": {\"x\": \"${steps.a.output}\"}}]",
            NDF_EREFERENCE, "no step 'a' runs before"},
        {"[{\"name\": \"a\", \"with\": {\"x\": \"${txt}\"}}]", NDF_EREFERENCE,
            "did you mean 'text'"},
        {"[{\"name\": \"a\", \"with\": {\"x\": \"${attributes.no}\"}}]",
            NDF_EREFERENCE, "no attribute 'no'"},
        {"[{\"name\": \"a\", \"expect\": {\"files\": [\"${nope}\"]}}]",
            NDF_EREFERENCE, "step 'a'"},
        {"[{\"name\": \"a\", \"undo\": {\"run\": [\"x\", \"${nope}\"]}}]",
            NDF_EREFERENCE, "step 'a'"},
        {"[{\"name\": \"a\", \"expect\": {\"json_schema\": {\"oneOf\": "
         "[]}}}]",
            NDF_EUNSUPPORTED, "oneOf"},
        {"[{\"name\": \"a\", \"if\": \"x\"}]", NDF_ESYNTAX,
            "step 'a': 'if' cannot be read"},
        {"[{\"name\": \"a\", \"if\": \"${steps.b.output}\"}]", NDF_EREFERENCE,
            "step 'a'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        ndf_error error = {0};
        world_init(&w, &mem_libc, cases[i].steps, NULL);
        int err = world_live(&w, &error);
        if (err != cases[i].code) {
            fail_msg("%s: %d '%s'", cases[i].steps, err, error.message);
        }
        test_contains(error.message, cases[i].says);
        world_deinit(&w);
    }
}

static void a_cost_budget_needs_prices(void **state)
{
    (void)state;
    struct world w;
    ndf_error error = {0};
    world_init(&w, &mem_libc, THREE, NULL);
    w.plan.budget.cost = 1;
    assert_int_equal(world_live(&w, &error), NDF_EUNSUPPORTED);
    test_contains(error.message, "price");
    world_deinit(&w);
}

/* ---- memory ------------------------------------------------------------- */

static const char memory_steps[] =
    "[{\"name\": \"a\", \"writes\": [\"stage\"], \"undo\": {\"run\": "
    "[\"back\"]}}, {\"name\": \"b\", \"with\": {\"x\": "
    "\"${steps.a.output}\"}, \"retry\": {\"attempts\": 2, \"backoff\": 1}}]";

static const char memory_tasks[] =
    "{\"failure_tolerance\": 0.5, \"tasks\": [{\"name\": \"a\", \"writes\": "
    "[\"stage\"]}, {\"name\": \"b\", \"needs\": [\"a\"], \"with\": {\"x\": "
    "\"${steps.a.output}\"}}, {\"name\": \"c\", \"undo\": {\"run\": "
    "[\"back\"]}}, {\"name\": \"d\", \"needs\": [\"b\"], \"resources\": "
    "{\"memory\": \"1B\"}}]}";

struct memory_case {
    const char *plan;
    const struct script *scripts;
};

static int play_body(const struct mem *mem, void *ud)
{
    const struct memory_case *given = ud;
    struct world w;
    ndf_error error;
    world_init(&w, mem, given->plan, given->scripts);
    int err = world_live(&w, &error);
    if (err == NDF_OK) {
        world_run(&w);
        err = w.last_error;
    }
    world_deinit(&w);
    return err;
}

static void it_survives_every_failing_allocation(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"a", "p", "o"}, {"b", "vf", NULL}, {0}};
    struct memory_case steps = {memory_steps, scripts};
    struct memory_case tasks = {memory_tasks, scripts};
    test_each_allocation_fails(play_body, &steps);
    test_each_allocation_fails(play_body, &tasks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_record_that_fails_halts_the_run_and_it_can_be_resumed),
        cmocka_unit_test(a_run_that_ended_is_handed_back_as_it_ended),
        cmocka_unit_test(what_the_records_say_can_be_looked_at),
        cmocka_unit_test(after_a_power_loss_only_idempotent_steps_run_again),
        cmocka_unit_test(a_journal_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_plan_that_cannot_run_is_refused_with_its_step),
        cmocka_unit_test(a_cost_budget_needs_prices),
        cmocka_unit_test(it_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
