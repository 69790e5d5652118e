/*
 * map.h - from a string to a pointer: open addressing, linear probing.
 *
 * Keys are borrowed: they must live as long as their entry. Values are not
 * owned. The order of iteration is by insertion as long as nothing is removed.
 */
#ifndef NDF_BASE_MAP_H
#define NDF_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct map_entry {
    struct str key; /* key.at NULL: removed */
    void *value;
    uint64_t hash;
};

struct map {
    const struct mem *mem;
    struct map_entry *entries; /* in order of insertion */
    size_t count;              /* entries used, removed ones included */
    size_t live;
    size_t capacity; /* of entries */
    uint32_t *slots; /* index + 1 into entries; 0 is free */
    size_t slot_count;
};

void map_init(struct map *map, const struct mem *mem);
void map_deinit(struct map *map);
/* NULL when absent. */
void *map_get(const struct map *map, struct str key);
bool map_has(const struct map *map, struct str key);
/* Adds or replaces. NDF_OK or NDF_ENOMEM (map unchanged). */
int map_put(struct map *map, struct str key, void *value);
/* Adds only: NDF_EEXISTS when the key is there. */
int map_add(struct map *map, struct str key, void *value);
/* The removed value, or NULL. */
void *map_remove(struct map *map, struct str key);
void map_clear(struct map *map);
/* Steps over the live entries: *at starts at 0; NULL at the end. */
const struct map_entry *map_next(const struct map *map, size_t *at);

#endif
