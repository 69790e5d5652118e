/*
 * args.c - reading a command line by the tables.
 *
 * Options may stand anywhere; `--` ends them; `--name=value` and `--name
 * value` are the same; letters may be put together.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

/* ---- reading ------------------------------------------------------------- */

static bool is_option(
    const struct option *option, const char *name, size_t size)
{
    if (size == 0) return option->letter != 0 && option->letter == *name;
    return strlen(option->name) == size &&
           memcmp(option->name, name, size) == 0;
}

/* A name or a letter (size 0) may stand for two options of different commands:
 * then the words that stand before it say which, and without them it is the
 * first of the table. */
static const struct option *find_option(
    const struct args *args, const char *name, size_t size)
{
    const struct command *command =
        args->word_count > 0 ? command_find("", args->words[0]) : NULL;
    if (args->word_count > 1 && strcmp(args->words[0], "dev") == 0)
        command = command_find("dev", args->words[1]);
    const struct option *first = NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!is_option(&options[i], name, size)) continue;
        if (command != NULL && option_is_for(&options[i], command))
            return &options[i];
        if (first == NULL) first = &options[i];
    }
    return first;
}

static bool unknown_option(struct args *args, const char *name, size_t size)
{
    char word[64];
    const char *known[OPTION_COUNT];
    (void)snprintf(
        word, sizeof word, "%.*s", (int)(size > 60 ? 60 : size), name);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        known[i] = options[i].name;
    const char *near = nearest_word(word, known, OPTION_COUNT);
    if (near != NULL)
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "there is no option --%s, did you mean --%s?", word, near);
    else
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "there is no option --%s; `ndf help` lists them", word);
    return false;
}

/* The line being read. */
struct reader {
    struct args *args;
    int argc;
    char **argv;
    int at;
};

/* Takes the option whose word is the current one; value is what stood behind
 * its '=', or NULL. */
static bool take_option(
    struct reader *r, const struct option *option, const char *value)
{
    struct args *args = r->args;
    size_t id = (size_t)(option - options);
    args->given[id] = true;
    if (option->kind == OPTION_FLAG) {
        if (value == NULL) return true;
        (void)snprintf(r->args->message, ARGS_MESSAGE_SIZE,
            "--%s takes no value", option->name);
        return false;
    }
    if (option->kind == OPTION_REST) {
        r->argv[r->at] = NULL; /* not read again; only the words behind it */
        args->rest = (const char *const *)&r->argv[r->at + 1];
        bool any = r->at + 1 < r->argc && value == NULL;
        r->at = r->argc;
        if (!any)
            (void)snprintf(r->args->message, ARGS_MESSAGE_SIZE,
                "--%s needs a program: --%s PROGRAM ARGUMENT...", option->name,
                option->name);
        return any;
    }
    if (value == NULL && r->at + 1 < r->argc) value = r->argv[++r->at];
    if (value == NULL) {
        (void)snprintf(r->args->message, ARGS_MESSAGE_SIZE,
            "--%s needs a value: %s", option->name, option->value);
        return false;
    }
    args->values[id] = value;
    if (option->kind == OPTION_VALUES) args->attrs[args->attr_count++] = value;
    return true;
}

static bool take_letters(struct reader *r)
{
    const char *letters = r->argv[r->at] + 1;
    for (; *letters != '\0'; letters++) {
        const struct option *option = find_option(r->args, letters, 0);
        if (option == NULL) {
            bool plain = *letters > ' ' && *letters <= '~';
            (void)snprintf(r->args->message, ARGS_MESSAGE_SIZE,
                "there is no option -%c; `ndf help` lists them",
                plain ? *letters : '?');
            return false;
        }
        if (option->kind != OPTION_FLAG) {
            const char *value = letters[1] != '\0' ? letters + 1 : NULL;
            return take_option(r, option, value);
        }
        if (!take_option(r, option, NULL)) return false;
    }
    return true;
}

static bool take_long(struct reader *r)
{
    const char *name = r->argv[r->at] + 2;
    size_t size = strcspn(name, "=");
    const struct option *option =
        size > 0 ? find_option(r->args, name, size) : NULL;
    if (option == NULL) return unknown_option(r->args, name, size);
    return take_option(r, option, name[size] == '=' ? name + size + 1 : NULL);
}

bool args_parse(struct args *args, int argc, char **argv)
{
    *args = (struct args){0};
    args->words = cli_alloc((size_t)argc * sizeof *args->words);
    args->attrs = cli_alloc((size_t)argc * sizeof *args->attrs);
    struct reader r = {args, argc, argv, 1};
    bool ended = false;
    for (; r.at < argc; r.at++) {
        const char *word = argv[r.at];
        bool ok = true;
        if (ended || word[0] != '-' || word[1] == '\0')
            args->words[args->word_count++] = word;
        else if (strcmp(word, "--") == 0) ended = true;
        else ok = word[1] == '-' ? take_long(&r) : take_letters(&r);
        if (!ok) return false;
    }
    return true;
}

void args_free(struct args *args)
{
    if (args->words != NULL) cli_free((void *)(args->words - args->skipped));
    cli_free((void *)args->attrs);
    *args = (struct args){0};
}

static void unknown_command(
    struct args *args, const char *group, const char *word)
{
    const char *known[COMMAND_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].group, group) == 0)
            known[count++] = commands[i].name;
    if (group[0] == '\0') known[count++] = "dev";
    if (word[0] == '\0') {
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "`ndf %s` needs a command; `ndf help` lists them", group);
        return;
    }
    const char *near = nearest_word(word, known, count);
    const char *gap = group[0] == '\0' ? "" : " ";
    if (near != NULL)
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "there is no command `ndf %s%s%.60s`, did you mean `ndf %s%s%s`?",
            group, gap, word, group, gap, near);
    else
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "there is no command `ndf %s%s%.60s`; `ndf help` lists them", group,
            gap, word);
}

bool args_command(struct args *args, const struct command **out)
{
    *out = NULL;
    if (args->word_count == 0) {
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "a command is missing; `ndf help` lists them");
        return false;
    }
    const char *group = "";
    if (strcmp(args->words[0], "dev") == 0) {
        group = "dev";
        args->words++;
        args->word_count--;
        args->skipped++;
    }
    const char *name = args->word_count > 0 ? args->words[0] : "";
    *out = command_find(group, name);
    if (*out == NULL) {
        unknown_command(args, group, name);
        return false;
    }
    args->words++;
    args->word_count--;
    args->skipped++;
    return true;
}

bool args_check(struct args *args, const struct command *command)
{
    char title[32];
    command_title(command, title);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!args->given[i] || option_is_for(&options[i], command)) continue;
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE,
            "`ndf %s` has no option --%s; see `ndf help %s`", title,
            options[i].name, title);
        return false;
    }
    if (args->word_count < command->least || args->word_count > command->most) {
        (void)snprintf(args->message, ARGS_MESSAGE_SIZE, "usage: ndf %s %s",
            title, command->arguments);
        return false;
    }
    return true;
}

/* ---- did you mean -------------------------------------------------------- */

enum { WORD_MAX = 32 };

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits between two words, a swap of neighbours counting one. */
static size_t distance(const char *a, const char *b)
{
    size_t m = strlen(a);
    size_t n = strlen(b);
    if (m > WORD_MAX || n > WORD_MAX) return WORD_MAX;
    size_t table[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= m; i++)
        table[i][0] = i;
    for (size_t j = 0; j <= n; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        for (size_t j = 1; j <= n; j++) {
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            table[i][j] = least_of(table[i - 1][j] + 1, table[i][j - 1] + 1,
                table[i - 1][j - 1] + change);
            bool swapped =
                i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && table[i - 2][j - 2] + 1 < table[i][j])
                table[i][j] = table[i - 2][j - 2] + 1;
        }
    }
    return table[m][n];
}

const char *nearest_word(
    const char *word, const char *const *known, size_t count)
{
    const char *nearest = NULL;
    size_t best = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(word, known[i]);
        /* As many edits as letters would be another word altogether. */
        if (edits > best || edits >= strlen(known[i])) continue;
        if (nearest != NULL && edits == best) continue;
        nearest = known[i];
        best = edits;
    }
    return nearest;
}
