/*
 * lessons.c - see lessons.h.
 */
#include "engine/lessons.h"

static bool is_one_of(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(word, str_of(words[i]))) return true;
    return false;
}

struct teaching teaching_of(const struct outcome *outcome)
{
    /* A passed test proves that the work was done; a failed one does not prove
     * that another should have done it. Only people say that. */
    static const char *const proofs[] = {
        "person", "pick", "expect", "verify", "test"};
    static const char *const blames[] = {"person", "reask", "override", "undo"};
    const struct teaching nothing = {0};
    if (str_equal(outcome->evidence, STR(OUTCOME_REMOVED)))
        return (struct teaching){LESSON_GONE, outcome->pattern};
    if (outcome_is_event(outcome) || outcome->follow_up ||
        outcome->text.size == 0)
        return nothing;
    if (outcome->none) return (struct teaching){.kind = LESSON_NONE};
    if (outcome->should.at != NULL)
        return (struct teaching){LESSON_RIGHT, outcome->should};
    if (outcome->result == OUTCOME_SUCCESS &&
        is_one_of(outcome->evidence, proofs, sizeof proofs / sizeof *proofs))
        return (struct teaching){LESSON_RIGHT, outcome->pattern};
    if (outcome->result == OUTCOME_FAILURE &&
        is_one_of(outcome->evidence, blames, sizeof blames / sizeof *blames))
        return (struct teaching){LESSON_WRONG, outcome->pattern};
    return nothing;
}
