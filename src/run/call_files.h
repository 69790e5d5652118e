/*
 * call_files.h - the files of one process call: where they are, what they say.
 *
 * agent_process.h lists them. Reading believes nothing: a file may be missing,
 * cut, or of another call.
 */
#ifndef NDF_RUN_CALL_FILES_H
#define NDF_RUN_CALL_FILES_H

#include "run/agent_call.h"

/* dir/file + suffix; .at is NULL when out of memory. */
struct str call_path(
    struct arena *arena, const struct agent_call *call, const char *suffix);

/* The result of a call that has ended, out of S.exit, S.out and S.err.
 * NDF_ENOTFOUND when S.exit is missing or does not fit S.out; NDF_ENOMEM;
 * another error when the files cannot be read now, and perhaps can later.
 * Everything lives in arena. */
int call_result_read(struct arena *arena, const struct agent_call *call,
    struct agent_result *out);

/* Whether S.started is there; true too when it cannot be told. NDF_OK or
 * NDF_ENOMEM. */
int call_started(
    const struct mem *mem, const struct agent_call *call, bool *out);
enum call_watcher { WATCHER_GONE, WATCHER_LIVES, WATCHER_UNKNOWN };

/* Whether the watcher that wrote S.started lives; if so it gets the signal
 * (0: none). Unknown when the system does not let us look. */
enum call_watcher call_watcher_signal(
    const struct mem *mem, const struct agent_call *call, int number);
/* Kills every process that holds the file of fd open (our own excepted): all
 * that is left of an agent whose watcher died. */
void call_holders_kill(int fd);

#endif
