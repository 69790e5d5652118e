/*
 * vec.h - an array of equal items that grows.
 */
#ifndef NDF_BASE_VEC_H
#define NDF_BASE_VEC_H

#include "base/mem.h"

struct vec {
    const struct mem *mem;
    void *at; /* cast to the item's type; moves when it grows */
    size_t count;
    size_t capacity;
    size_t item_size;
};

void vec_init(struct vec *vec, const struct mem *mem, size_t item_size);
void vec_deinit(struct vec *vec);
/* A new zeroed item at the end; NULL when out of memory (vec unchanged).
 * Valid until the next push. */
void *vec_push(struct vec *vec);
/* Room for so many more at the end, for the caller to fill and add to count;
 * NULL when out of memory (vec unchanged). Valid until the next push. */
void *vec_reserve(struct vec *vec, size_t count);
void *vec_get(const struct vec *vec, size_t index);
/* Takes the item out, keeps the order of the others. */
void vec_remove(struct vec *vec, size_t index);
void vec_clear(struct vec *vec);
/* A copy of the items in an arena; NULL when out of memory. */
void *vec_dup(const struct vec *vec, struct arena *arena);

#endif
