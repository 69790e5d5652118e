/*
 * cmd_help.c - help and version, made from the tables.
 */
#include <string.h>

#include "cli/cli.h"

enum { COMMAND_COLUMNS = 13, OPTION_COLUMNS = 24 };

/* Wraps text at `width` behind `indent` columns, of which the first line's are
 * already written. */
static void print_wrapped(FILE *file, const char *text, size_t indent)
{
    const size_t width = 79;
    size_t column = indent;
    while (*text != '\0') {
        size_t word = strcspn(text, " \n");
        if (column > indent && column + 1 + word > width) {
            (void)fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            (void)fputc(' ', file);
            column++;
        }
        (void)fwrite(text, 1, word, file);
        column += word;
        text += word;
        text += strspn(text, " \n");
    }
    (void)fputc('\n', file);
}

static void print_commands(const struct term *out, const char *group)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].group, group) != 0) continue;
        (void)fputs("  ", out->file);
        term_styled(out, STYLE_NAME, commands[i].name);
        term_pad(out, COMMAND_COLUMNS - strlen(commands[i].name));
        (void)fprintf(out->file, " %s\n", commands[i].summary);
    }
}

static int print_overview(const struct term *out)
{
    term_styled(out, STYLE_BOLD, "ndf");
    (void)fputs(" chooses who does a task, runs it so that nothing is lost, "
                "and learns from it.\n\n  ndf do \"fix the failing test\"\n\n",
        out->file);
    print_commands(out, "");
    (void)fputs("\nFor builders, as `ndf dev COMMAND`:\n\n", out->file);
    print_commands(out, "dev");
    (void)fputs("\n`ndf help COMMAND` says more.\n", out->file);
    return STATUS_DONE;
}

static void print_option(const struct term *out, const struct option *option)
{
    char text[64];
    char letter[8] = "    ";
    if (option->letter != 0)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    (void)snprintf(text, sizeof text, "%s--%s%s%s", letter, option->name,
        option->value != NULL ? " " : "",
        option->value != NULL ? option->value : "");
    size_t wide = strlen(text);
    (void)fputs("  ", out->file);
    term_styled(out, STYLE_NAME, text);
    if (wide < OPTION_COLUMNS) term_pad(out, OPTION_COLUMNS - wide);
    else (void)fprintf(out->file, "\n%*s", OPTION_COLUMNS + 2, "");
    (void)fputc(' ', out->file);
    print_wrapped(out->file, option->help, OPTION_COLUMNS + 3);
}

static int print_command(const struct term *out, const struct command *command)
{
    char title[32];
    command_title(command, title);
    term_styled(out, STYLE_BOLD, "ndf ");
    term_styled(out, STYLE_BOLD, title);
    (void)fprintf(out->file, "%s%s\n\n", command->arguments[0] ? " " : "",
        command->arguments);
    (void)fprintf(out->file, "%c%s.\n", command->summary[0] - 'a' + 'A',
        command->summary + 1);
    if (command->details[0] != '\0')
        (void)fprintf(out->file, "\n%s\n", command->details);
    (void)fputc('\n', out->file);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (option_is_for(&options[i], command)) print_option(out, &options[i]);
    return STATUS_DONE;
}

/* Also for `ndf --help` and `ndf COMMAND --help`. */
int cmd_help(struct cli *cli)
{
    struct args *args = &cli->args;
    if (args->word_count > 0 && strcmp(args->words[0], "help") == 0) {
        args->words++;
        args->word_count--;
        args->skipped++;
    }
    bool group = args->word_count == 1 && strcmp(args->words[0], "dev") == 0;
    if (args->word_count == 0 || group) return print_overview(&cli->out);
    const struct command *command;
    if (!args_command(args, &command))
        return cli_fail(cli, STATUS_USAGE, "%s", args->message);
    return print_command(&cli->out, command);
}

int cmd_version(struct cli *cli)
{
    (void)fprintf(cli->out.file, "ndf %s\n", ndf_version());
    return STATUS_DONE;
}
