/*
 * test_store_bytes.c - each byte of a store flipped, and its log cut anywhere.
 *
 * A flip is noticed when the store cannot be opened or the check reports
 * something; else all that can be read must be as before. Of a log that was
 * cut, what was committed before the cut is there, and nothing that was not.
 *
 * The ordinary tests take every FLIP_STRIDE-th byte and every CUT_STRIDE-th
 * length; NDF_TEST_STRIDE=1 (./dev soak) takes each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "store/export.h"

enum { FLIP_STRIDE = 97, CUT_STRIDE = 263, RUNS = 3, RECORDS = 12 };

static char *read_whole(const char *path, size_t *size)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    *size = (size_t)info.st_size;
    char *bytes = test_malloc(*size + 1);
    assert_int_equal(read(fd, bytes, *size), *size);
    assert_int_equal(close(fd), 0);
    return bytes;
}

static void write_whole(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static void name_run(char out[16], int number)
{
    (void)snprintf(out, 16, "run-%d", number);
}

static int end_run(struct store_tx *tx, void *ud, ndf_error *error)
{
    char text[300];
    memset(text, 'w', sizeof text);
    uint8_t hash[STORE_HASH_SIZE];
    struct str id = str_of(ud);
    struct store_outcome outcome = {
        .id = id,
        .pattern = STR("review"),
        .run = id,
        .at_ms = 4000,
        .body = STR("{\"result\":\"success\"}"),
    };
    memcpy(text, id.at, id.size);
    int err = tx_content_put(
        tx, STORE_SNAPSHOT, (struct str){text, sizeof text}, hash, error);
    if (err == NDF_OK) err = tx_outcome_add(tx, &outcome, NULL, error);
    return err == NDF_OK ? tx_run_state(tx, id, 1, 5000, error) : err;
}

/* Runs with journals, outcomes and contents; each in commits of its own. */
static void fill(struct store *store)
{
    fixture_write(store, fixture_fill, NULL);
    for (int number = 2; number < RUNS + 2; number++) {
        char run[16];
        name_run(run, number);
        fixture_write(store, fixture_run, run);
        for (int64_t seq = 0; seq < RECORDS; seq++) {
            struct fixture_record at = {run, seq};
            fixture_write(store, fixture_append, &at);
        }
        fixture_write(store, end_run, run);
    }
}

static int collect(void *ud, const char *bytes, size_t size)
{
    buf_add(ud, bytes, size);
    return 0;
}

/* Everything that is in it, as text; the code of what failed. */
static int export_of(const char *path, enum store_mode mode, struct buf *out)
{
    struct store_options options = {.path = path, .mode = mode};
    struct store *store;
    buf_reset(out);
    int err = store_open(&store, &mem_libc, &options, NULL);
    if (err == NDF_OK) err = store_export(store, collect, out, NULL);
    store_close(store);
    return err;
}

/* ---- one byte ------------------------------------------------------------ */

/* The error that opening or checking gives, or that there are problems. */
static bool is_noticed(const char *path)
{
    struct store_options options = {.path = path, .mode = STORE_STILL};
    struct store_check_counts counts = {0};
    struct store *store;
    ndf_error error = {.code = NDF_OK};
    int err = store_open(&store, &mem_libc, &options, &error);
    if (err == NDF_OK) err = store_check(store, NULL, NULL, &counts, &error);
    store_close(store);
    if (err == NDF_OK) return counts.problems > 0;
    assert_int_equal(err, error.code);
    assert_non_null(strchr(error.message, ' '));
    return true;
}

struct flips {
    const char *path;
    char *bytes;
    size_t size;
    struct buf before, after;
    long noticed, harmless, silent;
};

static void flip(struct flips *flips, int fd, size_t at, unsigned char bits)
{
    char wrong = (char)(flips->bytes[at] ^ bits);
    assert_int_equal(pwrite(fd, &wrong, 1, (off_t)at), 1);
    if (is_noticed(flips->path)) {
        flips->noticed++;
    } else if (export_of(flips->path, STORE_STILL, &flips->after) == NDF_OK &&
               str_equal(buf_str(&flips->before), buf_str(&flips->after))) {
        flips->harmless++;
    } else {
        flips->silent++;
        print_error("byte %zu, bits %02x: neither noticed nor harmless\n", at,
            (unsigned)bits);
    }
    assert_int_equal(pwrite(fd, &flips->bytes[at], 1, (off_t)at), 1);
}

static void each_flipped_byte_is_noticed_or_harmless(void **state)
{
    (void)state;
    /* One bit, the highest, all. */
    static const unsigned char bits[] = {0x01, 0x80, 0xff};
    struct test_dir dir;
    test_dir_make(&dir);
    struct flips flips = {.path = test_path(&dir, "a.db")};
    buf_init(&flips.before, &mem_libc);
    buf_init(&flips.after, &mem_libc);
    struct store *store = fixture_open(flips.path, STORE_CREATE);
    fill(store);
    store_close(store);
    assert_ok(export_of(flips.path, STORE_STILL, &flips.before));
    assert_false(is_noticed(flips.path));
    flips.bytes = read_whole(flips.path, &flips.size);
    int fd = open(flips.path, O_WRONLY);
    assert_true(fd >= 0);
    size_t stride = (size_t)fixture_stride(FLIP_STRIDE);
    for (size_t at = 0; at < flips.size; at += stride)
        flip(&flips, fd, at, bits[at % sizeof bits]);
    assert_int_equal(close(fd), 0);
    print_message("of %zu bytes: %ld flips noticed, %ld harmless\n", flips.size,
        flips.noticed, flips.harmless);
    assert_int_equal(flips.silent, 0);
    assert_true(flips.noticed > 20);
    test_free(flips.bytes);
    buf_deinit(&flips.before);
    buf_deinit(&flips.after);
    test_dir_remove(&dir);
}

/* ---- a cut log ----------------------------------------------------------- */

enum { COMMITS_MAX = RECORDS + 2 };

/* What was in the store when its log had grown so far. */
struct commit {
    size_t size;
    int64_t records;
};

struct cut {
    const char *path, *log, *cut_path, *cut_log;
    struct commit commits[COMMITS_MAX];
    size_t count;
    long noticed;
};

struct found {
    char text[4096];
    int count;
};

static void take_problem(void *ud, const char *where, const char *what)
{
    struct found *found = ud;
    size_t size = strlen(found->text);
    (void)snprintf(
        found->text + size, sizeof found->text - size, "%s: %s; ", where, what);
    found->count++;
}

/* A body that fills a good part of a page, so that the journal's tree grows. */
static int append_large(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct fixture_record *at = ud;
    char body[900];
    memset(body, 'b', sizeof body);
    struct store_record record = {
        .run = str_of(at->run),
        .seq = at->seq,
        .kind = STR("intent"),
        .at_ms = at->seq,
        .body = {body, sizeof body},
    };
    return tx_journal_append(tx, &record, error);
}

static void note_commit(struct cut *cut, int64_t records)
{
    struct stat info;
    assert_int_equal(stat(cut->log, &info), 0);
    assert_true(cut->count < COMMITS_MAX);
    cut->commits[cut->count++] = (struct commit){(size_t)info.st_size, records};
}

/* The records that a store with a log of this size has to have. */
static int64_t records_at(const struct cut *cut, size_t size)
{
    int64_t records = 0;
    for (size_t i = 0; i < cut->count; i++)
        if (cut->commits[i].size <= size) records = cut->commits[i].records;
    return records;
}

static void look_at_cut(struct cut *cut, size_t size)
{
    struct store *store = fixture_open(cut->cut_path, STORE_EXISTING);
    assert_int_equal(fixture_problems(store), 0);
    int64_t records = fixture_records(store, "run-1");
    assert_int_equal(records, records_at(cut, size));
    struct fixture_record at = {"run-1", records};
    fixture_write(store, fixture_append, &at);
    store_close(store);
}

/* A store with one commit for each record, all in its log. */
static struct store *make_log(struct cut *cut)
{
    struct store *store = fixture_open(cut->path, STORE_CREATE);
    fixture_write(store, fixture_run, fixture_text("run-1"));
    /* Copied back: from here on the log begins anew. */
    store_close(store);
    store = fixture_open(cut->path, STORE_EXISTING);
    for (int64_t seq = 0; seq < RECORDS; seq++) {
        struct fixture_record at = {"run-1", seq};
        fixture_write(store, append_large, &at);
        note_commit(cut, seq + 1);
    }
    return store;
}

typedef void (*look_fn)(struct cut *cut, size_t size);

static void cut_everywhere(bool copied_back, look_fn look)
{
    struct test_dir dir;
    test_dir_make(&dir);
    struct cut cut = {
        .path = test_path(&dir, "a.db"),
        .log = test_path(&dir, "a.db-wal"),
        .cut_path = test_path(&dir, "b.db"),
        .cut_log = test_path(&dir, "b.db-wal"),
    };
    struct store *store = make_log(&cut);
    if (copied_back) fixture_sql(cut.path, "PRAGMA wal_checkpoint(PASSIVE)");
    size_t file_size, log_size;
    char *file = read_whole(cut.path, &file_size);
    char *log = read_whole(cut.log, &log_size);
    store_close(store);
    size_t stride = (size_t)fixture_stride(CUT_STRIDE);
    for (size_t size = 0; size <= log_size; size += stride) {
        write_whole(cut.cut_path, file, file_size);
        write_whole(cut.cut_log, log, size);
        look(&cut, size);
    }
    print_message(
        "a log of %zu bytes: %ld cuts were noticed\n", log_size, cut.noticed);
    test_free(file);
    test_free(log);
    test_dir_remove(&dir);
}

static void a_log_cut_anywhere_keeps_what_was_committed_before(void **state)
{
    (void)state;
    cut_everywhere(false, look_at_cut);
}

/* The file has all of the log already when that is cut: pages of two moments
 * lie beside each other then. What that breaks is noticed; what it does not is
 * a store of an earlier moment, or of the last. */
static void look_at_mixed(struct cut *cut, size_t size)
{
    struct store_options options = {
        .path = cut->cut_path, .mode = STORE_EXISTING};
    struct store_check_counts counts = {0};
    struct store *store;
    struct found found = {.count = 0};
    ndf_error error = {.code = NDF_OK};
    int err = store_open(&store, &mem_libc, &options, &error);
    if (err == NDF_OK)
        err = store_check(store, take_problem, &found, &counts, &error);
    if (err != NDF_OK || counts.problems > 0) {
        cut->noticed++;
    } else {
        int64_t records = fixture_records(store, "run-1");
        assert_true(records == records_at(cut, size) || records == RECORDS);
    }
    store_close(store);
}

static void a_log_cut_after_it_was_copied_back_is_noticed(void **state)
{
    (void)state;
    cut_everywhere(true, look_at_mixed);
}

/* A run whose row is older than its journal: both lie in the file, but the
 * row's page is one that the log has, too, from before. */
static void a_run_parted_from_its_journal_is_named(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    struct cut cut = {
        .path = test_path(&dir, "a.db"), .log = test_path(&dir, "a.db-wal")};
    struct store *store = fixture_open(cut.path, STORE_CREATE);
    /* The first and the last have leaves of their own in the journal. */
    static const char *const runs[] = {"run-1", "run-2", "run-3"};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        fixture_write(store, fixture_run, fixture_text(runs[i]));
    for (int64_t seq = 0; seq < RECORDS; seq++)
        fixture_write(
            store, append_large, &(struct fixture_record){"run-2", seq});
    store_close(store);
    store = fixture_open(cut.path, STORE_EXISTING);
    fixture_write(store, fixture_append, &(struct fixture_record){"run-1", 0});
    note_commit(&cut, 1);
    fixture_write(store, fixture_append, &(struct fixture_record){"run-3", 0});
    fixture_sql(cut.path, "PRAGMA wal_checkpoint(PASSIVE)");
    size_t file_size, log_size;
    char *file = read_whole(cut.path, &file_size);
    char *log = read_whole(cut.log, &log_size);
    store_close(store);
    write_whole(cut.path, file, file_size);
    write_whole(cut.log, log, cut.commits[0].size);
    struct found found = {.count = 0};
    struct store_check_counts counts = {0};
    store = fixture_open(cut.path, STORE_EXISTING);
    assert_ok(store_check(store, take_problem, &found, &counts, NULL));
    if (strstr(found.text, "run run-3: ") == NULL)
        print_error("found %s\n", found.text);
    assert_non_null(strstr(found.text, "run run-3: "));
    store_close(store);
    test_free(file);
    test_free(log);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flipped_byte_is_noticed_or_harmless),
        cmocka_unit_test(a_log_cut_anywhere_keeps_what_was_committed_before),
        cmocka_unit_test(a_log_cut_after_it_was_copied_back_is_noticed),
        cmocka_unit_test(a_run_parted_from_its_journal_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
