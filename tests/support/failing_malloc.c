/*
 * failing_malloc.c - preloaded: the n-th allocation of the process fails, with
 * FAIL_MALLOC_AT=n; with FAIL_MALLOC_ON=1 all later ones fail too.
 *
 * This reaches the libraries below NDF, which do not use its allocator. One is
 * left out: jansson 2.14 overruns its own buffer when that cannot grow, which
 * is its defect to mend (base/json.c keeps clear of it as far as it can).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef void *(*malloc_fn)(size_t);
typedef void *(*calloc_fn)(size_t, size_t);
typedef void *(*realloc_fn)(void *, size_t);

/* dlsym itself may call calloc before there is one. */
static _Alignas(16) char early[8192];
static _Atomic size_t early_used;
static _Atomic long count;
static long fail_at = -1;
static int fail_on;

int failing_malloc_reached(void);
int failing_malloc_reached(void)
{
    return fail_at > 0 && atomic_load(&count) >= fail_at;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_MALLOC_AT"), *on = getenv("FAIL_MALLOC_ON");
    fail_on = on != NULL && *on == '1';
    fail_at = at != NULL ? strtol(at, NULL, 10) : -1;
    atomic_store(&count, 0);
}

static int from_jansson(void *caller)
{
    Dl_info info;
    return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, "libjansson") != NULL;
}

static int fails(void *caller)
{
    if (fail_at < 0 || from_jansson(caller)) return 0;
    long now = atomic_fetch_add(&count, 1) + 1;
    if (now != fail_at && !(fail_on && now > fail_at)) return 0;
    errno = ENOMEM;
    return 1;
}

static void *early_alloc(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    size_t at = atomic_fetch_add(&early_used, size);
    return at + size <= sizeof early ? early + at : NULL;
}

static int is_early(const void *ptr)
{
    return (const char *)ptr >= early &&
           (const char *)ptr < early + sizeof early;
}

/* What dlsym gives is a function, whatever C says of data pointers. */
static void find(void *fn, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(fn, &symbol, sizeof symbol);
}

void *malloc(size_t size)
{
    static malloc_fn next;
    if (next == NULL) find(&next, "malloc");
    return fails(__builtin_return_address(0)) ? NULL : next(size);
}

void *calloc(size_t n, size_t size)
{
    static calloc_fn next;
    static _Thread_local int finding;
    if (next == NULL) {
        if (finding) return early_alloc(n * size);
        finding = 1;
        find(&next, "calloc");
        finding = 0;
    }
    return fails(__builtin_return_address(0)) ? NULL : next(n, size);
}

void *realloc(void *ptr, size_t size)
{
    static realloc_fn next;
    if (next == NULL) find(&next, "realloc");
    if (is_early(ptr)) {
        void *moved = malloc(size);
        if (moved != NULL) memcpy(moved, ptr, size);
        return moved;
    }
    return fails(__builtin_return_address(0)) ? NULL : next(ptr, size);
}

void free(void *ptr)
{
    static void (*next)(void *);
    if (next == NULL) find(&next, "free");
    if (!is_early(ptr)) next(ptr);
}
