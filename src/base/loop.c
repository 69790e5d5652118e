/*
 * loop.c - an event loop over epoll: see loop.h.
 *
 * Its functions run one at a time: who runs them has the turn, taken and given
 * back under the mutex. Usually that is the loop's thread. While that sleeps in
 * epoll, loop_do lets another thread take the turn: what comes of a result then
 * costs no change of threads, which takes longer than most of what is done.
 *
 * Invariants: timers, watches and the batch of events belong to who has the
 * turn. When nobody has it and the loop's thread sleeps, there is no post, no
 * stop and no timer due before sleep_until, or the wake_fd is readable.
 */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ndf/error.h"

#include "base/clock.h"

enum {
    BATCH_MAX = 64,
    NS_PER_MS = 1000000,
    SLEEP_MAX_MS = 3600000, /* then it looks again */
};

static const size_t not_set = SIZE_MAX;

struct loop_timer {
    struct loop *loop;
    loop_fn fn;
    void *ud;
    int64_t at_ns;
    uint64_t number; /* of two at one time the older goes first */
    size_t place;    /* in the heap; not_set: it fired */
};

struct loop_watch {
    struct loop *loop;
    int fd;
    loop_fn fn;
    void *ud;
    bool freed; /* but an event of it may still be in a batch */
    struct loop_watch *next_freed;
};

struct loop {
    const struct mem *mem;
    int epoll_fd, wake_fd;
    pthread_mutex_t mutex; /* of the next nine */
    pthread_cond_t turn_free;
    struct loop_post *posts;
    struct loop_post **posts_end;
    bool stop;
    bool turn;   /* somebody has it */
    bool asleep; /* the loop's thread waits, or is about to */
    bool rung;
    int64_t sleep_until; /* ns */

    struct loop_timer **heap; /* the earliest first */
    size_t timer_count, timer_capacity;
    uint64_t timers_made;
    struct loop_watch *freed;
};

static int64_t now_ns(void)
{
    return clock_mono_ns(&clock_system);
}

/* Under the mutex: once the loop has seen why, this thread touches it no more,
 * and it may be freed. */
static void ring(struct loop *loop)
{
    if (!loop->asleep || loop->rung) return;
    loop->rung = true;
    uint64_t one = 1;
    /* It fails only when the counter is full, and then it is readable. */
    ssize_t done = write(loop->wake_fd, &one, sizeof one);
    (void)done;
}

static void hush(struct loop *loop)
{
    uint64_t rings;
    ssize_t done = read(loop->wake_fd, &rings, sizeof rings);
    (void)done;
}

/* ---- timers -------------------------------------------------------------- */

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at_ns < b->at_ns ||
           (a->at_ns == b->at_ns && a->number < b->number);
}

static void set_place(struct loop *loop, size_t at, struct loop_timer *timer)
{
    loop->heap[at] = timer;
    timer->place = at;
}

/* Puts a timer where it belongs, from a free place on. */
static void sift(struct loop *loop, size_t at, struct loop_timer *timer)
{
    while (at > 0 && is_before(timer, loop->heap[(at - 1) / 2])) {
        set_place(loop, at, loop->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= loop->timer_count) break;
        if (child + 1 < loop->timer_count &&
            is_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!is_before(loop->heap[child], timer)) break;
        set_place(loop, at, loop->heap[child]);
        at = child;
    }
    set_place(loop, at, timer);
}

static void unset(struct loop *loop, struct loop_timer *timer)
{
    size_t at = timer->place;
    if (at == not_set) return;
    timer->place = not_set;
    struct loop_timer *last = loop->heap[--loop->timer_count];
    if (last != timer) sift(loop, at, last);
}

int loop_timer_new(struct loop_timer **out, struct loop *loop, uint64_t ms,
    loop_fn fn, void *ud)
{
    const uint64_t ms_max = UINT64_C(100) * 365 * 24 * 3600 * 1000;
    *out = NULL;
    int err = mem_grow(loop->mem, (void **)&loop->heap, &loop->timer_capacity,
        loop->timer_count + 1, sizeof(struct loop_timer *));
    if (err != NDF_OK) return err;
    struct loop_timer *timer = mem_alloc(loop->mem, sizeof *timer);
    if (timer == NULL) return NDF_ENOMEM;
    if (ms > ms_max) ms = ms_max;
    *timer = (struct loop_timer){.loop = loop,
        .fn = fn,
        .ud = ud,
        .at_ns = now_ns() + (int64_t)ms * NS_PER_MS,
        .number = loop->timers_made++};
    loop->timer_count++;
    sift(loop, loop->timer_count - 1, timer);
    *out = timer;
    return NDF_OK;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL) return;
    unset(timer->loop, timer);
    mem_free(timer->loop->mem, timer, sizeof *timer);
}

/* Those that are due now; one set meanwhile waits for its next turn. */
static void run_timers(struct loop *loop)
{
    if (loop->timer_count == 0) return;
    int64_t now = now_ns();
    uint64_t until = loop->timers_made;
    while (loop->timer_count > 0) {
        struct loop_timer *timer = loop->heap[0];
        if (timer->at_ns > now || timer->number >= until) return;
        unset(loop, timer);
        timer->fn(timer->ud); /* may free it */
    }
}

/* ---- descriptors --------------------------------------------------------- */

int loop_watch_new(
    struct loop_watch **out, struct loop *loop, int fd, loop_fn fn, void *ud)
{
    *out = NULL;
    struct loop_watch *watch = mem_alloc(loop->mem, sizeof *watch);
    if (watch == NULL) return NDF_ENOMEM;
    *watch = (struct loop_watch){.loop = loop, .fd = fd, .fn = fn, .ud = ud};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = watch}};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        mem_free(loop->mem, watch, sizeof *watch);
        return NDF_EIO;
    }
    *out = watch;
    return NDF_OK;
}

/* An event of it may have been fetched already. */
void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL) return;
    struct loop *loop = watch->loop;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->freed = true;
    watch->next_freed = loop->freed;
    loop->freed = watch;
}

static void drop_freed(struct loop *loop)
{
    while (loop->freed != NULL) {
        struct loop_watch *watch = loop->freed;
        loop->freed = watch->next_freed;
        mem_free(loop->mem, watch, sizeof *watch);
    }
}

static void run_events(
    struct loop *loop, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        struct loop_watch *watch = events[i].data.ptr;
        if (watch == NULL) hush(loop);
        else if (!watch->freed) watch->fn(watch->ud);
    }
}

/* ---- posts --------------------------------------------------------------- */

/* Runs what is queued now; with the turn and the mutex, which is let go
 * meanwhile. */
static void run_posts(struct loop *loop)
{
    struct loop_post *post = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    pthread_mutex_unlock(&loop->mutex);
    while (post != NULL) {
        struct loop_post now = *post; /* fn may free it */
        now.fn(now.ud);
        post = now.next;
    }
    pthread_mutex_lock(&loop->mutex);
}

static void add_post(struct loop *loop, struct loop_post *post)
{
    post->next = NULL;
    *loop->posts_end = post;
    loop->posts_end = &post->next;
}

void loop_post(struct loop *loop, struct loop_post *post)
{
    pthread_mutex_lock(&loop->mutex);
    add_post(loop, post);
    if (!loop->turn) ring(loop);
    pthread_mutex_unlock(&loop->mutex);
}

/* Gives back a turn that another thread than the loop's has had: what came
 * meanwhile is left to that. */
static void end_turn(struct loop *loop)
{
    loop->turn = false;
    if (!loop->asleep) pthread_cond_signal(&loop->turn_free);
    bool sooner =
        loop->timer_count > 0 && loop->heap[0]->at_ns < loop->sleep_until;
    if (loop->posts != NULL || loop->stop || sooner) ring(loop);
}

void loop_do(struct loop *loop, struct loop_post *post)
{
    pthread_mutex_lock(&loop->mutex);
    if (!loop->asleep || loop->turn || loop->posts != NULL || loop->stop) {
        add_post(loop, post);
        if (!loop->turn) ring(loop);
    } else {
        loop->turn = true;
        pthread_mutex_unlock(&loop->mutex);
        struct loop_post now = *post;
        now.fn(now.ud);
        pthread_mutex_lock(&loop->mutex);
        end_turn(loop);
    }
    pthread_mutex_unlock(&loop->mutex);
}

/* ---- the loop ------------------------------------------------------------ */

/* Waits for events; with the mutex, without the turn. */
static int sleep_on(struct loop *loop, struct epoll_event *events)
{
    int64_t ms = SLEEP_MAX_MS;
    int64_t now = now_ns();
    int64_t first = loop->timer_count > 0 ? loop->heap[0]->at_ns : INT64_MAX;
    if (loop->posts != NULL || loop->stop || first <= now) ms = 0;
    /* Rounded up: a timer never fires early. */
    else if (first - now < ms * NS_PER_MS)
        ms = (first - now + NS_PER_MS - 1) / NS_PER_MS;
    loop->sleep_until = first;
    loop->asleep = true;
    pthread_mutex_unlock(&loop->mutex);
    int count = epoll_wait(loop->epoll_fd, events, BATCH_MAX, (int)ms);
    if (count < 0 && errno == EINTR) count = 0;
    pthread_mutex_lock(&loop->mutex);
    loop->asleep = false;
    loop->rung = false;
    return count;
}

int loop_run(struct loop *loop)
{
    struct epoll_event events[BATCH_MAX];
    int count = 0;
    pthread_mutex_lock(&loop->mutex);
    while (count >= 0) {
        while (loop->turn)
            pthread_cond_wait(&loop->turn_free, &loop->mutex);
        loop->turn = true;
        pthread_mutex_unlock(&loop->mutex);
        run_events(loop, events, count);
        drop_freed(loop);
        run_timers(loop);
        pthread_mutex_lock(&loop->mutex);
        run_posts(loop);
        loop->turn = false;
        if (loop->stop) break;
        count = sleep_on(loop, events);
    }
    loop->stop = false;
    pthread_mutex_unlock(&loop->mutex);
    return count < 0 ? NDF_EIO : NDF_OK;
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    loop->stop = true;
    if (!loop->turn) ring(loop);
    pthread_mutex_unlock(&loop->mutex);
}

/* ---- making one ---------------------------------------------------------- */

int loop_new(struct loop **out, const struct mem *mem)
{
    *out = NULL;
    struct loop *loop = mem_calloc(mem, 1, sizeof *loop);
    if (loop == NULL) return NDF_ENOMEM;
    loop->mem = mem;
    loop->posts_end = &loop->posts;
    pthread_mutex_init(&loop->mutex, NULL);
    pthread_cond_init(&loop->turn_free, NULL);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0) {
        loop_free(loop);
        return NDF_EIO;
    }
    *out = loop;
    return NDF_OK;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) return;
    drop_freed(loop);
    if (loop->wake_fd >= 0) (void)close(loop->wake_fd);
    if (loop->epoll_fd >= 0) (void)close(loop->epoll_fd);
    mem_free(loop->mem, loop->heap,
        loop->timer_capacity * sizeof(struct loop_timer *));
    pthread_cond_destroy(&loop->turn_free);
    pthread_mutex_destroy(&loop->mutex);
    mem_free(loop->mem, loop, sizeof *loop);
}
