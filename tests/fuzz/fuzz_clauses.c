/*
 * fuzz_clauses.c - clauses lie in the text, one behind the other, and no
 * character of valid UTF-8 is cut in two.
 */
#include "base/utf8.h"
#include "decide/clauses.h"
#include "fuzz/fuzz.h"

static void require_clauses(
    struct str text, const struct clause *clauses, size_t count)
{
    FUZZ_REQUIRE(count <= CLAUSES_MAX);
    size_t behind = 0;
    for (size_t i = 0; i < count; i++) {
        const struct clause *clause = &clauses[i];
        FUZZ_REQUIRE(clause->start >= behind && clause->start < clause->end);
        FUZZ_REQUIRE(clause->end <= text.size);
        FUZZ_REQUIRE((clause->join == CLAUSE_FIRST) == (i == 0));
        behind = clause->end;
        struct str piece =
            str_until(str_from(text, clause->start), behind - clause->start);
        FUZZ_REQUIRE(utf8_valid(piece) || !utf8_valid(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct clause clauses[CLAUSES_MAX];
    size_t strong = clauses_find(text, CLAUSES_STRONG, clauses);
    require_clauses(text, clauses, strong);
    size_t all = clauses_find(text, CLAUSES_ALL, clauses);
    require_clauses(text, clauses, all);
    return 0;
}
