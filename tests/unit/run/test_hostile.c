/*
 * test_hostile.c - programs that do what no agent should: they are bounded,
 * end soon, and leave nothing.
 *
 * HOSTILE is the program (tests/support/hostile_agent.c). Each case runs
 * without and, where the machine has it, with a namespace; how long after its
 * grace time it was gone is printed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "process_stage.h"

enum {
    HOSTILE_TIMEOUT_MS = 1000,
    HOSTILE_GRACE_MS = 200,
    /* A bound for machines under load; ordinarily it is a tenth. */
    HOSTILE_LATE_MS = 3000,
};

/* Processes of the stage's call that live. */
static size_t survivors(const char *mark)
{
    size_t count = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        char path[300];
        struct buf buf;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        buf_init(&buf, &mem_libc);
        struct str rest = STR(""), piece;
        if (os_read_file(path, 1 << 20, &buf, NULL) == NDF_OK) {
            rest = buf_str(&buf);
        }
        while (str_split(&rest, '\0', &piece)) {
            if (str_equal(piece, str_of(mark))) count++;
        }
        buf_deinit(&buf);
    }
    closedir(proc);
    return count;
}

static void prepare(struct stage *s, enum agent_namespace namespace)
{
    static int calls;
    s->call.sandbox.namespace = namespace;
    s->call.timeout_ms = HOSTILE_TIMEOUT_MS;
    s->call.grace_ms = HOSTILE_GRACE_MS;
    struct str run =
        arena_format(&s->arena, "hostile-%d-%d", (int)getpid(), ++calls);
    s->call.run = run;
    s->call.file = arena_format(&s->arena, "s1.%d", calls);
    assert_non_null(run.at);
    s->done = false;
}

/* Runs a mode; nothing of it is left. */
static void run_mode(
    struct stage *s, const char *mode, enum agent_namespace namespace)
{
    prepare(s, namespace);
    const char *program = getenv("HOSTILE");
    assert_non_null(program);
    stage_use(s, (const char *const[]){
                     program, mode, s->dir.path, s->call.file.at, NULL});
    int64_t began = clock_mono_ns(&clock_system);
    stage_run(s);
    int64_t took = (clock_mono_ns(&clock_system) - began) / 1000000;
    int64_t late = took - HOSTILE_TIMEOUT_MS - HOSTILE_GRACE_MS;
    print_message("%-15s %-9s %-12s gone after %lld ms (%+lld)\n", mode,
        s->result.alone ? "namespace" : "group",
        agent_status_name(s->result.status), (long long)took, (long long)late);
    assert_true(late < HOSTILE_LATE_MS);
    char mark[128];
    snprintf(mark, sizeof mark, "NDF_RUN=%s", s->call.run.at);
    /* One that its owner killed may take a moment. */
    for (int i = 0; i < 200 && survivors(mark) > 0; i++) {
        const struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(survivors(mark), 0);
}

static off_t size_of(struct stage *s, const char *suffix)
{
    struct stat st;
    struct str name =
        arena_format(&s->arena, "%.*s%s", STR_ARG(s->call.file), suffix);
    if (stat(test_path(&s->dir, name.at), &st) != 0) return 0;
    return st.st_size;
}

/* ---- what holds everywhere ---------------------------------------------- */

static void bounded(struct stage *s, enum agent_namespace namespace)
{
    s->call.output_max = 1000000;
    run_mode(s, "gigabyte", namespace);
    assert_int_equal(s->result.status, AGENT_OUTPUT_CAP);
    assert_int_equal(size_of(s, ".out"), 1000000);

    run_mode(s, "endless", namespace);
    assert_int_equal(s->result.status, AGENT_OUTPUT_CAP);
    assert_int_equal(size_of(s, ".out"), 1000000);

    run_mode(s, "errors", namespace);
    assert_true(s->result.status == AGENT_EXITED ||
                s->result.status == AGENT_TIMED_OUT);
    assert_int_equal(size_of(s, ".err"), AGENT_STDERR_MAX);
    s->call.output_max = 0;
}

static void ended(struct stage *s, enum agent_namespace namespace)
{
    const char *const modes[] = {
        "deaf", "daemon", "vanish", "unlock", "bomb", "comets"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        run_mode(s, modes[i], namespace);
        assert_int_equal(s->result.status, AGENT_TIMED_OUT);
    }
}

static void believed_no_further(struct stage *s, enum agent_namespace namespace)
{
    run_mode(s, "forge", namespace);
    assert_int_equal(s->result.status, AGENT_LOST);
    assert_true(s->result.output.kind != VALUE_STRING ||
                !str_equal(s->result.output.string, STR("forged")));

    run_mode(s, "records", namespace);
    assert_int_equal(s->result.status, AGENT_EXITED);
    assert_int_equal(s->result.output.kind, VALUE_OBJECT);
    assert_int_equal(s->result.patch.kind, VALUE_NULL);

    run_mode(s, "utf8", namespace);
    assert_true(str_starts(s->result.output.string, STR("a\xEF\xBF\xBD")));
}

static void without_a_namespace(void **state)
{
    struct stage *s = *state;
    bounded(s, AGENT_NAMESPACE_NEVER);
    ended(s, AGENT_NAMESPACE_NEVER);
    believed_no_further(s, AGENT_NAMESPACE_NEVER);
}

static void in_a_namespace(void **state)
{
    struct stage *s = *state;
    prepare(s, AGENT_NAMESPACE_ALWAYS);
    stage_use_sh(s, "echo ok");
    stage_run(s);
    if (s->result.status != AGENT_EXITED) skip();
    bounded(s, AGENT_NAMESPACE_ALWAYS);
    ended(s, AGENT_NAMESPACE_ALWAYS);
    believed_no_further(s, AGENT_NAMESPACE_ALWAYS);
    /* Its watcher is out of reach. */
    const char *const modes[] = {"kill", "stop", "forge-and-kill"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        run_mode(s, modes[i], AGENT_NAMESPACE_ALWAYS);
        assert_true(s->result.status == AGENT_TIMED_OUT ||
                    (i == 2 && s->result.status == AGENT_LOST));
    }
}

/* ---- without a namespace a program can reach its watcher ---------------- */

static void one_that_kills_its_watcher_is_not_believed(void **state)
{
    struct stage *s = *state;
    run_mode(s, "kill", AGENT_NAMESPACE_NEVER);
    assert_int_equal(s->result.status, AGENT_LOST);
    run_mode(s, "forge-and-kill", AGENT_NAMESPACE_NEVER);
    assert_int_equal(s->result.status, AGENT_LOST);
}

static void one_that_stops_its_watcher_is_ended_all_the_same(void **state)
{
    struct stage *s = *state;
    run_mode(s, "stop", AGENT_NAMESPACE_NEVER);
    assert_int_equal(s->result.status, AGENT_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(without_a_namespace),
        STAGE(in_a_namespace),
        STAGE(one_that_kills_its_watcher_is_not_believed),
        STAGE(one_that_stops_its_watcher_is_ended_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
