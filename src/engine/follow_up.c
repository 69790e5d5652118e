/*
 * follow_up.c - see follow_up.h.
 *
 * "Yes", "weiter" and "try again" have in common that they are short and that
 * no agent is about them: so a follow-up is known by a lack of evidence and
 * not by a list of words, which would be of one language.
 */
#include "engine/follow_up.h"

#include <string.h>

#include "base/json.h"

enum { WORDS_MAX = 4, CHARS_MAX = 32 /* of scripts without blanks, too */ };

/* How much the best one shares with the task, in words of its own and of its
 * earlier tasks, from which on they speak for it. Not its fit: where something
 * always was right, that is high for anything. Over public sets, 17 to 27 of 30
 * ways to say "yes" or "again" stay below; of tasks as short as these one in
 * six before anything was learned, one in fifteen after, "idk" among them. */
#define SHARED_ENOUGH 0.1

static bool is_short(struct str text)
{
    size_t words = 0, chars = 0;
    bool blank = true;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte > ' ' && blank) words++;
        blank = byte <= ' ';
        if ((byte & 0xC0U) != 0x80U) chars++;
    }
    return words > 0 && words <= WORDS_MAX && chars <= CHARS_MAX;
}

static bool speaks_for_one(const struct selection *selection)
{
    if (selection->chosen != SELECTOR_NONE && !selection->fallback) return true;
    if (selection->count == 0) return false;
    const struct ranked *best = &selection->ranked[0];
    for (size_t i = 0; i < best->factor_count; i++) {
        const struct factor *factor = &best->factors[i];
        bool shared = factor->kind == FIT_WORDS || factor->kind == FIT_PAST;
        if (shared && factor->value >= SHARED_ENOUGH) return true;
    }
    return false;
}

static int may_be_taken(const struct follow_up_query *what, size_t candidate,
    struct arena *arena, bool *may)
{
    struct value explained;
    int err = selector_explain(
        what->registry->selector, what->query, candidate, arena, &explained);
    *may = err == NDF_OK && value_get_bool(&explained, STR("eligible"), false);
    return err;
}

int follow_up_apply(ndf_engine *engine, const struct follow_up_query *what,
    struct arena *arena, struct selection *selection, bool *follows,
    ndf_error *error)
{
    struct turn turn;
    *follows = false;
    if (!is_short(what->query->context->text) || speaks_for_one(selection))
        return NDF_OK;
    int64_t since = clock_wall_ms(&engine->clock) - session_age_max_ms;
    int err = sessions_last(
        &engine->sessions, str_of(what->session), since, arena, &turn, error);
    if (err != NDF_OK || turn.pattern.at == NULL) return err;
    const struct entry *entry = registry_entry(what->registry, turn.pattern);
    if (entry == NULL) return NDF_OK;
    if (entry->folded_into != NULL) entry = entry->folded_into;
    err = may_be_taken(what, entry->candidate, arena, follows);
    if (err != NDF_OK || !*follows) return err;
    selection->chosen = entry->candidate;
    selection->fallback = false;
    selection->reason = arena_format(arena,
        "follow-up of session %s: stays with %.*s, as no word of the task "
        "speaks for another",
        what->session, STR_ARG(entry->label));
    return selection->reason.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* ---- runs ---------------------------------------------------------------- */

int follow_up_begin(struct ndf_run *run, const char *session, ndf_error *error)
{
    if (session == NULL) return NDF_OK;
    int err = session_check(session, error);
    if (err != NDF_OK) return err;
    run->session = arena_str(&run->arena, str_of(session));
    if (run->session.at == NULL) return NDF_ENOMEM;
    struct arena scratch;
    arena_init(&scratch, &run->engine->mem);
    err = engine_follows(run->engine, &run->context, run->session.at, &scratch,
        &run->follow_up, error);
    arena_deinit(&scratch);
    return err;
}

int follow_up_encode(
    const struct ndf_run *run, struct arena *arena, struct value *start)
{
    if (run->session.at == NULL) return NDF_OK;
    int err =
        value_set(arena, start, STR("session"), value_of_str(run->session));
    if (err == NDF_OK && run->follow_up)
        err = value_set(arena, start, STR("follow_up"), value_of_bool(true));
    return err;
}

void follow_up_decode(struct ndf_run *run, const struct value *start)
{
    run->session = value_get_str(start, STR("session"));
    run->follow_up = value_get_bool(start, STR("follow_up"), false);
}

int follow_up_turn(
    struct store_tx *tx, const struct ndf_run *run, ndf_error *error)
{
    if (run->session.at == NULL) return NDF_OK;
    const struct turn turn = {
        run->session, run->plan.pattern, str_of(run->id), run->started_ms};
    return sessions_put(tx, &run->engine->mem, &turn, error);
}

/* ---- on record ----------------------------------------------------------- */

struct first_record {
    struct arena *arena;
    struct value value;
};

/* NDF_EEXISTS: here it is, the others are not wanted. */
static int take_first(void *ud, const struct store_record *record)
{
    struct first_record *first = ud;
    int err = json_parse(first->arena, record->body, &first->value, NULL);
    return err == NDF_OK ? NDF_EEXISTS : err;
}

int follow_up_recorded(ndf_engine *engine, struct str run, struct arena *arena,
    struct str *session, bool *follow_up, ndf_error *error)
{
    struct first_record first = {arena, value_of_object()};
    struct store_reader *reader;
    int err = store_read_begin(engine->store, &reader, error);
    if (err != NDF_OK) return err;
    err = read_journal(reader, run, 0, take_first, &first, error);
    store_read_end(reader);
    *session = value_get_str(&first.value, STR("session"));
    *follow_up = value_get_bool(&first.value, STR("follow_up"), false);
    return err == NDF_EEXISTS ? NDF_OK : err;
}
