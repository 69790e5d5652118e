/*
 * learn.c - what people and hosts say about outcomes.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "engine/lookup.h"
#include "store/tx.h"

static int learn_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    return learning_write(tx, ud, error);
}

static int learn(
    ndf_engine *engine, const struct outcome *outcome, ndf_error *error)
{
    char id[ENGINE_ID_SIZE];
    int err = engine_new_id(id);
    if (err != NDF_OK) return err;
    struct learning learning = {.mem = &engine->mem,
        .outcome = *outcome,
        .id = str_of(id),
        .half_life_ms = engine_half_life(engine, outcome->pattern)};
    err = store_write(engine->store, learn_work, &learning, error);
    if (err == NDF_OK) engine_learned(engine, &learning);
    return err;
}

/* The id of a pattern that is there; others are refused, so that a typing
 * error does not teach. */
static int known_pattern(ndf_engine *engine, struct arena *arena,
    struct str name, struct str *out, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    const struct entry *entry;
    err = registry_find(registry, name, (struct str){NULL, 0}, &entry, error);
    if (err == NDF_OK) {
        if (entry->folded_into != NULL) entry = entry->folded_into;
        *out = arena_str(arena, entry->qualified);
        if (out->at == NULL) err = NDF_ENOMEM;
    }
    registry_unref(registry);
    return err;
}

static int rate(ndf_engine *engine, struct arena *arena, const char *id,
    int verdict, const char *should, ndf_error *error)
{
    struct store_run run;
    int err = lookup_run(engine, arena, str_of(id), &run, error);
    if (err != NDF_OK) return err;
    if (run.state == NDF_RUN_RUNNING)
        return err_set(error, NDF_EBUSY, "run %.*s has not ended: rate it then",
            STR_ARG(run.id));
    struct outcome outcome = {.run = run.id,
        .pattern = run.pattern,
        .domain = run.domain.size > 0 ? run.domain : (struct str){NULL, 0},
        .text = run.text,
        .evidence = STR("person"),
        .at_ms = clock_wall_ms(&engine->clock),
        .cost = (double)NAN};
    if (verdict == NDF_VERDICT_GOOD) outcome.result = OUTCOME_SUCCESS;
    if (verdict == NDF_VERDICT_BAD) outcome.result = OUTCOME_FAILURE;
    if (should != NULL) {
        err = known_pattern(
            engine, arena, str_of(should), &outcome.should, error);
        /* The right one was taken: that is a good word, not a correction. */
        if (err == NDF_OK && str_equal(outcome.should, outcome.pattern))
            outcome.should = (struct str){NULL, 0};
    }
    return err == NDF_OK ? learn(engine, &outcome, error) : err;
}

int ndf_rate(ndf_engine *engine, const char *run, int verdict,
    const char *should, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (run == NULL || verdict < 0 || verdict > NDF_VERDICT_BAD ||
        (verdict == 0 && should == NULL))
        return err_set(error, NDF_EINVAL,
            "a rating needs a run and a verdict, or the right pattern");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    err = rate(engine, &arena, run, verdict, should, error);
    arena_deinit(&arena);
    return engine_explain(err, "the rating cannot be kept", error);
}

static int record(
    ndf_engine *engine, struct arena *arena, struct str json, ndf_error *error)
{
    struct value value;
    struct outcome outcome;
    int err = json_parse(arena, json, &value, error);
    if (err == NDF_OK) err = outcome_decode(arena, &value, &outcome, error);
    if (err != NDF_OK) return err;
    if (outcome.run.at != NULL)
        return err_set(error, NDF_EINVAL,
            "outcomes of NDF's own runs are recorded by themselves: take "
            "`run` out, or rate the run");
    if (outcome.at_ms == 0) outcome.at_ms = clock_wall_ms(&engine->clock);
    err =
        known_pattern(engine, arena, outcome.pattern, &outcome.pattern, error);
    if (err == NDF_OK && outcome.should.at != NULL)
        err = known_pattern(
            engine, arena, outcome.should, &outcome.should, error);
    return err == NDF_OK ? learn(engine, &outcome, error) : err;
}

int ndf_record(
    ndf_engine *engine, const char *json, size_t size, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (json == NULL) return err_set(error, NDF_EINVAL, "the outcome is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    err = record(engine, &arena, (struct str){json, size}, error);
    arena_deinit(&arena);
    return engine_explain(err, "the outcome cannot be kept", error);
}
