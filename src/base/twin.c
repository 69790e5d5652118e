/*
 * twin.c - see twin.h.
 */
#include "base/twin.h"

#include <assert.h>
#include <string.h>

enum { WORD = sizeof(uint64_t) };

void twin_write(_Atomic uint64_t *turn, _Atomic uint64_t *words,
    const void *value, size_t size)
{
    assert(size % WORD == 0);
    const char *from = value;
    size_t count = size / WORD;
    uint64_t next = atomic_load_explicit(turn, memory_order_relaxed) + 1;
    words += next % 2 * count;
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, from + i * WORD, WORD);
        atomic_store_explicit(&words[i], word, memory_order_release);
    }
    atomic_store_explicit(turn, next, memory_order_release);
}

void twin_read(const _Atomic uint64_t *turn, const _Atomic uint64_t *words,
    void *value, size_t size)
{
    assert(size % WORD == 0);
    char *to = value;
    size_t count = size / WORD;
    uint64_t seen = atomic_load_explicit(turn, memory_order_acquire);
    for (uint64_t before = seen + 1; before != seen;) {
        const _Atomic uint64_t *copy = words + seen % 2 * count;
        for (size_t i = 0; i < count; i++) {
            uint64_t word =
                atomic_load_explicit(&copy[i], memory_order_acquire);
            memcpy(to + i * WORD, &word, WORD);
        }
        before = seen;
        seen = atomic_load_explicit(turn, memory_order_relaxed);
    }
}
