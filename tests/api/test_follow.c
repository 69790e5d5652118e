/*
 * test_follow.c - a run's records as they come.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"

static const char pattern[] = "pattern: two.steps\n"
                              "description: d\n"
                              "steps:\n"
                              "  - one: {agent: worker}\n"
                              "  - two: {agent: worker}\n";

/* A function that answers when it is let. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int open; /* so many calls may end */
    int called;
};

static void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->changed, NULL);
}

static void let(struct gate *gate, int more)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open += more;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

static int pass(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct gate *gate = ud;
    (void)call;
    pthread_mutex_lock(&gate->mutex);
    int mine = ++gate->called;
    while (gate->open < mine)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
    return ndf_reply_output(reply, "passed", 6);
}

static ndf_run *start(struct fixture *fixture)
{
    ndf_context *context = fixture_context(fixture, "go");
    ndf_run *run;
    int err = ndf_run_start(
        fixture->engine, "two.steps", context, NULL, &run, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(context);
    return run;
}

static json_t *follow(
    struct fixture *fixture, const char *run, int64_t from, int64_t timeout_ms)
{
    ndf_text *text;
    int err = ndf_follow(
        fixture->engine, run, from, timeout_ms, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

static int64_t next_of(const json_t *news)
{
    return json_integer_value(json_object_get(news, "next"));
}

/* Asked again and again, it gives what ndf_show has, each record once. */
static void every_record_comes_once_and_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gate gate;
    fixture_open(&fixture);
    gate_init(&gate);
    assert_ok(ndf_bind(fixture.engine, "worker", pass, &gate, &fixture.error));
    fixture_register(&fixture, pattern);
    ndf_run *run = start(&fixture);
    json_t *all = json_array();
    int64_t from = 0;
    bool ended = false;
    while (!ended) {
        json_t *news = follow(&fixture, ndf_run_id(run), from, 60000);
        ended = strcmp(string_at(news, "state"), "running") != 0;
        assert_true(ended || next_of(news) > from);
        assert_int_equal(next_of(news),
            from + (int64_t)json_array_size(json_object_get(news, "records")));
        from = next_of(news);
        json_array_extend(all, json_object_get(news, "records"));
        if (json_array_size(all) < 5) let(&gate, 1);
        if (ended) assert_string_equal(string_at(news, "state"), "succeeded");
        json_decref(news);
    }
    json_t *shown = fixture_show(&fixture, ndf_run_id(run));
    assert_true(json_equal(all, json_object_get(shown, "records")));
    json_decref(shown);
    json_decref(all);
    ndf_run_free(run);
    fixture_close(&fixture);
}

static void without_news_it_ends_with_its_time(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gate gate;
    fixture_open(&fixture);
    gate_init(&gate);
    assert_ok(ndf_bind(fixture.engine, "worker", pass, &gate, &fixture.error));
    fixture_register(&fixture, pattern);
    ndf_run *run = start(&fixture);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    json_t *news = follow(&fixture, ndf_run_id(run), INT64_MAX, 120);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t took = (after.tv_sec - before.tv_sec) * 1000 +
                   (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(took >= 119);
    assert_string_equal(string_at(news, "state"), "running");
    /* Functions leave no files, so there is no folder for them. */
    assert_true(strlen(string_at(news, "dir")) > 0);
    assert_int_equal(access(string_at(news, "dir"), F_OK), -1);
    assert_int_equal(json_array_size(json_object_get(news, "records")), 0);
    json_decref(news);
    let(&gate, 2);
    news = follow(&fixture, ndf_run_id(run), INT64_MAX, -1);
    assert_string_equal(string_at(news, "state"), "succeeded");
    assert_int_equal(json_array_size(json_object_get(news, "records")), 0);
    json_decref(news);
    ndf_run_free(run);
    fixture_close(&fixture);
}

/* Another engine on the same file sees the records come, and the end. */
static void another_engine_may_follow(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gate gate;
    fixture_open(&fixture);
    gate_init(&gate);
    assert_ok(ndf_bind(fixture.engine, "worker", pass, &gate, &fixture.error));
    fixture_register(&fixture, pattern);
    ndf_run *run = start(&fixture);
    struct fixture other = fixture;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_ok(ndf_open(&other.engine, &options, &other.error));
    json_t *news = follow(&other, ndf_run_id(run), 0, 60000);
    assert_string_equal(string_at(news, "state"), "running");
    assert_true(next_of(news) >= 1);
    json_decref(news);
    let(&gate, 2);
    news = follow(&other, ndf_run_id(run), INT64_MAX, 60000);
    assert_string_equal(string_at(news, "state"), "succeeded");
    json_decref(news);
    ndf_close(other.engine);
    ndf_run_free(run);
    fixture_close(&fixture);
}

struct waiter {
    struct fixture *fixture;
    const char *run;
    _Atomic bool ended;
};

static void *wait_for(void *ud)
{
    struct waiter *waiter = ud;
    ndf_text *text = NULL;
    if (ndf_follow(waiter->fixture->engine, waiter->run, INT64_MAX, -1, &text,
            NULL) == NDF_OK)
        atomic_store(&waiter->ended,
            strstr(ndf_text_data(text), "\"succeeded\"") != NULL);
    ndf_text_free(text);
    return NULL;
}

static void several_threads_may_wait(void **state)
{
    (void)state;
    enum { WAITERS = 4 };
    struct fixture fixture;
    struct gate gate;
    fixture_open(&fixture);
    gate_init(&gate);
    assert_ok(ndf_bind(fixture.engine, "worker", pass, &gate, &fixture.error));
    fixture_register(&fixture, pattern);
    ndf_run *run = start(&fixture);
    struct waiter waiters[WAITERS];
    pthread_t threads[WAITERS];
    for (size_t i = 0; i < WAITERS; i++) {
        waiters[i].fixture = &fixture;
        waiters[i].run = ndf_run_id(run);
        atomic_init(&waiters[i].ended, false);
        assert_int_equal(
            pthread_create(&threads[i], NULL, wait_for, &waiters[i]), 0);
    }
    let(&gate, 2);
    for (size_t i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(atomic_load(&waiters[i].ended));
    }
    ndf_run_free(run);
    fixture_close(&fixture);
}

static void what_is_no_run_is_said(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    ndf_text *text;
    assert_int_equal(
        ndf_follow(fixture.engine, "nothing", 0, -1, &text, &fixture.error),
        NDF_ENOTFOUND);
    assert_null(text);
    assert_int_equal(
        ndf_follow(fixture.engine, NULL, 0, -1, &text, &fixture.error),
        NDF_EINVAL);
    assert_int_equal(
        ndf_follow(fixture.engine, "x", -1, -1, &text, &fixture.error),
        NDF_EINVAL);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_comes_once_and_in_order),
        cmocka_unit_test(without_news_it_ends_with_its_time),
        cmocka_unit_test(another_engine_may_follow),
        cmocka_unit_test(several_threads_may_wait),
        cmocka_unit_test(what_is_no_run_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
