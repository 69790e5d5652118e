/*
 * rebuild.c - a run as its journal tells it.
 *
 * Whoever goes on with a run and whoever wants to know how it ended read the
 * same records through the same executor; there is no second reading of them.
 */
#include "engine/rebuild.h"

#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "engine/follow_up.h"
#include "engine/link.h"
#include "engine/lookup.h"

int rebuild_find(
    struct ndf_run *run, struct str id, struct store_run *row, ndf_error *error)
{
    struct store_run found;
    int err = lookup_run(run->engine, &run->arena, id, &found, error);
    if (err != NDF_OK) return err;
    if (found.id.size >= sizeof run->id) return NDF_ECORRUPT;
    memcpy(run->id, found.id.at, found.id.size + 1);
    run->state = (int)found.state;
    run->started_ms = found.started_ms;
    if (row != NULL) *row = found;
    return NDF_OK;
}

int rebuild_executor(struct ndf_run *run, uint64_t seed,
    enum exec_outputs outputs, ndf_error *error)
{
    struct exec_options options = {.mem = &run->engine->mem,
        .plan = &run->plan,
        .initial = &run->context,
        .run = str_of(run->id),
        .boot = str_of(run->engine->boot),
        .seed = seed,
        .outputs = outputs};
    return executor_new(&run->executor, &options, error);
}

struct rebuilding {
    struct ndf_run *run;
    struct store_reader *reader;
    struct vec *records;
    ndf_error *error;
};

static int keep_record(void *ud, const struct store_record *row)
{
    struct rebuilding *r = ud;
    struct arena *arena = &r->run->arena;
    struct value *body = arena_alloc(arena, sizeof *body);
    struct exec_record *item = vec_push(r->records);
    if (body == NULL || item == NULL) return NDF_ENOMEM;
    int err = json_parse(arena, row->body, body, r->error);
    if (err != NDF_OK) return err;
    item->kind = arena_str(arena, row->kind);
    item->body = body;
    if (item->kind.at == NULL) return NDF_ENOMEM;
    struct str hex = executor_record_blob(body);
    if (hex.at == NULL) return NDF_OK;
    uint8_t hash[STORE_HASH_SIZE];
    if (!hash_unhex(hex, hash, sizeof hash)) return NDF_ECORRUPT;
    return read_content(
        r->reader, arena, STORE_BLOB, hash, &item->blob, r->error);
}

static int decode_start(struct rebuilding *r, uint64_t *seed)
{
    struct ndf_run *run = r->run;
    const struct exec_record *first = r->records->at;
    if (r->records->count == 0 || !str_equal(first->kind, STR("plan")))
        return err_set(r->error, NDF_ECORRUPT,
            "the journal of run %s does not begin with its plan: run "
            "ndf dev check",
            run->id);
    const struct value *plan = value_get(first->body, STR("plan"));
    const struct value *context = value_get(first->body, STR("context"));
    if (plan == NULL || context == NULL) return NDF_ECORRUPT;
    int err = plan_decode(&run->arena, plan, &run->plan, r->error);
    if (err == NDF_OK)
        err = context_decode(&run->arena, context, &run->context, r->error);
    run->domain = value_get_str(first->body, STR("domain"));
    follow_up_decode(run, first->body);
    *seed = (uint64_t)value_get_int(first->body, STR("seed"), 0);
    return err == NDF_OK ? link_decode(run, first->body) : err;
}

static int replay_all(struct rebuilding *r)
{
    const struct exec_record *items = r->records->at;
    int err = NDF_OK;
    for (size_t i = 1; err == NDF_OK && i < r->records->count; i++)
        err = executor_replay(r->run->executor, &items[i], r->error);
    r->run->next_seq = (int64_t)r->records->count;
    return err;
}

int rebuild_run(struct ndf_run *run, enum exec_outputs outputs,
    struct vec *records, ndf_error *error)
{
    struct rebuilding r = {.run = run, .records = records, .error = error};
    uint64_t seed = 0;
    int err = store_read_begin(run->engine->store, &r.reader, error);
    if (err == NDF_OK) {
        err =
            read_journal(r.reader, str_of(run->id), 0, keep_record, &r, error);
        store_read_end(r.reader);
    }
    if (err == NDF_OK) err = decode_start(&r, &seed);
    if (err == NDF_OK) err = rebuild_executor(run, seed, outputs, error);
    if (err == NDF_OK) err = replay_all(&r);
    return err;
}
