/*
 * test_room.c - tasks of several runs share the machine, fairly.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"

/* What was called, a letter a call, and how many were at once. */
struct calls {
    pthread_mutex_t mutex;
    char order[64];
    size_t count;
    int now, most;
    int ms;
};

static int work(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct calls *calls = ud;
    const char *who = strstr(call->request, "\"text\":\"");
    pthread_mutex_lock(&calls->mutex);
    if (calls->count + 1 < sizeof calls->order)
        calls->order[calls->count++] = who != NULL ? who[8] : '?';
    if (++calls->now > calls->most) calls->most = calls->now;
    pthread_mutex_unlock(&calls->mutex);
    const struct timespec pause = {.tv_nsec = calls->ms * 1000000L};
    (void)nanosleep(&pause, NULL);
    pthread_mutex_lock(&calls->mutex);
    calls->now--;
    pthread_mutex_unlock(&calls->mutex);
    return ndf_reply_output(reply, "done", 4);
}

/* One cpu is more than a hundredth of any machine, so one task at a time. */
static const char patterns[] =
    "pattern: one\ndescription: d\nresource_threshold: 0.001\n"
    "tasks: [a: {agent: work, resources: {cpu: 1}}]\n"
    "---\n"
    "pattern: three\ndescription: d\nresource_threshold: 0.001\n"
    "tasks:\n"
    "  - a: {agent: work, resources: {cpu: 1}}\n"
    "  - b: {agent: work, resources: {cpu: 1}}\n"
    "  - c: {agent: work, resources: {cpu: 1}}\n"
    "---\n"
    "pattern: free\ndescription: d\ntasks: [a: {agent: work}]\n";

struct stage {
    struct fixture fixture;
    struct calls calls;
    ndf_run *runs[8];
    size_t count;
};

static void stage_open(struct stage *stage, int ms)
{
    memset(stage, 0, sizeof *stage);
    fixture_open(&stage->fixture);
    pthread_mutex_init(&stage->calls.mutex, NULL);
    stage->calls.ms = ms;
    assert_ok(ndf_bind(stage->fixture.engine, "work", work, &stage->calls,
        &stage->fixture.error));
    fixture_register(&stage->fixture, patterns);
}

static void stage_start(
    struct stage *stage, const char *pattern, char who, int priority)
{
    char json[64];
    struct fixture *fixture = &stage->fixture;
    snprintf(
        json, sizeof json, "{\"text\":\"%c\",\"priority\":%d}", who, priority);
    ndf_context *context = fixture_context(fixture, json);
    assert_ok(ndf_run_start(fixture->engine, pattern, context, NULL,
        &stage->runs[stage->count++], &fixture->error));
    ndf_context_free(context);
}

static void stage_close(struct stage *stage)
{
    for (size_t i = 0; i < stage->count; i++) {
        int state = NDF_RUN_RUNNING;
        assert_ok(ndf_run_wait(stage->runs[i], 20000, &state, NULL));
        assert_int_equal(state, NDF_RUN_SUCCEEDED);
        ndf_run_free(stage->runs[i]);
    }
    fixture_close(&stage->fixture);
    pthread_mutex_destroy(&stage->calls.mutex);
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static void the_higher_priority_goes_first(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, 300);
    stage_start(&stage, "one", 'f', 3);
    pause_ms(100);
    stage_start(&stage, "one", 'e', 5);
    stage_start(&stage, "one", 'c', 3);
    stage_start(&stage, "one", 'a', 1);
    stage_start(&stage, "one", 'd', 3);
    stage_close(&stage);
    assert_string_equal(stage.calls.order, "facde");
    assert_int_equal(stage.calls.most, 1);
}

static void runs_of_one_priority_take_turns(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, 100);
    stage_start(&stage, "three", 'a', 3);
    stage_start(&stage, "three", 'b', 3);
    stage_close(&stage);
    assert_string_equal(stage.calls.order, "aababb");
    assert_int_equal(stage.calls.most, 1);
}

static void what_declares_nothing_waits_for_nobody(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, 200);
    stage_start(&stage, "three", 'a', 1);
    pause_ms(50);
    stage_start(&stage, "free", 'b', 5);
    stage_close(&stage);
    assert_string_equal(stage.calls.order, "abaa");
    assert_int_equal(stage.calls.most, 2);
}

static void one_that_is_cancelled_gives_its_turn_away(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, 300);
    stage_start(&stage, "one", 'a', 3);
    pause_ms(100);
    stage_start(&stage, "one", 'b', 1);
    stage_start(&stage, "one", 'c', 5);
    assert_ok(ndf_run_cancel(stage.runs[1]));
    int how = NDF_RUN_RUNNING;
    assert_ok(ndf_run_wait(stage.runs[1], 20000, &how, NULL));
    assert_int_equal(how, NDF_RUN_CANCELLED);
    ndf_run_free(stage.runs[1]);
    stage.runs[1] = stage.runs[--stage.count];
    stage_close(&stage);
    assert_string_equal(stage.calls.order, "ac");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_higher_priority_goes_first),
        cmocka_unit_test(runs_of_one_priority_take_turns),
        cmocka_unit_test(what_declares_nothing_waits_for_nobody),
        cmocka_unit_test(one_that_is_cancelled_gives_its_turn_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
