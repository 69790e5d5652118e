/*
 * learn.c - what people say about runs.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "engine/compose.h"
#include "engine/follow_up.h"
#include "engine/lookup.h"
#include "store/tx.h"

/* A word on a run, and whom its session goes on with. */
struct word {
    struct learning learning;
    struct turn turn; /* pattern.at NULL: with nobody else */
};

static int learn_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct word *word = ud;
    int err = learning_write(tx, &word->learning, error);
    if (err == NDF_OK && word->turn.pattern.at != NULL)
        err = sessions_correct(tx, word->learning.mem, &word->turn, error);
    return err;
}

int engine_learning(ndf_engine *engine, const struct outcome *outcome,
    enum engine_lesson_from from, struct arena *arena, struct learning *out)
{
    char *id = arena_alloc(arena, ENGINE_ID_SIZE);
    if (id == NULL) return NDF_ENOMEM;
    int err = engine_new_id(id);
    if (err != NDF_OK) return err;
    *out = (struct learning){.mem = &engine->mem,
        .outcome = *outcome,
        .id = str_of(id),
        .half_life_ms = engine_half_life(engine, outcome->pattern)};
    /* What happened is kept also when nothing can be learned from it. */
    (void)engine_lesson(engine, arena, from, &out->outcome);
    return NDF_OK;
}

static int learn(ndf_engine *engine, struct arena *arena,
    const struct outcome *outcome, struct str session, ndf_error *error)
{
    struct word word = {.turn = {.session = session, .run = outcome->run}};
    if (session.at != NULL) word.turn.pattern = outcome->should;
    int err = engine_learning(
        engine, outcome, LESSON_FROM_STORE, arena, &word.learning);
    if (err == NDF_OK)
        err = store_write(engine->store, learn_work, &word, error);
    sessions_written(&engine->sessions, session);
    if (err != NDF_OK) return err;
    engine_learned(engine, &word.learning);
    learned_catch_up(&engine->learned);
    return NDF_OK;
}

/* A composed run is of no pattern that could be good or bad, but its task may
 * have been one for a single pattern. */
static int word_on_parts(struct outcome *outcome, ndf_error *error)
{
    if (outcome->should.at == NULL)
        return err_set(error, NDF_EINVAL,
            "run %.*s was composed of several patterns, so that none can be "
            "rated: say which one should have done it all, as should=PATTERN",
            STR_ARG(outcome->run));
    outcome->run = (struct str){NULL, 0};
    outcome->pattern = outcome->should;
    outcome->result = OUTCOME_UNKNOWN;
    return NDF_OK;
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
        err = lookup_pattern(
            engine, arena, str_of(should), &outcome.should, error);
        /* The right one was taken: that is a good word, not a correction. */
        if (err == NDF_OK && str_equal(outcome.should, outcome.pattern))
            outcome.should = (struct str){NULL, 0};
    }
    static const uint8_t none[STORE_HASH_SIZE];
    if (err == NDF_OK && compose_is_composed(run.pattern,
                             memcmp(run.version, none, sizeof none) != 0))
        err = word_on_parts(&outcome, error);
    struct str session = {NULL, 0};
    if (err == NDF_OK)
        err = follow_up_recorded(
            engine, run.id, arena, &session, &outcome.follow_up, error);
    return err == NDF_OK ? learn(engine, arena, &outcome, session, error) : err;
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
