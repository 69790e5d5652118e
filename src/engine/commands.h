/*
 * commands.h - words to the owner of a run, who may be another process.
 *
 * A command's kind is what is said: "cancel", or "approve STEP" and "deny
 * STEP", with a person's reason on a line of its own. Nothing behind the verb
 * means the run as a whole.
 */
#ifndef NDF_ENGINE_COMMANDS_H
#define NDF_ENGINE_COMMANDS_H

#include "engine/engine.h"
#include "store/tx.h"

enum { COMMAND_REASON_MAX = 500 };

enum command_verb { COMMAND_UNKNOWN, COMMAND_CANCEL, COMMAND_APPROVE };

/* Borrows from the command's kind. */
struct command_word {
    enum command_verb verb;
    bool approved; /* COMMAND_APPROVE */
    struct str step;
    struct str reason;
};

struct command_word command_read(struct str kind);

/* Which commands of a run are meant. */
enum command_choice {
    COMMANDS_ALL,
    COMMANDS_CANCEL,  /* cancels */
    COMMANDS_OF_STEP, /* a person's words on a step, or on the run */
};

struct commands {
    enum command_choice choice;
    struct str step; /* COMMANDS_OF_STEP */
};

/* Whether such a command waits for a run. */
int commands_wait(struct store_reader *reader, struct str run,
    const struct commands *which, bool *out, ndf_error *error);
/* Removes them, in the transaction that puts what they led to on record. */
int commands_take(struct store_tx *tx, struct str run,
    const struct commands *which, ndf_error *error);

/* What a run asks its owner's people for, by the records of its journal: a list
 * of the ids of steps and patterns, "" for the run as a whole. */
int commands_asked(struct store_reader *reader, struct arena *arena,
    struct str run, struct value *out, ndf_error *error);
/* The step or pattern that an ask or approve record is of; "" for the run. */
struct str commands_of_record(const struct value *body);

#endif
