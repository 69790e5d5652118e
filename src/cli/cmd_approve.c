/*
 * cmd_approve.c - a person's answer to a run that waits for approval.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/run_doc.h"

/* Who goes on with it. */
static int say_next(struct cli *cli, const char *run, bool denied)
{
    ndf_text *text = NULL;
    int err = ndf_show(cli->engine, run, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *doc = cli_document(text);
    const char *id = cli_get(doc, "id");
    if (run_doc_is_interrupted(doc))
        cli_say(cli,
            "run %s was told, but nobody is at work on it: `ndf resume %s` "
            "%s",
            id, id, denied ? "undoes and ends it" : "goes on with it");
    else
        cli_say(cli,
            "the process that is at work on run %s was told; see ndf "
            "show %s",
            id, id);
    json_decref(doc);
    return STATUS_DONE;
}

int cmd_approve(struct cli *cli)
{
    const struct args *args = &cli->args;
    bool denied = args->given[OPT_DENY];
    const char *run = args->words[0];
    const char *step = args->word_count > 1 ? args->words[1] : NULL;
    int status = cli_open(cli, OPEN_FOR_WORK);
    if (status != STATUS_DONE) return status;
    int err =
        ndf_approve(cli->engine, run, step, denied ? NDF_DENIED : NDF_APPROVED,
            args->values[OPT_REASON], &cli->error);
    return err == NDF_OK ? say_next(cli, run, denied) : cli_error(cli, err);
}
