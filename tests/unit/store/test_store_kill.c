/*
 * test_store_kill.c - a writer that is killed at any moment: what it said to
 * be durable is there when the store is opened again.
 *
 * The child appends to the journals of a few runs from several threads, and
 * writes "run seq" to a pipe for each record that was acknowledged. The parent
 * kills it, opens the store, and looks.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

enum { ROUNDS = 200, THREADS = 3, KILL_AFTER_US = 8000 };

struct note {
    int run;
    int64_t seq;
};

/* Sent once, when the store is open. */
enum { IS_OPEN = -1 };

struct writer {
    struct store *store;
    int pipe;
    int number;
    int64_t next;
};

static void name_run(char out[16], int number)
{
    (void)snprintf(out, 16, "run-%d", number);
}

static void *append_for_ever(void *ud)
{
    struct writer *writer = ud;
    char run[16];
    name_run(run, writer->number);
    for (;;) {
        struct fixture_record at = {run, writer->next};
        if (store_write(writer->store, fixture_append, &at, NULL) != NDF_OK)
            return NULL;
        struct note note = {writer->number, writer->next++};
        if (write(writer->pipe, &note, sizeof note) != sizeof note) return NULL;
    }
}

static _Noreturn void be_the_child(
    const char *path, int pipe, const int64_t *start)
{
    struct store_options options = {.path = path};
    struct store *store;
    struct writer writers[THREADS];
    pthread_t threads[THREADS];
    if (store_open(&store, &mem_libc, &options, NULL) != NDF_OK) _exit(1);
    struct note open = {IS_OPEN, 0};
    if (write(pipe, &open, sizeof open) != sizeof open) _exit(1);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){store, pipe, i, start[i]};
        if (pthread_create(&threads[i], NULL, append_for_ever, &writers[i]))
            _exit(2);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    _exit(3);
}

/* Kills a child after a while; notes[i] becomes the last that was
 * acknowledged of run i. Tells how many were. */
static int kill_one(const char *path, int64_t *acknowledged, unsigned *seed)
{
    int ends[2], status, count = 0;
    int64_t start[THREADS];
    memcpy(start, acknowledged, sizeof start);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        be_the_child(path, ends[1], start);
    }
    close(ends[1]);
    *seed = *seed * 1103515245U + 12345U;
    struct note note = {0};
    /* Most are killed while they write, some while they open. */
    if (*seed / 65536U % 4 != 0)
        assert_int_equal(read(ends[0], &note, sizeof note), sizeof note);
    struct timespec pause = {
        .tv_nsec = (long)(*seed / 65536U / 4 % KILL_AFTER_US) * 1000};
    nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &note, sizeof note) == sizeof note) {
        if (note.run == IS_OPEN) continue;
        assert_int_equal(note.seq, acknowledged[note.run]);
        acknowledged[note.run]++;
        count++;
    }
    close(ends[0]);
    return count;
}

static void what_was_acknowledged_survives_every_kill(void **state)
{
    (void)state;
    struct test_dir dir;
    int64_t acknowledged[THREADS] = {0};
    int total = 0;
    unsigned seed = 7;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    for (int i = 0; i < THREADS; i++) {
        char run[16];
        name_run(run, i);
        fixture_write(store, fixture_run, run);
    }
    store_close(store);
    for (int round = 0; round < ROUNDS; round++) {
        total += kill_one(path, acknowledged, &seed);
        store = fixture_open(path, STORE_EXISTING);
        for (int i = 0; i < THREADS; i++) {
            char run[16];
            name_run(run, i);
            int64_t there = fixture_records(store, run);
            /* One may be on the disk whose word was not out yet. */
            assert_true(
                there == acknowledged[i] || there == acknowledged[i] + 1);
            acknowledged[i] = there;
        }
        store_close(store);
    }
    store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    print_message(
        "%d kills, %d records acknowledged, none lost\n", ROUNDS, total);
    assert_true(total > 0);
    test_dir_remove(&dir);
}

static void a_store_whose_creator_was_killed_opens(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 50; round++) {
        struct test_dir dir;
        int status;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct store_options options = {.path = path};
            struct store *store;
            (void)store_open(&store, &mem_libc, &options, NULL);
            for (;;)
                pause();
        }
        seed = seed * 1103515245U + 12345U;
        struct timespec pause = {
            .tv_nsec = (long)(seed / 65536U % 8000) * 1000};
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        assert_int_equal(fixture_problems(store), 0);
        store_close(store);
        test_dir_remove(&dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_every_kill),
        cmocka_unit_test(a_store_whose_creator_was_killed_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
