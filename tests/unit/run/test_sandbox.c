/*
 * test_sandbox.c - what a program may see and do: namespaces, limits,
 * privileges, silence.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "process_stage.h"

/* ---- namespaces --------------------------------------------------------- */

/* Whether this machine gives agents a namespace when asked to. */
static bool has_namespaces(struct stage *s)
{
    struct agent_call kept = s->call;
    s->call.sandbox.namespace = AGENT_NAMESPACE_ALWAYS;
    s->call.file = STR("probe");
    stage_use_sh(s, "echo ok");
    stage_run(s);
    s->done = false;
    s->call = kept;
    bool has = s->result.status == AGENT_EXITED;
    if (!has) test_contains(s->result.error.at, "no PID namespace");
    return has;
}

static void in_a_namespace_it_sees_only_its_own(void **state)
{
    struct stage *s = *state;
    if (!has_namespaces(s)) skip();
    s->call.sandbox.namespace = AGENT_NAMESPACE_ALWAYS;
    /* Its own number is small and /proc is about it. */
    stage_use_sh(s, "read -r pid rest < /proc/self/stat; [ $pid -lt 10 ] && "
                    "[ -d /proc/$$ ] && [ $(ls /proc | grep -c '^[0-9]') -lt 9 "
                    "] && id -u && stat -c %u .");
    stage_run(s);
    assert_int_equal(s->result.exit, 0);
    assert_true(s->result.alone);
    char expected[64];
    snprintf(
        expected, sizeof expected, "%d\n%d", (int)geteuid(), (int)geteuid());
    assert_string_equal(s->result.output.string.at, expected);
}

static void what_it_makes_in_a_namespace_is_the_user_s(void **state)
{
    struct stage *s = *state;
    struct stat st;
    if (!has_namespaces(s)) skip();
    s->call.sandbox.namespace = AGENT_NAMESPACE_ALWAYS;
    stage_use_sh(s, "echo x > made; echo ok");
    stage_run(s);
    assert_int_equal(stat(test_path(&s->dir, "made"), &st), 0);
    assert_int_equal(st.st_uid, geteuid());
    assert_int_equal(st.st_gid, getegid());
}

static void in_a_namespace_its_end_is_told_as_it_was(void **state)
{
    struct stage *s = *state;
    if (!has_namespaces(s)) skip();
    s->call.sandbox.namespace = AGENT_NAMESPACE_ALWAYS;
    stage_use_sh(s, "kill -SEGV $$");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_SIGNALLED);
    assert_int_equal(s->result.signal, SIGSEGV);

    s->done = false;
    s->call.file = STR("s2.1");
    stage_use(s, (const char *const[]){"/no/such/program", NULL});
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_START_FAILED);
    test_contains(s->result.error.at, "/no/such/program");
}

static void a_namespace_reaches_term_and_its_grace(void **state)
{
    struct stage *s = *state;
    if (!has_namespaces(s)) skip();
    s->call.sandbox.namespace = AGENT_NAMESPACE_ALWAYS;
    s->call.timeout_ms = 300;
    s->call.grace_ms = 20000;
    stage_use_sh(
        s, "trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
    assert_str(s->result.output.string, "bye");
}

static void without_one_it_is_told_so(void **state)
{
    struct stage *s = *state;
    s->call.sandbox.namespace = AGENT_NAMESPACE_NEVER;
    stage_use_sh(s, "[ -d /proc/$PPID ] && echo ok");
    stage_run(s);
    assert_str(s->result.output.string, "ok");
    assert_false(s->result.alone);
}

/* ---- privileges and limits ---------------------------------------------- */

static void it_gains_no_privileges_unless_it_may(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "grep NoNewPrivs /proc/self/status | tr -d '\\t'");
    stage_run(s);
    assert_str(s->result.output.string, "NoNewPrivs:1");

    s->done = false;
    s->call.file = STR("s2.1");
    s->call.sandbox.privileges = true;
    stage_run(s);
    assert_str(s->result.output.string, "NoNewPrivs:0");
}

static void its_limits_are_set(void **state)
{
    struct stage *s = *state;
    s->call.sandbox.memory = 1 << 30;
    s->call.sandbox.cpu_ms = 1500;
    s->call.sandbox.files = 32;
    s->call.sandbox.file_size = 1024 * 1024;
    stage_use_sh(s, "echo $(ulimit -v) $(ulimit -t) $(ulimit -n) $(ulimit -f) "
                    "$(ulimit -c)");
    stage_run(s);
    assert_str(s->result.output.string, "1048576 2 32 2048 0");
}

static void a_program_that_takes_too_much_time_dies(void **state)
{
    struct stage *s = *state;
    s->call.sandbox.cpu_ms = 1000;
    stage_use_sh(s, "while :; do :; done");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_SIGNALLED);
}

/* Root is not bound by it. */
static void the_number_of_its_processes_is_limited(void **state)
{
    struct stage *s = *state;
    if (geteuid() == 0) skip();
    s->call.sandbox.processes = 3;
    stage_use_sh(s, "for i in 1 2 3 4 5 6; do sleep 100 & done; echo ok");
    stage_run(s);
    assert_true(s->result.exit != 0 || s->result.log.size > 0);
}

/* ---- silence ------------------------------------------------------------ */

static void one_that_is_silent_for_too_long_is_ended(void **state)
{
    struct stage *s = *state;
    s->call.silence_ms = 300;
    stage_use_sh(s, "echo before; sleep 1000");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_SILENT);
    assert_str(s->result.output.string, "before");
    assert_true(s->result.latency_ms >= 300);
}

static void what_it_prints_anywhere_is_a_sign_of_life(void **state)
{
    struct stage *s = *state;
    s->call.silence_ms = 1000;
    stage_use_sh(s, "for i in 1 2 3 4 5; do sleep 0.1; echo $i; sleep 0.1; "
                    "echo x >&2; sleep 0.1; done");
    stage_run(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_true(s->result.latency_ms > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(in_a_namespace_it_sees_only_its_own),
        STAGE(what_it_makes_in_a_namespace_is_the_user_s),
        STAGE(in_a_namespace_its_end_is_told_as_it_was),
        STAGE(a_namespace_reaches_term_and_its_grace),
        STAGE(without_one_it_is_told_so),
        STAGE(it_gains_no_privileges_unless_it_may),
        STAGE(its_limits_are_set),
        STAGE(a_program_that_takes_too_much_time_dies),
        STAGE(the_number_of_its_processes_is_limited),
        STAGE(one_that_is_silent_for_too_long_is_ended),
        STAGE(what_it_prints_anywhere_is_a_sign_of_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
