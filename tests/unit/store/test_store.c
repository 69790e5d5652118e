/*
 * test_store.c - the queue, the writer thread, groups, views.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

/* ---- helpers ------------------------------------------------------------- */

static int put_note(struct store_tx *tx, void *ud, ndf_error *error)
{
    return tx_meta_put(tx, STR("note"), str_of(ud), error);
}

static bool note_is(struct store *store, const char *expected)
{
    struct store_reader *reader = fixture_read(store);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct str value;
    int err = read_meta(reader, &arena, STR("note"), &value, NULL);
    bool same = expected == NULL ? err == NDF_ENOTFOUND
                                 : str_equal(value, str_of(expected));
    arena_deinit(&arena);
    store_read_end(reader);
    return same;
}

/* Keeps the writer busy until it is opened. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, opened;
};

static void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof *gate);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
}

static int wait_at_gate(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)tx;
    (void)error;
    struct gate *gate = ud;
    pthread_mutex_lock(&gate->lock);
    gate->entered = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->opened)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return NDF_OK;
}

/* Behind this call the writer is in a group of its own. */
static void gate_close(struct gate *gate, struct store *store)
{
    gate_init(gate);
    assert_ok(store_submit(store, wait_at_gate, NULL, gate, NULL));
    pthread_mutex_lock(&gate->lock);
    while (!gate->entered)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->opened = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

struct numbered {
    const char *run;
    int fail_with;
    int err;
    int times;
    int place;
    int *places;
};

static int put_numbered(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct numbered *one = ud;
    char run[32];
    (void)snprintf(run, sizeof run, "%s", one->run);
    int err = fixture_run(tx, run, error);
    return err == NDF_OK ? one->fail_with : err;
}

static void note_done(void *ud, int err, const ndf_error *error)
{
    struct numbered *one = ud;
    assert_int_equal(error->code, err);
    one->err = err;
    one->times++;
    one->place = (*one->places)++;
}

static int count_run(void *ud, const struct store_run *run)
{
    (void)run;
    (*(int *)ud)++;
    return NDF_OK;
}

static int runs_in(struct store *store)
{
    struct store_reader *reader = fixture_read(store);
    int count = 0;
    assert_ok(read_runs(reader, READ_ANY_STATE, 0, count_run, &count, NULL));
    store_read_end(reader);
    return count;
}

/* ---- writing ------------------------------------------------------------- */

static void what_is_written_is_seen_by_the_next_reader(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    assert_true(note_is(store, NULL));
    fixture_write(store, put_note, fixture_text("one"));
    assert_true(note_is(store, "one"));
    fixture_write(store, put_note, fixture_text("two"));
    assert_true(note_is(store, "two"));
    store_close(store);
}

static void work_that_fails_undoes_only_itself(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct gate gate;
    int places = 0;
    struct numbered jobs[] = {
        {.run = "a", .places = &places},
        {.run = "b", .places = &places, .fail_with = NDF_ECANCELLED},
        {.run = "c", .places = &places},
    };
    gate_close(&gate, store);
    for (size_t i = 0; i < 3; i++)
        assert_ok(store_submit(store, put_numbered, note_done, &jobs[i], NULL));
    gate_open(&gate);
    fixture_write(store, put_note, fixture_text("behind"));
    assert_int_equal(jobs[0].err, NDF_OK);
    assert_int_equal(jobs[1].err, NDF_ECANCELLED);
    assert_int_equal(jobs[2].err, NDF_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(jobs[i].times, 1);
        assert_int_equal(jobs[i].place, i);
    }
    assert_int_equal(runs_in(store), 2);
    store_close(store);
}

static void work_that_waits_shares_one_commit(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct gate gate;
    gate_close(&gate, store);
    for (int i = 0; i < 100; i++)
        assert_ok(store_submit(store, put_note, NULL, fixture_text("x"), NULL));
    gate_open(&gate);
    store_read_end(fixture_read(store));
    fixture_write(store, put_note, fixture_text("last"));
    const struct store_metrics *metrics = store_metrics(store);
    assert_int_equal(counter_get(&metrics->jobs), 102);
    assert_true(counter_get(&metrics->groups) <= 3);
    store_close(store);
}

struct helped {
    struct store *store;
    pthread_t by;
    bool helping;
    _Atomic int done;
};

static void note_helper(void *ud, int err, const ndf_error *error)
{
    struct helped *helped = ud;
    (void)error;
    assert_ok(err);
    helped->by = pthread_self();
    helped->helping = store_is_helping(helped->store);
    helped->done++;
}

static int put_helped(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_meta_put(tx, STR("helped"), STR("yes"), error);
}

static void a_helper_commits_what_it_submits(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct helped one = {.store = store}, two = {.store = store};
    store_help_begin(store);
    assert_true(store_is_helping(store));
    assert_ok(store_submit(store, put_helped, note_helper, &one, NULL));
    assert_ok(store_submit(store, put_helped, note_helper, &two, NULL));
    store_help_end(store);
    assert_int_equal(one.done, 1);
    assert_int_equal(two.done, 1);
    assert_true(pthread_equal(one.by, pthread_self()) != 0);
    assert_true(one.helping && two.helping);
    assert_false(store_is_helping(store));
    assert_int_equal(counter_get(&store_metrics(store)->groups), 1);
    store_help_end(store); /* of nothing */
    const struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL); /* until the writer sleeps */
    store_help_begin(store);
    assert_ok(store_submit(store, put_helped, NULL, NULL, NULL));
    assert_ok(store_write(store, put_helped, NULL, NULL));
    store_help_end(store);
    store_close(store);
}

static void *submit_alone(void *ud)
{
    struct helped *helped = ud;
    store_help_begin(helped->store);
    assert_false(store_is_helping(helped->store));
    assert_ok(
        store_submit(helped->store, put_helped, note_helper, helped, NULL));
    store_help_end(helped->store);
    return NULL;
}

/* What others submit is the writer's while one thread is about to help. */
static void one_thread_helps_at_a_time(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct helped other = {.store = store};
    pthread_t thread;
    store_help_begin(store);
    assert_ok(pthread_create(&thread, NULL, submit_alone, &other));
    assert_ok(pthread_join(thread, NULL));
    const struct timespec pause = {.tv_nsec = 1000000};
    while (other.done == 0)
        nanosleep(&pause, NULL);
    assert_false(other.helping);
    assert_true(pthread_equal(other.by, pthread_self()) == 0);
    store_help_end(store);
    store_close(store);
}

/* While the writer is at work a helper leaves its own to it. */
static void a_helper_waits_for_nobody(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct helped mine = {.store = store};
    struct gate gate;
    gate_close(&gate, store);
    store_help_begin(store);
    assert_ok(store_submit(store, put_helped, note_helper, &mine, NULL));
    store_help_end(store);
    assert_int_equal(mine.done, 0);
    gate_open(&gate);
    store_close(store);
    assert_int_equal(mine.done, 1);
    assert_false(mine.helping);
}

static void a_group_without_any_success_is_no_commit(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    int places = 0;
    struct numbered job = {
        .run = "a", .places = &places, .fail_with = NDF_ECANCELLED};
    ndf_error error;
    assert_int_equal(
        store_write(store, put_numbered, &job, &error), NDF_ECANCELLED);
    assert_string_equal(error.message, ndf_strerror(NDF_ECANCELLED));
    assert_int_equal(counter_get(&store_metrics(store)->groups), 0);
    assert_int_equal(counter_get(&store_metrics(store)->failed), 1);
    assert_int_equal(runs_in(store), 0);
    store_close(store);
}

static void closing_finishes_what_is_queued(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    int places = 0;
    struct numbered jobs[50];
    char names[50][8];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(names[i], sizeof names[i], "r%d", i);
        jobs[i] = (struct numbered){.run = names[i], .places = &places};
        assert_ok(store_submit(store, put_numbered, note_done, &jobs[i], NULL));
    }
    store_close(store);
    assert_int_equal(places, 50);
    store = fixture_open(test_path(&dir, "a.db"), STORE_EXISTING);
    assert_int_equal(runs_in(store), 50);
    store_close(store);
    test_dir_remove(&dir);
}

static void a_queue_that_is_full_refuses_more(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct gate gate;
    ndf_error error;
    gate_close(&gate, store);
    for (int i = 0; i < STORE_QUEUE_MAX; i++)
        assert_ok(store_submit(store, put_note, NULL, fixture_text("x"), NULL));
    assert_int_equal(
        store_submit(store, put_note, NULL, fixture_text("x"), &error),
        NDF_ELIMIT);
    gate_open(&gate);
    store_close(store);
}

struct inner {
    struct store *store;
    int err;
};

static int write_inside(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct inner *inner = ud;
    (void)tx;
    inner->err = store_write(inner->store, put_note, fixture_text("x"), error);
    return NDF_OK;
}

static void the_writer_cannot_wait_for_itself(void **state)
{
    (void)state;
    struct inner inner = {.store = fixture_open(NULL, STORE_CREATE)};
    fixture_write(inner.store, write_inside, &inner);
    assert_int_equal(inner.err, NDF_EINVAL);
    /* Nor on the store's own thread. */
    inner.err = NDF_OK;
    assert_ok(store_submit(inner.store, write_inside, NULL, &inner, NULL));
    store_close(inner.store);
    assert_int_equal(inner.err, NDF_EINVAL);
}

static int note_thread(struct store_tx *tx, void *ud, ndf_error *error)
{
    pthread_t *thread = ud;
    *thread = pthread_self();
    return put_note(tx, fixture_text("x"), error);
}

static void a_caller_alone_does_its_work_itself(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    pthread_t thread;
    fixture_write(store, note_thread, &thread);
    assert_true(pthread_equal(thread, pthread_self()));
    assert_int_equal(counter_get(&store_metrics(store)->jobs), 1);
    store_close(store);
}

struct follower {
    struct store *store;
    pthread_t thread;
};

static int submit_inside(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct follower *follower = ud;
    int err = store_submit(
        follower->store, note_thread, NULL, &follower->thread, error);
    return err == NDF_OK ? put_note(tx, fixture_text("y"), error) : err;
}

static void what_comes_meanwhile_is_the_store_threads(void **state)
{
    (void)state;
    struct follower follower = {.store = fixture_open(NULL, STORE_CREATE)};
    fixture_write(follower.store, submit_inside, &follower);
    store_close(follower.store);
    assert_false(pthread_equal(follower.thread, pthread_self()));
}

struct chain {
    struct store *store;
    int left;
};

static int put_left(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct chain *chain = ud;
    char text[16];
    (void)snprintf(text, sizeof text, "%d", chain->left);
    return tx_meta_put(tx, STR("note"), str_of(text), error);
}

static void submit_again(void *ud, int err, const ndf_error *error)
{
    (void)error;
    struct chain *chain = ud;
    assert_int_equal(err, NDF_OK);
    if (--chain->left > 0)
        assert_ok(
            store_submit(chain->store, put_left, submit_again, chain, NULL));
}

static void a_done_may_submit_more_also_while_closing(void **state)
{
    (void)state;
    struct chain chain = {fixture_open(NULL, STORE_CREATE), 20};
    assert_ok(store_submit(chain.store, put_left, submit_again, &chain, NULL));
    store_close(chain.store);
    assert_int_equal(chain.left, 0);
}

/* ---- views --------------------------------------------------------------- */

static void a_reader_keeps_its_view_while_others_write(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    fixture_write(store, fixture_run, fixture_text("a"));
    struct store_reader *before = fixture_read(store);
    fixture_write(store, fixture_run, fixture_text("b"));
    int count = 0;
    assert_ok(read_runs(before, READ_ANY_STATE, 0, count_run, &count, NULL));
    assert_int_equal(count, 1);
    assert_int_equal(runs_in(store), 2);
    store_read_end(before);
    store_close(store);
    test_dir_remove(&dir);
}

static void more_readers_than_the_pool_keeps_work(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct store_reader *readers[20];
    for (size_t i = 0; i < 20; i++)
        readers[i] = fixture_read(store);
    for (size_t i = 0; i < 20; i++)
        store_read_end(readers[i]);
    store_read_end(NULL);
    assert_int_equal(runs_in(store), 0);
    store_close(store);
}

static void other_handles_changes_are_noticed_own_ones_are_not(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *a = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    struct store *b = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    struct store *r = fixture_open(test_path(&dir, "a.db"), STORE_READ_ONLY);
    int64_t of_a = store_data_version(a), of_r = store_data_version(r);
    fixture_write(a, put_note, fixture_text("mine"));
    assert_int_equal(store_data_version(a), of_a);
    assert_int_not_equal(store_data_version(r), of_r);
    fixture_write(b, put_note, fixture_text("theirs"));
    assert_int_not_equal(store_data_version(a), of_a);
    assert_true(note_is(a, "theirs"));
    assert_true(note_is(r, "theirs"));
    store_close(a);
    store_close(b);
    store_close(r);
    test_dir_remove(&dir);
}

/* ---- threads ------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 50 };

struct worker {
    struct store *store;
    int number;
    const char *complaint; /* NULL: none */
};

static const char *do_round(const struct worker *worker, int round)
{
    char run[32];
    (void)snprintf(run, sizeof run, "w%d-%d", worker->number, round);
    struct fixture_record at = {run, 0};
    if (store_write(worker->store, fixture_run, run, NULL) != NDF_OK)
        return "a run was not kept";
    if (store_write(worker->store, fixture_append, &at, NULL) != NDF_OK)
        return "a record was not kept";
    struct store_reader *reader;
    if (store_read_begin(worker->store, &reader, NULL) != NDF_OK)
        return "no reader";
    int count = 0;
    int err = read_runs_like(reader, str_of(run), 0, count_run, &count, NULL);
    store_read_end(reader);
    (void)store_data_version(worker->store);
    return err == NDF_OK && count > 0 ? NULL : "own write not seen";
}

static void *work_hard(void *ud)
{
    struct worker *worker = ud;
    for (int i = 0; i < ROUNDS && worker->complaint == NULL; i++)
        worker->complaint = do_round(worker, i);
    return NULL;
}

static void hammer(struct store *first, struct store *second)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){i % 2 == 0 ? first : second, i, NULL};
        assert_int_equal(
            pthread_create(&threads[i], NULL, work_hard, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_null(workers[i].complaint);
    }
    assert_int_equal(runs_in(first), THREADS * ROUNDS);
    assert_int_equal(fixture_problems(first), 0);
}

static void threads_write_and_read_in_memory(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    hammer(store, store);
    store_close(store);
}

static void two_handles_write_one_file_at_once(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *a = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    struct store *b = fixture_open(test_path(&dir, "a.db"), STORE_EXISTING);
    hammer(a, b);
    store_close(a);
    store_close(b);
    test_dir_remove(&dir);
}

static void two_stores_in_memory_are_two(void **state)
{
    (void)state;
    struct store *a = fixture_open(NULL, STORE_CREATE);
    struct store *b = fixture_open(NULL, STORE_CREATE);
    fixture_write(a, put_note, fixture_text("a"));
    assert_true(note_is(b, NULL));
    store_close(a);
    store_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_seen_by_the_next_reader),
        cmocka_unit_test(work_that_fails_undoes_only_itself),
        cmocka_unit_test(work_that_waits_shares_one_commit),
        cmocka_unit_test(a_helper_commits_what_it_submits),
        cmocka_unit_test(one_thread_helps_at_a_time),
        cmocka_unit_test(a_helper_waits_for_nobody),
        cmocka_unit_test(a_group_without_any_success_is_no_commit),
        cmocka_unit_test(closing_finishes_what_is_queued),
        cmocka_unit_test(a_queue_that_is_full_refuses_more),
        cmocka_unit_test(the_writer_cannot_wait_for_itself),
        cmocka_unit_test(a_caller_alone_does_its_work_itself),
        cmocka_unit_test(what_comes_meanwhile_is_the_store_threads),
        cmocka_unit_test(a_done_may_submit_more_also_while_closing),
        cmocka_unit_test(a_reader_keeps_its_view_while_others_write),
        cmocka_unit_test(more_readers_than_the_pool_keeps_work),
        cmocka_unit_test(other_handles_changes_are_noticed_own_ones_are_not),
        cmocka_unit_test(threads_write_and_read_in_memory),
        cmocka_unit_test(two_handles_write_one_file_at_once),
        cmocka_unit_test(two_stores_in_memory_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
