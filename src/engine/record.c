/*
 * record.c - outcomes that happened outside, and forgetting what was counted.
 */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "engine/gone.h"
#include "engine/lookup.h"
#include "store/tx.h"

/* ---- recording ----------------------------------------------------------- */

struct recording {
    ndf_engine *engine;
    struct arena arena;
    struct learning *learnings;
    size_t count;
};

static int add_outcome(
    struct recording *recording, const struct value *value, ndf_error *error)
{
    ndf_engine *engine = recording->engine;
    struct arena *arena = &recording->arena;
    struct outcome outcome;
    int err = outcome_decode(arena, value, &outcome, error);
    if (err != NDF_OK) return err;
    if (outcome.run.at != NULL)
        return err_set(error, NDF_EINVAL,
            "outcomes of NDF's own runs are recorded by themselves: take "
            "`run` out, or rate the run");
    if (outcome.lesson.at != NULL || outcome.excuse > 0 ||
        outcome_is_event(&outcome))
        return err_set(error, NDF_EINVAL,
            "lessons, excuses, removals and resets are recorded by NDF itself: "
            "take `%s` out",
            outcome.lesson.at != NULL ? "lesson"
            : outcome.excuse > 0      ? "excuse"
                                      : "evidence");
    if (outcome.at_ms == 0) outcome.at_ms = clock_wall_ms(&engine->clock);
    if (outcome.pattern.at != NULL)
        err = lookup_pattern(
            engine, arena, outcome.pattern, &outcome.pattern, error);
    if (err == NDF_OK && outcome.should.at != NULL)
        err = lookup_pattern(
            engine, arena, outcome.should, &outcome.should, error);
    if (err == NDF_OK)
        err = engine_learning(engine, &outcome, LESSON_FROM_STORE, arena,
            &recording->learnings[recording->count]);
    if (err == NDF_OK) recording->count++;
    return err;
}

/* Which of many it was. */
static int fail_at(ndf_error *error, int err, size_t index)
{
    if (error == NULL || err == NDF_ENOMEM) return err;
    if (error->code != err) err_set(error, err, "%s", ndf_strerror(err));
    char where[32];
    (void)snprintf(where, sizeof where, "outcome %zu", index + 1);
    return err_prefix(error, where);
}

static int read_outcomes_given(
    struct recording *recording, struct str json, ndf_error *error)
{
    struct arena *arena = &recording->arena;
    struct value value;
    int err = json_parse(arena, json, &value, error);
    if (err != NDF_OK) return err;
    bool many = value.kind == VALUE_ARRAY;
    const struct value *items = many ? value.array.items : &value;
    size_t count = many ? value.array.count : 1;
    recording->learnings =
        arena_calloc(arena, count, sizeof *recording->learnings);
    if (recording->learnings == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        err = add_outcome(recording, &items[i], error);
        if (err != NDF_OK) return many ? fail_at(error, err, i) : err;
    }
    return NDF_OK;
}

static int record_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct recording *recording = ud;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < recording->count; i++)
        err = learning_write(tx, &recording->learnings[i], error);
    return err;
}

int ndf_record(
    ndf_engine *engine, const char *json, size_t size, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (json == NULL) return err_set(error, NDF_EINVAL, "the outcome is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct recording recording = {.engine = engine};
    arena_init(&recording.arena, &engine->mem);
    err = read_outcomes_given(&recording, (struct str){json, size}, error);
    if (err == NDF_OK && recording.count > 0)
        err = store_write(engine->store, record_work, &recording, error);
    for (size_t i = 0; err == NDF_OK && i < recording.count; i++)
        engine_learned(engine, &recording.learnings[i]);
    if (err == NDF_OK) learned_catch_up(&engine->learned);
    arena_deinit(&recording.arena);
    return engine_explain(err, "the outcome cannot be kept", error);
}

/* ---- forgetting ---------------------------------------------------------- */

struct reset_job {
    const ndf_engine *engine;
    struct str id;
};

static int reset_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct reset_job *job = ud;
    int err = tx_tallies_remove(tx, job->id, error);
    /* Nothing was counted: then there is nothing to forget. */
    if (err == NDF_ENOTFOUND) return NDF_OK;
    if (err != NDF_OK) return err;
    return gone_reset(tx, &job->engine->mem, job->id,
        clock_wall_ms(&job->engine->clock), error);
}

int ndf_reset(ndf_engine *engine, const char *pattern, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (pattern == NULL)
        return err_set(error, NDF_EINVAL, "the pattern is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct reset_job job = {.engine = engine};
    err = lookup_pattern(engine, &arena, str_of(pattern), &job.id, error);
    if (err == NDF_OK)
        err = store_write(engine->store, reset_work, &job, error);
    if (err == NDF_OK) {
        engine_forgot(engine, job.id);
        learned_behind(&engine->learned);
    }
    arena_deinit(&arena);
    return engine_explain(err, "the counts cannot be forgotten", error);
}
