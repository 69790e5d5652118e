/*
 * malloc_way.c - open, register, select and run while malloc fails below us.
 *
 * usage: malloc_way PRELOAD.so [STRIDE]
 *
 * For n = 1, 1 + STRIDE, ... a child goes the whole way with its n-th
 * allocation failing, once that one alone and once all from it on; until n is
 * more than it needs. Whatever fails, the child must end by itself: with the
 * work done, or with an error that has a sentence.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ndf/ndf.h"

enum { DONE = 0, TOLD = 3, SILENT = 4, UNREACHED = 10 };

static const char profile[] =
    "agent: worker\n"
    "description: Does the work.\n"
    "---\n"
    "pattern: work.twice\n"
    "description: Does the work twice.\n"
    "good_for: {domain: [work.**], text: ['\\bwork']}\n"
    "steps:\n"
    "  - one: {agent: worker, writes: [found], expect: {regex: done}}\n"
    "  - two: {agent: worker, with: {before: \"${steps.one.output}\"}}\n";

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    return ndf_reply_output(reply, "\"done\"", 6);
}

static int run_it(
    ndf_engine *engine, const ndf_context *context, ndf_error *error)
{
    ndf_run *run;
    int state = NDF_RUN_RUNNING;
    int err = ndf_run_start(engine, "work.twice", context, NULL, &run, error);
    if (err == NDF_OK) err = ndf_run_wait(run, 30000, &state, error);
    ndf_run_free(run);
    return err;
}

static int whole_way(ndf_engine *engine, ndf_error *error)
{
    static const char json[] = "{\"text\": \"work on it\"}";
    ndf_context *context = NULL;
    ndf_selection *selection = NULL;
    int err = ndf_register(engine, profile, sizeof profile - 1, 0, error);
    if (err == NDF_OK) err = ndf_bind(engine, "worker", answer, NULL, error);
    if (err == NDF_OK)
        err = ndf_context_new(engine, json, sizeof json - 1, &context, error);
    if (err == NDF_OK) err = ndf_select(engine, context, 0, &selection, error);
    ndf_selection_free(selection);
    if (err == NDF_OK) err = run_it(engine, context, error);
    ndf_context_free(context);
    return err;
}

static int child(void)
{
    ndf_engine *engine;
    ndf_error error = {0};
    int err = ndf_open(&engine, NULL, &error);
    if (err == NDF_OK) err = whole_way(engine, &error);
    ndf_close(engine);
    int (*reached)(void);
    void *symbol = dlsym(RTLD_DEFAULT, "failing_malloc_reached");
    memcpy(&reached, &symbol, sizeof symbol);
    if (reached == NULL || !reached()) return UNREACHED;
    if (err == NDF_OK) return DONE;
    return error.message[0] != '\0' ? TOLD : SILENT;
}

static int one_child(char *self, const char *preload, long n, const char *rest)
{
    char at[32];
    snprintf(at, sizeof at, "%ld", n);
    pid_t pid = fork();
    if (pid < 0) return -1;
    if (pid == 0) {
        setenv("LD_PRELOAD", preload, 1);
        setenv("FAIL_MALLOC_AT", at, 1);
        setenv("FAIL_MALLOC_ON", rest, 1);
        execl(self, self, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) return child();
    long stride = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    long tries = 0, told = 0, n = 1;
    for (int more = 1; more; n += stride) {
        for (int rest = 0; rest < 2 && more; rest++) {
            int status = one_child(argv[0], argv[1], n, rest ? "1" : "0");
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            if (code == UNREACHED) more = 0;
            tries++;
            told += code == TOLD;
            if (code == DONE || code == TOLD || code == UNREACHED) continue;
            printf("allocation %ld failed (%s): status 0x%x\n", n,
                rest ? "and all after it" : "alone", (unsigned)status);
            return 1;
        }
    }
    printf("%ld failures in %ld allocations: %ld told, %ld survived\n", tries,
        n, told, tries - told);
    return 0;
}
