/*
 * power_cuts.c - cuts the power of a disk while runs are recorded on it.
 *
 * usage: power_cuts [--cuts N] [--seed S]
 *
 * An owner runs patterns over functions on a small disk, three at a time, and
 * says on a pipe what it was told to be durable. At a random moment everything
 * said so far is read; then the power of the disk is cut, the owner killed, and
 * the disk mounted again. Everything that was read has to be there, the check
 * finds nothing, and every run is resumed to its end, or names the step in
 * doubt. What no machine allows here is skipped by name (exit 77).
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ndf/ndf.h"

#include "power_disk.h"

enum {
    SKIP = 77,
    ID_SIZE = 64,
    WORD_SIZE = 16,
    WORDS_MAX = 1 << 16,
    AT_ONCE = 3,
    CUT_US_MAX = 50000, /* from its beginning, or when the store is open */
    LATE_US_MAX = 3000, /* from the cut to the end of the owner */
    CUTS_PER_STORE = 25,
};

/* What the owner said: that a record is durable, or that an agent starts (its
 * intent has to be durable then). */
struct word {
    char run[ID_SIZE], kind[WORD_SIZE], step[WORD_SIZE];
    int attempt;
};

struct tally {
    unsigned long cuts, words, late, lost;
    unsigned long runs, resumed, doubt, repeated, wrong, damage;
};

static struct word words[WORDS_MAX];
static size_t word_count, looked_at;
static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
    /* xorshift64* (Vigna 2016). */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545F4914F6CDD1Du >> 33) % n;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "power_cuts: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void wait_us(uint64_t us)
{
    struct timespec pause = {.tv_sec = (time_t)(us / 1000000u),
        .tv_nsec = (long)(us % 1000000u) * 1000};
    nanosleep(&pause, NULL);
}

/* ---- the engine
 * -------------------------------------------------------------- */

/* A step whose name begins with i may be called again. */
static const char patterns[] =
    "pattern: steps\ndescription: Writes.\nsteps:\n"
    "  - i0: {agent: worker, idempotent: true, undo: {agent: worker}}\n"
    "  - s1: {agent: worker}\n"
    "  - i2: {agent: worker, idempotent: true}\n"
    "---\n"
    "pattern: tasks\ndescription: Writes side by side.\ntasks:\n"
    "  - i0: {agent: worker, idempotent: true}\n"
    "  - s1: {agent: worker, undo: {agent: worker}}\n"
    "  - s2: {agent: worker, needs: [i0, s1]}\n";

/* fd of who hears of it, or -1. */
static void say(
    int fd, const char *kind, const char *run, const char *step, int attempt)
{
    if (fd >= 0) dprintf(fd, "%s %s %s %d\n", kind, run, step, attempt);
}

static int work(void *ud, const ndf_call *call, ndf_reply *reply)
{
    say(*(const int *)ud, "start", call->run, call->step, call->attempt);
    wait_us((uint64_t)call->attempt * 500);
    return ndf_reply_output(reply, "done", 4);
}

static void on_event(void *ud, const ndf_event *event)
{
    int fd = *(const int *)ud;
    if (event->kind == NDF_EVENT_STEP_DONE)
        say(fd, "result", event->run, event->step, event->attempt);
    if (event->kind == NDF_EVENT_RUN_DONE) say(fd, "end", event->run, "-", 0);
}

static void must(int err, const ndf_error *error)
{
    if (err == NDF_OK) return;
    fprintf(stderr, "power_cuts: %s\n", error->message);
    exit(2);
}

static int open_engine(
    ndf_engine **engine, const char *dir, const int *fd, ndf_error *error)
{
    char path[PATH_MAX], home[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/ndf.db", dir);
    (void)snprintf(home, sizeof home, "%s/home", dir);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = path;
    options.home = home;
    int err = ndf_open(engine, &options, error);
    union {
        const int *from;
        void *to;
    } ud = {fd};
    if (err == NDF_OK) err = ndf_bind(*engine, "worker", work, ud.to, error);
    return err;
}

/* ---- the owner
 * ----------------------------------------------------------------- */

/* Goes on until the disk or the parent ends it. */
static _Noreturn void be_owner(const char *dir, int fd, uint64_t seed)
{
    ndf_engine *engine;
    ndf_context *context = NULL;
    ndf_error error = {0};
    ndf_run *runs[AT_ONCE] = {NULL};
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.event = on_event;
    options.event_ud = &fd;
    options.cwd = "/";
    say(fd, "begins", "-", "-", 0);
    int err = open_engine(&engine, dir, &fd, &error);
    if (err == NDF_OK)
        err = ndf_register(engine, patterns, sizeof patterns - 1, 1, &error);
    if (err == NDF_OK) err = ndf_context_new(engine, "{}", 2, &context, &error);
    say(fd, "open", "-", "-", 0);
    for (uint64_t i = seed; err == NDF_OK; i++) {
        ndf_run **run = &runs[i % AT_ONCE];
        int state;
        if (*run != NULL) err = ndf_run_wait(*run, -1, &state, &error);
        ndf_run_free(*run);
        *run = NULL;
        if (err == NDF_OK)
            err = ndf_run_start(engine, i % 2 != 0 ? "steps" : "tasks", context,
                &options, run, &error);
        if (err == NDF_OK) say(fd, "plan", ndf_run_id(*run), "-", 0);
    }
    /* The cut has come: whatever is said now is false. */
    say(fd, "stops", "-", "-", err);
    for (;;)
        pause();
}

/* ---- what it said
 * ---------------------------------------------------------------- */

struct listener {
    int fd;
    char rest[4096];
    size_t size;
};

static void hear_line(const char *line)
{
    struct word word;
    if (sscanf(line, "%15s %63s %15s %d", word.kind, word.run, word.step,
            &word.attempt) != 4)
        give_up(line);
    if (word_count == WORDS_MAX) give_up("too many words");
    words[word_count++] = word;
}

/* All that is there now. */
static void hear(struct listener *from)
{
    for (;;) {
        ssize_t size = read(from->fd, from->rest + from->size,
            sizeof from->rest - from->size - 1);
        if (size <= 0) return;
        from->size += (size_t)size;
        from->rest[from->size] = '\0';
        char *end;
        while ((end = strchr(from->rest, '\n')) != NULL) {
            *end = '\0';
            hear_line(from->rest);
            from->size -= (size_t)(end + 1 - from->rest);
            memmove(from->rest, end + 1, from->size + 1);
        }
    }
}

static void hear_until(struct listener *from, const char *kind)
{
    struct pollfd more = {.fd = from->fd, .events = POLLIN};
    for (;;) {
        if (poll(&more, 1, -1) < 0) give_up("poll");
        size_t before = word_count;
        hear(from);
        for (size_t i = before; i < word_count; i++)
            if (strcmp(words[i].kind, kind) == 0) return;
        if (word_count == before) give_up("an owner that says nothing");
    }
}

/* One owner, until after the cut. */
static void one_cut(struct tally *tally, const struct power_disk *disk)
{
    int fds[2];
    if (pipe(fds) != 0) give_up("pipe");
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    uint64_t seed = draw(1000);
    (void)fflush(stdout);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) give_up("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        close(fds[0]);
        be_owner(disk->dir, fds[1], seed);
    }
    close(fds[1]);
    struct listener from = {.fd = fds[0]};
    /* Some are cut while they open the store, or make it. */
    hear_until(&from, draw(4) == 0 ? "begins" : "open");
    uint64_t left = draw(CUT_US_MAX);
    /* In pieces, lest the pipe fill up. */
    for (; left > 0; left -= left < 2000 ? left : 2000) {
        wait_us(left < 2000 ? left : 2000);
        hear(&from);
    }
    hear(&from);
    power_disk_cut(disk, (enum power_cut)draw(2));
    wait_us(draw(2) * draw(LATE_US_MAX));
    kill(pid, SIGKILL);
    if (waitpid(pid, NULL, 0) != pid) give_up("waitpid");
    /* No machine lives on behind its cut: a sync that was under way may say
     * here that all is well, while the disk is off. */
    size_t before = word_count;
    hear(&from);
    tally->late += word_count - before;
    word_count = before;
    close(fds[0]);
    power_disk_restart(disk);
}

/* ---- what is there
 * --------------------------------------------------------------- */

static json_t *text_json(ndf_text *text)
{
    json_t *value =
        json_loadb(ndf_text_data(text), ndf_text_size(text), 0, NULL);
    ndf_text_free(text);
    if (value == NULL) give_up("a document is no JSON");
    return value;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool has_record(const json_t *records, const struct word *word)
{
    const char *kind = strcmp(word->kind, "start") == 0 ? "intent" : word->kind;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const json_t *body = json_object_get(record, "body");
        if (strcmp(text_at(record, "kind"), kind) != 0) continue;
        if (word->attempt == 0) return true;
        if (strcmp(text_at(body, "step"), word->step) == 0 &&
            json_integer_value(json_object_get(body, "attempt")) ==
                word->attempt)
            return true;
    }
    return false;
}

static bool is_about_a_run(const struct word *word)
{
    return strcmp(word->run, "-") != 0;
}

static int by_run(const void *a, const void *b)
{
    return strcmp(((const struct word *)a)->run, ((const struct word *)b)->run);
}

/* Every word has its record. */
static void look(struct tally *tally, ndf_engine *engine)
{
    json_t *shown = NULL;
    const char *of = "";
    qsort(words, word_count, sizeof words[0], by_run);
    for (size_t i = 0; i < word_count; i++) {
        const struct word *word = &words[i];
        ndf_text *text;
        if (!is_about_a_run(word)) continue;
        if (strcmp(word->run, of) != 0) {
            json_decref(shown);
            shown = NULL;
            of = word->run;
            if (ndf_show(engine, of, &text, NULL) == NDF_OK)
                shown = text_json(text);
        }
        tally->words++;
        if (has_record(json_object_get(shown, "records"), word)) continue;
        tally->lost++;
        printf("cut %lu: lost: %s of run %s, step %s\n", tally->cuts,
            word->kind, word->run, word->step);
    }
    json_decref(shown);
}

static void check(struct tally *tally, ndf_engine *engine)
{
    ndf_text *text;
    ndf_error error;
    must(ndf_check(engine, &text, &error), &error);
    json_t *report = text_json(text);
    if (!json_is_true(json_object_get(report, "ok"))) {
        tally->damage++;
        char *dump = json_dumps(report, 0);
        printf("cut %lu: damage: %s\n", tally->cuts, dump);
        free(dump);
    }
    json_decref(report);
}

/* ---- going on
 * ---------------------------------------------------------------------- */

static json_t *records_of(ndf_engine *engine, const char *id)
{
    ndf_text *text;
    ndf_error error;
    must(ndf_show(engine, id, &text, &error), &error);
    json_t *shown = text_json(text);
    json_t *records = json_incref(json_object_get(shown, "records"));
    json_decref(shown);
    return records;
}

static bool is_done(const json_t *records, const char *step)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const json_t *body = json_object_get(record, "body");
        if (strcmp(text_at(record, "kind"), "result") == 0 &&
            strcmp(text_at(body, "step"), step) == 0 &&
            json_is_true(json_object_get(body, "ok")))
            return true;
    }
    return false;
}

/* words[from] and on were said by the resumed run, whose journal was `before`
 * until then. */
static void compare_starts(struct tally *tally, const char *run,
    const json_t *before, const json_t *after, size_t from)
{
    for (size_t i = 0; i < word_count; i++) {
        const struct word *word = &words[i];
        if (strcmp(word->run, run) != 0 || strcmp(word->kind, "start") != 0)
            continue;
        size_t more = 0;
        for (size_t w = i + 1; w < word_count; w++)
            more += strcmp(words[w].run, run) == 0 &&
                    strcmp(words[w].kind, "start") == 0 &&
                    strcmp(words[w].step, word->step) == 0;
        if ((i < from || !is_done(before, word->step)) &&
            (more == 0 || word->step[0] == 'i') && has_record(after, word))
            continue;
        tally->repeated++;
        printf("cut %lu: step %s of run %s was run again\n", tally->cuts,
            word->step, run);
    }
}

static void resume(struct tally *tally, ndf_engine *engine, const char *id,
    struct listener *from)
{
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    ndf_run *run;
    ndf_error error;
    int state;
    size_t before_count = word_count;
    json_t *before = records_of(engine, id);
    options.cwd = "/";
    must(ndf_run_resume(engine, id, &options, &run, &error), &error);
    must(ndf_run_wait(run, -1, &state, &error), &error);
    ndf_run_free(run);
    hear(from);
    json_t *after = records_of(engine, id);
    const json_t *end = json_object_get(
        json_array_get(after, json_array_size(after) - 1), "body");
    tally->resumed++;
    if (state == NDF_RUN_IN_DOUBT && text_at(end, "step")[0] == 's') {
        tally->doubt++;
    } else if (state != NDF_RUN_SUCCEEDED) {
        tally->wrong++;
        printf("cut %lu: run %s ended in state %d\n", tally->cuts, id, state);
    }
    compare_starts(tally, id, before, after, before_count);
    json_decref(before);
    json_decref(after);
}

static void resume_all(struct tally *tally, const char *dir)
{
    ndf_engine *engine;
    ndf_error error;
    ndf_text *text;
    int fds[2];
    if (pipe(fds) != 0) give_up("pipe");
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    struct listener from = {.fd = fds[0]};
    must(open_engine(&engine, dir, &fds[1], &error), &error);
    look(tally, engine);
    check(tally, engine);
    must(ndf_list(engine, NDF_LIST_RUNS, 0, &text, &error), &error);
    json_t *runs = text_json(text), *run;
    size_t i;
    json_array_foreach(runs, i, run)
    {
        tally->runs += i >= looked_at;
        if (strcmp(text_at(run, "state"), "interrupted") == 0)
            resume(tally, engine, text_at(run, "id"), &from);
    }
    looked_at = json_array_size(runs);
    json_decref(runs);
    ndf_close(engine);
    close(fds[0]);
    close(fds[1]);
}

static bool report(const struct tally *tally, double seconds)
{
    printf("%lu cuts in %.0f s; %lu words before them: lost %lu (%lu more "
           "were said while the power went)\n"
           "%lu runs, %lu resumed: run again %lu, in doubt (step named) %lu, "
           "ended otherwise %lu; stores damaged %lu\n",
        tally->cuts, seconds, tally->words, tally->lost, tally->late,
        tally->runs, tally->resumed, tally->repeated, tally->doubt,
        tally->wrong, tally->damage);
    return tally->lost + tally->repeated + tally->wrong + tally->damage == 0;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    unsigned long cuts = 20;
    uint64_t seed = (uint64_t)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--cuts") == 0)
            cuts = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    random_state = seed * 2 + 1;
    printf("seed %llu\n", (unsigned long long)seed);
    struct power_disk disk = {.loop = -1};
    const char *missing;
    if (!power_disk_make(&disk, &missing)) {
        printf("skipped: cuts of the power need %s, not to be had here\n",
            missing);
        return SKIP;
    }
    struct tally tally = {0};
    double began = now_s();
    while (tally.cuts < cuts) {
        if (tally.cuts % CUTS_PER_STORE == 0) {
            power_disk_renew(&disk);
            looked_at = 0;
        }
        word_count = 0;
        one_cut(&tally, &disk);
        tally.cuts++;
        resume_all(&tally, disk.dir);
    }
    power_disk_remove(&disk);
    return report(&tally, now_s() - began) ? 0 : 1;
}
