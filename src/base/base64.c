/*
 * base64.c - see base64.h. Only one text stands for given bytes: what would
 * be read the same but is written in another way is refused.
 */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

enum { PAD = 64 }; /* the place of '=' */

static uint32_t byte_at(struct str bytes, size_t at)
{
    return at < bytes.size ? (unsigned char)bytes.at[at] : 0;
}

void base64_write(struct buf *buf, struct str bytes)
{
    for (size_t at = 0; at < bytes.size; at += 3) {
        uint32_t word = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 |
                        byte_at(bytes, at + 2);
        const char quad[4] = {
            digits[word >> 18 & 63],
            digits[word >> 12 & 63],
            digits[at + 1 < bytes.size ? (word >> 6 & 63) : PAD],
            digits[at + 2 < bytes.size ? (word & 63) : PAD],
        };
        buf_add(buf, quad, sizeof quad);
    }
}

static bool read_quad(const char quad[4], size_t count, uint32_t *word)
{
    *word = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *digit = i < count ? memchr(digits, quad[i], PAD) : NULL;
        if (i < count && digit == NULL) return false;
        *word = *word << 6 | (digit != NULL ? (uint32_t)(digit - digits) : 0U);
    }
    return true;
}

bool base64_read(struct buf *buf, struct str text)
{
    if (text.size % 4 != 0) return false;
    for (size_t at = 0; at < text.size; at += 4) {
        const char *quad = text.at + at;
        size_t count = 4;
        if (at + 4 == text.size && quad[3] == '=')
            count = quad[2] == '=' ? 2 : 3;
        uint32_t word;
        if (!read_quad(quad, count, &word)) return false;
        /* Bits behind the last byte must be 0. */
        if ((count == 2 && (word & 0xffff) != 0) ||
            (count == 3 && (word & 0xff) != 0))
            return false;
        char bytes[3] = {(char)(word >> 16 & 0xff), (char)(word >> 8 & 0xff),
            (char)(word & 0xff)};
        buf_add(buf, bytes, count - 1);
    }
    return true;
}
