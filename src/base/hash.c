/*
 * hash.c - XXH3 for tables and checksums, SHA-256 for identity.
 */
/* The direct calls need no memory and no set-up of the library; its newer
 * interface allocates, and crashes in libcrypto 3.0 where that fails. */
#define OPENSSL_API_COMPAT 0x10101000L

#include "base/hash.h"

#include <openssl/sha.h>
#include <xxhash.h>

uint64_t hash64(struct str bytes)
{
    return hash64_seed(bytes, 0);
}

uint64_t hash64_seed(struct str bytes, uint64_t seed)
{
    const char *at = bytes.at != NULL ? bytes.at : "";
    return XXH3_64bits_withSeed(at, bytes.size, seed);
}

void hash_sha256(
    const struct str *parts, size_t count, uint8_t out[HASH_SHA256_SIZE])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < count; i++)
        SHA256_Update(&ctx, parts[i].at, parts[i].size);
    SHA256_Final(out, &ctx);
}

void hash_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool hash_unhex(struct str text, uint8_t *out, size_t size)
{
    if (text.size / 2 != size || text.size % 2 != 0) return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text.at[2 * i]);
        int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
