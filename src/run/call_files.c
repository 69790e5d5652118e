/*
 * call_files.c - the files of one process call: where they are, what they say.
 *
 * Invariant: a result is given only when the checksum in S.exit fits S.out, so
 * a file that was cut by a crash is never taken for an agent's answer.
 */
#include "run/call_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "base/utf8.h"
#include "run/exit_file.h"
#include "run/expect.h"
#include "run/result.h"

enum { CALL_STAT_SIZE = 1024, CALL_START_FIELD = 22, CALL_STARTED_MAX = 64 };

struct str call_path(
    struct arena *arena, const struct agent_call *call, const char *suffix)
{
    return arena_format(
        arena, "%.*s/%.*s%s", STR_ARG(call->dir), STR_ARG(call->file), suffix);
}

/* Appends the file to buf. */
static int read_part(const struct agent_call *call, const char *suffix,
    size_t max, struct buf *buf)
{
    struct arena scratch;
    int err = NDF_ENOMEM;
    arena_init(&scratch, buf->mem);
    struct str path = call_path(&scratch, call, suffix);
    if (path.at != NULL) err = os_read_file(path.at, max, buf, NULL);
    arena_deinit(&scratch);
    return err;
}

/* Only what is missing or cannot be a result is no result; that there are no
 * descriptors left, say, tells nothing of the call. */
static int as_result(int err)
{
    bool none = err == NDF_ELIMIT || err == NDF_EINVAL;
    return none ? NDF_ENOTFOUND : err;
}

static int read_exit(
    const struct mem *mem, const struct agent_call *call, struct exit_file *out)
{
    struct buf buf;
    buf_init(&buf, mem);
    int err = read_part(call, ".exit", EXIT_FILE_SIZE, &buf);
    if (err == NDF_OK && !exit_file_parse(buf_str(&buf).at, out)) {
        err = NDF_ENOTFOUND;
    }
    buf_deinit(&buf);
    return as_result(err);
}

/* ---- why it could not be started -------------------------------------------
 */

/* Whether path is there: then a missing file was its interpreter. */
static bool is_there(struct arena *arena, const struct agent_call *call)
{
    struct buf path;
    struct stat st;
    buf_init(&path, arena->mem);
    os_join(&path, call->cwd, call->argv.items[0]);
    bool there =
        buf_error(&path) == NDF_OK && stat(buf_str(&path).at, &st) == 0;
    buf_deinit(&path);
    return there;
}

static struct str explain_exec(
    struct arena *arena, const struct agent_call *call, int number)
{
    struct str program = call->argv.items[0];
    bool searched = str_find_char(program, '/') == program.size;
    char text[128];
    if (number == ENOENT && searched) {
        return arena_format(arena,
            "there is no program '%.*s' on the PATH: install it, or write its "
            "path in 'run'",
            STR_ARG(program));
    }
    if (number == ENOENT && is_there(arena, call)) {
        return arena_format(arena,
            "the interpreter that '%.*s' names in its first line is missing",
            STR_ARG(program));
    }
    if (number == ENOENT) {
        return arena_format(arena,
            "there is no program '%.*s': check the path in 'run'",
            STR_ARG(program));
    }
    if (number == EACCES) {
        return arena_format(arena,
            "'%.*s' is not executable: allow it with 'chmod +x'",
            STR_ARG(program));
    }
    return arena_format(arena, "'%.*s' cannot be executed: %s",
        STR_ARG(program), err_errno_text(number, text, sizeof text));
}

static struct str explain(struct arena *arena, const struct agent_call *call,
    const struct exit_file *file)
{
    char text[128];
    if (file->stage == EXIT_STAGE_EXEC) {
        return explain_exec(arena, call, file->error);
    }
    const char *why = err_errno_text(file->error, text, sizeof text);
    if (file->stage == EXIT_STAGE_CWD) {
        return arena_format(arena, "its folder '%.*s' cannot be entered: %s",
            STR_ARG(call->cwd), why);
    }
    if (file->stage == EXIT_STAGE_NAMESPACE) {
        return arena_format(arena,
            "this machine gives it no PID namespace (%s): take 'namespace: "
            "always' out of the agent, or allow user namespaces",
            why);
    }
    if (file->stage == EXIT_STAGE_LIMITS) {
        return arena_format(arena, "its limits cannot be set: %s", why);
    }
    return arena_str(arena, str_of(why));
}

/* ---- the result --------------------------------------------------------- */

static int read_log(struct arena *arena, const struct agent_call *call,
    struct agent_result *out)
{
    struct buf raw;
    struct agent_result parsed = {0};
    buf_init(&raw, arena->mem);
    out->log = STR("");
    int err = read_part(call, ".err", AGENT_STDERR_MAX, &raw);
    if (err == NDF_OK) {
        err = result_text(arena, buf_str(&raw), &parsed.output);
        if (err == NDF_OK) out->log = parsed.output.string;
    }
    buf_deinit(&raw);
    return err == NDF_ENOMEM ? err : NDF_OK;
}

/* Says at the end of the log that what looks like an answer was none. Only of
 * calls that ended well: a failure is explained by the log's last line. */
static int note_flaw(struct arena *arena, struct agent_result *out)
{
    bool well = out->status == AGENT_EXITED && out->exit == 0;
    if (!well || out->flaw.size == 0) return NDF_OK;
    out->log = arena_format(arena,
        "%.*s%sndf: the output looks like an answer in JSON but is none, so it "
        "was taken as text (%.*s)",
        STR_ARG(out->log), out->log.size > 0 ? "\n" : "", STR_ARG(out->flaw));
    return out->log.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* NDF_ENOTFOUND when S.out is not what S.exit says. */
static int read_out(struct arena *arena, const struct agent_call *call,
    const struct exit_file *file, struct agent_result *out)
{
    struct buf raw;
    if (file->size > AGENT_OUTPUT_MAX) return NDF_ENOTFOUND;
    buf_init(&raw, arena->mem);
    int err = read_part(call, ".out", (size_t)file->size, &raw);
    if (err == NDF_OK) {
        uint64_t check =
            exit_file_check(EXIT_CHECK_START, buf_str(&raw).at, raw.size);
        if (raw.size != file->size || check != file->check) {
            err = NDF_ENOTFOUND;
        }
    }
    if (err == NDF_OK) err = result_parse(arena, buf_str(&raw), out);
    buf_deinit(&raw);
    return as_result(err);
}

/* When the call began, by the same clock that stamps files. That of the last
 * change, which an agent can move forward only. */
static int64_t started_at(struct arena *arena, const struct agent_call *call)
{
    struct stat st;
    struct str path = call_path(arena, call, ".started");
    if (path.at == NULL || stat(path.at, &st) != 0) return INT64_MAX;
    return (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
}

int call_result_read(struct arena *arena, const struct agent_call *call,
    struct agent_result *out)
{
    struct exit_file file;
    *out = (struct agent_result){.error = STR("")};
    int err = read_exit(arena->mem, call, &file);
    if (err != NDF_OK) return err;
    if (!agent_status_parse(str_of(file.status), &out->status)) {
        return NDF_ENOTFOUND;
    }
    err = read_out(arena, call, &file, out);
    if (err == NDF_OK) err = read_log(arena, call, out);
    if (err != NDF_OK) return err;
    out->exit = file.exit;
    out->signal = file.signal;
    out->latency_ms = file.latency_ms;
    out->alone = file.alone != 0;
    err = note_flaw(arena, out);
    if (err != NDF_OK) return err;
    if (file.error != 0) {
        out->error = explain(arena, call, &file);
        if (out->error.at == NULL) return NDF_ENOMEM;
    }
    out->file_count = call->files.count;
    out->files =
        expect_files(arena, &call->files, call->cwd, started_at(arena, call));
    return out->files != NULL ? NDF_OK : NDF_ENOMEM;
}

/* ---- the watcher -------------------------------------------------------- */

/* Start time of a process in ticks since boot; 0 when it is gone, or a zombie
 * that nobody has buried. False when it cannot be told. */
static bool start_of(pid_t pid, uint64_t *start)
{
    char path[64];
    char stat[CALL_STAT_SIZE];
    *start = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    ssize_t size = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (size <= 0) return true;
    stat[size] = '\0';
    const char *at = strrchr(stat, ')');
    if (at != NULL && strncmp(at, ") Z", 3) == 0) return true;
    for (int field = 2; at != NULL && field < CALL_START_FIELD; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at != NULL) *start = strtoull(at + 1, NULL, 10);
    return true;
}

int call_started(
    const struct mem *mem, const struct agent_call *call, bool *out)
{
    struct arena scratch;
    struct stat st;
    *out = true;
    arena_init(&scratch, mem);
    struct str path = call_path(&scratch, call, ".started");
    if (path.at != NULL) *out = stat(path.at, &st) == 0 || errno != ENOENT;
    arena_deinit(&scratch);
    return path.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* What S.started says; NDF_ENOTFOUND when it says nothing. */
static int read_started(const struct mem *mem, const struct agent_call *call,
    pid_t *pid, uint64_t *start)
{
    struct buf buf;
    int number = 0;
    *start = 0;
    buf_init(&buf, mem);
    int err = read_part(call, ".started", CALL_STARTED_MAX, &buf);
    /* NOLINTNEXTLINE(cert-err34-c): a wrong number finds no process */
    int count = sscanf(buf_str(&buf).at, "%d %" SCNu64, &number, start);
    buf_deinit(&buf);
    *pid = (pid_t)number;
    bool named = count == 2 && number > 1 && *start != 0;
    return err == NDF_OK && !named ? NDF_ENOTFOUND : as_result(err);
}

/* Where there is no pidfd (an old sandbox, valgrind), by number: the caller has
 * just looked who it is. */
static void signal_process(pid_t pid, int pidfd, int number)
{
    if (number == 0) return;
    if (pidfd >= 0) {
        os_pidfd_kill(pidfd, number);
    } else {
        (void)kill(pid, number);
    }
}

enum call_watcher call_watcher_signal(
    const struct mem *mem, const struct agent_call *call, int number)
{
    pid_t pid;
    uint64_t start, found;
    int err = read_started(mem, call, &pid, &start);
    if (err == NDF_ENOTFOUND) return WATCHER_GONE;
    if (err != NDF_OK) return WATCHER_UNKNOWN;
    int pidfd = os_pidfd_open(pid);
    /* The number may be another's by now; its start time tells. */
    bool told = start_of(pid, &found);
    bool alive = told && found == start;
    if (alive) signal_process(pid, pidfd, number);
    /* Its agent may have stopped it. */
    if (alive && number == SIGTERM) signal_process(pid, pidfd, SIGCONT);
    if (pidfd >= 0) close(pidfd);
    if (!told) return WATCHER_UNKNOWN;
    return alive ? WATCHER_LIVES : WATCHER_GONE;
}

static bool holds_file(const char *pid, const struct stat *file)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *fds = opendir(path);
    if (fds == NULL) return false;
    bool found = false;
    struct dirent *entry;
    while (!found && (entry = readdir(fds)) != NULL) {
        struct stat st;
        if (fstatat(dirfd(fds), entry->d_name, &st, 0) != 0) continue;
        found = st.st_dev == file->st_dev && st.st_ino == file->st_ino;
    }
    closedir(fds);
    return found;
}

void call_holders_kill(int fd)
{
    struct stat file;
    DIR *proc = fstat(fd, &file) == 0 ? opendir("/proc") : NULL;
    if (proc == NULL) return;
    struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid <= 1 || pid == (long)getpid()) continue;
        int pidfd = os_pidfd_open((pid_t)pid);
        if (holds_file(entry->d_name, &file)) {
            signal_process((pid_t)pid, pidfd, SIGKILL);
        }
        if (pidfd >= 0) close(pidfd);
    }
    closedir(proc);
}
