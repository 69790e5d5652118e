/*
 * mem.h - all memory comes from here: one allocator per engine, and arenas.
 *
 * The allocator is a single function that is told the old size, so no block
 * needs a header and every byte can be counted. An arena is memory that is
 * freed as a whole: parse results and per-call scratch live in one.
 */
#ifndef NDF_BASE_MEM_H
#define NDF_BASE_MEM_H

#include <stddef.h>

#include "base/str.h"

/* new_size 0 frees and returns NULL; ptr NULL (old_size 0) allocates. On
 * failure returns NULL and leaves ptr as it was. Must be thread-safe. */
typedef void *(*mem_fn)(void *ud, void *ptr, size_t old_size, size_t new_size);

struct mem {
    mem_fn fn;
    void *ud;
};

/* The allocator over realloc and free; static. */
extern const struct mem mem_libc;

/* size bytes, not cleared; NULL when out of memory. size 0 gives NULL too. */
void *mem_alloc(const struct mem *mem, size_t size);
/* count * size bytes, zeroed; NULL on overflow or when out of memory. */
void *mem_calloc(const struct mem *mem, size_t count, size_t size);
void *mem_resize(
    const struct mem *mem, void *ptr, size_t old_size, size_t new_size);
/* Accepts NULL. size is what the block was allocated with. */
void mem_free(const struct mem *mem, void *ptr, size_t size);
/* size bytes at a multiple of align, a power of two, in a block of size + align
 * bytes that is put into *block: what is to be freed. NULL as mem_alloc. */
void *mem_alloc_aligned(
    const struct mem *mem, size_t size, size_t align, void **block);
/* Makes room for `need` items in an array; doubles. NDF_OK or NDF_ENOMEM. */
int mem_grow(const struct mem *mem, void **array, size_t *capacity, size_t need,
    size_t item_size);

struct arena_chunk;

/* Memory freed as a whole. Zero-initialised by arena_init; no locking. */
struct arena {
    const struct mem *mem;
    struct arena_chunk *chunks;
    size_t used;  /* in the first chunk */
    size_t bytes; /* held in all */
};

/* Borrows mem for the arena's life. Allocates nothing. */
void arena_init(struct arena *arena, const struct mem *mem);
/* Frees everything; the arena is empty and may be used again. */
void arena_deinit(struct arena *arena);
/* Forgets everything, but keeps room for as much again, in one piece: what is
 * done many times alike allocates only the first times. When there is no memory
 * to put it into one piece it is freed. */
void arena_reset(struct arena *arena);
/* Zeroed, aligned for any type; NULL when out of memory. size 0 gives a valid
 * pointer. Valid until arena_deinit. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/* Copies text and adds a NUL behind it; .at is NULL when out of memory. */
struct str arena_str(struct arena *arena, struct str text);
/* A copy of size bytes; NULL when out of memory. */
void *arena_dup(struct arena *arena, const void *bytes, size_t size);
/* Formats as printf into the arena; .at is NULL when out of memory. */
struct str arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
