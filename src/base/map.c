/*
 * map.c - from a string to a pointer.
 *
 * The entries lie in an array in the order of insertion; the slots hold only
 * their numbers. A removed entry stays as a tombstone (key.at NULL), so probes
 * pass over it, until an insertion finds the array full: then it is packed, or
 * grown when less than half of it is dead. The hash is seeded with an address,
 * so that nobody outside can choose keys that collide; it is the allocator's,
 * because a map may be moved.
 *
 * Invariant: count <= capacity <= slot_count / 2, so every probe ends.
 */
#include "base/map.h"

#include <string.h>

#include "ndf/error.h"

#include "base/hash.h"

enum { MAP_CAPACITY_MIN = 8 };

void map_init(struct map *map, const struct mem *mem)
{
    *map = (struct map){.mem = mem};
}

void map_deinit(struct map *map)
{
    mem_free(map->mem, map->entries, map->capacity * sizeof *map->entries);
    mem_free(map->mem, map->slots, map->slot_count * sizeof *map->slots);
    map_init(map, map->mem);
}

static uint64_t key_hash(const struct map *map, struct str key)
{
    return hash64_seed(key, (uint64_t)(uintptr_t)map->mem);
}

static struct map_entry *find(
    const struct map *map, struct str key, uint64_t hash)
{
    if (map->slot_count == 0) return NULL;
    size_t mask = map->slot_count - 1;
    for (size_t at = (size_t)hash & mask; map->slots[at] != 0;
         at = (at + 1) & mask) {
        struct map_entry *entry = &map->entries[map->slots[at] - 1];
        if (entry->hash == hash && entry->key.at != NULL &&
            str_equal(entry->key, key))
            return entry;
    }
    return NULL;
}

static void place(struct map *map, size_t index)
{
    size_t mask = map->slot_count - 1;
    size_t at = (size_t)map->entries[index].hash & mask;
    while (map->slots[at] != 0)
        at = (at + 1) & mask;
    map->slots[at] = (uint32_t)(index + 1);
}

/* Squeezes the dead entries out and fills the slots anew. */
static void pack(struct map *map)
{
    size_t kept = 0;
    memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++) {
        if (map->entries[i].key.at == NULL) continue;
        map->entries[kept] = map->entries[i];
        place(map, kept++);
    }
    map->count = kept;
}

static int grow(struct map *map)
{
    size_t capacity = map->capacity == 0 ? MAP_CAPACITY_MIN : map->capacity * 2;
    if (capacity > UINT32_MAX / 2) return NDF_ENOMEM;
    size_t slot_count = capacity * 2;
    uint32_t *slots = mem_calloc(map->mem, slot_count, sizeof *slots);
    if (slots == NULL) return NDF_ENOMEM;
    struct map_entry *entries = mem_resize(map->mem, map->entries,
        map->capacity * sizeof *entries, capacity * sizeof *entries);
    if (entries == NULL) {
        mem_free(map->mem, slots, slot_count * sizeof *slots);
        return NDF_ENOMEM;
    }
    mem_free(map->mem, map->slots, map->slot_count * sizeof *map->slots);
    map->entries = entries;
    map->capacity = capacity;
    map->slots = slots;
    map->slot_count = slot_count;
    pack(map);
    return NDF_OK;
}

static int make_room(struct map *map)
{
    if (map->count < map->capacity) return NDF_OK;
    if (map->capacity == 0 || map->live > map->count / 2) return grow(map);
    pack(map);
    return NDF_OK;
}

static int add(struct map *map, struct str key, uint64_t hash, void *value)
{
    int err = make_room(map);
    if (err != NDF_OK) return err;
    if (key.at == NULL) key = STR("");
    map->entries[map->count] = (struct map_entry){key, value, hash};
    place(map, map->count);
    map->count++;
    map->live++;
    return NDF_OK;
}

void *map_get(const struct map *map, struct str key)
{
    const struct map_entry *entry = find(map, key, key_hash(map, key));
    return entry == NULL ? NULL : entry->value;
}

bool map_has(const struct map *map, struct str key)
{
    return find(map, key, key_hash(map, key)) != NULL;
}

int map_put(struct map *map, struct str key, void *value)
{
    uint64_t hash = key_hash(map, key);
    struct map_entry *entry = find(map, key, hash);
    if (entry == NULL) return add(map, key, hash, value);
    /* The old key may die with the old value. */
    entry->key = key.at == NULL ? STR("") : key;
    entry->value = value;
    return NDF_OK;
}

int map_add(struct map *map, struct str key, void *value)
{
    uint64_t hash = key_hash(map, key);
    if (find(map, key, hash) != NULL) return NDF_EEXISTS;
    return add(map, key, hash, value);
}

void *map_remove(struct map *map, struct str key)
{
    struct map_entry *entry = find(map, key, key_hash(map, key));
    if (entry == NULL) return NULL;
    void *value = entry->value;
    entry->key = (struct str){NULL, 0};
    entry->value = NULL;
    map->live--;
    return value;
}

void map_clear(struct map *map)
{
    map->count = 0;
    map->live = 0;
    if (map->slots != NULL)
        memset(map->slots, 0, map->slot_count * sizeof *map->slots);
}

const struct map_entry *map_next(const struct map *map, size_t *at)
{
    while (*at < map->count) {
        const struct map_entry *entry = &map->entries[(*at)++];
        if (entry->key.at != NULL) return entry;
    }
    return NULL;
}
