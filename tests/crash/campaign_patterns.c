/*
 * campaign_patterns.c - the patterns whose owners are killed.
 *
 * A pattern more is an entry in the table: nothing else knows their steps.
 * What is compared follows from the journal, the agents' book and the end that
 * stands here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign.h"

#define DID       ", expect: {regex: did}"
#define WITH_UNDO DID ", undo: {agent: undoer}"

/* What phases are made of. */
#define INNER                                                                  \
    "---\npattern: inner.steps\ndescription: Is in phases.\nsteps:\n"          \
    "  - s0: {agent: worker" WITH_UNDO "}\n"                                   \
    "  - s1: {agent: worker" WITH_UNDO "}\n"                                   \
    "---\npattern: inner.tasks\ndescription: Is in phases.\ntasks:\n"          \
    "  - s0: {agent: worker" WITH_UNDO "}\n"                                   \
    "  - s1: {agent: worker" WITH_UNDO "}\n"

const struct kill_pattern kill_patterns[] = {
    {"steps.done",
        "steps:\n"
        "  - s0: {agent: worker, idempotent: true" WITH_UNDO "}\n"
        "  - s1: {agent: flaky, retry: {attempts: 2, backoff: 1ms}" DID "}\n"
        "  - s2: {agent: worker" WITH_UNDO "}\n"
        "  - s3: {agent: worker" DID "}\n",
        NDF_RUN_SUCCEEDED},
    {"steps.undone",
        "steps:\n"
        "  - s0: {agent: worker" WITH_UNDO "}\n"
        "  - s1: {agent: worker" WITH_UNDO "}\n"
        "  - s2: {agent: failing" WITH_UNDO "}\n",
        NDF_RUN_FAILED},
    {"tasks.done",
        "tasks:\n"
        "  - s0: {agent: worker" WITH_UNDO "}\n"
        "  - s1: {agent: flaky, retry: {attempts: 2, backoff: 1ms}" DID "}\n"
        "  - s2: {agent: worker" DID ", needs: [s0]}\n"
        "  - s3: {agent: worker" WITH_UNDO ", needs: [s0, s1]}\n"
        "  - s4: {agent: worker" DID ", needs: [s2, s3]}\n",
        NDF_RUN_SUCCEEDED},
    {"tasks.undone",
        "tasks:\n"
        "  - s0: {agent: worker" WITH_UNDO "}\n"
        "  - s1: {agent: worker" WITH_UNDO "}\n"
        "  - s2: {agent: worker" WITH_UNDO ", needs: [s0]}\n"
        "  - s3: {agent: failing" WITH_UNDO ", needs: [s1, s2]}\n",
        NDF_RUN_FAILED},
    {"phases.done",
        "phases:\n"
        "  - first: {patterns: [inner.steps, inner.tasks],\n"
        "            coordination: parallel}\n"
        "  - last: {patterns: [inner.steps]}\n" INNER,
        NDF_RUN_SUCCEEDED},
    {"phases.undone",
        "rollback_strategy: complete\n"
        "phases:\n"
        "  - first: {patterns: [inner.steps, inner.tasks],\n"
        "            coordination: parallel}\n"
        "  - last: {patterns: [steps.undone]}\n",
        NDF_RUN_FAILED},
};

const size_t kill_pattern_count =
    sizeof kill_patterns / sizeof kill_patterns[0];

_Noreturn void give_up(const char *what)
{
    fprintf(stderr, "kill_runs: %s: %s\n", what, strerror(errno));
    exit(2);
}

ndf_engine *store_open_in(const char *dir, int mode)
{
    char path[PATH_MAX], home[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/ndf.db", dir);
    (void)snprintf(home, sizeof home, "%s/home", dir);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = path;
    options.home = home;
    options.mode = mode;
    ndf_engine *engine;
    ndf_error error;
    if (ndf_open(&engine, &options, &error) != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    return engine;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        give_up(path);
    close(fd);
}

static void write_profile(const char *path, const char *dir, const char *worker)
{
    static const char *const agents[][2] = {{"worker", "work"},
        {"undoer", "undo"}, {"failing", "fail"}, {"flaky", "flaky"}};
    static char text[64 * 1024];
    size_t size = 0;
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
            "agent: %s\ndescription: Works a little.\n"
            "run: [\"%s\", %s, \"%s/book\"]\n---\n",
            agents[i][0], worker, agents[i][1], dir);
    for (size_t i = 0; i < kill_pattern_count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
            "%spattern: %s\ndescription: Is killed.\n%s", i > 0 ? "---\n" : "",
            kill_patterns[i].name, kill_patterns[i].document);
    write_file(path, text);
}

void patterns_import(const char *dir, const char *worker)
{
    char yaml[PATH_MAX], program[PATH_MAX];
    ndf_error error = {0};
    ndf_text *report = NULL;
    int trusted;
    (void)snprintf(yaml, sizeof yaml, "%s/ndf.yaml", dir);
    if (realpath(worker, program) == NULL) give_up(worker);
    write_profile(yaml, dir, program);
    ndf_engine *engine = store_open_in(dir, NDF_OPEN_CREATE);
    int err = ndf_import(engine, yaml, NULL, NULL, &report, &error);
    if (err == NDF_OK)
        err = ndf_trust_folder(engine, dir, NDF_TRUST_GRANT, &trusted, &error);
    if (err == NDF_OK && strstr(ndf_text_data(report), "\"errors\":[]") == NULL)
        fprintf(stderr, "kill_runs: %s\n", ndf_text_data(report));
    if (err != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    ndf_text_free(report);
    ndf_close(engine);
}
