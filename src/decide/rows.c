/*
 * rows.c - see rows.h.
 *
 * Each form goes through the words in steps of its width and leaves a step as
 * soon as nothing is set in it any more, looking every few rows only. The forms
 * differ in nothing but their width; a test holds them against each other.
 */
#include "decide/rows.h"

#if defined(__x86_64__)
#define ROWS_X86 1
#include <immintrin.h>
#else
#define ROWS_X86 0
#endif

enum { LOOK_EVERY = 4 }; /* rows between two looks whether anything is left */

static inline size_t list_bits(
    uint64_t bits, size_t word, uint16_t *out, size_t count)
{
    for (; bits != 0; bits &= bits - 1)
        out[count++] = (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
    return count;
}

static size_t rows_scalar(const uint64_t *const *rows, size_t count,
    size_t first, size_t words, uint16_t *out)
{
    size_t found = 0;
    for (size_t word = 0; word < words; word++) {
        uint64_t bits = rows[0][first + word];
        for (size_t i = 1; i < count && bits != 0; i++)
            bits &= rows[i][first + word];
        found = list_bits(bits, word, out, found);
    }
    return found;
}

#if ROWS_X86
__attribute__((target("avx2"))) static size_t rows_avx2(
    const uint64_t *const *rows, size_t count, size_t first, size_t words,
    uint16_t *out)
{
    enum { WIDTH = 4 };
    size_t found = 0;
    size_t word = 0;
    for (; word + WIDTH <= words; word += WIDTH) {
        size_t at = first + word;
        __m256i bits = _mm256_loadu_si256((const __m256i_u *)(rows[0] + at));
        for (size_t i = 1; i < count; i++) {
            bits = _mm256_and_si256(
                bits, _mm256_loadu_si256((const __m256i_u *)(rows[i] + at)));
            if (i % LOOK_EVERY == 0 && _mm256_testz_si256(bits, bits)) break;
        }
        if (_mm256_testz_si256(bits, bits)) continue;
        uint64_t each[WIDTH];
        _mm256_storeu_si256((__m256i_u *)each, bits);
        for (size_t i = 0; i < WIDTH; i++)
            found = list_bits(each[i], word + i, out, found);
    }
    for (; word < words; word++) {
        uint64_t bits = rows[0][first + word];
        for (size_t i = 1; i < count && bits != 0; i++)
            bits &= rows[i][first + word];
        found = list_bits(bits, word, out, found);
    }
    return found;
}

__attribute__((target("avx512f"))) static size_t rows_avx512(
    const uint64_t *const *rows, size_t count, size_t first, size_t words,
    uint16_t *out)
{
    enum { WIDTH = 8 };
    size_t found = 0;
    for (size_t word = 0; word < words; word += WIDTH) {
        size_t at = first + word;
        size_t left = words - word;
        __mmask8 mask =
            left >= WIDTH ? (__mmask8)0xFF : (__mmask8)((1U << left) - 1);
        __m512i bits = _mm512_maskz_loadu_epi64(mask, rows[0] + at);
        for (size_t i = 1; i < count; i++) {
            bits = _mm512_and_epi64(
                bits, _mm512_maskz_loadu_epi64(mask, rows[i] + at));
            if (i % LOOK_EVERY == 0 && _mm512_test_epi64_mask(bits, bits) == 0)
                break;
        }
        __mmask8 set = _mm512_test_epi64_mask(bits, bits);
        if (set == 0) continue;
        uint64_t each[WIDTH];
        _mm512_storeu_si512(each, bits);
        for (unsigned some = set; some != 0; some &= some - 1) {
            unsigned i = (unsigned)__builtin_ctz(some);
            found = list_bits(each[i], word + i, out, found);
        }
    }
    return found;
}
#endif

bool rows_have(enum rows_with with)
{
#if ROWS_X86
    if (with == ROWS_AVX2) return __builtin_cpu_supports("avx2") != 0;
    if (with == ROWS_AVX512) return __builtin_cpu_supports("avx512f") != 0;
#endif
    return with == ROWS_BEST || with == ROWS_SCALAR;
}

rows_fn rows_function(enum rows_with with)
{
#if ROWS_X86
    if (with != ROWS_SCALAR && with != ROWS_AVX2 && rows_have(ROWS_AVX512))
        return rows_avx512;
    if (with != ROWS_SCALAR && rows_have(ROWS_AVX2)) return rows_avx2;
#endif
    (void)with;
    return rows_scalar;
}
