/*
 * twin.c - see twin.h.
 */
#include "base/twin.h"

#include <string.h>

enum { WORD = sizeof(uint64_t) };

static size_t bytes_at(size_t at, size_t size)
{
    return size - at < WORD ? size - at : WORD;
}

void twin_write(_Atomic uint64_t *turn, _Atomic uint64_t *words,
    const void *value, size_t size)
{
    uint64_t next = atomic_load_explicit(turn, memory_order_relaxed) + 1;
    _Atomic uint64_t *copy = words + next % 2 * ((size + WORD - 1) / WORD);
    for (size_t at = 0; at < size; at += WORD) {
        uint64_t word = 0;
        memcpy(&word, (const char *)value + at, bytes_at(at, size));
        atomic_store_explicit(copy++, word, memory_order_release);
    }
    atomic_store_explicit(turn, next, memory_order_release);
}

void twin_read(const _Atomic uint64_t *turn, const _Atomic uint64_t *words,
    void *value, size_t size)
{
    uint64_t seen = atomic_load_explicit(turn, memory_order_acquire);
    for (uint64_t before = seen + 1; before != seen;) {
        const _Atomic uint64_t *copy =
            words + seen % 2 * ((size + WORD - 1) / WORD);
        for (size_t at = 0; at < size; at += WORD) {
            uint64_t word = atomic_load_explicit(copy++, memory_order_acquire);
            memcpy((char *)value + at, &word, bytes_at(at, size));
        }
        before = seen;
        seen = atomic_load_explicit(turn, memory_order_relaxed);
    }
}
