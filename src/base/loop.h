/*
 * loop.h - one thread's event loop: timers, descriptors, and work posted from
 * other threads.
 *
 * What it calls runs one at a time: on the thread in loop_run, or inside of
 * loop_do on another. Everything but loop_post, loop_do and loop_stop may be
 * called only from there (or by the only thread there is, before loop_run).
 */
#ifndef NDF_BASE_LOOP_H
#define NDF_BASE_LOOP_H

#include <stdint.h>

#include "base/mem.h"

struct loop;
struct loop_timer;
struct loop_watch;

typedef void (*loop_fn)(void *ud);

/* Work for the loop, in memory of the poster's: so posting cannot
 * fail. It must stay as it is until fn runs (fn may free it) or the loop is
 * freed, and stands in one queue at a time. */
struct loop_post {
    loop_fn fn;
    void *ud;
    struct loop_post *next; /* the loop's */
};

/* NDF_OK, NDF_ENOMEM, or NDF_EIO: too few descriptors are free. */
int loop_new(struct loop **out, const struct mem *mem);
/* Posted work that has not run is dropped. Accepts NULL. */
void loop_free(struct loop *loop);
/* Runs until loop_stop; NDF_OK, or NDF_EIO when the loop itself failed. */
int loop_run(struct loop *loop);
/* From any thread. */
void loop_stop(struct loop *loop);
/* Runs post->fn(post->ud) once on the loop's thread, in the order of posting.
 * From any thread. */
void loop_post(struct loop *loop, struct loop_post *post);
/* Runs it at once, on this thread, when the loop has nothing else to do; else
 * as loop_post. Not from inside of what the loop calls. */
void loop_do(struct loop *loop, struct loop_post *post);
/* Calls fn(ud) once after ms. */
int loop_timer_new(struct loop_timer **out, struct loop *loop, uint64_t ms,
    loop_fn fn, void *ud);
/* Also from inside its fn, and after it fired. Accepts NULL. */
void loop_timer_free(struct loop_timer *timer);
/* Calls fn(ud) whenever fd is readable, until freed. fd is borrowed: free the
 * watch before closing it. */
int loop_watch_new(
    struct loop_watch **out, struct loop *loop, int fd, loop_fn fn, void *ud);
void loop_watch_free(struct loop_watch *watch);

#endif
