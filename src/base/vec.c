/*
 * vec.c - an array of equal items that grows.
 *
 * Invariant: count <= capacity.
 */
#include "base/vec.h"

#include <assert.h>
#include <string.h>

#include "ndf/error.h"

void vec_init(struct vec *vec, const struct mem *mem, size_t item_size)
{
    assert(item_size > 0);
    *vec = (struct vec){.mem = mem, .item_size = item_size};
}

void vec_deinit(struct vec *vec)
{
    mem_free(vec->mem, vec->at, vec->capacity * vec->item_size);
    vec_init(vec, vec->mem, vec->item_size);
}

void *vec_push(struct vec *vec)
{
    void *item = vec_reserve(vec, 1);
    if (item == NULL) return NULL;
    vec->count++;
    return memset(item, 0, vec->item_size);
}

void *vec_reserve(struct vec *vec, size_t count)
{
    if (count > vec->capacity - vec->count &&
        mem_grow(vec->mem, &vec->at, &vec->capacity, vec->count + count,
            vec->item_size) != NDF_OK)
        return NULL;
    return (char *)vec->at + vec->count * vec->item_size;
}

void *vec_get(const struct vec *vec, size_t index)
{
    assert(index < vec->count);
    return (char *)vec->at + index * vec->item_size;
}

void vec_remove(struct vec *vec, size_t index)
{
    char *item = vec_get(vec, index);
    size_t behind = vec->count - index - 1;
    memmove(item, item + vec->item_size, behind * vec->item_size);
    vec->count--;
}

void vec_clear(struct vec *vec)
{
    vec->count = 0;
}

void *vec_dup(const struct vec *vec, struct arena *arena)
{
    return arena_dup(arena, vec->at, vec->count * vec->item_size);
}
