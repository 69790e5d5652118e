/*
 * merge.c - see merge.h.
 *
 * A number can be given only when nobody has it: what comes, and what moves,
 * waits below zero until every place is free. Numbers below zero are seen
 * inside the transaction only.
 */
#include "store/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/handle.h"
#include "store/read.h"

struct place {
    struct str id;
    int64_t at_ms;
    int64_t seq;
};

struct merging {
    struct store_tx *tx;
    merge_outcome_fn fn;
    void *ud;
    struct merge_counts *counts;
    struct arena arena; /* of the ids */
    struct vec places;  /* struct place */
    int64_t lowest;     /* number that is taken */
    ndf_error *error;
};

static int each(struct merging *merging, const struct backend_query *query,
    backend_row_fn row, void *ud)
{
    const struct store_reader *reader = tx_reader(merging->tx);
    return reader->store->backend->each(
        reader->conn, query, row, ud, merging->error);
}

static int put(struct merging *merging, const struct store_outcome *outcome)
{
    const struct store_reader *reader = tx_reader(merging->tx);
    return reader->store->backend->put(
        reader->conn, OP_OUTCOME_ADD, outcome, NULL, merging->error);
}

static int set_found(void *ud, const void *record)
{
    (void)record;
    *(bool *)ud = true;
    return NDF_OK;
}

/* ---- taking ---------------------------------------------------------------
 */

static int add_place(struct merging *merging, const struct store_outcome *row)
{
    struct place *place = vec_push(&merging->places);
    if (place == NULL) return NDF_ENOMEM;
    place->id = arena_str(&merging->arena, row->id);
    place->at_ms = row->at_ms;
    place->seq = row->seq;
    return place->id.at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int on_own(void *ud, const struct store_outcome *row)
{
    return add_place(ud, row);
}

static int on_other(void *ud, const struct store_outcome *row)
{
    struct merging *merging = ud;
    struct store_outcome outcome = *row;
    bool known = false, has_run = false;
    int err =
        each(merging, BACKEND_QUERY(OP_OUTCOME_GET, backend_text(row->id)),
            set_found, &known);
    if (err != NDF_OK) return err;
    if (known) {
        merging->counts->known++;
        return NDF_OK;
    }
    if (row->run.size > 0)
        err = each(merging, BACKEND_QUERY(OP_RUN_GET, backend_text(row->run)),
            set_found, &has_run);
    if (!has_run) outcome.run = STR("");
    outcome.seq = --merging->lowest;
    if (err == NDF_OK && merging->fn != NULL)
        err = merging->fn(merging->ud, &outcome);
    if (err == NDF_OK) err = put(merging, &outcome);
    if (err == NDF_OK) err = add_place(merging, &outcome);
    if (err == NDF_OK) merging->counts->taken++;
    return err;
}

/* ---- numbering ------------------------------------------------------------
 */

static int by_time(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->at_ms != right->at_ms) return left->at_ms < right->at_ms ? -1 : 1;
    return str_compare(left->id, right->id);
}

struct copy {
    struct arena arena;
    struct store_outcome row;
    bool found;
};

/* Rows are borrowed from the page that is about to change. */
static int copy_row(void *ud, const void *record)
{
    struct copy *copy = ud;
    copy->row = *(const struct store_outcome *)record;
    copy->found = true;
    struct str *const texts[] = {
        &copy->row.id, &copy->row.pattern, &copy->row.run, &copy->row.body};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = arena_str(&copy->arena, *texts[i]);
        if (texts[i]->at == NULL) return NDF_ENOMEM;
    }
    return NDF_OK;
}

static int move(struct merging *merging, struct place *place, int64_t to)
{
    const struct store_reader *reader = tx_reader(merging->tx);
    struct copy copy = {.found = false};
    arena_init(&copy.arena, merging->places.mem);
    int err = each(merging,
        BACKEND_QUERY(OP_OUTCOME_AT, backend_int(place->seq)), copy_row, &copy);
    if (err == NDF_OK)
        err = reader->store->backend->change(reader->conn,
            BACKEND_QUERY(OP_OUTCOME_REMOVE, backend_int(place->seq)),
            merging->error);
    copy.row.seq = to;
    if (err == NDF_OK) err = put(merging, &copy.row);
    arena_deinit(&copy.arena);
    place->seq = to;
    return err;
}

static int number_all(struct merging *merging)
{
    struct place *places = merging->places.at;
    size_t count = merging->places.count;
    int err = NDF_OK;
    if (count > 0) qsort(places, count, sizeof *places, by_time);
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        if (places[i].seq > 0 && places[i].seq != (int64_t)i + 1)
            err = move(merging, &places[i], --merging->lowest);
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        if (places[i].seq != (int64_t)i + 1)
            err = move(merging, &places[i], (int64_t)i + 1);
    return err;
}

int merge_outcomes(struct store_tx *tx, struct store_reader *from,
    merge_outcome_fn fn, void *ud, struct merge_counts *counts,
    ndf_error *error)
{
    const struct mem *mem = tx_reader(tx)->store->mem;
    struct merging merging = {
        .tx = tx, .fn = fn, .ud = ud, .counts = counts, .error = error};
    memset(counts, 0, sizeof *counts);
    arena_init(&merging.arena, mem);
    vec_init(&merging.places, mem, sizeof(struct place));
    int err = read_outcomes(tx_reader(tx), 0, on_own, &merging, error);
    if (err == NDF_OK) err = read_outcomes(from, 0, on_other, &merging, error);
    if (err == NDF_OK) err = number_all(&merging);
    vec_deinit(&merging.places);
    arena_deinit(&merging.arena);
    return err == NDF_ENOMEM ? err_set(error, err, "out of memory") : err;
}
