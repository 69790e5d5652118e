/*
 * main.c - the program ndf: reads the line, runs the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"

static void on_write(int signal)
{
    (void)signal;
}

/* Writing to a reader that went away, or past the limit on the size of a file,
 * must fail with an error and not end the program. A handler instead of
 * SIG_IGN: programs that are started get the default back. */
static void let_writes_fail(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_write;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL);
}

/* A core would hold tasks and outputs. A limit of 1 also keeps it from a
 * program that takes cores (see core(5)). */
static void dump_no_core(void)
{
    const struct rlimit not_even_piped = {1, 1}, none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &not_even_piped) != 0)
        (void)setrlimit(RLIMIT_CORE, &none);
}

/* --help and --version may stand with or without a command. */
static const struct command *command_of_flags(struct cli *cli)
{
    if (cli->args.given[OPT_VERSION]) return &commands[CMD_VERSION];
    if (cli->args.given[OPT_HELP]) return &commands[CMD_HELP];
    return NULL;
}

/* A descriptor that was closed must not be given to the store: what is printed
 * would go into it. Opened the wrong way round, so that using it still fails.
 */
static void fill_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
    struct args *args = &cli->args;
    if (!args_parse(args, argc, argv))
        return cli_fail(cli, STATUS_USAGE, "%s", args->message);
    cli->command = command_of_flags(cli);
    if (cli->command != NULL) return cli->command->run(cli);
    if (!args_command(args, &cli->command))
        return cli_fail(cli, STATUS_USAGE, "%s", args->message);
    if (!args_check(args, cli->command))
        return cli_fail(cli, STATUS_USAGE, "%s", args->message);
    return cli->command->run(cli);
}

/* A full disk behind standard output must not look like success; a reader that
 * went away is no news. What failed long ago is tried again for its reason. */
static int end_output(struct cli *cli, int status)
{
    errno = 0;
    bool failed = fflush(stdout) != 0;
    if (!failed && ferror(stdout) == 0) return status;
    if (!failed && (fputc('\n', stdout) == EOF || fflush(stdout) != 0))
        failed = true;
    if (errno == EPIPE) return status;
    const char *why = errno == EBADF ? "it is closed" : strerror(errno);
    if (!failed) why = "a write failed";
    if (cli->run != NULL)
        (void)cli_fail(cli, 0,
            "cannot write to standard output: %s; `ndf show %s` prints the "
            "output of the run",
            why, cli->run);
    else (void)cli_fail(cli, 0, "cannot write to standard output: %s", why);
    return status == STATUS_DONE ? STATUS_FAILED : status;
}

int main(int argc, char **argv)
{
    struct cli cli;
    memset(&cli, 0, sizeof cli);
    fill_standard();
    dump_no_core();
    (void)setlocale(LC_CTYPE, "");
    let_writes_fail();
    term_init(&cli.out, stdout);
    term_init(&cli.err, stderr);
    int status = dispatch(&cli, argc, argv);
    ndf_close(cli.engine);
    if (cli_store_is_gone(&cli))
        status = cli_fail(&cli, STATUS_STORE,
            "the store %s was removed or replaced meanwhile: what was recorded "
            "since is lost",
            cli.store);
    args_free(&cli.args);
    status = end_output(&cli, status);
    cli_free(cli.run);
    cli_free(cli.store);
    return status;
}
