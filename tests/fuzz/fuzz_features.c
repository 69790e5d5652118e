/*
 * fuzz_features.c - features from anywhere do no harm, features of any text
 * are valid, and scores stay within their ranges.
 */
#include "base/err.h"
#include "decide/text.h"
#include "fuzz/fuzz.h"

static void require_ranges(const struct text_scores *scores, size_t documents)
{
    FUZZ_REQUIRE(scores->known >= 0 && scores->known <= 1.000001);
    for (size_t i = 0; i < scores->count; i++) {
        const struct text_score *score = &scores->items[i];
        FUZZ_REQUIRE(score->document < documents);
        FUZZ_REQUIRE(score->bm25 >= 0 && score->bm25 <= 1.0001F);
        FUZZ_REQUIRE(score->cosine >= 0 && score->cosine <= 1);
        FUZZ_REQUIRE(score->negative >= 0 && score->negative <= 1.0001F);
    }
}

/* Two documents: the bytes as they came, and the text they may be. */
static void choose(struct arena *arena, struct str bytes, struct str made)
{
    struct str both[] = {bytes, made};
    struct text_index *index = NULL;
    struct text_query query;
    struct text_scores scores;
    struct text_word *words;
    size_t count;
    FUZZ_REQUIRE(text_index_new(&index, &mem_libc, both, 2) == NDF_OK);
    FUZZ_REQUIRE(text_query_make(arena, bytes, &query) == NDF_OK);
    FUZZ_REQUIRE(text_index_score(index, &query, arena, &scores) == NDF_OK);
    require_ranges(&scores, 2);
    FUZZ_REQUIRE(
        text_index_words(index, &query, 1, arena, &words, &count) == NDF_OK);
    FUZZ_REQUIRE(count <= query.term_count);
    text_index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct arena arena;
    struct buf made;
    arena_init(&arena, &mem_libc);
    buf_init(&made, &mem_libc);
    struct str half = str_until(bytes, size / 2);
    struct text_field fields[] = {{TEXT_DESCRIPTION, bytes}, {TEXT_NAME, half},
        {TEXT_BODY, bytes}, {TEXT_NOT_FOR, str_from(bytes, size / 2)}};
    FUZZ_REQUIRE(text_features(&mem_libc, fields, 4, &made) == NDF_OK);
    FUZZ_REQUIRE(text_features_valid(buf_str(&made)));
    FUZZ_REQUIRE(made.size <= TEXT_FEATURES_MAX);
    choose(&arena, bytes, buf_str(&made));
    buf_deinit(&made);
    arena_deinit(&arena);
    return 0;
}
