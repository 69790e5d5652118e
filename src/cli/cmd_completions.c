/*
 * cmd_completions.c - completions for three shells, made from the tables.
 *
 * The scripts ask `ndf ls --names` for the names of patterns and agents, and
 * know all else.
 */
#include <string.h>

#include "cli/cli.h"

#define NAMES     "ndf ls --names 2>/dev/null"
#define KINDS     "agents patterns runs sources"
#define SHELLS    "bash zsh fish"
#define FEEDBACKS "none full bandit"

static void print_names(FILE *out, const char *group)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].group, group) == 0)
            (void)fprintf(out, "%s ", commands[i].name);
    if (group[0] == '\0') (void)fputs("dev", out);
}

/* ---- bash ---------------------------------------------------------------- */

static void bash_words(FILE *out, enum complete words)
{
    switch (words) {
    case COMPLETE_FILES:
        (void)fputs("COMPREPLY=($(compgen -f -- \"$word\"))", out);
        return;
    case COMPLETE_FOLDERS:
        (void)fputs("COMPREPLY=($(compgen -d -- \"$word\"))", out);
        return;
    case COMPLETE_NAMES:
        (void)fputs(
            "COMPREPLY=($(compgen -W \"$(" NAMES ")\" -- \"$word\"))", out);
        return;
    case COMPLETE_KINDS:
        (void)fputs("COMPREPLY=($(compgen -W '" KINDS "' -- \"$word\"))", out);
        return;
    case COMPLETE_SHELLS:
        (void)fputs("COMPREPLY=($(compgen -W '" SHELLS "' -- \"$word\"))", out);
        return;
    case COMPLETE_COMMANDS:
        (void)fputs("COMPREPLY=($(compgen -W \"$top\" -- \"$word\"))", out);
        return;
    case COMPLETE_FEEDBACK:
        (void)fputs(
            "COMPREPLY=($(compgen -W '" FEEDBACKS "' -- \"$word\"))", out);
        return;
    case COMPLETE_NONE:
    default: (void)fputs("COMPREPLY=()", out);
    }
}

static void bash_options(FILE *out, const struct command *command)
{
    (void)fputs("opts='", out);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (option_is_for(&options[i], command))
            (void)fprintf(out, "--%s ", options[i].name);
    (void)fputc('\'', out);
}

static bool takes_value(const struct option *option)
{
    return option->kind == OPTION_VALUE || option->kind == OPTION_VALUES;
}

/* Finds the command among the words before the cursor. */
static void bash_command(FILE *out)
{
    (void)fputs("    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n        ",
        out);
    const char *gap = "";
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!takes_value(&options[i])) continue;
        (void)fprintf(out, "%s--%s", gap, options[i].name);
        if (options[i].letter != 0)
            (void)fprintf(out, "|-%c", options[i].letter);
        gap = "|";
    }
    (void)fputs(") ((i++)) ;;\n"
                "        -*) ;;\n"
                "        dev) [ -z \"$cmd\" ] && cmd=dev ;;\n"
                "        *) if [ \"$cmd\" = dev ]; then "
                "cmd=\"dev ${COMP_WORDS[i]}\"; break\n"
                "           elif [ -z \"$cmd\" ]; then "
                "cmd=${COMP_WORDS[i]}; break; fi ;;\n"
                "        esac\n    done\n",
        out);
}

static void print_bash(FILE *out)
{
    (void)fputs("# bash completion of ndf\n_ndf() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} cmd='' opts='' i\n"
                "    local prev=${COMP_WORDS[COMP_CWORD-1]}\n    local top='",
        out);
    print_names(out, "");
    (void)fputs("'\n    local dev='", out);
    print_names(out, "dev");
    (void)fputs("'\n    COMPREPLY=()\n", out);
    bash_command(out);
    (void)fputs("    case $prev in\n", out);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!takes_value(&options[i])) continue;
        (void)fprintf(out, "    --%s) ", options[i].name);
        bash_words(out, options[i].complete);
        (void)fputs("; return ;;\n", out);
    }
    (void)fputs("    esac\n    case $cmd in\n"
                "    '') COMPREPLY=($(compgen -W \"$top\" -- \"$word\")); "
                "return ;;\n"
                "    dev) COMPREPLY=($(compgen -W \"$dev\" -- \"$word\")); "
                "return ;;\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char title[32];
        command_title(&commands[i], title);
        (void)fprintf(out, "    '%s') ", title);
        bash_options(out, &commands[i]);
        (void)fputs("; ", out);
        bash_words(out, commands[i].words);
        (void)fputs(" ;;\n", out);
    }
    (void)fputs("    esac\n    case $word in\n"
                "    -*) COMPREPLY=($(compgen -W \"$opts\" -- \"$word\")) ;;\n"
                "    esac\n}\ncomplete -o filenames -F _ndf ndf\n",
        out);
}

/* ---- zsh ----------------------------------------------------------------- */

static const char *zsh_action(enum complete complete)
{
    switch (complete) {
    case COMPLETE_FILES: return "_files";
    case COMPLETE_FOLDERS: return "_files -/";
    case COMPLETE_NAMES: return "compadd -- ${(f)\"$(" NAMES ")\"}";
    case COMPLETE_KINDS: return "compadd " KINDS;
    case COMPLETE_SHELLS: return "compadd " SHELLS;
    case COMPLETE_COMMANDS: return "_ndf_commands";
    case COMPLETE_FEEDBACK: return "compadd " FEEDBACKS;
    case COMPLETE_NONE:
    default: return "_message ''";
    }
}

/* Text inside single quotes, where _arguments reads brackets and colons. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') (void)fputs("'\\''", out);
        else if (strchr("[]:", *text) != NULL)
            (void)fprintf(out, "\\%c", *text);
        else (void)fputc(*text, out);
    }
}

static void zsh_command(FILE *out, const struct command *command)
{
    char title[32];
    command_title(command, title);
    (void)fprintf(out, "    '%s') _arguments", title);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        if (!option_is_for(option, command)) continue;
        (void)fprintf(out, " \\\n        '%s--%s[",
            option->kind == OPTION_VALUES ? "*" : "", option->name);
        zsh_text(out, option->help);
        (void)fputc(']', out);
        if (option->kind != OPTION_FLAG) {
            (void)fputc(':', out);
            zsh_text(out, option->value);
            (void)fprintf(out, ":%s",
                option->complete == COMPLETE_NONE
                    ? " "
                    : zsh_action(option->complete));
        }
        (void)fputc('\'', out);
    }
    (void)fprintf(
        out, " \\\n        '*:word:%s' ;;\n", zsh_action(command->words));
}

static void zsh_names(FILE *out, const char *group)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].group, group) != 0) continue;
        (void)fprintf(out, "        '%s:", commands[i].name);
        zsh_text(out, commands[i].summary);
        (void)fputs("'\n", out);
    }
}

static void print_zsh(FILE *out)
{
    (void)fputs("#compdef ndf\n_ndf_commands() {\n    local -a names\n"
                "    names=(\n",
        out);
    zsh_names(out, "");
    (void)fputs("        'dev:for builders'\n    )\n"
                "    _describe command names\n}\n"
                "_ndf_dev() {\n    local -a names\n    names=(\n",
        out);
    zsh_names(out, "dev");
    (void)fputs("    )\n    _describe command names\n}\n"
                "_ndf() {\n    local cmd\n"
                "    if ((CURRENT == 2)); then _ndf_commands; return; fi\n"
                "    cmd=$words[2]\n"
                "    if [[ $cmd == dev ]]; then\n"
                "        if ((CURRENT == 3)); then _ndf_dev; return; fi\n"
                "        cmd=\"dev $words[3]\"\n"
                "        shift words; ((CURRENT--))\n    fi\n"
                "    shift words; ((CURRENT--))\n    case $cmd in\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        zsh_command(out, &commands[i]);
    (void)fputs("    esac\n}\ncompdef _ndf ndf\n", out);
}

/* ---- fish ---------------------------------------------------------------- */

static void fish_text(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('\'', out);
}

static const char *fish_words(enum complete complete)
{
    switch (complete) {
    case COMPLETE_FILES: return " -F";
    case COMPLETE_FOLDERS: return " -a '(__fish_complete_directories)'";
    case COMPLETE_NAMES: return " -a '(" NAMES ")'";
    case COMPLETE_KINDS: return " -a '" KINDS "'";
    case COMPLETE_SHELLS: return " -a '" SHELLS "'";
    case COMPLETE_COMMANDS: return " -a '(__ndf_commands)'";
    case COMPLETE_FEEDBACK: return " -a '" FEEDBACKS "'";
    case COMPLETE_NONE:
    default: return "";
    }
}

/* When the line already names the command. */
static void fish_seen(FILE *out, const struct command *command)
{
    if (command->group[0] != '\0')
        (void)fprintf(out,
            "'__fish_seen_subcommand_from %s; and "
            "__fish_seen_subcommand_from %s'",
            command->group, command->name);
    else
        (void)fprintf(out,
            "'__fish_seen_subcommand_from %s; and not "
            "__fish_seen_subcommand_from dev'",
            command->name);
}

static void fish_command(FILE *out, const struct command *command)
{
    bool grouped = command->group[0] != '\0';
    (void)fprintf(out, "complete -c ndf -n %s -a %s -d ",
        grouped ? "'__fish_seen_subcommand_from dev'" : "__fish_use_subcommand",
        command->name);
    fish_text(out, command->summary);
    (void)fputc('\n', out);
    if (command->words != COMPLETE_NONE) {
        (void)fputs("complete -c ndf -n ", out);
        fish_seen(out, command);
        (void)fprintf(out, "%s\n", fish_words(command->words));
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        if (!option_is_for(option, command)) continue;
        (void)fputs("complete -c ndf -n ", out);
        fish_seen(out, command);
        (void)fprintf(out, " -l %s", option->name);
        if (option->letter != 0) (void)fprintf(out, " -s %c", option->letter);
        if (option->kind != OPTION_FLAG)
            (void)fprintf(out, " -r%s", fish_words(option->complete));
        (void)fputs(" -d ", out);
        fish_text(out, option->help);
        (void)fputc('\n', out);
    }
}

static void print_fish(FILE *out)
{
    (void)fputs("# fish completion of ndf\nfunction __ndf_commands\n"
                "    printf '%s\\n' ",
        out);
    print_names(out, "");
    (void)fputs("\nend\ncomplete -c ndf -f\n"
                "complete -c ndf -n __fish_use_subcommand -a dev -d 'for "
                "builders'\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fish_command(out, &commands[i]);
}

int cmd_completions(struct cli *cli)
{
    static const struct {
        const char *shell;
        void (*print)(FILE *out);
    } shells[] = {
        {"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    const char *word = cli->args.words[0];
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].shell, word) != 0) continue;
        shells[i].print(cli->out.file);
        return STATUS_DONE;
    }
    return cli_fail(cli, STATUS_USAGE,
        "no completions for '%s': bash, zsh and fish are known", word);
}
