/*
 * fuzz_vectors.c - a file of word vectors of any bytes, cut anywhere, is read
 * or refused with a sentence; what was read scores within its range.
 */
#include <math.h>

#include "base/err.h"
#include "decide/meaning.h"
#include "fuzz/fuzz.h"

/* In pieces of a size that the input chooses. */
static int read_all(struct str bytes, size_t piece, struct vectors **out)
{
    struct vectors_reader *reader;
    ndf_error error = {0};
    int err = vectors_reader_new(&reader, &mem_libc);
    while (err == NDF_OK && bytes.size > 0) {
        struct str head = bytes.size > piece ? str_until(bytes, piece) : bytes;
        err = vectors_reader_add(reader, head, &error);
        bytes = str_from(bytes, head.size);
    }
    if (err == NDF_OK) err = vectors_reader_end(reader, out, &error);
    FUZZ_REQUIRE(err == NDF_OK || error.message[0] != '\0');
    vectors_reader_free(reader);
    return err;
}

static void score(struct vectors *vectors, struct str bytes)
{
    struct text_field fields[] = {
        {TEXT_NAME, STR("the first word")}, {TEXT_EXAMPLE, bytes}};
    struct meaning *meaning;
    struct arena arena;
    float out[2];
    arena_init(&arena, &mem_libc);
    FUZZ_REQUIRE(meaning_new(&meaning, &mem_libc, vectors, 2) == NDF_OK);
    for (size_t i = 0; i < 2; i++)
        FUZZ_REQUIRE(meaning_set(meaning, i, &fields[i], 1) == NDF_OK);
    struct evidence evidence = meaning_evidence(meaning);
    FUZZ_REQUIRE(evidence.score(evidence.ud, bytes, &arena, out) == NDF_OK);
    for (size_t i = 0; i < 2; i++)
        FUZZ_REQUIRE(isnan(out[i]) || (out[i] >= 0 && out[i] <= 1));
    meaning_free(meaning);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct vectors *vectors;
    size_t piece = size > 0 ? 1 + data[size / 2] : 1;
    if (read_all(bytes, piece, &vectors) != NDF_OK) return 0;
    score(vectors, bytes);
    vectors_unref(vectors);
    return 0;
}
