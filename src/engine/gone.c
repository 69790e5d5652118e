/*
 * gone.c - see gone.h.
 */
#include "engine/gone.h"

#include <math.h>

#include "decide/choice.h"
#include "engine/id.h"
#include "engine/lessons.h"
#include "engine/scores.h"

enum { FOUND = 1 };

static int stop_at_one(void *ud, const struct store_outcome *row)
{
    (void)ud;
    (void)row;
    return FOUND;
}

static int write_event(struct store_tx *tx, const struct mem *mem,
    const struct outcome *outcome, ndf_error *error)
{
    char id[ENGINE_ID_SIZE];
    int err = engine_new_id(id);
    if (err != NDF_OK) return err;
    struct learning learning = {
        .mem = mem, .outcome = *outcome, .id = str_of(id)};
    return learning_write(tx, &learning, error);
}

int gone_write(struct store_tx *tx, const struct mem *mem, struct str id,
    int64_t at_ms, ndf_error *error)
{
    int err = read_outcomes(tx_reader(tx), 0, stop_at_one, NULL, error);
    if (err != FOUND) return err;
    const struct lesson lesson = {
        .kind = LESSON_GONE, .about = candidate_key(id)};
    struct buf bytes;
    buf_init(&bytes, mem);
    err = lesson_encode(&lesson, &bytes);
    const struct outcome outcome = {.pattern = id,
        .evidence = STR(OUTCOME_REMOVED),
        .lesson = buf_str(&bytes),
        .at_ms = at_ms,
        .cost = (double)NAN};
    if (err == NDF_OK) err = write_event(tx, mem, &outcome, error);
    buf_deinit(&bytes);
    return err;
}

int gone_reset(struct store_tx *tx, const struct mem *mem, struct str id,
    int64_t at_ms, ndf_error *error)
{
    const struct outcome outcome = {.pattern = id,
        .evidence = STR(OUTCOME_RESET),
        .at_ms = at_ms,
        .cost = (double)NAN};
    return write_event(tx, mem, &outcome, error);
}
