/*
 * approve.c - a person's answer to a run that waits for approval.
 *
 * It is a command to the run's owner. What is asked and the answer to it are of
 * one view of the store, so nothing is answered that was not asked.
 */
#include "base/utf8.h"
#include "engine/commands.h"
#include "engine/rebuild.h"

struct answer {
    struct ndf_run *run;
    const char *step;
    int verdict; /* enum ndf_answer */
    const char *reason;
    struct str kind; /* of the command */
};

static int name_several(const struct ndf_run *run, struct arena *arena,
    const struct value *asked, ndf_error *error)
{
    struct str names = STR("");
    for (size_t i = 0; i < asked->array.count; i++) {
        names = arena_format(arena, "%.*s%s%.*s", STR_ARG(names),
            i > 0 ? ", " : "", STR_ARG(asked->array.items[i].string));
        if (names.at == NULL) return NDF_ENOMEM;
    }
    return err_set(error, NDF_EINVAL,
        "run %s waits for approval of several: say which of %.*s", run->id,
        STR_ARG(names));
}

/* Which of what is asked is meant. */
static int choose(const struct answer *answer, struct arena *arena,
    const struct value *asked, struct str *out, ndf_error *error)
{
    const struct ndf_run *run = answer->run;
    size_t count = asked->array.count;
    if (answer->step == NULL && count == 1) {
        *out = asked->array.items[0].string;
        return NDF_OK;
    }
    if (answer->step == NULL && count > 1)
        return name_several(run, arena, asked, error);
    for (size_t i = 0; answer->step != NULL && i < count; i++) {
        *out = asked->array.items[i].string;
        if (str_equal(*out, str_of(answer->step))) return NDF_OK;
    }
    if (count == 0)
        return err_set(error, NDF_EINVAL,
            "run %s waits for nobody's approval%s", run->id,
            run->state == NDF_RUN_RUNNING ? " now" : ": it has ended");
    return err_set(error, NDF_EINVAL,
        "run %s does not wait for approval of '%s': see ndf show %s", run->id,
        answer->step, run->id);
}

static int make_kind(struct answer *answer, struct arena *arena,
    struct str step, ndf_error *error)
{
    struct str reason = str_of(answer->reason != NULL ? answer->reason : "");
    if (reason.size > COMMAND_REASON_MAX || !utf8_valid(reason))
        return err_set(error, NDF_EINVAL,
            "the reason is not UTF-8, or longer than %d bytes",
            COMMAND_REASON_MAX);
    answer->kind = arena_format(arena, "%s %.*s%s%.*s",
        answer->verdict == NDF_APPROVED ? "approve" : "deny", STR_ARG(step),
        reason.size > 0 ? "\n" : "", STR_ARG(reason));
    if (answer->kind.at == NULL) return NDF_ENOMEM;
    if (answer->kind.size > STORE_ID_MAX)
        return err_set(error, NDF_ELIMIT,
            "the reason is too long beside the step's name: say it in fewer "
            "words");
    return NDF_OK;
}

/* One view of what is asked and the answer to it. */
static int answer_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct answer *answer = ud;
    struct ndf_run *run = answer->run;
    struct arena arena;
    struct value asked;
    struct str step = STR("");
    arena_init(&arena, &run->mem);
    int err =
        commands_asked(tx_reader(tx), &arena, str_of(run->id), &asked, error);
    if (err == NDF_OK) err = choose(answer, &arena, &asked, &step, error);
    if (err == NDF_OK) err = make_kind(answer, &arena, step, error);
    if (err == NDF_OK) {
        struct store_command command = {.run = str_of(run->id),
            .kind = answer->kind,
            .at_ms = clock_wall_ms(&run->engine->clock)};
        err = tx_command_put(tx, &command, error);
    }
    arena_deinit(&arena);
    return err;
}

int ndf_approve(ndf_engine *engine, const char *id, const char *step,
    int answer, const char *reason, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (id == NULL || (answer != NDF_APPROVED && answer != NDF_DENIED))
        return err_set(error, NDF_EINVAL,
            "the run is NULL, or the answer none of enum ndf_answer");
    if (error != NULL) error->code = NDF_OK;
    struct answer job = {.step = step, .verdict = answer, .reason = reason};
    err = run_new(&job.run, engine);
    if (err != NDF_OK) return engine_explain(err, "the run", error);
    err = rebuild_find(job.run, str_of(id), NULL, error);
    if (err == NDF_OK)
        err = store_write(engine->store, answer_work, &job, error);
    if (err == NDF_OK) runner_look(engine);
    run_unref(job.run);
    return engine_explain(err, "the answer cannot be kept", error);
}
