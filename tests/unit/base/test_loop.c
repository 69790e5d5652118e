/*
 * test_loop.c - tests of base/loop.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "support/support.h"

struct world {
    struct loop_post posts[8];
    size_t post_count;
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int fd;
    size_t count;
    char text[64];
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    assert_ok(loop_new(&w->loop, &mem_libc));
}

static void post(struct world *w, loop_fn fn)
{
    struct loop_post *item = &w->posts[w->post_count++];
    *item = (struct loop_post){.fn = fn, .ud = w};
    loop_post(w->loop, item);
}

static void stop(void *ud)
{
    struct world *w = ud;
    loop_stop(w->loop);
}

static void add_a(void *ud)
{
    struct world *w = ud;
    w->text[w->count++] = 'a';
}

static void add_b(void *ud)
{
    struct world *w = ud;
    w->text[w->count++] = 'b';
}

static void add_c_and_post(void *ud)
{
    struct world *w = ud;
    w->text[w->count++] = 'c';
    post(w, add_a);
    post(w, stop);
}

static void posted_work_runs_in_order(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    post(&w, add_a);
    post(&w, add_c_and_post);
    post(&w, add_b);
    assert_ok(loop_run(w.loop));
    assert_string_equal(w.text, "acba");
    loop_free(w.loop);
}

static void a_loop_stopped_before_it_runs_returns_and_runs_again(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    loop_stop(w.loop);
    assert_ok(loop_run(w.loop));
    post(&w, add_a);
    post(&w, stop);
    assert_ok(loop_run(w.loop));
    assert_string_equal(w.text, "a");
    /* What was not run is dropped. */
    post(&w, add_b);
    loop_free(w.loop);
    assert_string_equal(w.text, "a");
    loop_free(NULL);
}

static void free_own_timer(void *ud)
{
    struct world *w = ud;
    loop_timer_free(w->timer);
    w->timer = NULL;
    w->text[w->count++] = 't';
}

static void timers_fire_once_in_the_order_of_their_times(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct loop_timer *timers[4];
    int64_t start = clock_mono_ns(&clock_system);
    assert_ok(loop_timer_new(&timers[0], w.loop, 30, add_b, &w));
    assert_ok(loop_timer_new(&timers[1], w.loop, 5, add_a, &w));
    assert_ok(loop_timer_new(&timers[2], w.loop, 60, stop, &w));
    assert_ok(loop_timer_new(&timers[3], w.loop, 10, add_b, &w));
    assert_ok(loop_timer_new(&w.timer, w.loop, 15, free_own_timer, &w));
    loop_timer_free(timers[3]);
    assert_ok(loop_run(w.loop));
    assert_true(clock_mono_ns(&clock_system) - start >= 59000000);
    assert_string_equal(w.text, "atb");
    for (size_t i = 0; i < 3; i++)
        loop_timer_free(timers[i]);
    assert_ok(loop_timer_new(&timers[0], w.loop, UINT64_MAX, add_b, &w));
    loop_timer_free(timers[0]);
    loop_timer_free(NULL);
    loop_free(w.loop);
}

static void read_byte(void *ud)
{
    struct world *w = ud;
    assert_int_equal(read(w->fd, &w->text[w->count], 1), 1);
    if (w->text[w->count++] != '.') return;
    loop_watch_free(w->watch);
    w->watch = NULL;
    loop_stop(w->loop);
}

static void a_watch_is_called_while_there_is_something_to_read(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    int ends[2];
    assert_ok(pipe(ends));
    w.fd = ends[0];
    assert_ok(loop_watch_new(&w.watch, w.loop, w.fd, read_byte, &w));
    assert_int_equal(write(ends[1], "xyz.!", 5), 5);
    assert_ok(loop_run(w.loop));
    assert_string_equal(w.text, "xyz.");
    loop_watch_free(NULL);
    loop_free(w.loop);
    close(ends[0]);
    close(ends[1]);
}

static void a_descriptor_that_cannot_be_watched_is_an_error(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    struct loop_watch *watch = (void *)&w;
    assert_int_equal(loop_watch_new(&watch, w.loop, -1, stop, &w), NDF_EIO);
    assert_null(watch);
    int fd = open("/", O_RDONLY);
    assert_int_equal(loop_watch_new(&watch, w.loop, fd, stop, &w), NDF_EIO);
    close(fd);
    loop_free(w.loop);
}

enum { THREADS = 4, EACH = 5000 };

static void count_up(void *ud)
{
    struct world *w = ud;
    if (++w->count == (size_t)THREADS * EACH) loop_stop(w->loop);
}

static void *post_many(void *ud)
{
    struct world *w = ud;
    struct loop_post *posts = calloc(EACH, sizeof *posts);
    for (size_t i = 0; posts != NULL && i < EACH; i++) {
        posts[i] = (struct loop_post){.fn = count_up, .ud = w};
        loop_post(w->loop, &posts[i]);
    }
    return posts;
}

static void every_thread_may_post(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_ok(pthread_create(&threads[i], NULL, post_many, &w));
    assert_ok(loop_run(w.loop));
    for (size_t i = 0; i < THREADS; i++) {
        void *posts = NULL;
        assert_ok(pthread_join(threads[i], &posts));
        assert_non_null(posts);
        free(posts);
    }
    assert_int_equal(w.count, THREADS * EACH);
    loop_free(w.loop);
}

static void *run_loop(void *ud)
{
    struct world *w = ud;
    assert_ok(loop_run(w->loop));
    return NULL;
}

struct deed {
    struct world *w;
    struct loop_post post;
    pthread_t by;
    _Atomic bool done;
};

static void note_thread(void *ud)
{
    struct deed *deed = ud;
    deed->by = pthread_self();
    deed->done = true;
}

static void a_loop_that_sleeps_lends_its_turn(void **state)
{
    (void)state;
    struct world w;
    pthread_t thread;
    world_open(&w);
    /* Nobody runs it yet: the work waits. */
    struct deed deed = {.w = &w, .post = {.fn = note_thread, .ud = &deed}};
    loop_do(w.loop, &deed.post);
    assert_false(deed.done);
    assert_ok(pthread_create(&thread, NULL, run_loop, &w));
    const struct timespec pause = {.tv_nsec = 1000000};
    do {
        while (!deed.done)
            nanosleep(&pause, NULL);
        deed.done = false;
        loop_do(w.loop, &deed.post);
    } while (!deed.done || pthread_equal(deed.by, thread) != 0);
    assert_true(pthread_equal(deed.by, pthread_self()) != 0);
    loop_stop(w.loop);
    assert_ok(pthread_join(thread, NULL));
    loop_free(w.loop);
}

static void set_timer(void *ud)
{
    struct world *w = ud;
    assert_ok(loop_timer_new(&w->timer, w->loop, 5, stop, w));
}

/* What would be late by an hour, were the sleeper not woken. */
static void a_timer_set_in_a_lent_turn_fires_in_time(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct world w;
        pthread_t thread;
        world_open(&w);
        assert_ok(pthread_create(&thread, NULL, run_loop, &w));
        const struct timespec pause = {.tv_nsec = i * 100000L};
        nanosleep(&pause, NULL);
        struct loop_post item = {.fn = set_timer, .ud = &w};
        loop_do(w.loop, &item);
        assert_ok(pthread_join(thread, NULL));
        loop_timer_free(w.timer);
        loop_free(w.loop);
    }
}

/* Only who has the turn may touch a timer, or the count. */
static void count_with_timer(void *ud)
{
    struct world *w = ud;
    loop_timer_free(w->timer);
    assert_ok(loop_timer_new(&w->timer, w->loop, 1000, stop, w));
    count_up(w);
}

static void *do_many(void *ud)
{
    struct world *w = ud;
    struct loop_post *posts = calloc(EACH, sizeof *posts);
    for (size_t i = 0; posts != NULL && i < EACH; i++) {
        posts[i] = (struct loop_post){.fn = count_with_timer, .ud = w};
        (i % 3 == 0 ? loop_post : loop_do)(w->loop, &posts[i]);
    }
    return posts;
}

static void turns_exclude_each_other(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_ok(pthread_create(&threads[i], NULL, do_many, &w));
    assert_ok(loop_run(w.loop));
    for (size_t i = 0; i < THREADS; i++) {
        void *posts = NULL;
        assert_ok(pthread_join(threads[i], &posts));
        assert_non_null(posts);
        free(posts);
    }
    assert_int_equal(w.count, THREADS * EACH);
    loop_timer_free(w.timer);
    loop_free(w.loop);
}

static int use_loop(const struct mem *mem, void *ud)
{
    int *ends = ud;
    struct world w = {0};
    int err = loop_new(&w.loop, mem);
    if (err != NDF_OK) return err;
    struct loop_timer *timer = NULL;
    struct loop_watch *watch = NULL;
    err = loop_timer_new(&timer, w.loop, 0, add_a, &w);
    if (err == NDF_OK) err = loop_watch_new(&watch, w.loop, ends[0], add_a, &w);
    post(&w, stop);
    if (err == NDF_OK) err = loop_run(w.loop);
    loop_timer_free(timer);
    loop_watch_free(watch);
    loop_free(w.loop);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int ends[2];
    assert_ok(pipe(ends));
    test_each_allocation_fails(use_loop, ends);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posted_work_runs_in_order),
        cmocka_unit_test(a_loop_stopped_before_it_runs_returns_and_runs_again),
        cmocka_unit_test(timers_fire_once_in_the_order_of_their_times),
        cmocka_unit_test(a_watch_is_called_while_there_is_something_to_read),
        cmocka_unit_test(a_descriptor_that_cannot_be_watched_is_an_error),
        cmocka_unit_test(every_thread_may_post),
        cmocka_unit_test(a_loop_that_sleeps_lends_its_turn),
        cmocka_unit_test(a_timer_set_in_a_lent_turn_fires_in_time),
        cmocka_unit_test(turns_exclude_each_other),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
