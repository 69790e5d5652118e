/*
 * lookups.c - see lookups.h.
 *
 * The entries of a shard lie in a ring in which the hand goes round: one that
 * was asked for since the hand last passed is passed over once more, another
 * one makes room. Invariant: an entry is in its bucket and in the ring, or in
 * neither; it is counted in `bytes` while it is in them. Whoever can reach one
 * holds a reference: the shard, and each who has it pinned.
 */
#include "engine/lookups.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"

enum {
    ENTRIES_EACH = 32, /* at least, before there are more shards */
    SIZE_USUAL = 1000,
    TTL_USUAL_MS = 3600000,
};

struct lookup {
    const struct mem *mem;
    _Atomic uint32_t references;
    bool asked; /* since the hand passed */
    uint64_t hash, picture;
    int64_t made_ns;
    struct lookup *next;           /* in its bucket */
    struct lookup *before, *after; /* in the ring; NULL: it is not kept */
    size_t size, key_size;
    _Alignas(max_align_t) char bytes[]; /* the value, then the key */
};

const struct lookups_options lookups_usual = {
    .size = SIZE_USUAL, .ttl_ms = TTL_USUAL_MS};
const struct lookups_options lookups_off = {.ttl_ms = TTL_USUAL_MS};

static size_t padded(size_t size)
{
    const size_t align = _Alignof(max_align_t);
    return (size + align - 1) / align * align;
}

static size_t bytes_of(const struct lookup *lookup)
{
    return sizeof *lookup + padded(lookup->size) + lookup->key_size;
}

void *lookup_value(struct lookup *lookup)
{
    return lookup->bytes;
}

size_t lookup_size(const struct lookup *lookup)
{
    return lookup->size;
}

void lookup_release(struct lookup *lookup)
{
    if (lookup == NULL) return;
    if (atomic_fetch_sub_explicit(
            &lookup->references, 1, memory_order_acq_rel) != 1)
        return;
    const struct mem *mem = lookup->mem;
    mem_free(mem, lookup, bytes_of(lookup));
}

/* ---- one shard, its lock held ---------------------------------------------
 */

static struct lookup **bucket_of(
    const struct lookups_shard *shard, uint64_t hash)
{
    return &shard->buckets[(hash >> 8) & (shard->bucket_count - 1)];
}

/* Takes an entry out, and lets it go. */
static void drop(struct lookups_shard *shard, struct lookup *lookup)
{
    struct lookup **at = bucket_of(shard, lookup->hash);
    while (*at != lookup)
        at = &(*at)->next;
    *at = lookup->next;
    lookup->before->after = lookup->after;
    lookup->after->before = lookup->before;
    if (shard->hand == lookup)
        shard->hand = lookup->after != lookup ? lookup->after : NULL;
    lookup->before = lookup->after = NULL;
    shard->count--;
    shard->bytes -= bytes_of(lookup);
    lookup_release(lookup);
}

static void drop_all(struct lookups_shard *shard)
{
    while (shard->hand != NULL)
        drop(shard, shard->hand);
}

/* Makes room by one entry. */
static void make_room(struct lookups_shard *shard)
{
    while (shard->hand->asked) {
        shard->hand->asked = false;
        shard->hand = shard->hand->after;
    }
    drop(shard, shard->hand);
    shard->evictions++;
}

/* Behind the hand: it is passed last. */
static void insert(struct lookups_shard *shard, struct lookup *lookup)
{
    struct lookup **bucket = bucket_of(shard, lookup->hash);
    lookup->next = *bucket;
    *bucket = lookup;
    if (shard->hand == NULL) {
        lookup->before = lookup->after = lookup;
        shard->hand = lookup;
    } else {
        lookup->after = shard->hand;
        lookup->before = shard->hand->before;
        lookup->before->after = lookup;
        lookup->after->before = lookup;
    }
    shard->count++;
    shard->bytes += bytes_of(lookup);
}

static struct lookup *find(
    const struct lookups_shard *shard, uint64_t hash, struct str key)
{
    struct lookup *at = *bucket_of(shard, hash);
    for (; at != NULL; at = at->next) {
        struct str own = {at->bytes + padded(at->size), at->key_size};
        if (at->hash == hash && str_equal(own, key)) return at;
    }
    return NULL;
}

/* False: it belongs to an older picture than what the shard holds. */
static bool turn_to(struct lookups_shard *shard, uint64_t picture)
{
    if (picture > shard->picture) {
        drop_all(shard);
        shard->picture = picture;
    }
    return picture == shard->picture;
}

/* ---- all shards -----------------------------------------------------------
 */

void lookups_init(struct lookups *lookups, const struct mem *mem)
{
    memset(lookups, 0, sizeof *lookups);
    lookups->mem = mem;
    for (size_t i = 0; i < LOOKUPS_SHARDS; i++)
        pthread_mutex_init(&lookups->shards[i].lock, NULL);
}

static void shard_empty(struct lookups *lookups, struct lookups_shard *shard)
{
    drop_all(shard);
    mem_free(lookups->mem, shard->buckets,
        shard->bucket_count * sizeof(struct lookup *));
    shard->buckets = NULL;
    shard->bucket_count = 0;
    shard->room = 0;
    shard->bytes_room = 0;
}

void lookups_deinit(struct lookups *lookups)
{
    for (size_t i = 0; i < LOOKUPS_SHARDS; i++) {
        shard_empty(lookups, &lookups->shards[i]);
        pthread_mutex_destroy(&lookups->shards[i].lock);
    }
}

static int shard_begin(struct lookups *lookups, struct lookups_shard *shard,
    size_t room, size_t bytes)
{
    size_t buckets = 1;
    while (buckets < room)
        buckets *= 2;
    shard->buckets = mem_calloc(lookups->mem, buckets, sizeof(struct lookup *));
    if (shard->buckets == NULL) return NDF_ENOMEM;
    shard->bucket_count = buckets;
    shard->room = room;
    shard->bytes_room = bytes;
    return NDF_OK;
}

int lookups_configure(
    struct lookups *lookups, const struct lookups_options *options)
{
    uint32_t shards = options->size > 0 ? 1 : 0;
    while (shards > 0 && shards < LOOKUPS_SHARDS &&
           options->size / (shards * 2) >= ENTRIES_EACH)
        shards *= 2;
    int64_t ttl = INT64_MAX;
    if (options->ttl_ms < INT64_MAX / 1000000)
        ttl = (int64_t)options->ttl_ms * 1000000;
    atomic_store(&lookups->shard_count, 0);
    atomic_store(&lookups->ttl_ns, ttl);
    int err = NDF_OK;
    for (uint32_t i = 0; i < LOOKUPS_SHARDS; i++) {
        struct lookups_shard *shard = &lookups->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard_empty(lookups, shard);
        if (err == NDF_OK && i < shards)
            err = shard_begin(lookups, shard,
                options->size / shards + (i < options->size % shards),
                LOOKUPS_BYTES_MAX / shards);
        pthread_mutex_unlock(&shard->lock);
    }
    if (err == NDF_OK) atomic_store(&lookups->shard_count, shards);
    return err;
}

bool lookups_on(struct lookups *lookups)
{
    return atomic_load_explicit(&lookups->shard_count, memory_order_relaxed) >
           0;
}

/* The shard of a hash, its lock held; NULL: it is off, or in use. */
static struct lookups_shard *enter(struct lookups *lookups, uint64_t hash)
{
    uint32_t count =
        atomic_load_explicit(&lookups->shard_count, memory_order_acquire);
    if (count == 0) return NULL;
    struct lookups_shard *shard = &lookups->shards[hash & (count - 1)];
    if (pthread_mutex_trylock(&shard->lock) != 0) {
        atomic_fetch_add_explicit(&shard->busy, 1, memory_order_relaxed);
        return NULL;
    }
    if (shard->buckets != NULL) return shard;
    pthread_mutex_unlock(&shard->lock); /* it was turned off meanwhile */
    return NULL;
}

struct lookup *lookups_get(
    struct lookups *lookups, const struct lookup_key *key, int64_t now_ns)
{
    uint64_t hash = hash64(key->bytes);
    struct lookups_shard *shard = enter(lookups, hash);
    if (shard == NULL) return NULL;
    struct lookup *found = NULL;
    if (turn_to(shard, key->picture)) found = find(shard, hash, key->bytes);
    if (found != NULL &&
        now_ns - found->made_ns >
            atomic_load_explicit(&lookups->ttl_ns, memory_order_relaxed)) {
        drop(shard, found);
        shard->expired++;
        found = NULL;
    }
    if (found != NULL) {
        found->asked = true;
        atomic_fetch_add_explicit(&found->references, 1, memory_order_relaxed);
        shard->hits++;
    } else {
        shard->misses++;
    }
    pthread_mutex_unlock(&shard->lock);
    return found;
}

struct lookup *lookups_make(struct lookups *lookups,
    const struct lookup_key *key, size_t size, int64_t now_ns)
{
    uint64_t hash = hash64(key->bytes);
    size_t all = sizeof(struct lookup) + padded(size) + key->bytes.size;
    if (size > LOOKUPS_ENTRY_MAX || all > LOOKUPS_ENTRY_MAX) {
        struct lookups_shard *shard = enter(lookups, hash);
        if (shard == NULL) return NULL;
        shard->refused++;
        pthread_mutex_unlock(&shard->lock);
        return NULL;
    }
    struct lookup *lookup = mem_alloc(lookups->mem, all);
    if (lookup == NULL) return NULL;
    *lookup = (struct lookup){.mem = lookups->mem,
        .hash = hash,
        .picture = key->picture,
        .made_ns = now_ns,
        .size = size,
        .key_size = key->bytes.size};
    atomic_init(&lookup->references, 1);
    memcpy(lookup->bytes + padded(size), key->bytes.at, key->bytes.size);
    return lookup;
}

void lookups_put(struct lookups *lookups, struct lookup *lookup)
{
    struct lookups_shard *shard = enter(lookups, lookup->hash);
    if (shard == NULL) return;
    struct str key = {lookup->bytes + padded(lookup->size), lookup->key_size};
    size_t bytes = bytes_of(lookup);
    if (turn_to(shard, lookup->picture) && bytes <= shard->bytes_room &&
        find(shard, lookup->hash, key) == NULL) {
        while (shard->hand != NULL &&
               (shard->count == shard->room ||
                   shard->bytes + bytes > shard->bytes_room))
            make_room(shard);
        atomic_fetch_add_explicit(&lookup->references, 1, memory_order_relaxed);
        insert(shard, lookup);
    }
    pthread_mutex_unlock(&shard->lock);
}

static void read_shard(
    struct lookups_shard *shard, int64_t now_ns, struct lookups_stats *out)
{
    uint64_t busy = atomic_load_explicit(&shard->busy, memory_order_relaxed);
    pthread_mutex_lock(&shard->lock);
    out->size += shard->room;
    out->entries += shard->count;
    out->bytes += shard->bytes;
    out->hits += shard->hits;
    out->misses += shard->misses + busy;
    out->busy += busy;
    out->evictions += shard->evictions;
    out->expired += shard->expired;
    out->refused += shard->refused;
    const struct lookup *at = shard->hand;
    for (size_t i = 0; i < shard->count; i++, at = at->after)
        if (now_ns - at->made_ns > out->oldest_ns)
            out->oldest_ns = now_ns - at->made_ns;
    pthread_mutex_unlock(&shard->lock);
}

void lookups_read(
    struct lookups *lookups, int64_t now_ns, struct lookups_stats *out)
{
    *out = (struct lookups_stats){.size = 0};
    for (size_t i = 0; i < LOOKUPS_SHARDS; i++)
        read_shard(&lookups->shards[i], now_ns, out);
}
