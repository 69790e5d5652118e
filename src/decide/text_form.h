/*
 * text_form.h - the byte form of features, shared by those who write and read
 * it; private to text_*.c.
 *
 * All numbers are little-endian. A header, then words (hash, core weight,
 * weight in body and tools), 4-grams (hash, weight) and words of not_for (hash,
 * weight), each sorted by hash without repetition. Weights are counts in 64ths.
 *
 *     0 "NDT2"   4 words   8 grams   12 negatives   16 core length   20
 * identity
 */
#ifndef NDF_DECIDE_TEXT_FORM_H
#define NDF_DECIDE_TEXT_FORM_H

#include <stdint.h>

#include "decide/text.h"

enum {
    FORM_HEADER = 28,
    FORM_WORD = 8,
    FORM_PAIR = 6,
    FORM_UNIT = 64, /* a weight of 1 */
};
#define FORM_MAGIC "NDT2"

static inline uint16_t form_u16(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t form_u32(const char *at)
{
    return form_u16(at) | (uint32_t)form_u16(at + 2) << 16;
}

static inline uint64_t form_u64(const char *at)
{
    return form_u32(at) | (uint64_t)form_u32(at + 4) << 32;
}

#endif
