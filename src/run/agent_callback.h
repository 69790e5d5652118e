/*
 * agent_callback.h - agents that are functions of the host.
 *
 * Functions run on threads of a pool, made when needed; results come to the
 * loop's thread. A function cannot be interrupted: at its timeout, or when it
 * is stopped, its call ends and what it returns later is dropped.
 * An adopted call is always AGENT_LOST: its function died with its process.
 *
 * ndf_reply_* of ndf/ndf.h live in agent_callback.c.
 */
#ifndef NDF_RUN_AGENT_CALLBACK_H
#define NDF_RUN_AGENT_CALLBACK_H

#include "run/agent_call.h"

enum { CALLBACK_THREADS_MAX = 64 };

extern const struct agent_kind agent_callback;

/* Borrows both for the pool's life. Starts no thread yet. */
int callback_pool_new(
    struct callback_pool **out, const struct mem *mem, struct loop *loop);
/* How the loop gets to know that a function has returned, instead of loop_post:
 * fn is called on the function's thread, before anything is started, and sees
 * to it that the post is run by the loop. */
void callback_pool_returns(struct callback_pool *pool,
    void (*fn)(void *ud, struct loop_post *post), void *ud);
/* Waits for the functions that run, drops those that wait. Call it when the
 * loop does not run any more and before loop_free; all tasks are freed before.
 * Accepts NULL. */
void callback_pool_free(struct callback_pool *pool);

#endif
