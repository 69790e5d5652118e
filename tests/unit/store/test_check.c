/*
 * test_check.c - a whole store has no problems; each kind of damage is one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "store/export.h"

static void a_whole_store_is_counted_and_has_no_problems(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct store_check_counts counts;
    fixture_write(store, fixture_fill, NULL);
    assert_ok(store_check(store, NULL, NULL, &counts, NULL));
    assert_int_equal(counts.runs, 1);
    assert_int_equal(counts.records, 3);
    assert_int_equal(counts.contents, 4);
    assert_int_equal(counts.entries, 1);
    assert_int_equal(counts.outcomes, 1);
    assert_int_equal(counts.problems, 0);
    store_close(store);
}

struct found {
    char text[4096];
    int count;
};

static void take_problem(void *ud, const char *where, const char *what)
{
    struct found *found = ud;
    size_t size = strlen(found->text);
    (void)snprintf(
        found->text + size, sizeof found->text - size, "%s: %s\n", where, what);
    found->count++;
}

static void every_damage_is_reported(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *says;
    } cases[] = {
        {"UPDATE journal SET body = x'00' WHERE seq = 1", "run run-1"},
        {"DELETE FROM journal WHERE seq = 2", "lacks record 2"},
        {"UPDATE blob SET body = x'00'", "content"},
        {"UPDATE snapshot SET codec = 9", "content"},
        {"UPDATE spec SET hash = zeroblob(32)", "content"},
        {"DELETE FROM spec", "entry"},
        {"DELETE FROM source", "entry"},
        {"UPDATE run SET state = 5", "a row of run"},
        {"UPDATE outcome SET run = 'gone'", "a row of outcome"},
        {"UPDATE tally SET wins = wins + 1", "a row of tally"},
        {"UPDATE source SET name = 'other'", "a row of source"},
        {"UPDATE entry SET head = x'00'", "a row of entry"},
        {"UPDATE meta SET name = 'mode' WHERE name = 'made'", "a row of meta"},
        {"UPDATE command SET at_ms = 0", "a row of command"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_dir dir;
        struct found found = {.count = 0};
        struct store_check_counts counts;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        store_close(store);
        fixture_sql(path, cases[i].sql);
        store = fixture_open(path, STORE_READ_ONLY);
        assert_ok(store_check(store, take_problem, &found, &counts, NULL));
        assert_true(found.count > 0);
        assert_int_equal(found.count, counts.problems);
        if (strstr(found.text, cases[i].says) == NULL)
            print_error("%s gave %s", cases[i].sql, found.text);
        assert_non_null(strstr(found.text, cases[i].says));
        store_close(store);
        test_dir_remove(&dir);
    }
}

static void each_bad_row_is_reported(void **state)
{
    (void)state;
    struct test_dir dir;
    struct found found = {.count = 0};
    struct store_check_counts counts;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_run, fixture_text("a"));
    fixture_write(store, fixture_run, fixture_text("b"));
    fixture_write(store, fixture_run, fixture_text("c"));
    store_close(store);
    fixture_sql(path, "UPDATE run SET state = 5 WHERE id <> 'b'");
    store = fixture_open(path, STORE_READ_ONLY);
    assert_ok(store_check(store, take_problem, &found, &counts, NULL));
    assert_int_equal(found.count, 2);
    assert_int_equal(counts.runs, 1);
    store_close(store);
    test_dir_remove(&dir);
}

static int dangle(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_run run = {.id = STR("r"), .version = {1}, .plan = {2}};
    struct store_outcome outcome = {.id = STR("o"), .run = STR("gone")};
    int err = tx_run_put(tx, &run, error);
    return err == NDF_OK ? tx_outcome_add(tx, &outcome, NULL, error) : err;
}

static void references_to_nothing_are_reported(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct store_check_counts counts;
    struct found found = {.count = 0};
    fixture_write(store, dangle, NULL);
    assert_ok(store_check(store, take_problem, &found, &counts, NULL));
    assert_string_equal(found.text,
        "run r: the version of its pattern is not there\n"
        "run r: its plan is not there\n"
        "outcome 1: its run is not there\n");
    store_close(store);
}

/* ---- one byte ------------------------------------------------------------ */

enum { FIRST_PAGE = 100 }; /* behind the file's head: its schema */

static void flip(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static void one_that_cannot_be_opened_is_not_told_to_be_checked(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    store_close(fixture_open(path, STORE_CREATE));
    flip(path, FIRST_PAGE);
    for (int mode = STORE_CREATE; mode <= STORE_STILL; mode++) {
        assert_int_equal(
            fixture_open_error(path, (enum store_mode)mode, &error),
            NDF_ECORRUPT);
        assert_non_null(strstr(error.message, ".recover"));
    }
    test_dir_remove(&dir);
}

/* True when the store cannot be opened, or the check finds something. */
static bool is_noticed(const char *path)
{
    struct store_options options = {.path = path, .mode = STORE_READ_ONLY};
    struct store_check_counts counts;
    struct store *store;
    if (store_open(&store, &mem_libc, &options, NULL) != NDF_OK) return true;
    int err = store_check(store, NULL, NULL, &counts, NULL);
    store_close(store);
    return err != NDF_OK || counts.problems > 0;
}

static int collect(void *ud, const char *bytes, size_t size)
{
    buf_add(ud, bytes, size);
    return 0;
}

/* Everything that is in it, as text. */
static void export_of(const char *path, struct buf *out)
{
    struct store *store = fixture_open(path, STORE_READ_ONLY);
    buf_init(out, &mem_libc);
    assert_ok(store_export(store, collect, out, NULL));
    store_close(store);
}

static void assert_same_content(const char *a, const char *b)
{
    struct buf of_a, of_b;
    export_of(a, &of_a);
    export_of(b, &of_b);
    assert_true(str_equal(buf_str(&of_a), buf_str(&of_b)));
    buf_deinit(&of_a);
    buf_deinit(&of_b);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    ssize_t size;
    while ((size = read(in, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(out, bytes, (size_t)size), size);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(out), 0);
}

enum { FLIP_STEP = 331, DENSE_RECORDS = 400 };

static int fill_densely(struct store_tx *tx, void *ud, ndf_error *error)
{
    int err = fixture_fill(tx, ud, error);
    for (int64_t seq = 3; seq < DENSE_RECORDS && err == NDF_OK; seq++) {
        struct fixture_record at = {"run-1", seq};
        err = fixture_append(tx, &at, error);
    }
    return err;
}

static void a_flipped_byte_is_noticed_or_harmless(void **state)
{
    (void)state;
    struct test_dir dir;
    struct stat info;
    test_dir_make(&dir);
    const char *good = test_path(&dir, "good.db");
    const char *bad = test_path(&dir, "bad.db");
    struct store *store = fixture_open(good, STORE_CREATE);
    fixture_write(store, fill_densely, NULL);
    store_close(store);
    assert_int_equal(stat(good, &info), 0);
    int noticed = 0, harmless = 0;
    for (off_t at = 0; at < info.st_size; at += FLIP_STEP) {
        copy_file(good, bad);
        flip(bad, at);
        if (is_noticed(bad)) {
            noticed++;
        } else {
            assert_same_content(good, bad);
            harmless++;
        }
    }
    print_message("%d flips noticed, %d harmless\n", noticed, harmless);
    assert_true(noticed > 50);
    test_dir_remove(&dir);
}

static int check_all(const struct mem *mem, void *ud)
{
    struct store_options options = {.path = ud, .mode = STORE_READ_ONLY};
    struct store_check_counts counts = {.problems = 0};
    struct store *store;
    int err = store_open(&store, mem, &options, NULL);
    if (err != NDF_OK) return err;
    err = store_check(store, NULL, NULL, &counts, NULL);
    store_close(store);
    assert_int_equal(counts.problems, 0);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    store_close(store);
    test_each_allocation_fails(check_all, fixture_text(path));
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_store_is_counted_and_has_no_problems),
        cmocka_unit_test(every_damage_is_reported),
        cmocka_unit_test(each_bad_row_is_reported),
        cmocka_unit_test(references_to_nothing_are_reported),
        cmocka_unit_test(one_that_cannot_be_opened_is_not_told_to_be_checked),
        cmocka_unit_test(a_flipped_byte_is_noticed_or_harmless),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
