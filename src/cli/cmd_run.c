/*
 * cmd_run.c - run a pattern by its name; go on with interrupted runs.
 */
#include <string.h>

#include "cli/background.h"
#include "cli/delegate.h"
#include "cli/plan.h"
#include "cli/run_doc.h"

static int run_pattern(struct cli *cli, const json_t *json)
{
    struct delegation delegation = {.pattern = cli->args.words[0]};
    ndf_context *context = NULL;
    int status = delegate_timeout(cli, &delegation.timeout_ms);
    bool dry = cli->args.given[OPT_DRY_RUN];
    if (status == STATUS_DONE)
        status = cli_open(cli, dry ? OPEN_FOR_READING : OPEN_FOR_WORK);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
    if (status == STATUS_DONE) status = cli_refresh(cli);
    if (status == STATUS_DONE) status = cli_context(cli, json, &context);
    delegation.context = context;
    if (status == STATUS_DONE && dry)
        status = plan_print(cli, delegation.pattern, context);
    else if (status == STATUS_DONE) status = delegate(cli, &delegation, NULL);
    if (delegation.started) delegate_say_others(cli);
    ndf_context_free(context);
    return status;
}

int cmd_run(struct cli *cli)
{
    int status;
    if (background_split(cli, &status)) return status;
    json_t *json = cli_context_json(cli, 1, &status);
    if (json == NULL) return status;
    status = run_pattern(cli, json);
    json_decref(json);
    return status;
}

/* Each run whose owner is gone; another process may be quicker. */
static int resume_all(struct cli *cli, struct delegation *delegation)
{
    ndf_text *text = NULL;
    int err = ndf_list(cli->engine, NDF_LIST_RUNS, 0, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *runs = cli_document(text);
    int status = STATUS_DONE;
    size_t resumed = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        bool busy = false;
        if (!run_doc_is_interrupted(run) && !run_doc_is_due(run)) continue;
        delegation->run = cli_get(run, "id");
        int one = delegate(cli, delegation, &busy);
        if (!busy) resumed++;
        if (status == STATUS_DONE) status = one;
        if (one == STATUS_INTERRUPTED) break;
    }
    if (resumed == 0 && status == STATUS_DONE)
        cli_say(cli, "no run was interrupted");
    json_decref(runs);
    return status;
}

int cmd_resume(struct cli *cli)
{
    const struct args *args = &cli->args;
    struct delegation delegation = {0};
    bool all = args->given[OPT_ALL];
    if (all == (args->word_count == 1))
        return cli_fail(
            cli, STATUS_USAGE, "give the id of a run (ndf ls runs), or --all");
    int status = delegate_timeout(cli, &delegation.timeout_ms);
    if (status == STATUS_DONE) status = cli_open(cli, OPEN_FOR_WORK);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
    if (status != STATUS_DONE) return status;
    if (all) return resume_all(cli, &delegation);
    delegation.run = args->words[0];
    return delegate(cli, &delegation, NULL);
}
