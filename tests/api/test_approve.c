/*
 * test_approve.c - runs that wait for a person, steps that are verified or
 * passed over, through the library.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"

static const char patterns[] = "agent: work\n"
                               "run: [sh, -c, 'echo did it']\n"
                               "---\n"
                               "pattern: asks\n"
                               "description: d\n"
                               "steps:\n"
                               "  - one: {agent: work}\n"
                               "  - two: {agent: work, approval: true}\n"
                               "---\n"
                               "pattern: asks.first\n"
                               "description: d\n"
                               "approval: true\n"
                               "steps: [{one: {agent: work}}]\n"
                               "---\n"
                               "pattern: proves\n"
                               "description: d\n"
                               "steps:\n"
                               "  - one: {agent: work, verify: judge, retry: "
                               "{attempts: 2, backoff: 0}}\n"
                               "  - two: {agent: work, if: '${steps.one.exit} "
                               "> 3'}\n";

struct heard {
    atomic_int asked, approved, denied, verifying, skipped;
};

static void hear(void *ud, const ndf_event *event)
{
    struct heard *heard = ud;
    if (event->kind == NDF_EVENT_APPROVAL_ASKED) heard->asked++;
    if (event->kind == NDF_EVENT_APPROVED) heard->approved++;
    if (event->kind == NDF_EVENT_DENIED) heard->denied++;
    if (event->kind == NDF_EVENT_VERIFY_STARTED) heard->verifying++;
    if (event->kind == NDF_EVENT_STEP_SKIPPED) heard->skipped++;
}

static ndf_run *start(
    struct fixture *fixture, const char *pattern, struct heard *heard)
{
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    ndf_context *context = fixture_context(fixture, "go");
    ndf_run *run;
    options.event = hear;
    options.event_ud = heard;
    int err = ndf_run_start(
        fixture->engine, pattern, context, &options, &run, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(context);
    return run;
}

static void await(const atomic_int *count)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 6000 && atomic_load(count) == 0; i++)
        (void)nanosleep(&pause, NULL);
    assert_true(atomic_load(count) > 0);
}

static int end_of(struct fixture *fixture, ndf_run *run)
{
    int state;
    assert_ok(ndf_run_wait(run, 60000, &state, &fixture->error));
    ndf_run_free(run);
    return state;
}

static int approve(
    struct fixture *fixture, const char *run, const char *step, int answer)
{
    return ndf_approve(
        fixture->engine, run, step, answer, "because", &fixture->error);
}

static void a_run_waits_for_its_approval(void **state)
{
    (void)state;
    struct fixture fixture;
    struct heard heard = {0};
    fixture_open(&fixture);
    fixture_register(&fixture, patterns);
    ndf_run *run = start(&fixture, "asks", &heard);
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    await(&heard.asked);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "waiting");
    const json_t *asks = json_object_get(shown, "asks");
    assert_int_equal(json_array_size(asks), 1);
    assert_string_equal(json_string_value(json_array_get(asks, 0)), "two");
    json_decref(shown);
    assert_int_equal(approve(&fixture, id, "one", NDF_APPROVED), NDF_EINVAL);
    assert_int_equal(approve(&fixture, id, "", NDF_APPROVED), NDF_EINVAL);
    assert_int_equal(approve(&fixture, id, "two", 7), NDF_EINVAL);
    assert_int_equal(
        approve(&fixture, "nosuchrun", NULL, NDF_APPROVED), NDF_ENOTFOUND);
    char longer[600];
    memset(longer, 'x', sizeof longer);
    longer[501] = '\0';
    assert_int_equal(ndf_approve(fixture.engine, id, NULL, NDF_APPROVED, longer,
                         &fixture.error),
        NDF_EINVAL);
    longer[500] = '\0';
    assert_ok(ndf_approve(
        fixture.engine, id, NULL, NDF_APPROVED, longer, &fixture.error));
    assert_int_equal(end_of(&fixture, run), NDF_RUN_SUCCEEDED);
    assert_int_equal(atomic_load(&heard.approved), 1);
    assert_int_equal(approve(&fixture, id, NULL, NDF_APPROVED), NDF_EINVAL);
    shown = fixture_show(&fixture, id);
    assert_string_equal(
        string_at(record_of(shown, "approve", 0), "body/reason"), longer);
    json_decref(shown);
    fixture_close(&fixture);
}

static void a_denied_run_says_nothing_about_its_pattern(void **state)
{
    (void)state;
    struct fixture fixture;
    struct heard heard = {0};
    fixture_open(&fixture);
    fixture_register(&fixture, patterns);
    ndf_run *run = start(&fixture, "asks.first", &heard);
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    await(&heard.asked);
    assert_ok(approve(&fixture, id, "", NDF_DENIED));
    assert_int_equal(end_of(&fixture, run), NDF_RUN_CANCELLED);
    assert_int_equal(atomic_load(&heard.denied), 1);
    json_t *shown = fixture_show(&fixture, id);
    assert_int_equal(json_array_size(json_object_get(shown, "outcomes")), 0);
    assert_string_equal(string_at(record_of(shown, "end", 0), "body/error"),
        "the run was denied: because");
    json_decref(shown);
    fixture_close(&fixture);
}

static int judge(void *ud, const ndf_call *call, ndf_reply *reply)
{
    atomic_int *calls = ud;
    assert_non_null(strstr(call->request, "\"verify\":true"));
    assert_non_null(strstr(call->request, "\"output\":\"did it\""));
    const char *word = ++*calls == 1 ? "{\"ok\": false}" : "{\"ok\": true}";
    return ndf_reply_output(reply, word, strlen(word));
}

static void a_function_verifies_what_a_program_did(void **state)
{
    (void)state;
    struct fixture fixture;
    struct heard heard = {0};
    atomic_int calls = 0;
    fixture_open(&fixture);
    fixture_register(&fixture, patterns);
    assert_ok(ndf_bind(fixture.engine, "judge", judge, &calls, &fixture.error));
    ndf_run *run = start(&fixture, "proves", &heard);
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    assert_int_equal(end_of(&fixture, run), NDF_RUN_SUCCEEDED);
    assert_int_equal(atomic_load(&calls), 2);
    assert_int_equal(atomic_load(&heard.verifying), 2);
    assert_int_equal(atomic_load(&heard.skipped), 1);
    ndf_text *text;
    assert_ok(ndf_result(fixture.engine, id, &text, &fixture.error));
    json_t *result = parse_text(text);
    assert_string_equal(string_at(result, "outcome"), "success");
    assert_int_equal(
        json_integer_value(json_object_get(result, "steps_done")), 2);
    const json_t *skipped = json_object_get(result, "skipped");
    assert_int_equal(json_array_size(skipped), 1);
    assert_string_equal(json_string_value(json_array_get(skipped, 0)), "two");
    assert_null(json_object_get(json_object_get(result, "outputs"), "two"));
    json_decref(result);
    fixture_close(&fixture);
}

static void own_a_waiting_run(struct fixture *fixture, int fd)
{
    struct heard heard = {0};
    char id[64] = "";
    fixture->engine = NULL;
    fixture_reopen(fixture);
    ndf_run *run = start(fixture, "asks", &heard);
    await(&heard.asked);
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    if (write(fd, id, sizeof id) != (ssize_t)sizeof id) _exit(1);
    pause();
    _exit(1);
}

/* The answer waits with the run; who takes it up asks nobody again. */
static void an_answer_counts_when_the_owner_is_dead(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture fixture;
        struct heard heard = {0};
        fixture_open(&fixture);
        fixture_register(&fixture, patterns);
        ndf_close(fixture.engine);
        int fds[2];
        char id[64] = "";
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) own_a_waiting_run(&fixture, fds[1]);
        assert_int_equal(read(fds[0], id, sizeof id), sizeof id);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(fds[0]);
        close(fds[1]);
        fixture.engine = NULL;
        fixture_reopen(&fixture);
        ndf_run_options options = NDF_RUN_OPTIONS_INIT;
        options.event = hear;
        options.event_ud = &heard;
        ndf_run *run;
        if (i == 0) assert_ok(approve(&fixture, id, "two", NDF_APPROVED));
        assert_ok(
            ndf_run_resume(fixture.engine, id, &options, &run, &fixture.error));
        if (i == 1) {
            await(&heard.asked);
            assert_ok(approve(&fixture, id, "two", NDF_APPROVED));
        }
        assert_int_equal(end_of(&fixture, run), NDF_RUN_SUCCEEDED);
        assert_int_equal(atomic_load(&heard.approved), 1);
        json_t *shown = fixture_show(&fixture, id);
        assert_null(record_of(shown, "ask", 1));
        assert_null(record_of(shown, "intent", 2));
        json_decref(shown);
        fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_waits_for_its_approval),
        cmocka_unit_test(a_denied_run_says_nothing_about_its_pattern),
        cmocka_unit_test(a_function_verifies_what_a_program_did),
        cmocka_unit_test(an_answer_counts_when_the_owner_is_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
