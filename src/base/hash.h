/*
 * hash.h - XXH3 for tables and checksums, SHA-256 for identity.
 */
#ifndef NDF_BASE_HASH_H
#define NDF_BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

enum { HASH_SHA256_SIZE = 32, HASH_HEX_SIZE = 65 };

uint64_t hash64(struct str bytes);
uint64_t hash64_seed(struct str bytes, uint64_t seed);
/* SHA-256 of the parts one after another. */
void hash_sha256(
    const struct str *parts, size_t count, uint8_t out[HASH_SHA256_SIZE]);
/* Lower-case hex and a NUL. */
void hash_hex(const uint8_t *bytes, size_t size, char *out);
/* The reverse; false when text is not 2 * size hex digits. */
bool hash_unhex(struct str text, uint8_t *out, size_t size);

#endif
