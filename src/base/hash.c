/*
 * hash.c - XXH3 for tables and checksums, SHA-256 for identity.
 */
#include "base/hash.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include "ndf/error.h"

uint64_t hash64(struct str bytes)
{
    return hash64_seed(bytes, 0);
}

uint64_t hash64_seed(struct str bytes, uint64_t seed)
{
    const char *at = bytes.at != NULL ? bytes.at : "";
    return XXH3_64bits_withSeed(at, bytes.size, seed);
}

int hash_sha256(
    const struct str *parts, size_t count, uint8_t out[HASH_SHA256_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL) return NDF_ENOMEM;
    int ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    for (size_t i = 0; i < count && ok == 1; i++)
        ok = EVP_DigestUpdate(ctx, parts[i].at, parts[i].size);
    if (ok == 1) ok = EVP_DigestFinal_ex(ctx, out, NULL);
    EVP_MD_CTX_free(ctx);
    return ok == 1 ? NDF_OK : NDF_ENOMEM;
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
