/*
 * test_run.c - running patterns over functions and real programs.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"

struct calls {
    _Atomic int count;
    char last_request[4096];
};

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct calls *calls = ud;
    atomic_fetch_add(&calls->count, 1);
    snprintf(calls->last_request, sizeof calls->last_request, "%.*s",
        (int)call->request_size, call->request);
    char text[64];
    int size = snprintf(text, sizeof text, "\"%s did it\"", call->step);
    return ndf_reply_output(reply, text, (size_t)size);
}

static int refuse(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    atomic_fetch_add((_Atomic int *)ud, 1);
    static const char text[] = "it cannot be done";
    (void)ndf_reply_error(reply, text, sizeof text - 1);
    return 1;
}

static int corrupt(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    static const char patch[] =
        "{\"domain\":\"stolen\",\"attributes\":{\"found\":1,\"more\":2}}";
    (void)ndf_reply_patch(reply, patch, sizeof patch - 1);
    return ndf_reply_output(reply, "done", 4);
}

static void steps_hand_their_outputs_on(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct calls calls = {0};
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    fixture_register(&fixture,
        "pattern: two.steps\n"
        "description: d\n"
        "steps:\n"
        "  - one: {agent: worker}\n"
        "  - two: {agent: worker, with: {from: \"${steps.one.output}\"}}\n");
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "two.steps", "go", id), NDF_RUN_SUCCEEDED);
    assert_int_equal(atomic_load(&calls.count), 2);
    assert_non_null(strstr(calls.last_request, "one did it"));
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "succeeded");
    /* The intent is on record before the result. */
    json_t *intent = record_of(shown, "intent", 0);
    json_t *result = record_of(shown, "result", 0);
    assert_true(json_integer_value(json_object_get(intent, "seq")) <
                json_integer_value(json_object_get(result, "seq")));
    json_decref(shown);
    fixture_close(&fixture);
}

static void a_failed_run_takes_back_what_it_did(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct calls done = {0}, undone = {0};
    _Atomic int refused = 0;
    assert_ok(ndf_bind(fixture.engine, "do", answer, &done, &fixture.error));
    assert_ok(
        ndf_bind(fixture.engine, "undo", answer, &undone, &fixture.error));
    assert_ok(
        ndf_bind(fixture.engine, "fails", refuse, &refused, &fixture.error));
    fixture_register(&fixture,
        "pattern: may.fail\n"
        "description: d\n"
        "steps:\n"
        "  - a: {agent: do, undo: {agent: undo}}\n"
        "  - b: {agent: do, undo: {agent: undo}}\n"
        "  - c: {agent: fails, retry: {attempts: 3, backoff: 1ms}}\n");
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "may.fail", "go", id), NDF_RUN_FAILED);
    assert_int_equal(atomic_load(&refused), 3);
    assert_int_equal(atomic_load(&undone.count), 2);
    json_t *shown = fixture_show(&fixture, id);
    /* Backwards. */
    assert_string_equal(
        string_at(record_of(shown, "undo_result", 0), "body/step"), "b");
    assert_string_equal(
        string_at(record_of(shown, "undo_result", 1), "body/step"), "a");
    json_decref(shown);
    fixture_close(&fixture);
}

static void an_undeclared_change_is_dropped_and_recorded(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    assert_ok(ndf_bind(fixture.engine, "thief", corrupt, NULL, &fixture.error));
    struct calls calls = {0};
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    fixture_register(&fixture, "pattern: guarded\n"
                               "description: d\n"
                               "steps:\n"
                               "  - take: {agent: thief, writes: [found]}\n"
                               "  - look: {agent: worker}\n");
    char id[64];
    assert_int_equal(fixture_run(&fixture, "guarded",
                         "{\"text\":\"go\",\"domain\":\"mine\"}", id),
        NDF_RUN_SUCCEEDED);
    assert_non_null(strstr(calls.last_request, "\"domain\":\"mine\""));
    assert_non_null(strstr(calls.last_request, "\"found\":1"));
    assert_null(strstr(calls.last_request, "\"more\""));
    json_t *shown = fixture_show(&fixture, id);
    json_t *body = json_object_get(record_of(shown, "result", 0), "body");
    assert_int_equal(json_array_size(json_object_get(body, "violations")), 2);
    json_t *end = json_object_get(record_of(shown, "end", 0), "body");
    double kept = json_number_value(json_object_get(end, "preservation"));
    assert_true(kept > 0.69 && kept < 0.71);
    json_decref(shown);
    fixture_close(&fixture);
}

static void real_programs_do_the_work(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture,
        "agent: counter\n"
        "run: [sh, -c, \"wc -c | tr -d ' \\n'\"]\n"
        "---\n"
        "agent: echo\n"
        "run: [printf, '%s', \"${attributes.word} ${steps.count.output}\"]\n"
        "---\n"
        "pattern: real\n"
        "description: d\n"
        "steps:\n"
        "  - count: {agent: counter, expect: {regex: '^[0-9]+$'}}\n"
        "  - say: {agent: echo}\n");
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "real",
            "{\"text\":\"x\",\"attributes\":{\"word\":\"a; rm -rf b\"}}", id),
        NDF_RUN_SUCCEEDED);
    json_t *shown = fixture_show(&fixture, id);
    const char *said = string_at(record_of(shown, "result", 1), "body/output");
    assert_int_equal(strncmp(said, "a; rm -rf b ", 12), 0);
    /* A passed `expect` is proof. */
    assert_string_equal(
        string_at(record_of(shown, "end", 0), "body/outcome"), "success");
    json_decref(shown);
    fixture_close(&fixture);
}

static void what_ends_badly_is_told_apart(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture,
        "agent: missing\nrun: [/no/such/program]\n"
        "---\nagent: silent\nrun: ['true']\n"
        "---\nagent: failing\nrun: [sh, -c, 'echo oops >&2; exit 3']\n"
        "---\nagent: endless\nrun: [sleep, '1000']\ntimeout: 300ms\n"
        "---\nagent: stubborn\n"
        "run: [sh, -c, \"trap '' TERM; while :; do sleep 1; done\"]\n"
        "timeout: 200ms\n"
        "---\nagent: loud\nrun: [sh, -c, 'yes | head -c 3000000']\n");
    const char *names[] = {
        "missing", "silent", "failing", "endless", "stubborn"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char id[64];
        assert_int_equal(
            fixture_run(&fixture, names[i], "go", id), NDF_RUN_FAILED);
        json_t *shown = fixture_show(&fixture, id);
        json_t *result = record_of(shown, "result", 0);
        assert_non_null(result);
        assert_true(
            strlen(string_at(record_of(shown, "end", 0), "body/error")) > 10);
        json_decref(shown);
    }
    assert_int_equal(
        fixture_run(&fixture, "loud", "go", NULL), NDF_RUN_SUCCEEDED);
    fixture_close(&fixture);
}

static void a_reference_to_nothing_is_refused_before_the_start(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: there\nrun: ['true']\n");
    fixture_register(&fixture,
        "pattern: lost\ndescription: d\nsteps: [ther]\n"
        "---\n"
        "pattern: template\ndescription: d\n"
        "steps:\n  - x: {agent: there, with: {a: \"${steps.y.output}\"}}\n"
        "---\n"
        "pattern: broad\ndescription: d\n"
        "phases:\n  - first: {patterns: [lost]}\n"
        "---\n"
        "pattern: apart\ndescription: d\ntasks:\n"
        "  - x: {agent: there}\n"
        "  - y: {agent: there, with: {a: \"${steps.x.output}\"}}\n"
        "---\n"
        "pattern: one\ndescription: d\nsteps: [there]\nfallback: two\n"
        "---\n"
        "pattern: two\ndescription: d\nsteps: [there]\nfallback: one\n"
        "---\n"
        "agent: empty\ndescription: has no program\n");
    const struct {
        const char *name;
        int code;
        const char *says;
    } rows[] = {
        {"lost", NDF_EREFERENCE, "there"},
        {"template", NDF_EREFERENCE, "y"},
        {"broad", NDF_EREFERENCE, "there"},
        {"apart", NDF_EREFERENCE, "does not need 'x'"},
        {"one", NDF_ECYCLE, "two"},
        {"empty", NDF_EREFERENCE, "run"},
        {"nothing", NDF_ENOTFOUND, "nothing"},
    };
    ndf_context *context = fixture_context(&fixture, "go");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ndf_run *run;
        int err = ndf_run_start(
            fixture.engine, rows[i].name, context, NULL, &run, &fixture.error);
        assert_int_equal(err, rows[i].code);
        assert_null(run);
        assert_non_null(strstr(fixture.error.message, rows[i].says));
    }
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_cancelled_run_ends_its_agents(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: slow\nrun: [sleep, '1000']\n");
    ndf_context *context = fixture_context(&fixture, "go");
    for (int by_id = 0; by_id < 2; by_id++) {
        ndf_run *run;
        assert_ok(ndf_run_start(
            fixture.engine, "slow", context, NULL, &run, &fixture.error));
        int end;
        assert_int_equal(
            ndf_run_wait(run, 50, &end, &fixture.error), NDF_ETIMEOUT);
        if (by_id)
            assert_ok(
                ndf_cancel(fixture.engine, ndf_run_id(run), &fixture.error));
        else assert_ok(ndf_run_cancel(run));
        assert_ok(ndf_run_wait(run, 60000, &end, &fixture.error));
        assert_int_equal(end, NDF_RUN_CANCELLED);
        ndf_run_free(run);
    }
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void closing_leaves_nothing_running(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: slow\nrun: [sleep, '1000']\n");
    ndf_context *context = fixture_context(&fixture, "go");
    ndf_run *run;
    assert_ok(ndf_run_start(
        fixture.engine, "slow", context, NULL, &run, &fixture.error));
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    ndf_context_free(context);
    ndf_run_free(run);
    fixture_reopen(&fixture);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "cancelled");
    json_decref(shown);
    /* An ended run is handed back as it ended. */
    int end;
    assert_ok(ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error));
    assert_ok(ndf_run_wait(run, -1, &end, &fixture.error));
    assert_int_equal(end, NDF_RUN_CANCELLED);
    ndf_run_free(run);
    fixture_close(&fixture);
}

static int count(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    atomic_fetch_add((_Atomic int *)ud, 1);
    return ndf_reply_output(reply, "done", 4);
}

static void *run_many(void *ud)
{
    struct fixture *fixture = ud;
    for (int i = 0; i < 5; i++)
        if (fixture_run(fixture, "worker", "go", NULL) != NDF_RUN_SUCCEEDED)
            return fixture;
    return NULL;
}

static void many_threads_may_run_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    _Atomic int calls = 0;
    assert_ok(
        ndf_bind(fixture.engine, "worker", count, &calls, &fixture.error));
    pthread_t threads[4];
    struct fixture copies[4];
    for (int i = 0; i < 4; i++) {
        copies[i] = fixture;
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_many, &copies[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(atomic_load(&calls), 20);
    fixture_close(&fixture);
}

struct story {
    int kinds[32];
    int count;
};

static void note(void *ud, const ndf_event *event)
{
    struct story *story = ud;
    if (story->count < 32) story->kinds[story->count++] = event->kind;
}

static void events_tell_the_story_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct calls calls = {0};
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    ndf_context *context = fixture_context(&fixture, "go");
    struct story story = {.count = 0};
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.event = note;
    options.event_ud = &story;
    ndf_run *run;
    assert_ok(ndf_run_start(
        fixture.engine, "worker", context, &options, &run, &fixture.error));
    int end;
    assert_ok(ndf_run_wait(run, 60000, &end, &fixture.error));
    const int expected[] = {NDF_EVENT_RUN_STARTED, NDF_EVENT_STEP_STARTED,
        NDF_EVENT_STEP_DONE, NDF_EVENT_RUN_DONE};
    assert_int_equal(story.count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(story.kinds[i], expected[i]);
    ndf_run_free(run);
    ndf_context_free(context);
    fixture_close(&fixture);
}

/* In a child: starts a slow run, says its id, and waits to be killed. */
static void own_a_run(const struct fixture *fixture, int fd)
{
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture->store;
    options.home = fixture->home;
    ndf_engine *engine;
    ndf_context *context;
    ndf_run *run;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK) err = ndf_context_new(engine, "{}", 2, &context, NULL);
    if (err == NDF_OK)
        err = ndf_run_start(engine, "slow", context, NULL, &run, NULL);
    if (err != NDF_OK) _exit(1);
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    if (write(fd, id, sizeof id) != (ssize_t)sizeof id) _exit(1);
    pause();
    _exit(1);
}

static void a_cancel_counts_when_the_owner_is_dead(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: slow\nrun: [sleep, '1000']\n");
    ndf_close(fixture.engine);
    int fds[2];
    char id[64] = "";
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) own_a_run(&fixture, fds[1]);
    assert_int_equal(read(fds[0], id, sizeof id), sizeof id);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    fixture.engine = NULL;
    fixture_reopen(&fixture);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "interrupted");
    json_decref(shown);
    assert_ok(ndf_cancel(fixture.engine, id, &fixture.error));
    ndf_run *run;
    int end;
    assert_ok(ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error));
    assert_ok(ndf_run_wait(run, 60000, &end, &fixture.error));
    assert_int_equal(end, NDF_RUN_CANCELLED);
    ndf_run_free(run);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_hand_their_outputs_on),
        cmocka_unit_test(a_failed_run_takes_back_what_it_did),
        cmocka_unit_test(an_undeclared_change_is_dropped_and_recorded),
        cmocka_unit_test(real_programs_do_the_work),
        cmocka_unit_test(what_ends_badly_is_told_apart),
        cmocka_unit_test(a_reference_to_nothing_is_refused_before_the_start),
        cmocka_unit_test(a_cancelled_run_ends_its_agents),
        cmocka_unit_test(closing_leaves_nothing_running),
        cmocka_unit_test(many_threads_may_run_at_once),
        cmocka_unit_test(events_tell_the_story_in_order),
        cmocka_unit_test(a_cancel_counts_when_the_owner_is_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
