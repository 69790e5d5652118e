/*
 * test_cleanup.c - what is old goes, what is referred to stays.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "fixture.h"
#include "store/cleanup.h"
#include "support/faulty_vfs.h"

enum { OLD_MS = 1000, NOW_MS = 5000, RUNS = 150 };

/* ---- a store of old and new runs ----------------------------------------- */

struct plan {
    const char *run;
    int64_t at_ms;      /* of its start and its end */
    bool ended;         /* else it runs */
    const char *output; /* kept apart; its record names it */
    int64_t outcome_ms; /* 0: none */
};

static int put_output(
    struct store_tx *tx, const struct plan *plan, ndf_error *error)
{
    uint8_t hash[STORE_HASH_SIZE];
    char hex[HASH_HEX_SIZE], body[256];
    int err = tx_content_put(tx, STORE_BLOB, str_of(plan->output), hash, error);
    hash_hex(hash, sizeof hash, hex);
    (void)snprintf(body, sizeof body,
        "{\"output_blob\":{\"kind\":\"text\",\"sha256\":\"%s\"}}", hex);
    struct store_record record = {.run = str_of(plan->run),
        .kind = STR("result"),
        .at_ms = plan->at_ms,
        .body = str_of(body)};
    return err == NDF_OK ? tx_journal_append(tx, &record, error) : err;
}

static int put_plan(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct plan *plan = ud;
    struct store_run run = {.id = str_of(plan->run),
        .pattern = STR("p"),
        .state = 0,
        .started_ms = plan->at_ms};
    int err = tx_content_put(tx, STORE_SPEC, str_of(plan->run), run.version,
        error); /* a document of its own */
    if (err == NDF_OK) err = tx_run_put(tx, &run, error);
    if (err == NDF_OK) err = put_output(tx, plan, error);
    if (err == NDF_OK && plan->ended)
        err = tx_run_state(tx, run.id, 1, plan->at_ms, error);
    char id[64];
    (void)snprintf(id, sizeof id, "outcome-%s", plan->run);
    struct store_outcome outcome = {.id = str_of(id),
        .pattern = STR("p"),
        .run = run.id,
        .at_ms = plan->outcome_ms,
        .body = STR("{}")};
    if (err == NDF_OK && plan->outcome_ms > 0)
        err = tx_outcome_add(tx, &outcome, NULL, error);
    return err;
}

static void fill(struct store *store, const struct plan *plans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct plan plan = plans[i];
        fixture_write(store, put_plan, &plan);
    }
}

/* ---- cleaning ------------------------------------------------------------ */

struct witness {
    const char *owned; /* somebody is at work on that run */
    size_t removed;
};

static bool is_owned(void *ud, struct str run)
{
    const struct witness *witness = ud;
    return witness->owned != NULL && str_equal(run, str_of(witness->owned));
}

static void count_removed(void *ud, struct str run)
{
    struct witness *witness = ud;
    assert_true(run.size > 0);
    witness->removed++;
}

static int clean(struct store *store, struct witness *witness,
    struct store_cleanup_counts *counts, ndf_error *error)
{
    struct store_cleanup what = {.before_ms = NOW_MS,
        .owned = is_owned,
        .removed = count_removed,
        .ud = witness};
    return store_cleanup(store, &what, counts, error);
}

static struct store_cleanup_counts cleaned(
    struct store *store, struct witness *witness)
{
    struct store_cleanup_counts counts;
    ndf_error error = {.code = NDF_OK};
    int err = clean(store, witness, &counts, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
    assert_int_equal(witness->removed, counts.runs);
    assert_int_equal(fixture_problems(store), 0);
    return counts;
}

static bool has_content(
    struct store *store, enum store_content kind, const char *bytes)
{
    struct str s = str_of(bytes);
    uint8_t hash[STORE_HASH_SIZE];
    hash_sha256(&s, 1, hash);
    struct store_reader *reader = fixture_read(store);
    bool there;
    assert_ok(read_content_exists(reader, kind, hash, &there, NULL));
    store_read_end(reader);
    return there;
}

static bool has_run(struct store *store, const char *id)
{
    struct store_reader *reader = fixture_read(store);
    struct arena arena;
    struct store_run run;
    arena_init(&arena, &mem_libc);
    int err = read_run(reader, &arena, str_of(id), &run, NULL);
    arena_deinit(&arena);
    store_read_end(reader);
    return err == NDF_OK;
}

/* ---- tests --------------------------------------------------------------- */

static void what_is_old_goes_and_what_is_referred_to_stays(void **state)
{
    (void)state;
    static const struct plan plans[] = {
        {"old", OLD_MS, true, "only of old", OLD_MS},
        {"old-2", OLD_MS, true, "of both", OLD_MS},
        {"new", NOW_MS, true, "of both", NOW_MS},
        {"running", OLD_MS, false, "of running", 0},
        {"owned", OLD_MS, true, "of owned", 0},
        {"rated-later", OLD_MS, true, "of rated", NOW_MS},
    };
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fill(store, plans, sizeof plans / sizeof plans[0]);
    struct witness witness = {.owned = "owned"};
    struct store_cleanup_counts counts = cleaned(store, &witness);
    assert_int_equal(counts.runs, 2);
    assert_int_equal(counts.outcomes, 2);
    /* Two documents and one output. */
    assert_int_equal(counts.contents, 3);
    assert_true(counts.bytes > 0);
    assert_false(has_run(store, "old"));
    assert_false(has_run(store, "old-2"));
    assert_false(has_content(store, STORE_BLOB, "only of old"));
    assert_false(has_content(store, STORE_SPEC, "old-2"));
    static const char *const kept[] = {
        "new", "running", "owned", "rated-later"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        assert_true(has_run(store, kept[i]));
        assert_true(has_content(store, STORE_SPEC, kept[i]));
    }
    static const char *const outputs[] = {
        "of both", "of running", "of owned", "of rated"};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        assert_true(has_content(store, STORE_BLOB, outputs[i]));
    struct witness again = {.owned = "owned"};
    counts = cleaned(store, &again);
    assert_int_equal(counts.runs + counts.outcomes + counts.contents, 0);
    store_close(store);
}

static int put_outcomes(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    int err = NDF_OK;
    for (int i = 0; i < 3000 && err == NDF_OK; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "outside-%d", i);
        struct store_outcome outcome = {.id = str_of(id),
            .pattern = STR("p"),
            .at_ms = i % 3 == 0 ? NOW_MS : OLD_MS,
            .body = STR("{}")};
        err = tx_outcome_add(tx, &outcome, NULL, error);
    }
    struct store_tally tally = {.pattern = STR("p"), .wins = 1, .tries = 2};
    return err == NDF_OK ? tx_tally_put(tx, &tally, error) : err;
}

static void outcomes_go_and_counts_stay(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, put_outcomes, NULL);
    struct witness witness = {0};
    assert_int_equal(cleaned(store, &witness).outcomes, 2000);
    struct store_reader *reader = fixture_read(store);
    struct store_tally tally;
    assert_ok(read_tally(reader, STR("p"), STR(""), &tally, NULL));
    store_read_end(reader);
    store_close(store);
}

static int put_loose(struct store_tx *tx, void *ud, ndf_error *error)
{
    const int *count = ud;
    uint8_t hash[STORE_HASH_SIZE];
    int err = NDF_OK;
    for (int i = 0; i < *count && err == NDF_OK; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "loose %d", i);
        err = tx_content_put(
            tx, (enum store_content)(i % 3), str_of(text), hash, error);
    }
    return err;
}

static void more_than_one_transaction_takes_goes_too(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct store *store = fixture_open(test_path(&dir, "a.db"), STORE_CREATE);
    for (int i = 0; i < RUNS; i++) {
        char run[32];
        (void)snprintf(run, sizeof run, "run-%d", i);
        struct plan plan = {run, i % 2 == 0 ? OLD_MS : NOW_MS, true, run, 0};
        fixture_write(store, put_plan, &plan);
    }
    int count = 2500;
    fixture_write(store, put_loose, &count);
    struct witness witness = {0};
    struct store_cleanup_counts counts = cleaned(store, &witness);
    assert_int_equal(counts.runs, RUNS / 2);
    /* A document and an output of each run. */
    assert_int_equal(counts.contents, count + RUNS);
    store_close(store);
    test_dir_remove(&dir);
}

/* A run that comes to name a content after it was found loose. */
struct latecomer {
    struct store *store;
    bool came;
};

static void refer_late(void *ud, struct str run)
{
    (void)run;
    struct latecomer *late = ud;
    if (late->came) return;
    late->came = true;
    struct plan plan = {"late", NOW_MS, true, "loose 2", 0};
    fixture_write(late->store, put_plan, &plan);
}

static bool nobody(void *ud, struct str run)
{
    (void)ud;
    (void)run;
    return false;
}

static void what_is_referred_to_meanwhile_stays(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    static const struct plan old = {"old", OLD_MS, true, "x", 0};
    fill(store, &old, 1);
    int count = 6;
    fixture_write(store, put_loose, &count);
    struct latecomer late = {.store = store};
    struct store_cleanup what = {.before_ms = NOW_MS,
        .owned = nobody,
        .removed = refer_late,
        .ud = &late};
    struct store_cleanup_counts counts;
    assert_ok(store_cleanup(store, &what, &counts, NULL));
    assert_true(late.came);
    assert_true(has_content(store, STORE_BLOB, "loose 2"));
    assert_false(has_content(store, STORE_BLOB, "loose 5"));
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
}

static int clean_with(const struct mem *mem, void *ud)
{
    struct test_dir *dir = ud;
    struct store_options options = {.path = test_path(dir, "a.db")};
    struct store *store;
    struct witness witness = {0};
    struct store_cleanup_counts counts;
    ndf_error error = {.code = NDF_OK};
    int err = store_open(&store, mem, &options, &error);
    if (err != NDF_OK) return err;
    err = clean(store, &witness, &counts, &error);
    store_close(store);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    static const struct plan plans[] = {
        {"old", OLD_MS, true, "only of old", OLD_MS},
        {"new", NOW_MS, true, "of new", NOW_MS},
    };
    fill(store, plans, 2);
    store_close(store);
    test_each_allocation_fails(clean_with, &dir);
    store = fixture_open(path, STORE_EXISTING);
    assert_false(has_run(store, "old"));
    assert_true(has_content(store, STORE_BLOB, "of new"));
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    test_dir_remove(&dir);
}

/* True when the fault was reached. */
static bool fail_once(enum fault fault, long n)
{
    static const struct plan plans[] = {
        {"old", OLD_MS, true, "of both", OLD_MS},
        {"new", NOW_MS, true, "of both", NOW_MS},
    };
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fill(store, plans, 2);
    struct witness witness = {0};
    struct store_cleanup_counts counts;
    ndf_error error = {.code = NDF_OK};
    faulty_vfs_fail(fault, n, false);
    int err = clean(store, &witness, &counts, &error);
    bool reached = faulty_vfs_failures() > 0;
    store_close(store);
    faulty_vfs_fail(FAULT_NONE, 0, false);
    store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(fixture_problems(store), 0);
    /* What was said to be gone is gone, and nothing that is needed. */
    if (witness.removed > 0) assert_false(has_run(store, "old"));
    if (err == NDF_OK) assert_false(has_content(store, STORE_SPEC, "old"));
    assert_true(has_run(store, "new"));
    assert_true(has_content(store, STORE_BLOB, "of both"));
    store_close(store);
    test_dir_remove(&dir);
    return reached;
}

static void a_disk_that_fails_loses_nothing_that_is_needed(void **state)
{
    (void)state;
    static const enum fault faults[] = {FAULT_IO, FAULT_SYNC, FAULT_FULL};
    faulty_vfs_install();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        long n = 1;
        while (n < 1000 && fail_once(faults[i], n))
            n++;
        assert_true(n > 2 && n < 1000);
    }
    faulty_vfs_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_old_goes_and_what_is_referred_to_stays),
        cmocka_unit_test(outcomes_go_and_counts_stay),
        cmocka_unit_test(more_than_one_transaction_takes_goes_too),
        cmocka_unit_test(what_is_referred_to_meanwhile_stays),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_disk_that_fails_loses_nothing_that_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
