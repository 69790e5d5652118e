/*
 * test_lessons.c - which outcomes teach the choice.
 */
#include <math.h>

#include "decide/choice.h"
#include "engine/lessons.h"
#include "support/support.h"

static void each_outcome_teaches_what_it_proves(void **state)
{
    (void)state;
    static const struct {
        enum outcome_result result;
        const char *evidence, *should;
        enum lesson_kind kind;
        const char *about;
    } rows[] = {
        {OUTCOME_SUCCESS, "person", NULL, LESSON_RIGHT, "s/p"},
        {OUTCOME_SUCCESS, "pick", NULL, LESSON_RIGHT, "s/p"},
        {OUTCOME_SUCCESS, "expect", NULL, LESSON_RIGHT, "s/p"},
        {OUTCOME_SUCCESS, "verify", NULL, LESSON_RIGHT, "s/p"},
        {OUTCOME_SUCCESS, "test", NULL, LESSON_RIGHT, "s/p"},
        {OUTCOME_SUCCESS, "rumour", NULL, 0, NULL},
        {OUTCOME_SUCCESS, NULL, NULL, 0, NULL},
        {OUTCOME_FAILURE, "person", NULL, LESSON_WRONG, "s/p"},
        {OUTCOME_FAILURE, "reask", NULL, LESSON_WRONG, "s/p"},
        {OUTCOME_FAILURE, "override", NULL, LESSON_WRONG, "s/p"},
        {OUTCOME_FAILURE, "undo", NULL, LESSON_WRONG, "s/p"},
        /* Right but flaky is not unlearned. */
        {OUTCOME_FAILURE, "expect", NULL, 0, NULL},
        {OUTCOME_FAILURE, "verify", NULL, 0, NULL},
        {OUTCOME_FAILURE, "error", NULL, 0, NULL},
        {OUTCOME_FAILURE, "timeout", NULL, 0, NULL},
        {OUTCOME_UNKNOWN, "person", NULL, 0, NULL},
        {OUTCOME_UNKNOWN, "person", "s/q", LESSON_RIGHT, "s/q"},
        {OUTCOME_FAILURE, "person", "s/q", LESSON_RIGHT, "s/q"},
        {OUTCOME_UNKNOWN, "reset", NULL, 0, NULL},
        {OUTCOME_UNKNOWN, "removed", NULL, LESSON_GONE, "s/p"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome outcome = {.pattern = STR("s/p"),
            .text = STR("mend it"),
            .result = rows[i].result,
            .evidence = str_of(rows[i].evidence),
            .cost = (double)NAN};
        if (rows[i].should != NULL) outcome.should = str_of(rows[i].should);
        struct teaching teaching = teaching_of(&outcome);
        assert_int_equal(teaching.kind, rows[i].kind);
        if (rows[i].about != NULL)
            assert_true(str_equal(teaching.about, str_of(rows[i].about)));
        /* Words that are none of the task's teach nothing. */
        outcome.follow_up = true;
        enum lesson_kind kind = teaching_of(&outcome).kind;
        assert_true(kind == 0 || kind == LESSON_GONE);
        outcome.follow_up = false;
        outcome.text = (struct str){NULL, 0};
        kind = teaching_of(&outcome).kind;
        assert_true(kind == 0 || kind == LESSON_GONE);
    }
    const struct outcome none = {.none = true, .text = STR("sing")};
    assert_int_equal(teaching_of(&none).kind, LESSON_NONE);
}

static void a_key_is_never_nothing(void **state)
{
    (void)state;
    assert_true(candidate_key(STR("a")) != candidate_key(STR("b")));
    assert_true(candidate_key(STR("")) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_teaches_what_it_proves),
        cmocka_unit_test(a_key_is_never_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
