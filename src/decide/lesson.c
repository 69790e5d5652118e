/*
 * lesson.c - see lesson.h.
 *
 *     0 "L1"   2 kind   3 rivals   4 features (16 bits)   6 crowd (32)
 *     10 mass (float)   14 about (64)   22 rivals: key (64), words,
 * likeness and meaning in 65535ths (16 each), structure (float)   features:
 * hash (32), times
 */
#include "decide/lesson.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

enum { HEAD = 22, RIVAL = 18, FEATURE = 5 };

static char *put(char *at, uint64_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, n >>= 8)
        *at++ = (char)(n & 0xFF);
    return at;
}

static uint64_t get(const char *at, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n |= (uint64_t)(unsigned char)at[i] << 8 * i;
    return n;
}

static char *put_float(char *at, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return put(at, bits, 4);
}

/* Neither infinite nor NaN, and not so big that sums of it could be. */
static bool get_float(const char *at, float *out)
{
    uint32_t bits = (uint32_t)get(at, 4);
    memcpy(out, &bits, sizeof bits);
    return fabsf(*out) < 1e6F;
}

static uint64_t share(float x)
{
    return x > 0 ? x < 1 ? (uint64_t)(x * 65535 + 0.5F) : 65535 : 0;
}

int lesson_encode(const struct lesson *lesson, struct buf *out)
{
    size_t size =
        HEAD + lesson->rival_count * RIVAL + lesson->feature_count * FEATURE;
    char *at = buf_reserve(out, size);
    if (at == NULL) return NDF_ENOMEM;
    *at++ = 'L';
    *at++ = '1';
    at = put(at, (uint64_t)lesson->kind, 1);
    at = put(at, lesson->rival_count, 1);
    at = put(at, lesson->feature_count, 2);
    at = put(at, lesson->crowd, 4);
    at = put_float(at, lesson->mass);
    at = put(at, lesson->about, 8);
    for (size_t i = 0; i < lesson->rival_count; i++) {
        const struct lesson_rival *rival = &lesson->rivals[i];
        at = put(at, rival->key, 8);
        at = put(at, share(rival->words), 2);
        at = put(at, share(rival->likeness), 2);
        at = put(at, share(rival->meaning), 2);
        at = put_float(at, rival->structure);
    }
    for (size_t i = 0; i < lesson->feature_count; i++) {
        at = put(at, lesson->features[i].hash, 4);
        at = put(at, lesson->features[i].times, 1);
    }
    *at = '\0';
    out->size += size;
    return NDF_OK;
}

static bool get_rivals(const char *at, struct lesson *out)
{
    for (size_t i = 0; i < out->rival_count; i++, at += RIVAL) {
        struct lesson_rival *rival = &out->rivals[i];
        rival->key = get(at, 8);
        rival->words = (float)get(at + 8, 2) / 65535;
        rival->likeness = (float)get(at + 10, 2) / 65535;
        rival->meaning = (float)get(at + 12, 2) / 65535;
        if (!get_float(at + 14, &rival->structure) || rival->key == 0)
            return false;
        for (size_t k = 0; k < i; k++)
            if (out->rivals[k].key == rival->key) return false;
    }
    return true;
}

static bool get_features(const char *at, struct lesson *out)
{
    for (size_t i = 0; i < out->feature_count; i++, at += FEATURE) {
        struct lesson_feature *feature = &out->features[i];
        feature->hash = (uint32_t)get(at, 4);
        feature->times = (uint8_t)get(at + 4, 1);
        if (feature->times == 0) return false;
    }
    return true;
}

int lesson_decode(
    struct arena *arena, const char *bytes, size_t size, struct lesson *out)
{
    if (size < HEAD || bytes[0] != 'L' || bytes[1] != '1') return NDF_ECORRUPT;
    *out = (struct lesson){.kind = (enum lesson_kind)get(bytes + 2, 1),
        .rival_count = (size_t)get(bytes + 3, 1),
        .feature_count = (size_t)get(bytes + 4, 2),
        .crowd = (uint32_t)get(bytes + 6, 4),
        .about = get(bytes + 14, 8)};
    if (out->kind < LESSON_RIGHT || out->kind > LESSON_GONE ||
        out->rival_count > LESSON_RIVALS_MAX ||
        out->feature_count > LESSON_FEATURES_MAX ||
        (out->about == 0) != (out->kind == LESSON_NONE) ||
        size != HEAD + out->rival_count * RIVAL + out->feature_count * FEATURE)
        return NDF_ECORRUPT;
    if (!get_float(bytes + 10, &out->mass) || out->mass < 0)
        return NDF_ECORRUPT;
    out->rivals = arena_calloc(arena, out->rival_count, sizeof *out->rivals);
    out->features =
        arena_calloc(arena, out->feature_count, sizeof *out->features);
    if (out->rivals == NULL || out->features == NULL) return NDF_ENOMEM;
    const char *features = bytes + HEAD + out->rival_count * RIVAL;
    return get_rivals(bytes + HEAD, out) && get_features(features, out)
               ? NDF_OK
               : NDF_ECORRUPT;
}
