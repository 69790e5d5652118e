/*
 * test_agent_callback.c - functions of the host as agents, on their own
 * threads.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/agent_callback.h"
#include "run/agent_kinds.h"
#include "support/parse.h"
#include "support/support.h"

enum { MANY = 200 };

struct scene {
    struct test_mem mem;
    struct loop *loop;
    struct callback_pool *pool;
    struct agent_host host;
    struct agent_call call;
    struct arena arena; /* of what is kept of results */
    struct agent_result result;
    int done, wanted, silent;
    atomic_int running, most, calls;
    atomic_bool release;
};

static int make_scene(void **state)
{
    static struct scene s;
    memset(&s, 0, sizeof s);
    test_mem_init(&s.mem, -1);
    arena_init(&s.arena, &mem_libc);
    assert_ok(loop_new(&s.loop, &s.mem.mem));
    assert_ok(callback_pool_new(&s.pool, &s.mem.mem, s.loop));
    s.host = (struct agent_host){.mem = &s.mem.mem,
        .loop = s.loop,
        .clock = &clock_system,
        .pool = s.pool};
    s.call = (struct agent_call){.run = STR("run-1"),
        .step = STR("scan"),
        .key = STR("run-1/scan"),
        .attempt = 2,
        .agent = STR("scanner"),
        .env = value_of_object(),
        .request = STR("{\"task\":\"t\"}"),
        .fn_ud = &s};
    s.wanted = 1;
    *state = &s;
    return 0;
}

static int free_scene(void **state)
{
    struct scene *s = *state;
    atomic_store(&s->release, true);
    callback_pool_free(s->pool);
    loop_free(s->loop);
    arena_deinit(&s->arena);
    assert_int_equal(s->mem.live, 0);
    return 0;
}

static void nap(void)
{
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

static void on_done(void *ud, const struct agent_result *result)
{
    struct scene *s = ud;
    s->result = *result;
    s->result.error = arena_str(&s->arena, result->error);
    assert_ok(value_copy(&s->arena, &result->output, &s->result.output));
    assert_ok(value_copy(&s->arena, &result->patch, &s->result.patch));
    assert_ok(value_copy(&s->arena, &result->usage, &s->result.usage));
    if (result->status == AGENT_SILENT) s->silent++;
    if (++s->done == s->wanted) loop_stop(s->loop);
}

static struct agent_task *start(struct scene *s, ndf_agent_fn fn)
{
    struct agent_task *task;
    ndf_error error = {0};
    s->call.fn = fn;
    int err =
        agent_callback.start(&task, &s->host, &s->call, on_done, s, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    return task;
}

static void run(struct scene *s, ndf_agent_fn fn)
{
    struct agent_task *task = start(s, fn);
    assert_ok(loop_run(s->loop));
    agent_task_free(task);
}

static void let_go(void *ud)
{
    struct scene *s = ud;
    atomic_store(&s->release, true);
}

/* ---- functions ---------------------------------------------------------- */

static int answers(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    char text[128];
    int size = snprintf(text, sizeof text, "{\"saw\": \"%s %s %s %d %zu\"}",
        call->run, call->step, call->key, call->attempt, call->request_size);
    assert_ok(ndf_reply_output(reply, text, (size_t)size));
    assert_ok(ndf_reply_patch(reply, "{\"priority\": 1}", 15));
    assert_ok(ndf_reply_usage(reply, "{\"tokens\": 3}", 13));
    return 0;
}

static int fails(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    assert_ok(ndf_reply_output(reply, "so far\n", 7));
    assert_ok(ndf_reply_error(reply, "no \xFF luck", 9));
    return 5;
}

static int says_nothing(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    (void)reply;
    return 0;
}

static int hangs(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct scene *s = ud;
    (void)call;
    (void)reply;
    while (!atomic_load(&s->release))
        nap();
    return 0;
}

/* Longer than any silence of the tests, but never silent. */
static int works_long(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    for (int i = 0; i < 150; i++) {
        nap();
        nap();
        if (ndf_reply_alive(reply) != NDF_OK) return 1;
    }
    return 0;
}

static int replies_badly(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    bool good =
        ndf_reply_patch(reply, "[1]", 3) == NDF_ESCHEMA &&
        ndf_reply_patch(reply, "{", 1) == NDF_ESYNTAX &&
        ndf_reply_patch(reply, NULL, 0) == NDF_EINVAL &&
        ndf_reply_usage(reply, "3", 1) == NDF_ESCHEMA &&
        ndf_reply_usage(reply, "{}", AGENT_USAGE_MAX + 1) == NDF_ELIMIT &&
        ndf_reply_output(NULL, "x", 1) == NDF_EINVAL &&
        ndf_reply_output(reply, NULL, 1) == NDF_EINVAL &&
        ndf_reply_error(reply, NULL, 1) == NDF_EINVAL &&
        ndf_reply_output(reply, "{\"a\": 1", 7) == NDF_OK;
    return good ? 0 : 1;
}

static const char *given; /* what gives_a_value gives */

static int gives_a_value(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    assert_ok(ndf_reply_output(reply, "not this", 8));
    assert_ok(ndf_reply_value(reply, given, strlen(given)));
    return 0;
}

static int gives_bad_values(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    enum { DEEP = VALUE_DEPTH_MAX };
    char deep[2 * DEEP];
    memset(deep, '[', DEEP);
    memset(deep + DEEP, ']', DEEP);
    bool good = ndf_reply_value(reply, "{\"a\": 1", 7) == NDF_ESYNTAX &&
                ndf_reply_value(reply, "", 0) == NDF_ESYNTAX &&
                ndf_reply_value(reply, "1 2", 3) == NDF_ESYNTAX &&
                ndf_reply_value(reply, "text", 4) == NDF_ESYNTAX &&
                ndf_reply_value(reply, deep, sizeof deep) == NDF_ELIMIT &&
                ndf_reply_value(reply, "1", (size_t)AGENT_OUTPUT_MAX + 1) ==
                    NDF_ELIMIT &&
                ndf_reply_value(reply, NULL, 0) == NDF_EINVAL &&
                ndf_reply_value(NULL, "1", 1) == NDF_EINVAL;
    return good ? 0 : 1;
}

static int waits(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct scene *s = ud;
    (void)call;
    atomic_fetch_add(&s->running, 1);
    while (!atomic_load(&s->release)) {
        nap();
    }
    return ndf_reply_output(reply, "late", 4);
}

static int counts(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct scene *s = ud;
    (void)call;
    int now = atomic_fetch_add(&s->running, 1) + 1;
    int most = atomic_load(&s->most);
    while (now > most && !atomic_compare_exchange_weak(&s->most, &most, now)) {}
    nap();
    atomic_fetch_sub(&s->running, 1);
    atomic_fetch_add(&s->calls, 1);
    return ndf_reply_output(reply, "x", 1);
}

/* ---- tests --------------------------------------------------------------- */

static void a_function_is_called_and_its_reply_arrives(void **state)
{
    struct scene *s = *state;
    run(s, answers);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.exit, 0);
    assert_str(value_get_str(&s->result.output, STR("saw")),
        "run-1 scan run-1/scan 2 12");
    assert_int_equal(value_get_int(&s->result.patch, STR("priority"), 0), 1);
    assert_int_equal(value_get_int(&s->result.usage, STR("tokens"), 0), 3);
}

static void a_function_that_fails_says_why(void **state)
{
    struct scene *s = *state;
    run(s, fails);
    assert_int_equal(s->result.exit, 5);
    assert_str(s->result.output.string, "so far");
    assert_str(s->result.error, "no \xEF\xBF\xBD luck");
}

static void a_function_may_say_nothing(void **state)
{
    struct scene *s = *state;
    run(s, says_nothing);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.output.kind, VALUE_NULL);
}

static void a_bad_reply_is_refused_and_text_is_kept(void **state)
{
    struct scene *s = *state;
    run(s, replies_badly);
    assert_int_equal(s->result.exit, 0);
    assert_str(s->result.output.string, "{\"a\": 1");
}

static void a_value_of_any_type_is_kept_as_it_is(void **state)
{
    struct scene *s = *state;
    static const char *const values[] = {"null", "false", "0",
        "-9007199254740993", "0.5", "\"\"", "\"{}\"", "\"null\"", "[]",
        "{\"output\":{}}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        given = values[i];
        s->done = 0;
        run(s, gives_a_value);
        assert_true(s->result.typed);
        assert_string_equal(
            test_canonical(&s->arena, &s->result.output), values[i]);
    }
}

static void a_bad_value_is_refused(void **state)
{
    struct scene *s = *state;
    run(s, gives_bad_values);
    assert_int_equal(s->result.exit, 0);
    assert_int_equal(s->result.output.kind, VALUE_NULL);
    assert_false(s->result.typed);
}

static void its_time_is_limited_and_what_comes_late_is_dropped(void **state)
{
    struct scene *s = *state;
    s->call.timeout_ms = 50;
    run(s, waits);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
    assert_int_equal(s->done, 1);
    /* Another one works meanwhile, and the first returns. */
    s->call.timeout_ms = 0;
    s->wanted = 2;
    atomic_store(&s->release, true);
    run(s, counts);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->done, 2);
}

static void stop_now(void *ud)
{
    agent_task_stop(ud);
}

static void a_stop_ends_the_call_at_once(void **state)
{
    struct scene *s = *state;
    struct loop_timer *timer;
    s->call.timeout_ms = 60000;
    struct agent_task *task = start(s, waits);
    assert_ok(loop_timer_new(&timer, s->loop, 20, stop_now, task));
    assert_ok(loop_run(s->loop));
    assert_int_equal(s->result.status, AGENT_CANCELLED);
    loop_timer_free(timer);
    agent_task_free(task);
}

static void a_task_that_is_freed_says_nothing_more(void **state)
{
    struct scene *s = *state;
    agent_task_free(start(s, waits));
    struct agent_task *task = start(s, counts);
    atomic_store(&s->release, true);
    assert_ok(loop_run(s->loop));
    assert_int_equal(s->done, 1);
    agent_task_free(task);
}

static void one_that_is_freed_before_it_began_is_never_run(void **state)
{
    struct scene *s = *state;
    struct agent_task *tasks[CALLBACK_THREADS_MAX];
    s->wanted = CALLBACK_THREADS_MAX;
    for (int i = 0; i < CALLBACK_THREADS_MAX; i++) {
        tasks[i] = start(s, waits);
    }
    agent_task_free(start(s, counts));
    atomic_store(&s->release, true);
    assert_ok(loop_run(s->loop));
    for (int i = 0; i < CALLBACK_THREADS_MAX; i++) {
        agent_task_free(tasks[i]);
    }
    /* One behind it in the queue has its turn, and it has not been run. */
    s->wanted++;
    struct agent_task *next = start(s, says_nothing);
    assert_ok(loop_run(s->loop));
    agent_task_free(next);
    assert_int_equal(atomic_load(&s->calls), 0);
}

static void many_calls_share_a_bounded_number_of_threads(void **state)
{
    struct scene *s = *state;
    struct agent_task *tasks[MANY];
    s->wanted = MANY;
    for (int i = 0; i < MANY; i++) {
        tasks[i] = start(s, counts);
    }
    assert_ok(loop_run(s->loop));
    assert_int_equal(atomic_load(&s->calls), MANY);
    assert_in_range(atomic_load(&s->most), 2, CALLBACK_THREADS_MAX);
    for (int i = 0; i < MANY; i++) {
        agent_task_free(tasks[i]);
    }
}

static void closing_waits_for_what_runs_and_drops_the_rest(void **state)
{
    struct scene *s = *state;
    struct agent_task *tasks[MANY];
    for (int i = 0; i < MANY; i++) {
        tasks[i] = start(s, waits);
    }
    while (atomic_load(&s->running) < CALLBACK_THREADS_MAX) {
        nap();
    }
    for (int i = 0; i < MANY; i++) {
        agent_task_free(tasks[i]);
    }
    /* free_scene lets them go and closes. */
    assert_int_equal(s->done, 0);
}

static void an_adopted_call_is_lost(void **state)
{
    struct scene *s = *state;
    struct agent_task *task;
    assert_ok(
        agent_callback.adopt(&task, &s->host, &s->call, on_done, s, NULL));
    assert_ok(loop_run(s->loop));
    assert_int_equal(s->result.status, AGENT_LOST);
    agent_task_free(task);
}

static void an_agent_without_a_function_cannot_start(void **state)
{
    struct scene *s = *state;
    struct agent_task *task;
    ndf_error error = {0};
    assert_int_equal(
        agent_callback.start(&task, &s->host, &s->call, on_done, s, &error),
        NDF_EAGENT);
    assert_null(task);
    test_contains(error.message, "'scanner'");
}

static void a_start_without_memory_leaves_nothing(void **state)
{
    struct scene *s = *state;
    s->call.timeout_ms = 60000;
    s->call.fn = says_nothing;
    for (long left = 0; s->done == 0; left++) {
        struct agent_task *task;
        s->mem.left = left;
        int err =
            agent_callback.start(&task, &s->host, &s->call, on_done, s, NULL);
        if (err != NDF_OK) {
            assert_int_equal(err, NDF_ENOMEM);
            assert_null(task);
            continue;
        }
        s->mem.left = -1;
        assert_ok(loop_run(s->loop));
        agent_task_free(task);
    }
}

static void each_runtime_has_its_kind(void **state)
{
    (void)state;
    assert_string_equal(agent_kind_of(RUNTIME_PROCESS)->name, "process");
    assert_string_equal(agent_kind_of(RUNTIME_CALLBACK)->name, "callback");
    for (int i = AGENT_EXITED; i <= AGENT_NEVER_STARTED; i++) {
        enum agent_status status;
        const char *name = agent_status_name((enum agent_status)i);
        assert_true(agent_status_parse(str_of(name), &status));
        assert_int_equal(status, i);
    }
    enum agent_status status;
    assert_false(agent_status_parse(STR("danced"), &status));
}

static void one_that_is_silent_for_too_long_is_left(void **state)
{
    struct scene *s = *state;
    s->call.silence_ms = 50;
    run(s, hangs);
    assert_int_equal(s->result.status, AGENT_SILENT);
}

static void one_that_says_that_it_lives_is_waited_for(void **state)
{
    struct scene *s = *state;
    s->call.silence_ms = 250;
    run(s, works_long);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.exit, 0);
    assert_int_equal(ndf_reply_alive(NULL), NDF_EINVAL);
}

/* Waiting for a thread is no silence. */
static void one_that_has_not_begun_is_not_silent(void **state)
{
    struct scene *s = *state;
    struct agent_task *tasks[CALLBACK_THREADS_MAX];
    for (int i = 0; i < CALLBACK_THREADS_MAX; i++)
        tasks[i] = start(s, hangs);
    s->call.silence_ms = 150;
    struct agent_task *late = start(s, says_nothing);
    struct loop_timer *timer;
    s->wanted = CALLBACK_THREADS_MAX + 1;
    assert_ok(loop_timer_new(&timer, s->loop, 600, let_go, s));
    assert_ok(loop_run(s->loop));
    loop_timer_free(timer);
    assert_int_equal(s->silent, 0);
    agent_task_free(late);
    for (int i = 0; i < CALLBACK_THREADS_MAX; i++)
        agent_task_free(tasks[i]);
}

#define SCENE(name)                                                            \
    cmocka_unit_test_setup_teardown(name, make_scene, free_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_function_is_called_and_its_reply_arrives),
        SCENE(a_function_that_fails_says_why),
        SCENE(a_function_may_say_nothing),
        SCENE(a_bad_reply_is_refused_and_text_is_kept),
        SCENE(a_value_of_any_type_is_kept_as_it_is),
        SCENE(a_bad_value_is_refused),
        SCENE(its_time_is_limited_and_what_comes_late_is_dropped),
        SCENE(a_stop_ends_the_call_at_once),
        SCENE(a_task_that_is_freed_says_nothing_more),
        SCENE(one_that_is_freed_before_it_began_is_never_run),
        SCENE(many_calls_share_a_bounded_number_of_threads),
        SCENE(closing_waits_for_what_runs_and_drops_the_rest),
        SCENE(one_that_is_silent_for_too_long_is_left),
        SCENE(one_that_says_that_it_lives_is_waited_for),
        SCENE(one_that_has_not_begun_is_not_silent),
        SCENE(an_adopted_call_is_lost),
        SCENE(an_agent_without_a_function_cannot_start),
        SCENE(a_start_without_memory_leaves_nothing),
        cmocka_unit_test(each_runtime_has_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
