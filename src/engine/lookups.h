/*
 * lookups.h - what was worked out once, kept for the next who asks the same.
 *
 * A bounded cache with a second chance for what was asked again (a clock:
 * Corbató, A Paging Experiment with the Multics System, 1968). It lies in
 * shards, each with a lock that is only ever tried by readers: who finds one
 * taken works it out as if nothing were kept, so nobody waits for another one.
 * What is found is pinned, and stays until it is let go, though it may be gone
 * from the cache by then. A shard holds what belongs to one picture of the
 * registry, the newest that it has heard of.
 */
#ifndef NDF_ENGINE_LOOKUPS_H
#define NDF_ENGINE_LOOKUPS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum {
    LOOKUPS_SIZE_MAX = 1000 * 1000,
    LOOKUPS_SHARDS = 16,
    LOOKUPS_BYTES_MAX = 64 * 1024 * 1024, /* of all entries, keys included */
    LOOKUPS_ENTRY_MAX = 128 * 1024,       /* of one */
};

/* See ndf_configure. */
struct lookups_options {
    uint32_t size; /* entries; 0: off */
    uint64_t ttl_ms;
    bool preload_frequent;
    bool similarity;
};

/* What a configuration that names the cache, but not all of it, means; and what
 * there is before. */
extern const struct lookups_options lookups_usual, lookups_off;

struct lookup;

struct lookups_shard {
    pthread_mutex_t lock;    /* of all below */
    struct lookup **buckets; /* NULL: off */
    size_t bucket_count;     /* a power of two */
    struct lookup *hand;     /* of the clock; NULL: it is empty */
    uint64_t picture;
    size_t room, count;
    size_t bytes_room, bytes;
    uint64_t hits, misses, evictions, expired, refused;
    _Atomic uint64_t busy; /* it was in use by another one; not under lock */
    char apart[64];        /* from the next one: no cache line is of both */
};

struct lookups {
    const struct mem *mem;
    _Atomic uint32_t shard_count; /* a power of two; 0: off */
    _Atomic int64_t ttl_ns;
    struct lookups_shard shards[LOOKUPS_SHARDS];
};

struct lookup_key {
    uint64_t picture; /* the number of the registry's */
    struct str bytes;
};

struct lookups_stats {
    size_t size, entries, bytes;
    uint64_t hits, misses; /* busy ones are misses, too */
    uint64_t busy, evictions, expired;
    uint64_t refused;  /* too large to be kept */
    int64_t oldest_ns; /* age of the oldest entry; 0: there is none */
};

/* Off. Borrows mem for its life. */
void lookups_init(struct lookups *lookups, const struct mem *mem);
/* Nobody has anything pinned. */
void lookups_deinit(struct lookups *lookups);
/* Forgets all that is kept, and goes on with another size and time to live; the
 * counts stay. Any thread, but one at a time. NDF_OK; NDF_ENOMEM: it is off. */
int lookups_configure(
    struct lookups *lookups, const struct lookups_options *options);
bool lookups_on(struct lookups *lookups);

/* What is kept under a key, pinned until lookup_release; NULL: nothing, or
 * somebody else is at it. now_ns: of a clock that never goes back. */
struct lookup *lookups_get(
    struct lookups *lookups, const struct lookup_key *key, int64_t now_ns);
/* Room for a value of so many bytes, pinned; NULL: it is too large to be kept,
 * or there is no memory. To be filled, put, and released. */
struct lookup *lookups_make(struct lookups *lookups,
    const struct lookup_key *key, size_t size, int64_t now_ns);
/* Keeps it, unless somebody else is at it, keeps the same already, or knows of
 * a newer picture. */
void lookups_put(struct lookups *lookups, struct lookup *lookup);
/* The value, aligned for any type; not to be changed after it was put. */
void *lookup_value(struct lookup *lookup);
size_t lookup_size(const struct lookup *lookup);
/* Accepts NULL. */
void lookup_release(struct lookup *lookup);

/* Waits for each shard in turn. */
void lookups_read(
    struct lookups *lookups, int64_t now_ns, struct lookups_stats *out);

#endif
