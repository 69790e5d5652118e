/*
 * cmd_rate.c - a word on a run: rate, cancel.
 */
#include <string.h>

#include "cli/cli.h"

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
    if (status != STATUS_DONE) return status;
    int err = ndf_rate(cli->engine, args->words[0], rating.verdict,
        rating.should, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    cli_say(cli, "noted");
    return STATUS_DONE;
}

int cmd_cancel(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_WORK);
    if (status != STATUS_DONE) return status;
    const char *run = cli->args.words[0];
    int err = ndf_cancel(cli->engine, run, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    cli_say(cli, "%s is being cancelled; see ndf show %s", run, run);
    return STATUS_DONE;
}
