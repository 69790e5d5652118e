/*
 * process_stage.h - one real call of a program, from its start to its result.
 * NDF_INIT is the path of ndf-init.
 */
#ifndef NDF_TESTS_PROCESS_STAGE_H
#define NDF_TESTS_PROCESS_STAGE_H

#include <sys/resource.h>
#include <sys/types.h>

#include "run/agent_process.h"
#include "support/parse.h"
#include "support/support.h"

enum { STAGE_ARGV_MAX = 8, STAGE_PATIENCE_MS = 60000 };

struct stage {
    struct test_mem mem;
    struct test_dir dir;
    struct loop *loop;
    struct agent_host host;
    struct agent_call call;
    struct str argv[STAGE_ARGV_MAX];
    struct agent_task *task;
    struct loop_timer *watchdog;
    struct arena arena; /* of what is kept of the result */
    struct agent_result result;
    bool done;
    struct rlimit descriptors; /* before they were taken away */
};

/* For cmocka: a fresh stage in *state, and nothing left of it. */
int stage_make(void **state);
int stage_free(void **state);
/* What is to be run: any argv, or a script for sh. */
void stage_use(struct stage *s, const char *const *argv);
void stage_use_sh(struct stage *s, const char *script);
/* Starts the call; waits for its result; both. */
void stage_start(struct stage *s);
void stage_wait(struct stage *s);
void stage_run(struct stage *s);
/* Adopts the call and waits for its result. */
void stage_adopt(struct stage *s);
/* Takes the result; for starts that a test makes by itself. */
void stage_done(void *ud, const struct agent_result *result);
/* Stops the call after a while; free the timer afterwards. */
void stage_stop_after(struct stage *s, uint64_t ms, struct loop_timer **timer);
/* Leaves this process no new descriptors for a while; free the timer
 * afterwards. */
void stage_starve(struct stage *s, uint64_t ms, struct loop_timer **timer);
/* The pid that a script wrote into a file of the stage's folder. */
pid_t stage_pid_in(struct stage *s, const char *name);

#define STAGE(name)                                                            \
    cmocka_unit_test_setup_teardown(name, stage_make, stage_free)

#endif
