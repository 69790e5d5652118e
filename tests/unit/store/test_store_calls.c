/*
 * test_store_calls.c - each call of the kernel below a store fails once, from
 * the first to the last of a store's life: created, filled, run, backed up,
 * cleaned up, closed, opened again.
 *
 * Invariants: what was acknowledged is there afterwards; an error has a
 * sentence; behind a failed sync of the store nothing is acknowledged until it
 * is opened again; it does open again and is whole; no memory, no descriptor
 * and no half backup is left.
 *
 * The ordinary tests take every STRIDE-th call; NDF_TEST_STRIDE=1 (./dev soak)
 * takes each.
 */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "store/cleanup.h"
#include "support/failing_calls.h"

enum { STRIDE = 9, CALLS_MAX = 20000, RECORDS = 4, GROUP = 3 };

/* What was said to be done. */
struct life {
    const char *path, *copy;
    struct test_mem mem;
    struct store *store;
    bool stopped; /* it may acknowledge nothing more until it is opened again */
    bool filled;  /* the registry, run-1, an outcome... */
    bool ended;   /* run-1 is an old one, which a cleanup removes */
    bool has_run; /* run-2 */
    int64_t records;
    _Atomic int64_t grouped;
    bool copied, cleaned, last;
};

/* An error says in words what failed, and the code is one of a disk. */
static void check_error(int err, const ndf_error *error)
{
    if (err == NDF_OK) return;
    assert_int_equal(err, error->code);
    assert_non_null(strchr(error->message, ' '));
    bool fits = err == NDF_EIO || err == NDF_EFULL || err == NDF_ESTORE ||
                err == NDF_EBUSY || err == NDF_ENOMEM || err == NDF_EREADONLY;
    if (!fits)
        print_error("%s: %d %s\n", failing_calls_first(), err, error->message);
    assert_true(fits);
}

/* Whether a call of the store was acknowledged, which it must not be when a
 * sync of it failed, now or before. */
static bool is_done(struct life *life, int err, const ndf_error *error)
{
    check_error(err, error);
    life->stopped = life->stopped || failing_calls_sync_failed("/a.db-wal");
    assert_false(life->stopped && err == NDF_OK);
    return err == NDF_OK;
}

static bool do_work(struct life *life, store_work_fn work, void *ud)
{
    if (life->store == NULL) return false;
    ndf_error error = {.code = NDF_OK};
    int err = store_write(life->store, work, ud, &error);
    return is_done(life, err, &error);
}

static bool do_open(struct life *life, enum store_mode mode)
{
    struct store_options options = {.path = life->path, .mode = mode};
    ndf_error error = {.code = NDF_OK};
    int err = store_open(&life->store, &life->mem.mem, &options, &error);
    check_error(err, &error);
    assert_true((err == NDF_OK) == (life->store != NULL));
    life->stopped = false;
    failing_calls_forget_syncs();
    return err == NDF_OK;
}

static void count_done(void *ud, int err, const ndf_error *error)
{
    struct life *life = ud;
    /* Asserted by the count, on the test's own thread. */
    if (err == NDF_OK && error->code == NDF_OK) life->grouped++;
}

static int put_group_run(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return fixture_run(tx, fixture_text("run-3"), error);
}

static int append_next(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_run run;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    int err = read_run(tx_reader(tx), &arena, STR("run-3"), &run, error);
    if (err == NDF_OK) {
        struct fixture_record at = {"run-3", run.records};
        err = fixture_append(tx, &at, error);
    }
    arena_deinit(&arena);
    return err;
}

static int end_run(struct store_tx *tx, void *ud, ndf_error *error)
{
    int err = tx_run_state(tx, str_of(ud), 1, 1500, error);
    if (err != NDF_OK) return err;
    struct store_outcome outcome = {
        .id = STR("o2"),
        .pattern = STR("review"),
        .run = STR("run-1"),
        .at_ms = 10,
        .body = STR("{}"),
    };
    return tx_outcome_add(tx, &outcome, NULL, error);
}

static void do_backup(struct life *life)
{
    if (life->store == NULL) return;
    ndf_error error = {.code = NDF_OK};
    int err = store_backup(life->store, life->copy, &error);
    check_error(err, &error);
    life->copied = err == NDF_OK;
    if (!life->copied) assert_int_not_equal(access(life->copy, F_OK), 0);
}

static bool nobody(void *ud, struct str run)
{
    (void)ud;
    (void)run;
    return false;
}

static void forget(void *ud, struct str run)
{
    (void)ud;
    (void)run;
}

static void do_cleanup(struct life *life)
{
    if (life->store == NULL) return;
    struct store_cleanup what = {
        .before_ms = 5000, .owned = nobody, .removed = forget};
    struct store_cleanup_counts counts;
    ndf_error error = {.code = NDF_OK};
    int err = store_cleanup(life->store, &what, &counts, &error);
    uint64_t removed = counts.runs + counts.outcomes + counts.contents;
    /* Also a store that has stopped can be found to have nothing to remove. */
    if (removed > 0) life->cleaned = is_done(life, err, &error);
    else check_error(err, &error);
}

/* From the first call to the last. */
static void live(struct life *life)
{
    (void)do_open(life, STORE_CREATE);
    life->filled = do_work(life, fixture_fill, NULL);
    if (life->filled)
        life->ended = do_work(life, end_run, fixture_text("run-1"));
    life->has_run = do_work(life, fixture_run, fixture_text("run-2"));
    for (int64_t i = 0; life->has_run && i < RECORDS; i++) {
        struct fixture_record at = {"run-2", life->records};
        if (do_work(life, fixture_append, &at)) life->records++;
    }
    do_backup(life);
    bool grouped = do_work(life, put_group_run, NULL);
    for (int i = 0; grouped && i < GROUP; i++)
        (void)store_submit(life->store, append_next, count_done, life, NULL);
    do_cleanup(life);
    store_close(life->store);
    life->store = NULL;
    if (life->has_run && do_open(life, STORE_EXISTING)) {
        struct fixture_record at = {"run-2", life->records};
        life->last = do_work(life, fixture_append, &at);
    }
    store_close(life->store);
    life->store = NULL;
}

static int find_any(void *ud, const struct store_outcome *outcome)
{
    (void)outcome;
    (*(int *)ud)++;
    return NDF_OK;
}

static bool has_run(struct store *store, const char *id)
{
    struct arena arena;
    struct store_run run;
    struct store_reader *reader = fixture_read(store);
    arena_init(&arena, &mem_libc);
    int err = read_run(reader, &arena, str_of(id), &run, NULL);
    arena_deinit(&arena);
    store_read_end(reader);
    assert_true(err == NDF_OK || err == NDF_ENOTFOUND);
    return err == NDF_OK;
}

/* The disk is well again: is all there? */
static void assert_kept(const struct life *life)
{
    struct store *store = fixture_open(life->path, STORE_CREATE);
    assert_int_equal(fixture_problems(store), 0);
    int outcomes = 0;
    struct store_reader *reader = fixture_read(store);
    assert_ok(read_outcomes(reader, 0, find_any, &outcomes, NULL));
    store_read_end(reader);
    /* An error of the cleanup may come behind one of its transactions. */
    if (life->filled && !life->ended) assert_true(outcomes >= 1);
    if (life->cleaned && life->ended) assert_false(has_run(store, "run-1"));
    if (life->has_run)
        assert_true(fixture_records(store, "run-2") >=
                    life->records + (life->last ? 1 : 0));
    if (life->grouped > 0)
        assert_true(fixture_records(store, "run-3") >= life->grouped);
    fixture_write(store, fixture_run, fixture_text("run-9"));
    store_close(store);
    if (!life->copied) return;
    store = fixture_open(life->copy, STORE_EXISTING);
    assert_int_equal(fixture_problems(store), 0);
    if (life->has_run)
        assert_true(fixture_records(store, "run-2") >= life->records);
    store_close(store);
}

static int count_names(const char *path, const char *part)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *at = readdir(folder); at != NULL; at = readdir(folder))
        if (strstr(at->d_name, part) != NULL) count++;
    assert_int_equal(closedir(folder), 0);
    return count;
}

/* One life with a fault; false when the fault was never met. */
static bool fail_once(enum call_fault fault, long n, bool for_ever)
{
    struct test_dir dir;
    test_dir_make(&dir);
    struct life life = {
        .path = test_path(&dir, "a.db"), .copy = test_path(&dir, "b.bak")};
    test_mem_init(&life.mem, -1);
    int open_before = count_names("/proc/self/fd", "");
    failing_calls_set(fault, n, for_ever);
    live(&life);
    failing_calls_stop();
    assert_int_equal(life.mem.live, 0);
    assert_int_equal(count_names("/proc/self/fd", ""), open_before);
    assert_int_equal(count_names(dir.path, ".tmp"), 0);
    bool met = failing_calls_failures() > 0;
    /* What the libraries below try again is no fault of the store. */
    if (!met || fault == CALL_IS_SHORT) {
        assert_true(life.filled && life.ended && life.copied && life.cleaned);
        assert_true(life.last && life.records == RECORDS);
        assert_int_equal(life.grouped, GROUP);
    }
    assert_kept(&life);
    test_dir_remove(&dir);
    return met;
}

static void fail_everywhere(enum call_fault fault, bool for_ever)
{
    long n = 1, lives = 0, stride = fixture_stride(STRIDE);
    for (; n < CALLS_MAX && fail_once(fault, n, for_ever); n += stride)
        lives++;
    print_message("%ld of about %ld calls failed\n", lives, n - 1);
    assert_true(lives > 5 && n < CALLS_MAX);
}

static void an_io_error_of_any_call_is_survived(void **state)
{
    (void)state;
    fail_everywhere(CALL_FAILS, false);
}

static void a_disk_that_breaks_at_any_call_is_survived(void **state)
{
    (void)state;
    fail_everywhere(CALL_FAILS, true);
}

static void a_call_without_room_is_survived(void **state)
{
    (void)state;
    fail_everywhere(CALL_HAS_NO_ROOM, false);
}

static void a_disk_that_is_full_from_any_call_on_is_survived(void **state)
{
    (void)state;
    fail_everywhere(CALL_HAS_NO_ROOM, true);
}

static void an_interrupted_call_is_survived(void **state)
{
    (void)state;
    fail_everywhere(CALL_INTERRUPTED, false);
}

static void a_short_read_or_write_is_not_noticed(void **state)
{
    (void)state;
    fail_everywhere(CALL_IS_SHORT, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_io_error_of_any_call_is_survived),
        cmocka_unit_test(a_disk_that_breaks_at_any_call_is_survived),
        cmocka_unit_test(a_call_without_room_is_survived),
        cmocka_unit_test(a_disk_that_is_full_from_any_call_on_is_survived),
        cmocka_unit_test(an_interrupted_call_is_survived),
        cmocka_unit_test(a_short_read_or_write_is_not_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
