/*
 * test_args.c - tests of the command line's tables and their reading.
 */
#include <string.h>

#include "cli/cli.h"
#include "support/support.h"

enum { ARGV_MAX = 16 };

/* A line cut at blanks, read by the tables. */
struct line {
    char text[256];
    char *argv[ARGV_MAX];
    int argc;
    struct args args;
    const struct command *command;
    bool good;
};

static void line_read(struct line *line, const char *text)
{
    memset(line, 0, sizeof *line);
    line->argv[line->argc++] = (char[]){"ndf"};
    (void)snprintf(line->text, sizeof line->text, "%s", text);
    char *at = line->text;
    while (*at != '\0') {
        line->argv[line->argc++] = at;
        at += strcspn(at, " ");
        if (*at == ' ') *at++ = '\0';
    }
    line->good = args_parse(&line->args, line->argc, line->argv) &&
                 args_command(&line->args, &line->command) &&
                 args_check(&line->args, line->command);
}

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "why --store=s.db find the leak --domain web -a k=v --attr n=1",
        "--store s.db why find --domain=web the --attr k=v leak -an=1",
        "why --attr=k=v -a n=1 --domain web --store s.db -- find the leak",
    };
    for (size_t i = 0; i < 3; i++) {
        struct line line;
        line_read(&line, lines[i]);
        assert_true(line.good);
        assert_ptr_equal(line.command, &commands[CMD_WHY]);
        assert_int_equal(line.args.word_count, 3);
        assert_string_equal(line.args.words[2], "leak");
        assert_string_equal(line.args.values[OPT_STORE], "s.db");
        assert_string_equal(line.args.values[OPT_DOMAIN], "web");
        assert_int_equal(line.args.attr_count, 2);
        assert_string_equal(line.args.attrs[0], "k=v");
        assert_string_equal(line.args.attrs[1], "n=1");
        args_free(&line.args);
    }
}

static void what_is_wrong_is_said_in_one_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"", "a command is missing"},
        {"imprt x", "did you mean `ndf import`?"},
        {"banana", "there is no command `ndf banana`; `ndf help`"},
        {"dev exprt", "did you mean `ndf dev export`?"},
        {"dev", "`ndf dev` needs a command"},
        {"ls --jsn", "did you mean --json?"},
        {"ls --frobnicate", "there is no option --frobnicate"},
        {"ls -z", "there is no option -z"},
        {"ls --domain web", "`ndf ls` has no option --domain"},
        {"ls --json=yes", "--json takes no value"},
        {"ls --limit", "--limit needs a value: N"},
        {"ls a b", "usage: ndf ls [agents|patterns|runs|sources]"},
        {"show", "usage: ndf show NAME|RUN"},
        {"import x --run", "--run needs a program"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line line;
        line_read(&line, rows[i].line);
        assert_false(line.good);
        assert_non_null(strstr(line.args.message, rows[i].says));
        assert_null(strchr(line.args.message, '\n'));
        args_free(&line.args);
    }
}

static void run_takes_the_rest_of_the_line(void **state)
{
    (void)state;
    struct line line;
    line_read(&line, "import agents --run my-agent --json -x ${agent.name}");
    assert_true(line.good);
    assert_int_equal(line.args.word_count, 1);
    assert_false(line.args.given[OPT_JSON]);
    assert_string_equal(line.args.rest[0], "my-agent");
    assert_string_equal(line.args.rest[1], "--json");
    assert_string_equal(line.args.rest[3], "${agent.name}");
    assert_null(line.args.rest[4]);
    args_free(&line.args);
}

static void a_lone_dash_is_a_word_and_letters_go_together(void **state)
{
    (void)state;
    struct line line;
    line_read(&line, "do -yq -f - --timeout 5m");
    assert_true(line.good);
    assert_true(line.args.given[OPT_YES]);
    assert_true(line.args.given[OPT_QUIET]);
    assert_string_equal(line.args.values[OPT_FILE], "-");
    args_free(&line.args);
}

static void a_letter_of_two_options_is_read_by_its_command(void **state)
{
    (void)state;
    struct line line;
    line_read(&line, "logs -f 4k2");
    assert_true(line.args.given[OPT_FOLLOW]);
    assert_false(line.args.given[OPT_FILE]);
    assert_string_equal(line.args.words[0], "4k2");
    args_free(&line.args);
    line_read(&line, "do -f task");
    assert_string_equal(line.args.values[OPT_FILE], "task");
    assert_false(line.args.given[OPT_FOLLOW]);
    args_free(&line.args);
    line_read(&line, "-f task do");
    assert_string_equal(line.args.values[OPT_FILE], "task");
    args_free(&line.args);
    line_read(&line, "dev eval -n 5 --limit=6");
    assert_true(line.good);
    assert_string_equal(line.args.values[OPT_QUERY_LIMIT], "6");
    assert_false(line.args.given[OPT_LIMIT]);
    args_free(&line.args);
    line_read(&line, "ls --limit 5");
    assert_true(line.good);
    assert_string_equal(line.args.values[OPT_LIMIT], "5");
    args_free(&line.args);
}

static void a_nearest_word_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"ls", "run", "rate", "resume"};
    assert_string_equal(nearest_word("lss", words, 4), "ls");
    assert_string_equal(nearest_word("ruin", words, 4), "run");
    assert_string_equal(nearest_word("resmue", words, 4), "resume");
    assert_null(nearest_word("x", words, 4));
    assert_null(nearest_word("", words, 4));
    char big[200];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_null(nearest_word(big, words, 4));
}

static void durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"90", 90000},
        {"90s", 90000},
        {"1.5m", 90000},
        {"250ms", 250},
        {"2h", 7200000},
        {"1d", 86400000},
        {"", -1},
        {"s", -1},
        {"-1", -1},
        {"5 m", -1},
        {"1e99", -1},
        {"nan", -1},
        {"5x", -1},
        {" 5", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(cli_duration(rows[i].text), rows[i].ms);
}

static void every_table_row_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        assert_non_null(commands[i].name);
        assert_non_null(commands[i].run);
        assert_true(commands[i].least <= commands[i].most);
        assert_true(commands[i].summary[0] >= 'a');
        assert_ptr_equal(
            command_find(commands[i].group, commands[i].name), &commands[i]);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        assert_non_null(options[i].name);
        assert_true(options[i].commands != 0);
        assert_int_equal(
            options[i].kind == OPTION_FLAG, options[i].value == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(what_is_wrong_is_said_in_one_sentence),
        cmocka_unit_test(run_takes_the_rest_of_the_line),
        cmocka_unit_test(a_lone_dash_is_a_word_and_letters_go_together),
        cmocka_unit_test(a_letter_of_two_options_is_read_by_its_command),
        cmocka_unit_test(a_nearest_word_is_near),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(every_table_row_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
