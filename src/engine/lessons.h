/*
 * lessons.h - which outcomes teach the choice, and what.
 *
 * What teaches whether a pattern is the right one is not what counts how well
 * it works: one that is right and failed is not unlearned.
 */
#ifndef NDF_ENGINE_LESSONS_H
#define NDF_ENGINE_LESSONS_H

#include "decide/lesson.h"
#include "model/outcome.h"

struct teaching {
    enum lesson_kind kind; /* 0: it teaches nothing */
    struct str about;      /* qualified name; .at NULL: of LESSON_NONE */
};

/* Borrows from the outcome. */
struct teaching teaching_of(const struct outcome *outcome);

#endif
