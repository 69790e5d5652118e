/*
 * process_stage.c - see process_stage.h.
 */
#include "process_stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/os.h"

static void make_host(struct stage *s)
{
    assert_ok(loop_new(&s->loop, &s->mem.mem));
    s->host = (struct agent_host){.mem = &s->mem.mem,
        .loop = s->loop,
        .clock = &clock_system,
        .init_path = getenv("NDF_INIT")};
    assert_non_null(s->host.init_path);
}

int stage_make(void **state)
{
    static struct stage s;
    memset(&s, 0, sizeof s);
    test_mem_init(&s.mem, -1);
    test_dir_make(&s.dir);
    arena_init(&s.arena, &mem_libc);
    make_host(&s);
    char boot[OS_BOOT_ID_SIZE];
    os_boot_id(boot);
    s.call = (struct agent_call){.run = STR("run-1"),
        .step = STR("scan"),
        .key = STR("run-1/scan"),
        .attempt = 1,
        .agent = STR("scanner"),
        .env = value_of_object(),
        .cwd = str_of(s.dir.path),
        .request = STR("{\"task\":\"t\"}"),
        .timeout_ms = STAGE_PATIENCE_MS,
        .grace_ms = 200,
        .file = STR("s1.1"),
        .boot = arena_str(&s.arena, str_of(boot)),
        .dir = str_of(s.dir.path)};
    *state = &s;
    return 0;
}

int stage_free(void **state)
{
    struct stage *s = *state;
    agent_task_free(s->task);
    loop_timer_free(s->watchdog);
    loop_free(s->loop);
    arena_deinit(&s->arena);
    assert_int_equal(s->mem.live, 0);
    test_dir_remove(&s->dir);
    return 0;
}

void stage_use(struct stage *s, const char *const *argv)
{
    s->call.argv = (struct str_list){s->argv, 0};
    for (; argv[s->call.argv.count] != NULL; s->call.argv.count++) {
        s->argv[s->call.argv.count] = str_of(argv[s->call.argv.count]);
    }
}

void stage_use_sh(struct stage *s, const char *script)
{
    stage_use(s, (const char *const[]){"sh", "-c", script, NULL});
}

void stage_done(void *ud, const struct agent_result *result)
{
    struct stage *s = ud;
    assert_false(s->done);
    s->done = true;
    s->result = *result;
    s->result.error = arena_str(&s->arena, result->error);
    s->result.log = arena_str(&s->arena, result->log);
    assert_ok(value_copy(&s->arena, &result->output, &s->result.output));
    assert_ok(value_copy(&s->arena, &result->patch, &s->result.patch));
    if (result->file_count > 0) {
        s->result.files = arena_dup(&s->arena, result->files,
            result->file_count * sizeof *result->files);
    }
    agent_task_free(s->task);
    s->task = NULL;
    loop_stop(s->loop);
}

static void on_watchdog(void *ud)
{
    (void)ud;
    fail_msg("the call never ended");
}

void stage_wait(struct stage *s)
{
    assert_ok(loop_timer_new(
        &s->watchdog, s->loop, 2 * STAGE_PATIENCE_MS, on_watchdog, s));
    assert_ok(loop_run(s->loop));
    loop_timer_free(s->watchdog);
    s->watchdog = NULL;
    assert_true(s->done);
}

void stage_start(struct stage *s)
{
    ndf_error error = {0};
    int err = agent_process.start(
        &s->task, &s->host, &s->call, stage_done, s, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
}

void stage_run(struct stage *s)
{
    stage_start(s);
    stage_wait(s);
}

void stage_adopt(struct stage *s)
{
    ndf_error error = {0};
    assert_ok(agent_process.adopt(
        &s->task, &s->host, &s->call, stage_done, s, &error));
    stage_wait(s);
}

static void stop_task(void *ud)
{
    struct stage *s = ud;
    agent_task_stop(s->task);
}

void stage_stop_after(struct stage *s, uint64_t ms, struct loop_timer **timer)
{
    assert_ok(loop_timer_new(timer, s->loop, ms, stop_task, s));
}

static void feed(void *ud)
{
    struct stage *s = ud;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &s->descriptors), 0);
}

void stage_starve(struct stage *s, uint64_t ms, struct loop_timer **timer)
{
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &s->descriptors), 0);
    struct rlimit none = s->descriptors;
    none.rlim_cur = 0;
    assert_ok(loop_timer_new(timer, s->loop, ms, feed, s));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

pid_t stage_pid_in(struct stage *s, const char *name)
{
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_ok(os_read_file(test_path(&s->dir, name), 64, &buf, NULL));
    pid_t pid = (pid_t)strtol(buf.at, NULL, 10);
    buf_deinit(&buf);
    assert_true(pid > 1);
    return pid;
}
