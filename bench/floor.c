/*
 * floor.c - see floor.h.
 */
#include "floor.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ndf/ndf.h"

#include "bench.h"
#include "store/tx.h"

enum { PATH_SIZE = 300, ROW_MAX = 64 * 1024 * 1024 };

struct floor {
    sqlite3 *db;
    sqlite3_stmt *insert;
    struct store *store;
    char *bytes; /* what rows and records hold */
    size_t capacity;
    uint64_t bare_ns, store_ns;
    uint64_t runs; /* that the store has */
};

static void sql(struct floor *floor, const char *text)
{
    if (sqlite3_exec(floor->db, text, NULL, NULL, NULL) != SQLITE_OK)
        bench_fail(sqlite3_errmsg(floor->db), "floor");
}

struct floor *floor_new(const char *dir)
{
    char path[PATH_SIZE];
    ndf_error error;
    struct floor *floor = calloc(1, sizeof *floor);
    if (floor == NULL) bench_fail("out of memory", "floor");
    (void)snprintf(path, sizeof path, "%s/floor.db", dir);
    if (sqlite3_open(path, &floor->db) != SQLITE_OK)
        bench_fail("cannot be opened", path);
    sql(floor, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
               "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)");
    if (sqlite3_prepare_v2(floor->db, "INSERT INTO rows (body) VALUES (?)", -1,
            &floor->insert, NULL) != SQLITE_OK)
        bench_fail(sqlite3_errmsg(floor->db), "floor");
    (void)snprintf(path, sizeof path, "%s/store.db", dir);
    const struct store_options options = {.path = path, .mode = STORE_CREATE};
    if (store_open(&floor->store, &mem_libc, &options, &error) != NDF_OK)
        bench_fail(error.message, "floor");
    return floor;
}

void floor_free(struct floor *floor)
{
    sqlite3_finalize(floor->insert);
    (void)sqlite3_close(floor->db);
    store_close(floor->store);
    free(floor->bytes);
    free(floor);
}

static size_t commit_size(const struct floor_load *load)
{
    return load->run_bytes * (size_t)load->runs / (size_t)load->commits;
}

static void make_bytes(struct floor *floor, const struct floor_load *load)
{
    size_t size = commit_size(load) + load->run_bytes;
    if (size <= floor->capacity) return;
    if (size > ROW_MAX) bench_fail("a commit is too large", "floor");
    free(floor->bytes);
    floor->bytes = malloc(size);
    if (floor->bytes == NULL) bench_fail("out of memory", "floor");
    memset(floor->bytes, 'x', size);
    floor->capacity = size;
}

static void commit_bare(struct floor *floor, const struct floor_load *load)
{
    size_t size = commit_size(load);
    for (uint64_t i = 0; i < load->commits; i++) {
        (void)sqlite3_bind_blob(
            floor->insert, 1, floor->bytes, (int)size, SQLITE_STATIC);
        if (sqlite3_step(floor->insert) != SQLITE_DONE)
            bench_fail(sqlite3_errmsg(floor->db), "floor");
        (void)sqlite3_reset(floor->insert);
    }
}

/* Records from, and until, of all of a load. */
struct piece {
    const struct floor *floor;
    const struct floor_load *load;
    uint64_t from, until;
};

static int write_piece(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct piece *piece = ud;
    size_t count = piece->load->run_records;
    int err = NDF_OK;
    for (uint64_t i = piece->from; err == NDF_OK && i < piece->until; i++) {
        char id[32];
        (void)snprintf(
            id, sizeof id, "%012" PRIu64, piece->floor->runs + i / count);
        struct store_record record = {.run = str_of(id),
            .seq = (int64_t)(i % count),
            .kind = STR("result"),
            .body = {piece->floor->bytes, piece->load->run_bytes / count}};
        struct store_run run = {.id = record.run, .pattern = STR("host/bench")};
        if (record.seq == 0) err = tx_run_put(tx, &run, error);
        if (err == NDF_OK) err = tx_journal_append(tx, &record, error);
        if (err == NDF_OK && i % count == count - 1)
            err = tx_run_state(tx, record.run, NDF_RUN_SUCCEEDED, 1, error);
    }
    return err;
}

static void commit_store(struct floor *floor, const struct floor_load *load)
{
    uint64_t records = load->runs * load->run_records;
    for (uint64_t i = 0; i < load->commits; i++) {
        ndf_error error;
        struct piece piece = {floor, load, records * i / load->commits,
            records * (i + 1) / load->commits};
        if (store_write(floor->store, write_piece, &piece, &error) != NDF_OK)
            bench_fail(error.message, "floor");
    }
    floor->runs += load->runs;
}

void floor_commit(struct floor *floor, const struct floor_load *load)
{
    if (load->commits == 0) bench_fail("nothing was committed", "floor");
    make_bytes(floor, load);
    uint64_t start = bench_now_ns();
    commit_bare(floor, load);
    uint64_t middle = bench_now_ns();
    commit_store(floor, load);
    floor->bare_ns += middle - start;
    floor->store_ns += bench_now_ns() - middle;
}

uint64_t floor_bare_ns(const struct floor *floor)
{
    return floor->bare_ns;
}

uint64_t floor_store_ns(const struct floor *floor)
{
    return floor->store_ns;
}
