/*
 * test_agent_adopt.c - calls whose owner died: a new one takes them over, and
 * nothing runs twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "process_stage.h"

/* ---- a second time ------------------------------------------------------ */

static void a_call_is_never_started_twice(void **state)
{
    struct stage *s = *state;
    ndf_error error = {0};
    stage_use_sh(s, "echo once >> count; echo ok");
    stage_run(s);
    assert_int_equal(agent_process.start(
                         &s->task, &s->host, &s->call, stage_done, s, &error),
        NDF_EBUSY);
    test_contains(error.message, "started before");
}

/* The owner starts the call in a process of its own and dies at once. */
static void start_and_die(struct stage *s)
{
    pid_t owner = fork();
    assert_true(owner >= 0);
    if (owner == 0) {
        struct agent_task *task;
        /* The loop of our parent is left alone: its epoll is shared. */
        if (loop_new(&s->loop, &s->mem.mem) != NDF_OK) _exit(1);
        s->host.loop = s->loop;
        int err =
            agent_process.start(&task, &s->host, &s->call, stage_done, s, NULL);
        _exit(err == NDF_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(owner, &status, 0), owner);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_running_call_is_adopted(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo once >> count; sleep 0.5; echo survived; exit 7");
    start_and_die(s);
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.exit, 7);
    assert_str(s->result.output.string, "survived");
}

static void a_finished_call_is_adopted(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo done");
    start_and_die(s);
    while (access(test_path(&s->dir, "s1.1.exit"), F_OK) != 0) {
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "done");
}

static void an_adopted_call_keeps_its_time_limit(void **state)
{
    struct stage *s = *state;
    s->call.timeout_ms = 500;
    stage_use_sh(s, "sleep 1000");
    start_and_die(s);
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
}

static void an_adopted_call_keeps_its_heartbeat(void **state)
{
    struct stage *s = *state;
    s->call.silence_ms = 500;
    stage_use_sh(s, "echo word; sleep 1000");
    start_and_die(s);
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_SILENT);
    assert_str(s->result.output.string, "word");
}

/* The agent unlocked it, or removed its file: the watcher lives, so it runs. */
static void a_call_whose_lock_is_gone_is_waited_for(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo up > up; rm -f s1.1.lock; sleep 1; echo survived");
    start_and_die(s);
    while (access(test_path(&s->dir, "up"), F_OK) != 0 ||
           access(test_path(&s->dir, "s1.1.lock"), F_OK) == 0) {
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "survived");
}

static void an_adopted_call_can_be_stopped(void **state)
{
    struct stage *s = *state;
    struct loop_timer *timer;
    stage_use_sh(s, "sleep 1000");
    start_and_die(s);
    stage_stop_after(s, 100, &timer);
    stage_adopt(s);
    loop_timer_free(timer);
    assert_int_equal(s->result.status, AGENT_CANCELLED);
}

static void what_was_never_started_is_told_from_what_was_lost(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo hi");
    stage_adopt(s); /* no file at all */
    assert_int_equal(s->result.status, AGENT_NEVER_STARTED);

    s->done = false;
    s->call.boot = STR("another boot");
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_LOST);

    s->done = false;
    s->call.file = STR("s2.1");
    test_write(&s->dir, "s2.1.lock", "");
    test_write(&s->dir, "s2.1.started", "1 1\n");
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_LOST);
}

static void an_output_that_was_changed_is_not_believed(void **state)
{
    struct stage *s = *state;
    stage_use_sh(s, "echo good");
    stage_run(s);
    test_write(&s->dir, "s1.1.out", "evil\n");
    s->done = false;
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_LOST);
}

static void a_host_without_descriptors_does_not_lose_a_call(void **state)
{
    struct stage *s = *state;
    struct loop_timer *timer;
    stage_use_sh(s, "sleep 2; echo survived");
    start_and_die(s);
    stage_starve(s, 1500, &timer);
    stage_adopt(s);
    loop_timer_free(timer);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_str(s->result.output.string, "survived");
}

static void a_result_that_can_never_be_read_is_lost_in_the_end(void **state)
{
    struct stage *s = *state;
    const char *loop = test_path(&s->dir, "s1.1.exit");
    test_write(&s->dir, "s1.1.lock", "");
    assert_int_equal(symlink("s1.1.exit", loop), 0);
    stage_use_sh(s, "echo hi");
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_LOST);
    assert_str(s->result.error, "its result cannot be read");
}

static void what_an_orphaned_agent_left_is_killed(void **state)
{
    struct stage *s = *state;
    s->call.sandbox.namespace = AGENT_NAMESPACE_NEVER;
    /* The watcher is killed by the agent; the child keeps the lock. */
    stage_use_sh(s, "setsid sh -c 'echo x > up; sleep 1000' & "
                    "while ! [ -e up ]; do sleep 0.01; done; kill -KILL $PPID; "
                    "sleep 1000");
    start_and_die(s);
    stage_adopt(s);
    assert_int_equal(s->result.status, AGENT_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(a_call_is_never_started_twice),
        STAGE(a_running_call_is_adopted),
        STAGE(a_finished_call_is_adopted),
        STAGE(an_adopted_call_keeps_its_time_limit),
        STAGE(an_adopted_call_keeps_its_heartbeat),
        STAGE(a_call_whose_lock_is_gone_is_waited_for),
        STAGE(an_adopted_call_can_be_stopped),
        STAGE(what_was_never_started_is_told_from_what_was_lost),
        STAGE(an_output_that_was_changed_is_not_believed),
        STAGE(a_host_without_descriptors_does_not_lose_a_call),
        STAGE(a_result_that_can_never_be_read_is_lost_in_the_end),
        STAGE(what_an_orphaned_agent_left_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
