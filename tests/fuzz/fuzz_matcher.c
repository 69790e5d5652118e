/*
 * fuzz_matcher.c - any expression over any text ends soon: the first line is
 * the expression, the rest the text.
 */
#include "base/utf8.h"
#include "decide/matcher.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    size_t line = str_find_char(bytes, '\n');
    struct str pattern = str_until(bytes, line);
    struct str text = line < size ? str_from(bytes, line + 1) : STR("");
    struct matcher *matcher;
    struct matcher_work work;
    struct arena arena;
    enum matcher_result result;
    ndf_error error = {0};
    if (!utf8_valid(pattern) || !utf8_valid(text)) return 0;
    int err = matcher_new(&matcher, &mem_libc, pattern, MATCHER_EXACT, &error);
    FUZZ_REQUIRE(err == error.code);
    if (err != NDF_OK) return 0;
    arena_init(&arena, &mem_libc);
    matcher_work_init(&work, &arena);
    for (int i = 0; i < 3; i++) {
        FUZZ_REQUIRE(matcher_search(matcher, &work, text, &result) == NDF_OK);
        FUZZ_REQUIRE(result != MATCHER_GAVE_UP || work.gave_up);
    }
    matcher_free(matcher);
    arena_deinit(&arena);
    return 0;
}
