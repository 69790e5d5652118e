/*
 * test_agent_process.c - real programs under ndf-init: good ones and bad ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "process_stage.h"

/* ---- agents that do what they should ------------------------------------ */

static void a_program_reads_its_request_and_answers(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "cat; echo problem >&2; exit 3");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.exit, 3);
    assert_str(s->result.output.string, "{\"task\":\"t\"}");
    assert_str(s->result.log, "problem");
    assert_str(s->result.error, "");
}

static void an_answer_in_json_is_taken_apart(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo '{\"output\": 5, \"patch\": {\"priority\": 1}}'");
    stage_run(s);
    assert_int_equal(s->result.output.integer, 5);
    assert_int_equal(value_get_int(&s->result.patch, STR("priority"), 0), 1);
}

static void a_damaged_answer_is_noted_in_the_log(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo '{\"output\": 5,}'; echo hm >&2");
    stage_run(s);
    assert_str(s->result.output.string, "{\"output\": 5,}");
    assert_true(str_starts(s->result.log, STR("hm\nndf: the output looks")));
    assert_str(s->result.error, "");
}

static void arguments_arrive_as_they_are(void **state)
{
    struct stage *s = *state;
    stage_use(s,
        (const char *const[]){"printf", "%s|", "a b", "$(x)\n'\"", "", NULL});
    stage_run(s);
    assert_str(s->result.output.string, "a b|$(x)\n'\"||");
}

static void the_environment_is_an_allow_list(void **state)
{
    struct stage *s = *state;
    struct value env = test_json(
        &s->arena, "{\"TOKEN\": \"a=b\", \"LANG\": \"xx\", \"A=B\": \"no\"}");
    s->call.env = env;
    assert_int_equal(setenv("NDF_TEST_SECRET", "leak", 1), 0);
    assert_int_equal(setenv("LC_PAPER", "lc", 1), 0);
    stage_use_sh(s,
        "echo $TOKEN,$LANG,$LC_PAPER,$NDF_TEST_SECRET,$NDF_RUN,$NDF_STEP,"
        "$NDF_STEP_KEY,$NDF_ATTEMPT,${HOME:+home}");
    stage_run(s);
    assert_int_equal(unsetenv("NDF_TEST_SECRET"), 0);
    assert_int_equal(unsetenv("LC_PAPER"), 0);
    test_contains(
        s->result.output.string.at, "a=b,xx,lc,,run-1,scan,run-1/scan,1,");
}

static void what_it_lists_is_passed_on(void **state)
{
    struct stage *s = *state;
    struct str names[] = {STR("NDF_TEST_KEY"), STR("NDF_TEST_MISSING")};
    s->call.pass_env = (struct str_list){names, 2};
    s->call.env = test_json(&s->arena, "{\"NDF_TEST_MINE\": \"agent\"}");
    assert_int_equal(setenv("NDF_TEST_KEY", "key", 1), 0);
    assert_int_equal(setenv("NDF_TEST_MINE", "ours", 1), 0);
    assert_int_equal(setenv("NDF_TEST_LISTED", "listed", 1), 0);
    assert_int_equal(setenv("NDF_TEST_SECRET", "leak", 1), 0);
    assert_int_equal(
        setenv("NDF_PASS_ENV", "NDF_TEST_LISTED, NDF_TEST_MINE,,", 1), 0);
    stage_use_sh(s, "env | grep ^NDF_TEST | sort | tr '\\n' ' '");
    stage_run(s);
    const char *const gone[] = {"NDF_TEST_KEY", "NDF_TEST_MINE",
        "NDF_TEST_LISTED", "NDF_TEST_SECRET", "NDF_PASS_ENV"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        unsetenv(gone[i]);
    assert_str(s->result.output.string,
        "NDF_TEST_KEY=key NDF_TEST_LISTED=listed NDF_TEST_MINE=agent");
}

/* NDF_STARRED_A and NDF_STARRED_B are set by the build for this program. */
static void a_star_stands_for_the_rest_of_a_name(void **state)
{
    struct stage *s = *state;
    struct str names[] = {STR("NDF_STARRED_*")};
    s->call.pass_env = (struct str_list){names, 1};
    assert_non_null(getenv("NDF_STARRED_A"));
    stage_use_sh(s, "env | grep ^NDF_STARR | sort | tr '\\n' ' '");
    stage_run(s);
    assert_str(s->result.output.string, "NDF_STARRED_A=1 NDF_STARRED_B=2");
}

static void only_the_lock_is_open_besides_the_three(void **state)
{
    struct stage *s = *state;
    int leak = open("/dev/null", O_RDONLY);
    assert_true(leak > 2);
    stage_use_sh(s, "i=0; while [ $i -lt 64 ]; do [ -e /proc/$$/fd/$i ] && "
                    "echo -n \"$i \"; i=$((i+1)); done");
    stage_run(s);
    close(leak);
    assert_str(s->result.output.string, "0 1 2 3");
}

static void the_host_s_signals_do_not_reach_it(void **state)
{
    struct stage *s = *state;
    sigset_t set, before;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    sigaction(SIGPIPE, &ignore, &old);
    stage_use_sh(
        s, "grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t\\n'");
    stage_run(s);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGPIPE, &old, NULL);
    assert_str(s->result.output.string,
        "SigBlk:0000000000000000SigIgn:0000000000000000");
}

static void it_runs_in_its_folder_and_its_files_are_looked_at(void **state)
{
    struct stage *s = *state;
    struct str files[] = {STR("made"), STR("missing"), STR("old")};
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    test_write(&s->dir, "old", "x");
    assert_int_equal(
        utimensat(AT_FDCWD, test_path(&s->dir, "old"), past, 0), 0);
    s->call.files = (struct str_list){files, 3};
    stage_use_sh(s, "echo x > made; pwd");
    stage_run(s);
    assert_string_equal(s->result.output.string.at, s->dir.path);
    assert_int_equal(s->result.files[0], AGENT_FILE_FRESH);
    assert_int_equal(s->result.files[1], AGENT_FILE_MISSING);
    assert_int_equal(s->result.files[2], AGENT_FILE_STALE);
}

static void stderr_keeps_its_tail(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "yes x | head -c 200000 >&2; echo end >&2; echo ok");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_in_range(s->result.log.size, 60000, AGENT_STDERR_MAX);
    assert_string_equal(s->result.log.at + s->result.log.size - 4, "\nend");
}

/* ---- agents that do not ------------------------------------------------- */

static void one_that_cannot_start_says_why(void **state)
{
    struct stage *s = *state;
    const char *plain = test_path(&s->dir, "plain");
    const char *script = test_path(&s->dir, "script");
    const char *folder = s->dir.path;
    test_write(&s->dir, "plain", "echo hi\n");
    test_write(&s->dir, "script", "#!/no/such/interpreter\n");
    assert_int_equal(chmod(script, 0755), 0);
    const struct {
        const char *program, *says;
    } cases[] = {
        {"/no/such/program", "there is no program '/no/such/program'"},
        {"no-such-program-at-all", "on the PATH"},
        {plain, "is not executable: allow it with 'chmod +x'"},
        {script, "interpreter"},
        {folder, "not executable"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[16];
        snprintf(file, sizeof file, "s%zu.1", i + 1);
        s->call.file = str_of(file);
        s->done = false;
        stage_use(s, (const char *const[]){cases[i].program, NULL});
        stage_run(s);
        assert_int_equal(s->result.status, AGENT_START_FAILED);
        test_contains(s->result.error.at, cases[i].says);
    }
}

static void a_folder_that_is_missing_is_named(void **state)
{
    struct stage *s = *state;
    s->call.cwd = STR("/no/such/folder");
    stage_use_sh(s, "echo hi");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_START_FAILED);
    test_contains(s->result.error.at, "/no/such/folder");
}

static void a_missing_watcher_is_an_error(void **state)
{
    struct stage *s = *state;
    ndf_error error = {0};
    s->host.init_path = "/no/such/ndf-init";
    stage_use_sh(s, "echo hi");
    assert_int_equal(agent_process.start(
                         &s->task, &s->host, &s->call, stage_done, s, &error),
        NDF_EAGENT);
    assert_null(s->task);
    test_contains(error.message, "/no/such/ndf-init");
}

static void too_many_arguments_are_an_error_that_says_stdin(void **state)
{
    struct stage *s = *state;
    ndf_error error = {0};
    size_t count = 200;
    struct str *many = arena_calloc(&s->arena, count, sizeof *many);
    char *large = arena_alloc(&s->arena, 100000);
    memset(large, 'x', 99999);
    for (size_t i = 0; i < count; i++) {
        many[i] = i == 0 ? STR("true") : str_of(large);
    }
    s->call.argv = (struct str_list){many, count};
    assert_int_equal(agent_process.start(
                         &s->task, &s->host, &s->call, stage_done, s, &error),
        NDF_ELIMIT);
    test_contains(error.message, "stdin");
}

static void one_that_prints_nothing_ends_with_an_empty_output(void **state)
{
    struct stage *s = *state;
    stage_use(s, (const char *const[]){"true", NULL});
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "");
}

static void one_that_closes_its_stdout_is_waited_for(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo early; exec >&- 2>&-; sleep 0.3; exit 4");
    stage_run(s);
    assert_int_equal(s->result.exit, 4);
    assert_str(s->result.output.string, "early");
}

static void one_that_dies_of_a_signal_says_which(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo x; kill -SEGV $$");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_SIGNALLED);
    assert_int_equal(s->result.signal, SIGSEGV);
}

static void one_that_never_ends_is_ended(void **state)
{
    struct stage *s = *state;
    s->call.timeout_ms = 200;
    stage_use_sh(s, "echo before; sleep 1000; echo after");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
    assert_str(s->result.output.string, "before");
    assert_true(s->result.latency_ms >= 200);
}

static void one_that_ignores_term_is_killed(void **state)
{
    struct stage *s = *state;
    s->call.timeout_ms = 200;
    stage_use_sh(s, "trap '' TERM; while :; do sleep 0.05; done");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
    assert_int_equal(s->result.signal, SIGKILL);
}

static void one_that_prints_without_end_is_ended(void **state)
{
    struct stage *s = *state;
    s->call.output_max = 100000;
    stage_use(s, (const char *const[]){"yes", "abc", NULL});
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_OUTPUT_CAP);
    assert_in_range(s->result.output.string.size, 99990, 100000);
}

static void the_output_may_be_as_long_as_the_limit(void **state)
{
    struct stage *s = *state;
    s->call.output_max = 100000;
    stage_use_sh(s, "head -c 100000 /dev/zero | tr '\\0' x");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.output.string.size, 100000);

    s->done = false;
    s->call.file = STR("s1.2");
    stage_use_sh(s, "head -c 100001 /dev/zero | tr '\\0' x");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_OUTPUT_CAP);
}

static void a_gigabyte_is_not_kept(void **state)
{
    struct stage *s = *state;
    struct stat st;
    stage_use_sh(s, "head -c 1073741824 /dev/zero");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_OUTPUT_CAP);
    assert_int_equal(stat(test_path(&s->dir, "s1.1.out"), &st), 0);
    assert_int_equal(st.st_size, AGENT_OUTPUT_DEFAULT);
}

static void children_left_behind_are_killed(void **state)
{
    struct stage *s = *state;
    s->call.sandbox.namespace = AGENT_NAMESPACE_NEVER;
    /* One in the group, one in a session of its own, both holding stdout. */
    stage_use_sh(s,
        "sleep 1000 & echo $! > near; "
        "setsid sh -c 'setsid sleep 1000 & echo $! > far' & wait $!; "
        "echo ok");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "ok");
    assert_int_equal(kill(stage_pid_in(s, "near"), 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(kill(stage_pid_in(s, "far"), 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void a_stop_ends_it(void **state)
{
    struct stage *s = *state;
    struct loop_timer *timer;
    stage_use_sh(
        s, "trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done");
    stage_start(s);
    stage_stop_after(s, 300, &timer);
    stage_wait(s);
    loop_timer_free(timer);
    assert_int_equal(s->result.status, AGENT_CANCELLED);
    assert_str(s->result.output.string, "bye");
}

static void a_watcher_that_is_killed_takes_its_agent_along(void **state)
{
    struct stage *s = *state;
    struct loop_timer *timer;
    s->call.sandbox.namespace = AGENT_NAMESPACE_NEVER;
    /* A child in a session of its own keeps the lock. */
    stage_use_sh(
        s, "setsid sleep 1000 & echo $! > far; kill -KILL $PPID; sleep 1000");
    stage_start(s);
    stage_stop_after(s, 30000, &timer);
    stage_wait(s);
    loop_timer_free(timer);
    assert_int_equal(s->result.status, AGENT_LOST);
    pid_t far = stage_pid_in(s, "far");
    for (int i = 0; i < 1000 && kill(far, 0) == 0; i++) {
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
        /* It may be our zombie or init's. */
        (void)waitpid(far, NULL, WNOHANG);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)far);
    struct buf buf;
    buf_init(&buf, &mem_libc);
    int err = os_read_file(path, 64, &buf, NULL);
    assert_true(err != NDF_OK || buf.size == 0);
    buf_deinit(&buf);
}

static void an_output_that_cannot_be_kept_is_told_so(void **state)
{
    struct stage *s = *state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    stage_use_sh(s, "head -c 100000 /dev/zero; sleep 1000");
    stage_start(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    stage_wait(s);
    assert_int_equal(s->result.status, AGENT_OUTPUT_LOST);
    test_contains(s->result.error.at, "too large");
}

static void a_result_waits_for_descriptors(void **state)
{
    struct stage *s = *state;
    struct loop_timer *timer;
    stage_use_sh(s, "echo ok");
    stage_start(s);
    stage_starve(s, 500, &timer);
    stage_wait(s);
    loop_timer_free(timer);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "ok");
}

static void a_host_without_stdio_starts_agents(void **state)
{
    struct stage *s = *state;
    int kept[3];
    stage_use_sh(s, "echo ok");
    for (int fd = 0; fd < 3; fd++) {
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        assert_true(kept[fd] >= 10);
        close(fd);
    }
    ndf_error error = {0};
    int err = agent_process.start(
        &s->task, &s->host, &s->call, stage_done, s, &error);
    for (int fd = 0; fd < 3; fd++) {
        int taken = fcntl(fd, F_GETFD);
        /* The pidfd of the call may be there by now. */
        if (taken < 0) (void)dup2(kept[fd], fd);
    }
    if (err != NDF_OK) fail_msg("%s", error.message);
    stage_wait(s);
    for (int fd = 0; fd < 3; fd++) {
        (void)dup2(kept[fd], fd);
        close(kept[fd]);
    }
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "ok");
}

/* ---- memory ------------------------------------------------------------- */

static void a_start_without_memory_leaves_nothing_running(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo ok");
    for (long left = 0; !s->done; left++) {
        ndf_error error = {0};
        char file[32];
        snprintf(file, sizeof file, "m%ld", left);
        s->call.file = str_of(file);
        s->mem.left = left;
        int err = agent_process.start(
            &s->task, &s->host, &s->call, stage_done, s, &error);
        s->mem.left = -1;
        if (err == NDF_OK) {
            stage_wait(s);
            assert_int_equal(s->result.status, AGENT_EXITED);
        } else {
            assert_int_equal(err, NDF_ENOMEM);
            assert_null(s->task);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(a_program_reads_its_request_and_answers),
        STAGE(an_answer_in_json_is_taken_apart),
        STAGE(a_damaged_answer_is_noted_in_the_log),
        STAGE(arguments_arrive_as_they_are),
        STAGE(the_environment_is_an_allow_list),
        STAGE(what_it_lists_is_passed_on),
        STAGE(a_star_stands_for_the_rest_of_a_name),
        STAGE(only_the_lock_is_open_besides_the_three),
        STAGE(the_host_s_signals_do_not_reach_it),
        STAGE(it_runs_in_its_folder_and_its_files_are_looked_at),
        STAGE(stderr_keeps_its_tail),
        STAGE(one_that_cannot_start_says_why),
        STAGE(a_folder_that_is_missing_is_named),
        STAGE(a_missing_watcher_is_an_error),
        STAGE(too_many_arguments_are_an_error_that_says_stdin),
        STAGE(one_that_prints_nothing_ends_with_an_empty_output),
        STAGE(one_that_closes_its_stdout_is_waited_for),
        STAGE(one_that_dies_of_a_signal_says_which),
        STAGE(one_that_never_ends_is_ended),
        STAGE(one_that_ignores_term_is_killed),
        STAGE(one_that_prints_without_end_is_ended),
        STAGE(the_output_may_be_as_long_as_the_limit),
        STAGE(a_gigabyte_is_not_kept),
        STAGE(children_left_behind_are_killed),
        STAGE(a_stop_ends_it),
        STAGE(a_watcher_that_is_killed_takes_its_agent_along),
        STAGE(an_output_that_cannot_be_kept_is_told_so),
        STAGE(a_result_waits_for_descriptors),
        STAGE(a_host_without_stdio_starts_agents),
        STAGE(a_start_without_memory_leaves_nothing_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
