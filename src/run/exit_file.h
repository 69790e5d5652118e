/*
 * exit_file.h - how a call ended, as ndf-init writes it last (S.exit).
 *
 * One line of text. Needs nothing but libc, as ndf-init uses it too.
 */
#ifndef NDF_RUN_EXIT_FILE_H
#define NDF_RUN_EXIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXIT_FILE_SIZE = 256, EXIT_STATUS_SIZE = 16 };

/* How long ndf-init kills what an agent left, at most. Whoever waits for
 * S.exit waits longer. */
enum { INIT_SWEEP_MS = 10000 };

/* How ndf-init itself ends when it cannot say it in a file. */
enum init_status { INIT_NOT_STARTED = 3, INIT_RESULT_LOST = 4 };

/* Where a call failed that could not be started. */
enum exit_stage {
    EXIT_STAGE_NONE,
    EXIT_STAGE_CWD,
    EXIT_STAGE_EXEC,
    EXIT_STAGE_NAMESPACE,
    EXIT_STAGE_LIMITS,
};

struct exit_file {
    char status[EXIT_STATUS_SIZE]; /* a name of agent_status_name */
    int exit;
    int signal;
    int stage;      /* enum exit_stage */
    int error;      /* errno of what failed; 0 */
    int alone;      /* 1: it ran in a PID namespace of its own */
    uint64_t size;  /* of S.out */
    uint64_t check; /* FNV-1a of S.out */
    uint64_t latency_ms;
};

/* Writes the line and a NUL; returns its length. */
size_t exit_file_format(const struct exit_file *file, char out[EXIT_FILE_SIZE]);
/* False when text (NUL-terminated) is no such line. */
bool exit_file_parse(const char *text, struct exit_file *out);

/* FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). Start with
 * EXIT_CHECK_START. */
#define EXIT_CHECK_START 0xcbf29ce484222325u
uint64_t exit_file_check(uint64_t check, const void *bytes, size_t size);

#endif
