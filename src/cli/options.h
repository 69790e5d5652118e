/*
 * options.h - the commands and options of ndf, as two tables. Parsing, help
 * and shell completions are made from them and from nothing else.
 */
#ifndef NDF_CLI_OPTIONS_H
#define NDF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

enum command_id {
    CMD_INIT,
    CMD_IMPORT,
    CMD_TRUST,
    CMD_DO,
    CMD_RUN,
    CMD_LS,
    CMD_SHOW,
    CMD_WHY,
    CMD_RATE,
    CMD_TEST,
    CMD_DIFF,
    CMD_RESUME,
    CMD_CANCEL,
    CMD_APPROVE,
    CMD_LOGS,
    CMD_WAIT,
    CMD_STATS,
    CMD_COMPLETIONS,
    CMD_HELP,
    CMD_VERSION,
    CMD_DEV_EXPORT,
    CMD_DEV_IMPORT,
    CMD_DEV_CHECK,
    CMD_DEV_BACKUP,
    CMD_DEV_SCHEMA,
    CMD_DEV_COMPILE,
    CMD_DEV_EVAL,
    CMD_DEV_LEARN,
    COMMAND_COUNT,
};

/* What a shell completes. */
enum complete {
    COMPLETE_NONE,
    COMPLETE_FILES,
    COMPLETE_FOLDERS,
    COMPLETE_NAMES, /* of patterns and agents */
    COMPLETE_KINDS, /* of things that `ls` lists */
    COMPLETE_SHELLS,
    COMPLETE_COMMANDS,
    COMPLETE_FEEDBACK,
};

struct command {
    const char *group; /* "" or "dev" */
    const char *name;
    const char *arguments; /* for the usage line */
    const char *summary;   /* one line, no full stop */
    const char *details;   /* more lines for its help; may be "" */
    size_t least, most;    /* words it takes */
    enum complete words;
    int (*run)(struct cli *cli); /* returns the exit status */
};

extern const struct command commands[COMMAND_COUNT];

enum option_id {
    OPT_STORE,
    OPT_JSON,
    OPT_HELP,
    OPT_VERSION,
    OPT_FILE,
    OPT_CONTEXT,
    OPT_DOMAIN,
    OPT_AGENT_TYPE,
    OPT_PRIORITY,
    OPT_ATTR,
    OPT_PICK,
    OPT_YES,
    OPT_TIMEOUT,
    OPT_QUIET,
    OPT_LIMIT,
    OPT_NOT,
    OPT_SOURCE,
    OPT_RUN,
    OPT_REVOKE,
    OPT_LIST,
    OPT_ALL,
    OPT_NAMES,
    OPT_DRY_RUN,
    OPT_BG,
    OPT_FOLLOW,
    OPT_FALLBACK,
    OPT_NO_FALLBACK,
    OPT_CHANGES,
    OPT_DENY,
    OPT_REASON,
    OPT_NO_TEXTS,
    OPT_LABELS,
    OPT_QUERIES,
    OPT_FEEDBACK,
    OPT_TRAIN,
    OPT_TEST,
    OPT_SHOTS,
    OPT_SEED,
    OPT_QUERY_LIMIT,
    OPT_PLOT,
    OPT_JUNIT,
    OPT_LAST,
    OPT_TASKS,
    OPT_SESSION,
    OPT_COMPOSE,
    OPTION_COUNT,
};

enum option_kind {
    OPTION_FLAG,
    OPTION_VALUE,
    OPTION_VALUES, /* may be given again */
    OPTION_REST,   /* takes all words behind it */
};

struct option {
    const char *name;  /* without the dashes */
    const char *value; /* for help; NULL for a flag */
    const char *help;
    enum option_kind kind;
    enum complete complete;
    uint32_t commands; /* bits 1 << enum command_id */
    char letter;       /* 0: none */
};

extern const struct option options[OPTION_COUNT];

enum { ARGS_MESSAGE_SIZE = 256 };

/* What was said on the command line; all borrowed from argv. */
struct args {
    bool given[OPTION_COUNT];
    const char *values[OPTION_COUNT]; /* the last one of each */
    const char **attrs;               /* the values of --attr, in order */
    size_t attr_count;
    const char *const *rest; /* of --run; NULL-terminated; NULL: not given */
    const char **words;      /* what is no option */
    size_t word_count;
    size_t skipped;                  /* words taken off the front */
    char message[ARGS_MESSAGE_SIZE]; /* what is wrong with the line */
};

/* Reads argv[1..]. False: args->message says what is wrong. args_free it in
 * either case. */
bool args_parse(struct args *args, int argc, char **argv);
void args_free(struct args *args);
/* Finds the command that the first words name and takes these words off.
 * False: args->message says what is wrong; *out is NULL. */
bool args_command(struct args *args, const struct command **out);
/* Whether options and words suit the command; else args->message says why. */
bool args_check(struct args *args, const struct command *command);

bool option_is_for(const struct option *option, const struct command *command);
/* "ndf dev export" without the "ndf ". */
void command_title(const struct command *command, char out[32]);
/* The command of that group and name, or NULL. */
const struct command *command_find(const char *group, const char *name);
/* The known word nearest to a misspelt one, or NULL. */
const char *nearest_word(
    const char *word, const char *const *known, size_t count);

#endif
