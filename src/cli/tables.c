/*
 * tables.c - the tables of commands and options.
 *
 * Every option has one meaning in all of ndf, so a line can be read before it
 * is known which command it names; of two by one name, the word before tells.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

#define BIT(id) (UINT32_C(1) << (id))

enum {
    TASK = BIT(CMD_DO) | BIT(CMD_RUN) | BIT(CMD_WHY),
    STARTING = BIT(CMD_DO) | BIT(CMD_RUN),
    RUNNING = BIT(CMD_DO) | BIT(CMD_RUN) | BIT(CMD_RESUME),
    EVERY = BIT(COMMAND_COUNT) - 1,
    NO_STORE = BIT(CMD_COMPLETIONS) | BIT(CMD_HELP) | BIT(CMD_VERSION) |
               BIT(CMD_DEV_SCHEMA) | BIT(CMD_DEV_EVAL),
    READS = RUNNING | BIT(CMD_WHY) | BIT(CMD_LS) | BIT(CMD_SHOW) |
            BIT(CMD_STATS) | BIT(CMD_LOGS) | BIT(CMD_IMPORT) | BIT(CMD_TRUST) |
            BIT(CMD_DEV_CHECK) | BIT(CMD_DEV_EVAL) | BIT(CMD_DEV_LEARN) |
            BIT(CMD_TEST) | BIT(CMD_DIFF) | BIT(CMD_DEV_COMPILE),
    EVAL = BIT(CMD_DEV_EVAL),
};

const struct option options[OPTION_COUNT] = {
    [OPT_STORE] = {"store", "PATH",
        "the store; else $NDF_STORE, the project's .ndf/ndf.db, or the user's",
        OPTION_VALUE, COMPLETE_FILES, EVERY & ~(uint32_t)NO_STORE, 0},
    [OPT_JSON] = {"json", NULL, "print the whole document as JSON", OPTION_FLAG,
        COMPLETE_NONE, READS, 0},
    [OPT_HELP] = {"help", NULL, "print this help", OPTION_FLAG, COMPLETE_NONE,
        EVERY, 'h'},
    [OPT_VERSION] = {"version", NULL, "print the version", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_VERSION), 'V'},
    [OPT_FILE] = {"file", "FILE",
        "read the task from a file, or from standard input for -", OPTION_VALUE,
        COMPLETE_FILES, TASK, 'f'},
    [OPT_CONTEXT] = {"context", "FILE",
        "a context as JSON: domain, agent_type, priority, attributes, text",
        OPTION_VALUE, COMPLETE_FILES, TASK, 0},
    [OPT_DOMAIN] = {"domain", "DOMAIN", "what the task is about, dotted",
        OPTION_VALUE, COMPLETE_NONE, TASK, 0},
    [OPT_AGENT_TYPE] = {"agent-type", "TYPE", "who should do it", OPTION_VALUE,
        COMPLETE_NONE, TASK, 0},
    [OPT_PRIORITY] = {"priority", "N", "1 (highest) to 5", OPTION_VALUE,
        COMPLETE_NONE, TASK, 0},
    [OPT_ATTR] = {"attr", "KEY=VALUE",
        "an attribute; the value is JSON or else text; may be given again",
        OPTION_VALUES, COMPLETE_NONE, TASK, 'a'},
    [OPT_PICK] = {"pick", "NAME", "take this pattern, and learn from that",
        OPTION_VALUE, COMPLETE_NAMES, BIT(CMD_DO), 0},
    [OPT_YES] = {"yes", NULL,
        "take the best pattern without asking, however sure", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_DO), 'y'},
    [OPT_TIMEOUT] = {"timeout", "TIME",
        "it fails, and is undone, when it takes longer: 90s, 5m, 1h",
        OPTION_VALUE, COMPLETE_NONE, RUNNING, 't'},
    [OPT_QUIET] = {"quiet", NULL, "no progress and no remarks", OPTION_FLAG,
        COMPLETE_NONE,
        RUNNING | BIT(CMD_IMPORT) | BIT(CMD_INIT) | BIT(CMD_TEST) |
            BIT(CMD_DIFF),
        'q'},
    [OPT_LIMIT] = {"limit", "N", "show at most so many", OPTION_VALUE,
        COMPLETE_NONE, BIT(CMD_LS) | BIT(CMD_WHY), 'n'},
    [OPT_NOT] = {"not", "PATTERN", "say why this pattern was not chosen",
        OPTION_VALUE, COMPLETE_NAMES, BIT(CMD_WHY), 0},
    [OPT_SOURCE] = {"source", "NAME",
        "the name that qualifies what is imported", OPTION_VALUE, COMPLETE_NONE,
        BIT(CMD_IMPORT), 0},
    [OPT_RUN] = {"run", "ARGV...",
        "the program for agents that name none; takes the rest of the line; "
        "${agent.name} and ${agent.body} can be used",
        OPTION_REST, COMPLETE_FILES, BIT(CMD_IMPORT), 0},
    [OPT_REVOKE] = {"revoke", NULL, "trust the folder no longer", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_TRUST), 0},
    [OPT_LIST] = {"list", NULL, "print the trusted folders", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_TRUST), 0},
    [OPT_ALL] = {"all", NULL, "every run that was interrupted", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_RESUME), 0},
    [OPT_NAMES] = {"names", NULL, "only the names, one a line", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_LS), 0},
    [OPT_DRY_RUN] = {"dry-run", NULL,
        "print the plan that would be run; start and record nothing",
        OPTION_FLAG, COMPLETE_NONE, STARTING, 0},
    [OPT_BG] = {"bg", NULL,
        "start it, print its id, and let it go on without this terminal",
        OPTION_FLAG, COMPLETE_NONE, STARTING, 0},
    [OPT_DENY] = {"deny", NULL, "do not approve: the run is undone and ends",
        OPTION_FLAG, COMPLETE_NONE, BIT(CMD_APPROVE), 0},
    [OPT_REASON] = {"reason", "TEXT", "why; it is kept with the answer",
        OPTION_VALUE, COMPLETE_NONE, BIT(CMD_APPROVE), 0},
    [OPT_NO_TEXTS] = {"no-texts", NULL,
        "of merge: the texts of tasks stay behind", OPTION_FLAG, COMPLETE_NONE,
        BIT(CMD_DEV_LEARN), 0},
    [OPT_FOLLOW] = {"follow", NULL, "go on until the run ended", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_LOGS), 'f'},
    [OPT_FALLBACK] = {"fallback", "NAMES",
        "the patterns to try one after the other when it fails, instead of "
        "those declared: a,b,c",
        OPTION_VALUE, COMPLETE_NAMES, STARTING, 0},
    [OPT_NO_FALLBACK] = {"no-fallback", NULL,
        "when it fails, try no other pattern", OPTION_FLAG, COMPLETE_NONE,
        STARTING, 0},
    [OPT_CHANGES] = {"context", NULL,
        "of a run: what each step changed in the context", OPTION_FLAG,
        COMPLETE_NONE, BIT(CMD_SHOW), 0},
    [OPT_LABELS] = {"labels", "FILE",
        "what can be chosen, a line each: {id, name, description[, tools, "
        "body, examples]}",
        OPTION_VALUE, COMPLETE_FILES, EVAL, 0},
    [OPT_QUERIES] = {"queries", "FILE",
        "what is asked, a line each: {query, labels: [id...][, split]}; no "
        "labels: out of scope",
        OPTION_VALUE, COMPLETE_FILES, EVAL, 0},
    [OPT_FEEDBACK] = {"feedback", "WORD",
        "what is learned from each query of the stream: none, bandit (whether "
        "the top one was right), or full (which one is), as usual",
        OPTION_VALUE, COMPLETE_FEEDBACK, EVAL, 0},
    [OPT_TRAIN] = {"train", "SPLIT", "only this split is the stream",
        OPTION_VALUE, COMPLETE_NONE, EVAL, 0},
    [OPT_TEST] = {"test", "SPLIT",
        "this split is asked after the stream, without feedback", OPTION_VALUE,
        COMPLETE_NONE, EVAL, 0},
    [OPT_SHOTS] = {"shots", "N",
        "of the stream only the first N of each label, with full feedback",
        OPTION_VALUE, COMPLETE_NONE, EVAL, 0},
    [OPT_SEED] = {"seed", "N", "shuffles the stream (1)", OPTION_VALUE,
        COMPLETE_NONE, EVAL, 0},
    [OPT_QUERY_LIMIT] = {"limit", "N", "at most so many queries of the stream",
        OPTION_VALUE, COMPLETE_NONE, EVAL, 'n'},
    [OPT_PLOT] = {"plot", "FILE",
        "draw the learning curve and the reliability as an SVG", OPTION_VALUE,
        COMPLETE_FILES, EVAL, 0},
    [OPT_JUNIT] = {"junit", "FILE",
        "write the results to a file as JUnit XML, for a CI system",
        OPTION_VALUE, COMPLETE_FILES, BIT(CMD_TEST), 0},
    [OPT_LAST] = {"last", "N",
        "compare the last N tasks of the store; 200 when not given",
        OPTION_VALUE, COMPLETE_NONE, BIT(CMD_DIFF), 0},
    [OPT_TASKS] = {"tasks", "FILE",
        "take the tasks from a file (- for standard input): a task a line, or "
        "JSON Lines with `text` or `query`",
        OPTION_VALUE, COMPLETE_FILES, BIT(CMD_DIFF), 0},
    [OPT_SESSION] = {"session", "ID",
        "the conversation that the task is part of, a name of your own; else "
        "$NDF_SESSION: \"yes\" and \"try again\" stay with who had the last "
        "turn",
        OPTION_VALUE, COMPLETE_NONE, TASK, 0},
    [OPT_COMPOSE] = {"compose", NULL,
        "if the task asks for several things, run a pattern for each; see ndf "
        "why",
        OPTION_FLAG, COMPLETE_NONE, BIT(CMD_DO), 0},
};

const struct command commands[COMMAND_COUNT] = {
    [CMD_INIT] = {"", "init", "",
        "make a store for this folder and import what is here",
        "Makes .ndf/ndf.db, and imports .claude/agents, ndf.yaml and "
        "*.ndf.yaml\nof this folder where they are present.",
        0, 0, COMPLETE_NONE, cmd_init},
    [CMD_IMPORT] = {"", "import", "PATH... [--run ARGV...]",
        "import agents and patterns from files or folders",
        "Reads *.yaml, *.yml and *.json of NDF, and agent files *.md with "
        "front\nmatter. The files stay the truth: changes are seen at the "
        "next command.",
        1, SIZE_MAX, COMPLETE_FILES, cmd_import},
    [CMD_TRUST] = {"", "trust", "[PATH]",
        "allow programs of a folder to be run",
        "Nothing that was imported from a folder is run before that. PATH is "
        "the\nfolder you are in when it is left out.",
        0, 1, COMPLETE_FOLDERS, cmd_trust},
    [CMD_DO] = {"", "do", "TASK...",
        "choose the pattern that fits a task, and run it",
        "The output of the last step goes to standard output. When a pattern "
        "fails,\nits fallback is tried. Ctrl-C undoes what was done; twice "
        "kills the agents.",
        0, SIZE_MAX, COMPLETE_NONE, cmd_do},
    [CMD_RUN] = {"", "run", "PATTERN [TASK...]",
        "run a pattern or an agent by its name", "", 1, SIZE_MAX,
        COMPLETE_NAMES, cmd_run},
    [CMD_LS] = {"", "ls", "[agents|patterns|runs|sources]",
        "list what there is", "", 0, 1, COMPLETE_KINDS, cmd_ls},
    [CMD_SHOW] = {"", "show", "NAME|RUN [--context]",
        "show a pattern, an agent or a run, whole", "", 1, 1, COMPLETE_NAMES,
        cmd_show},
    [CMD_WHY] = {"", "why", "TASK...",
        "rank the patterns for a task, with the reasons", "", 0, SIZE_MAX,
        COMPLETE_NONE, cmd_why},
    [CMD_RATE] = {"", "rate", "RUN good|bad|should=PATTERN",
        "say how a run went, or which pattern was the right one",
        "The next choice learns from it; see ndf why before and after. Both "
        "can be\n"
        "said at once: ndf rate RUN bad should=security.review",
        2, 3, COMPLETE_NONE, cmd_rate},
    [CMD_TEST] = {"", "test", "FILE", "test who is chosen for which task",
        "FILE is a YAML or JSON list of tests:\n"
        "  - {task: fix the failing test, expect: coder}\n"
        "  - {task: translate this poem, expect: none}\n"
        "  - {task: audit the login, expect: [security, reviewer], top: 3,\n"
        "     context: {domain: web.login, attributes: {risk: high}}}\n"
        "It passes when one of those expected would be taken unattended, or "
        "with top is\namong the best so many. Exits 1 when one fails. Nothing "
        "is run or learned.",
        1, 1, COMPLETE_FILES, cmd_test},
    [CMD_DIFF] = {"", "diff", "A B",
        "show which tasks would go elsewhere after a change of the files",
        "A and B are stores, or files or folders of agents and patterns, which "
        "are\nread as new: with nothing learned. Exits 1 when a task would go "
        "elsewhere.",
        2, 2, COMPLETE_FILES, cmd_diff},
    [CMD_RESUME] = {"", "resume", "RUN|--all",
        "go on with a run that was interrupted", "", 0, 1, COMPLETE_NONE,
        cmd_resume},
    [CMD_CANCEL] = {"", "cancel", "RUN",
        "stop a run and undo its steps, also one of another process", "", 1, 1,
        COMPLETE_NONE, cmd_cancel},
    [CMD_APPROVE] = {"", "approve", "RUN [STEP]",
        "let a run go on that waits for approval, also one of another process",
        "STEP can be left out when the run waits for one approval only.", 1, 2,
        COMPLETE_NONE, cmd_approve},
    [CMD_LOGS] = {"", "logs", "[-f] RUN",
        "print what a run did, and its agents' outputs",
        "With --json each record of its journal on a line. What agents printed "
        "is\nshown when they have ended.",
        1, 1, COMPLETE_NONE, cmd_logs},
    [CMD_WAIT] = {"", "wait", "RUN...", "wait until runs have ended",
        "Exits as the command that ran it would have; with several, as the "
        "first\nthat did not end well.",
        1, SIZE_MAX, COMPLETE_NONE, cmd_wait},
    [CMD_STATS] = {"", "stats", "[PATTERN]",
        "executions, success and confidence", "", 0, 1, COMPLETE_NAMES,
        cmd_stats},
    [CMD_COMPLETIONS] = {"", "completions", "bash|zsh|fish",
        "print completions for a shell",
        "bash: source <(ndf completions bash)\n"
        "zsh:  source <(ndf completions zsh)\n"
        "fish: ndf completions fish | source",
        1, 1, COMPLETE_SHELLS, cmd_completions},
    [CMD_HELP] = {"", "help", "[COMMAND]", "print help on a command", "", 0, 2,
        COMPLETE_COMMANDS, cmd_help},
    [CMD_VERSION] = {"", "version", "", "print the version", "", 0, 0,
        COMPLETE_NONE, cmd_version},
    [CMD_DEV_EXPORT] = {"dev", "export", "[FILE]",
        "write the whole store as JSON Lines", "", 0, 1, COMPLETE_FILES,
        cmd_dev_export},
    [CMD_DEV_IMPORT] = {"dev", "import", "FILE|-",
        "read an export; what is there already stays", "", 1, 1, COMPLETE_FILES,
        cmd_dev_import},
    [CMD_DEV_CHECK] = {"dev", "check", "",
        "check every record, checksum and chain", "", 0, 0, COMPLETE_NONE,
        cmd_dev_check},
    [CMD_DEV_BACKUP] = {"dev", "backup", "PATH",
        "copy the store while it is in use", "", 1, 1, COMPLETE_FILES,
        cmd_dev_backup},
    [CMD_DEV_SCHEMA] = {"dev", "schema", "",
        "print the JSON Schema of NDF's files", "", 0, 0, COMPLETE_NONE,
        cmd_dev_schema},
    [CMD_DEV_COMPILE] = {"dev", "compile", "",
        "make ready what choosing needs, and keep it",
        "It is kept beside the store and used until a pattern changes, so that "
        "a start\nwith many patterns has nothing to compute.",
        0, 0, COMPLETE_NONE, cmd_dev_compile},
    [CMD_DEV_EVAL] = {"dev", "eval", "--labels FILE --queries FILE",
        "measure choosing and learning on labels and queries",
        "Registers the labels in a store in memory, asks the queries in an "
        "order\nshuffled by the seed, each before it is learned from, and then "
        "those of the\ntest split. The figures are explained in the manual.",
        0, 0, COMPLETE_NONE, cmd_dev_eval},
    [CMD_DEV_LEARN] = {"dev", "learn", "[rebuild | merge STORE]",
        "show what was learned, learn it anew, or from another store",
        "rebuild learns everything anew from the outcomes, and says whether it "
        "is the\nsame. merge takes the outcomes of another store, and learns "
        "from all of them.",
        0, 2, COMPLETE_FILES, cmd_dev_learn},
};

bool option_is_for(const struct option *option, const struct command *command)
{
    return (option->commands & BIT((unsigned)(command - commands))) != 0;
}

void command_title(const struct command *command, char out[32])
{
    bool grouped = command->group[0] != '\0';
    (void)snprintf(
        out, 32, "%s%s%s", command->group, grouped ? " " : "", command->name);
}

const struct command *command_find(const char *group, const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->group, group) == 0 &&
            strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}
