/*
 * cmd_rate.c - a word on a run: rate, cancel.
 */
#include <string.h>

#include "cli/run_doc.h"
#include "cli/watch.h"

struct rating {
    int verdict;
    const char *should;
};

static bool read_word(const char *word, struct rating *rating)
{
    static const char should[] = "should=";
    if (strcmp(word, "good") == 0) rating->verdict = NDF_VERDICT_GOOD;
    else if (strcmp(word, "bad") == 0) rating->verdict = NDF_VERDICT_BAD;
    else if (strncmp(word, should, strlen(should)) == 0 &&
             word[strlen(should)] != '\0')
        rating->should = word + strlen(should);
    else return false;
    return true;
}

int cmd_rate(struct cli *cli)
{
    const struct args *args = &cli->args;
    struct rating rating = {0, NULL};
    for (size_t i = 1; i < args->word_count; i++)
        if (!read_word(args->words[i], &rating))
            return cli_fail(cli, STATUS_USAGE,
                "expected good, bad or should=PATTERN, got '%s'",
                args->words[i]);
    int status = cli_open(cli, OPEN_FOR_WORK);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
    if (status != STATUS_DONE) return status;
    int err = ndf_rate(cli->engine, args->words[0], rating.verdict,
        rating.should, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    cli_say(cli, "noted");
    return STATUS_DONE;
}

/* Nobody is at work on it, so it is ended and undone here. */
static int undo_here(struct cli *cli, struct watch *watch, ndf_run *run)
{
    const char *id = ndf_run_id(run);
    int state = NDF_RUN_RUNNING;
    int status = watch_run(watch, run, &state);
    if (state == NDF_RUN_RUNNING) return status; /* which has been said */
    if (state == NDF_RUN_CANCELLED) {
        cli_say(cli, "run %s was cancelled, and what it did is undone", id);
        return STATUS_DONE;
    }
    return cli_fail(cli, watch_status(state),
        "run %s ended in another way than by being cancelled: see ndf show %s",
        id, id);
}

/* The last run of a chain: what the first one's id means to who started it. */
static char *find_last(struct cli *cli, const char *run)
{
    char *id = cli_text(run);
    for (;;) {
        ndf_text *text = NULL;
        if (ndf_show(cli->engine, id, &text, NULL) != NDF_OK) return id;
        json_t *doc = cli_document(text);
        const char *next = run_doc_next(doc);
        char *found = next[0] != '\0' ? cli_text(next) : NULL;
        json_decref(doc);
        if (found == NULL) return id;
        cli_free(id);
        id = found;
    }
}

static int cancel(struct cli *cli, const char *run)
{
    int err = ndf_cancel(cli->engine, run, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    struct watch *watch = watch_new(cli);
    ndf_run *handle = NULL;
    int status = STATUS_DONE;
    err = ndf_run_resume(
        cli->engine, run, watch_options(watch), &handle, &cli->error);
    int state = NDF_RUN_RUNNING;
    if (err == NDF_OK && ndf_run_wait(handle, 0, &state, NULL) == NDF_OK &&
        state == NDF_RUN_FAILED) {
        cli_say(cli, "run %s had failed; its fallback will not be tried", run);
    } else if (err == NDF_OK) {
        status = undo_here(cli, watch, handle);
    } else if (err == NDF_EBUSY) {
        cli_say(cli,
            "the process that is at work on run %s was asked to cancel it; see "
            "ndf show %s",
            run, run);
    } else {
        status = cli_error(cli, err);
    }
    ndf_run_free(handle);
    watch_free(watch);
    return status;
}

int cmd_cancel(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_WORK);
    if (status != STATUS_DONE) return status;
    char *run = find_last(cli, cli->args.words[0]);
    status = cancel(cli, run);
    cli_free(run);
    return status;
}
