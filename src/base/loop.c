/*
 * loop.c - one thread's event loop over libevent.
 *
 * libevent is used without its thread library: other threads never touch the
 * event_base. They put work on a queue under our own mutex and ring an
 * eventfd; the loop's thread takes the whole queue and runs it. So work that
 * posts work cannot starve timers and descriptors.
 *
 * Invariant: whenever the queue is not empty or stop is set, the eventfd is
 * readable or the loop is about to look.
 */
#include "base/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ndf/error.h"

struct loop {
    const struct mem *mem;
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    pthread_mutex_t mutex;
    struct loop_post *posts; /* under mutex, as the next two */
    struct loop_post **posts_end;
    bool stop;
};

struct loop_timer {
    struct loop *loop;
    struct event *event;
    loop_fn fn;
    void *ud;
};

struct loop_watch {
    struct loop *loop;
    struct event *event;
    loop_fn fn;
    void *ud;
};

static void ring(struct loop *loop)
{
    uint64_t one = 1;
    /* It fails only when the counter is full, and then it is readable. */
    ssize_t done = write(loop->wake_fd, &one, sizeof one);
    (void)done;
}

static void on_wake(evutil_socket_t fd, short what, void *ud)
{
    (void)what;
    struct loop *loop = ud;
    uint64_t rings;
    ssize_t done = read(fd, &rings, sizeof rings);
    (void)done;
    pthread_mutex_lock(&loop->mutex);
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
    bool stop = loop->stop;
    pthread_mutex_unlock(&loop->mutex);
    if (stop) (void)event_base_loopbreak(loop->base);
}

/* libevent ends the process when a descriptor of its own cannot be had, so see
 * that there are some. */
static bool has_descriptors(int like)
{
    enum { NEEDED = 8 };
    int fds[NEEDED];
    int count = 0;
    while (count < NEEDED && (fds[count] = dup(like)) >= 0)
        count++;
    for (int i = 0; i < count; i++)
        (void)close(fds[i]);
    return count == NEEDED;
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) return NULL;
    /* A timer set by a slow callback counts from now, not from when the loop
     * woke up, and never fires early (the coarse clock would); the environment
     * may not choose how we wait. */
    int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME |
                EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_IGNORE_ENV;
    struct event_base *base = NULL;
    if (event_config_set_flag(config, flags) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int loop_new(struct loop **out, const struct mem *mem)
{
    *out = NULL;
    struct loop *loop = mem_calloc(mem, 1, sizeof *loop);
    if (loop == NULL) return NDF_ENOMEM;
    if (pthread_mutex_init(&loop->mutex, NULL) != 0) {
        mem_free(mem, loop, sizeof *loop);
        return NDF_ENOMEM;
    }
    int err = NDF_ENOMEM;
    loop->mem = mem;
    loop->posts_end = &loop->posts;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0 || !has_descriptors(loop->wake_fd)) {
        err = NDF_EIO;
        goto fail;
    }
    loop->base = base_new();
    if (loop->base == NULL) goto fail;
    loop->wake = event_new(
        loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    if (loop->wake == NULL) goto fail;
    if (event_add(loop->wake, NULL) != 0) goto fail;
    *out = loop;
    return NDF_OK;

fail:
    loop_free(loop);
    return err;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) return;
    if (loop->wake != NULL) event_free(loop->wake);
    if (loop->base != NULL) event_base_free(loop->base);
    if (loop->wake_fd >= 0) (void)close(loop->wake_fd);
    pthread_mutex_destroy(&loop->mutex);
    mem_free(loop->mem, loop, sizeof *loop);
}

int loop_run(struct loop *loop)
{
    int result = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    pthread_mutex_lock(&loop->mutex);
    loop->stop = false;
    pthread_mutex_unlock(&loop->mutex);
    return result < 0 ? NDF_EIO : NDF_OK;
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    loop->stop = true;
    ring(loop);
    pthread_mutex_unlock(&loop->mutex);
}

void loop_post(struct loop *loop, struct loop_post *post)
{
    post->next = NULL;
    /* Ringing under the mutex: once the loop has seen the work, this thread
     * touches the loop no more, and it may be freed. */
    pthread_mutex_lock(&loop->mutex);
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    ring(loop);
    pthread_mutex_unlock(&loop->mutex);
}

static void on_timer(evutil_socket_t fd, short what, void *ud)
{
    (void)fd;
    (void)what;
    const struct loop_timer *timer = ud;
    timer->fn(timer->ud); /* may free the timer */
}

int loop_timer_new(struct loop_timer **out, struct loop *loop, uint64_t ms,
    loop_fn fn, void *ud)
{
    const uint64_t ms_max = UINT64_C(100) * 365 * 24 * 3600 * 1000;
    *out = NULL;
    struct loop_timer *timer = mem_alloc(loop->mem, sizeof *timer);
    if (timer == NULL) return NDF_ENOMEM;
    *timer = (struct loop_timer){loop, NULL, fn, ud};
    timer->event = event_new(loop->base, -1, 0, on_timer, timer);
    if (timer->event == NULL) goto fail;
    if (ms > ms_max) ms = ms_max;
    struct timeval after = {
        .tv_sec = (time_t)(ms / 1000),
        .tv_usec = (suseconds_t)(ms % 1000 * 1000),
    };
    if (event_add(timer->event, &after) != 0) goto fail;
    *out = timer;
    return NDF_OK;

fail:
    loop_timer_free(timer);
    return NDF_ENOMEM;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL) return;
    if (timer->event != NULL) event_free(timer->event);
    mem_free(timer->loop->mem, timer, sizeof *timer);
}

static void on_readable(evutil_socket_t fd, short what, void *ud)
{
    (void)fd;
    (void)what;
    const struct loop_watch *watch = ud;
    watch->fn(watch->ud); /* may free the watch */
}

/* epoll takes no files or folders, and libevent would complain on stderr. */
static bool is_watchable(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return false;
    return !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

int loop_watch_new(
    struct loop_watch **out, struct loop *loop, int fd, loop_fn fn, void *ud)
{
    *out = NULL;
    if (!is_watchable(fd)) return NDF_EIO;
    int err = NDF_ENOMEM;
    struct loop_watch *watch = mem_alloc(loop->mem, sizeof *watch);
    if (watch == NULL) return NDF_ENOMEM;
    *watch = (struct loop_watch){loop, NULL, fn, ud};
    watch->event =
        event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, watch);
    if (watch->event == NULL) goto fail;
    err = NDF_EIO;
    if (event_add(watch->event, NULL) != 0) goto fail;
    *out = watch;
    return NDF_OK;

fail:
    loop_watch_free(watch);
    return err;
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL) return;
    if (watch->event != NULL) event_free(watch->event);
    mem_free(watch->loop->mem, watch, sizeof *watch);
}
