/*
 * commands.c - see commands.h.
 */
#include "engine/commands.h"

#include "base/json.h"

/* ---- words --------------------------------------------------------------- */

struct command_word command_read(struct str kind)
{
    struct command_word word = {.step = STR(""), .reason = STR("")};
    struct str head = kind;
    size_t line = str_find_char(kind, '\n');
    if (line < kind.size) {
        head = str_until(kind, line);
        word.reason = str_from(kind, line + 1);
    }
    size_t blank = str_find_char(head, ' ');
    struct str verb = str_until(head, blank);
    if (blank < head.size) word.step = str_from(head, blank + 1);
    word.approved = str_equal(verb, STR("approve"));
    if (word.approved || str_equal(verb, STR("deny")))
        word.verb = COMMAND_APPROVE;
    if (str_equal(verb, STR("cancel"))) word.verb = COMMAND_CANCEL;
    return word;
}

static bool is_meant(const struct commands *which, struct str kind)
{
    struct command_word word = command_read(kind);
    switch (which->choice) {
    case COMMANDS_ALL: return true;
    case COMMANDS_CANCEL: return word.verb == COMMAND_CANCEL;
    case COMMANDS_OF_STEP:
        return word.verb == COMMAND_APPROVE &&
               str_equal(word.step, which->step);
    }
    return false;
}

struct finding {
    const struct commands *which;
    int64_t id; /* of the last; 0: none */
};

static int note_command(void *ud, const struct store_command *command)
{
    struct finding *finding = ud;
    if (is_meant(finding->which, command->kind)) finding->id = command->id;
    return NDF_OK;
}

int commands_wait(struct store_reader *reader, struct str run,
    const struct commands *which, bool *out, ndf_error *error)
{
    struct finding finding = {.which = which};
    int err = read_commands(reader, run, note_command, &finding, error);
    *out = finding.id != 0;
    return err;
}

int commands_take(struct store_tx *tx, struct str run,
    const struct commands *which, ndf_error *error)
{
    for (;;) {
        struct finding finding = {.which = which};
        int err =
            read_commands(tx_reader(tx), run, note_command, &finding, error);
        if (err != NDF_OK || finding.id == 0) return err;
        err = tx_command_take(tx, finding.id, error);
        if (err != NDF_OK) return err;
    }
}

/* ---- what is asked ------------------------------------------------------- */

struct str commands_of_record(const struct value *body)
{
    struct str step = value_get_str(body, STR("step"));
    if (step.at == NULL) step = value_get_str(body, STR("pattern"));
    return step.at != NULL ? step : STR("");
}

struct asking {
    struct arena *arena;
    struct value *list;
};

static bool is_inside(struct str step, struct str pattern)
{
    return str_starts(step, pattern) &&
           (step.size == pattern.size || step.at[pattern.size] == '/');
}

/* What is no longer asked for: one, those of a pattern inside, or all. */
static void forget(struct value *list, struct str name, bool all, bool inside)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->array.count; i++) {
        struct str step = list->array.items[i].string;
        bool gone =
            all || str_equal(step, name) || (inside && is_inside(step, name));
        if (!gone) list->array.items[kept++] = list->array.items[i];
    }
    list->array.count = kept;
}

static int note_record(void *ud, const struct store_record *record)
{
    struct asking *asking = ud;
    struct str kind = record->kind;
    if (str_starts(kind, STR("pattern_")))
        kind = str_from(kind, sizeof "pattern_" - 1);
    bool ask = str_equal(kind, STR("ask"));
    bool over = str_equal(kind, STR("end")) || str_equal(kind, STR("cancel"));
    if (!ask && !over && !str_equal(kind, STR("approve"))) return NDF_OK;
    struct value body;
    int err = json_parse(asking->arena, record->body, &body, NULL);
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_OK;
    if (over) {
        struct str pattern = value_get_str(&body, STR("pattern"));
        forget(asking->list, pattern, pattern.at == NULL, true);
        return NDF_OK;
    }
    struct str name = commands_of_record(&body);
    if (!ask) {
        forget(asking->list, name, false, false);
        return NDF_OK;
    }
    struct str copy = arena_str(asking->arena, name);
    if (copy.at == NULL) return NDF_ENOMEM;
    return value_push(asking->arena, asking->list, value_of_str(copy));
}

int commands_asked(struct store_reader *reader, struct arena *arena,
    struct str run, struct value *out, ndf_error *error)
{
    struct asking asking = {arena, out};
    *out = value_of_array();
    return read_journal(reader, run, 0, note_record, &asking, error);
}
