/*
 * mem.c - the allocator's helpers, and arenas.
 *
 * An arena is a list of chunks; the first one is being filled. A request too
 * large for the rest of it gets a chunk of its own, which is put second when
 * it is big, so that the first one goes on being filled. Invariant: used is at
 * most the size of the first chunk, and a multiple of the alignment.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ndf/error.h"

enum {
    ARENA_ALIGN = _Alignof(max_align_t),
    ARENA_CHUNK_MIN = 256,
    ARENA_CHUNK_MAX = 64 * 1024,
    GROW_MIN = 8,
};

static void *libc_alloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    (void)ud;
    (void)old_size;
    if (new_size > PTRDIFF_MAX) return NULL;
    if (new_size > 0) return realloc(ptr, new_size);
    free(ptr);
    return NULL;
}

const struct mem mem_libc = {libc_alloc, NULL};

void *mem_alloc(const struct mem *mem, size_t size)
{
    if (size == 0) return NULL;
    return mem->fn(mem->ud, NULL, 0, size);
}

void *mem_calloc(const struct mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *ptr = mem_alloc(mem, count * size);
    if (ptr != NULL) memset(ptr, 0, count * size);
    return ptr;
}

void *mem_alloc_aligned(
    const struct mem *mem, size_t size, size_t align, void **block)
{
    *block = NULL;
    if (size == 0 || size > SIZE_MAX - align) return NULL;
    char *at = mem_alloc(mem, size + align);
    if (at == NULL) return NULL;
    *block = at;
    return at + (align - (uintptr_t)at % align) % align;
}

void *mem_resize(
    const struct mem *mem, void *ptr, size_t old_size, size_t new_size)
{
    if (ptr == NULL) return mem_alloc(mem, new_size);
    return mem->fn(mem->ud, ptr, old_size, new_size);
}

void mem_free(const struct mem *mem, void *ptr, size_t size)
{
    if (ptr != NULL) (void)mem->fn(mem->ud, ptr, size, 0);
}

int mem_grow(const struct mem *mem, void **array, size_t *capacity, size_t need,
    size_t item_size)
{
    if (need <= *capacity) return NDF_OK;
    size_t most = SIZE_MAX / 2 / item_size;
    if (need > most) return NDF_ENOMEM;
    size_t wanted = *capacity < GROW_MIN ? GROW_MIN : *capacity;
    while (wanted < need)
        wanted = wanted > most / 2 ? most : wanted * 2;
    /* The caller's pointer has another type: read and write it as bytes. */
    void *old;
    memcpy(&old, (const void *)array, sizeof old);
    void *moved =
        mem_resize(mem, old, *capacity * item_size, wanted * item_size);
    if (moved == NULL) return NDF_ENOMEM;
    memcpy((void *)array, &moved, sizeof moved);
    *capacity = wanted;
    return NDF_OK;
}

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    _Alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena, const struct mem *mem)
{
    *arena = (struct arena){.mem = mem};
}

void arena_deinit(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        mem_free(arena->mem, chunk, sizeof *chunk + chunk->size);
        chunk = next;
    }
    arena_init(arena, arena->mem);
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct arena_chunk)) return NULL;
    struct arena_chunk *chunk =
        mem_alloc(arena->mem, sizeof(struct arena_chunk) + size);
    if (chunk == NULL) return NULL;
    chunk->size = size;
    chunk->next = NULL;
    arena->bytes += size;
    return chunk;
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
    if (arena->chunks == NULL || arena->chunks->next == NULL) return;
    struct arena kept = {.mem = arena->mem};
    kept.chunks = chunk_new(&kept, arena->bytes);
    arena_deinit(arena);
    *arena = kept;
}

/* Chunks grow with the arena, slowly: of one that stays for long (a run that
 * waits) little is left over, and a large one still makes few calls. */
static size_t chunk_size(const struct arena *arena)
{
    size_t size = arena->bytes / 4;
    if (size < ARENA_CHUNK_MIN) size = ARENA_CHUNK_MIN;
    return size > ARENA_CHUNK_MAX ? ARENA_CHUNK_MAX : size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN) return NULL;
    size_t need = size == 0 ? 1 : size;
    need = (need + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena_chunk *first = arena->chunks;
    if (first != NULL && first->size - arena->used >= need) {
        void *at = first->data + arena->used;
        arena->used += need;
        return memset(at, 0, need);
    }
    size_t usual = chunk_size(arena);
    struct arena_chunk *chunk = chunk_new(arena, need > usual ? need : usual);
    if (chunk == NULL) return NULL;
    if (first != NULL && need > usual / 4) {
        chunk->next = first->next;
        first->next = chunk;
    } else {
        chunk->next = first;
        arena->chunks = chunk;
        arena->used = need;
    }
    return memset(chunk->data, 0, need);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    return arena_alloc(arena, count * size);
}

struct str arena_str(struct arena *arena, struct str text)
{
    struct str none = {NULL, 0};
    if (text.size == SIZE_MAX) return none;
    char *copy = arena_alloc(arena, text.size + 1);
    if (copy == NULL) return none;
    if (text.size > 0) memcpy(copy, text.at, text.size);
    return (struct str){copy, text.size};
}

void *arena_dup(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy != NULL && size > 0) memcpy(copy, bytes, size);
    return copy;
}

struct str arena_format(struct arena *arena, const char *format, ...)
{
    struct str none = {NULL, 0};
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (text != NULL) (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    if (text == NULL) return none;
    return (struct str){text, (size_t)size};
}
