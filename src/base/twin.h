/*
 * twin.h - a small value that is changed in place and read without a lock.
 *
 * There are two copies. The turn says which one is to be read; who changes the
 * value writes the other one and then takes the turn on. So a reader always
 * has a whole copy before it, also while a writer is stopped in the middle, and
 * it reads again only when a whole change came while it read.
 *
 * Writers must keep each other out. All words are atomic, as a copy may be
 * written again under a reader that is slow; what such a one read is thrown
 * away, because it sees that the turn went on: the words are stored with
 * release after the turn was, and loaded with acquire before the turn is.
 */
#ifndef NDF_BASE_TWIN_H
#define NDF_BASE_TWIN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* How many words a twin of values of that many bytes has; a multiple of 8. */
#define TWIN_WORDS(bytes) (2 * ((bytes) / sizeof(uint64_t)))

/* Both copies are words[TWIN_WORDS(size)]; turn begins at 0. */
void twin_write(_Atomic uint64_t *turn, _Atomic uint64_t *words,
    const void *value, size_t size);
void twin_read(const _Atomic uint64_t *turn, const _Atomic uint64_t *words,
    void *value, size_t size);

#endif
