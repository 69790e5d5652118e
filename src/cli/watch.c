/*
 * watch.c - seeing a run.
 *
 * The engine's thread only copies events onto a queue; the main thread takes
 * them off a dozen times a second and writes. On a terminal the steps at work
 * are a block that is drawn again each time; what has ended is written above
 * it once. A terminal that cannot draw gets a line for each event, and what is
 * no terminal gets none: how the run ended is said in any case.
 */
#include "cli/watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/approval.h"

enum {
    TICK_MS = 80,
    NAME_COLUMNS = 16,
    SHOWN_MAX = 12, /* lines of steps at work; the others are counted */
    SIGNAL_COUNT = 3,
    LAST_WORDS_SIZE = 256,
};

struct note {
    struct note *next;
    ndf_event event; /* its texts are the two below */
    char *step, *detail;
};

struct active {
    char *step;
    int64_t since_ms;
    bool undo;
    int attempt;
};

struct watch {
    const struct cli *cli;
    ndf_run_options options;
    pthread_mutex_t mutex;
    struct note *notes; /* under mutex, as the next */
    struct note **notes_end;
    struct approvals approvals;
    struct active *active; /* in the order in which they began */
    size_t active_count, active_room;
    size_t drawn; /* lines of the block on the screen */
    unsigned tick;
    int steps_done, steps_total;
    bool quiet;
    bool timed_out;
    struct sigaction old[SIGNAL_COUNT];
};

/* What ends a run: Ctrl-C, kill, a terminal that is closed. */
static const int signals[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP};

/* All that is global: signals have no other way in. The last words are made
 * while nothing can interrupt, and written by the handler. */
static volatile sig_atomic_t interrupts;
static char last_words[LAST_WORDS_SIZE];
static volatile sig_atomic_t last_words_size;

/* A closed terminal may be told twice, by the kernel and by the shell: only
 * what a person sends again leaves at once. */
static void on_interrupt(int signal)
{
    if (signal == SIGHUP && interrupts > 0) return;
    interrupts++;
    if (interrupts < 2) return;
    ssize_t written = write(STDERR_FILENO, last_words, (size_t)last_words_size);
    (void)written;
    _exit(STATUS_INTERRUPTED);
}

static void prepare_last_words(const char *run)
{
    last_words_size = 0;
    int size = snprintf(last_words, sizeof last_words,
        "\nndf: run %s is left as it is; `ndf resume %s` ends and undoes it\n",
        run, run);
    if (size > 0 && (size_t)size < sizeof last_words) last_words_size = size;
}

static void catch_signals(struct watch *watch)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    interrupts = 0;
    last_words_size = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(signals[i], NULL, &watch->old[i]);
        /* nohup says that a closed terminal is no reason to end. */
        if (signals[i] == SIGHUP && watch->old[i].sa_handler == SIG_IGN)
            continue;
        (void)sigaction(signals[i], &action, NULL);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void note_free(struct note *note)
{
    free(note->step);
    free(note->detail);
    free(note);
}

/* On the engine's thread. What there is no memory for is not shown. */
static void on_event(void *ud, const ndf_event *event)
{
    struct watch *watch = ud;
    struct note *note = calloc(1, sizeof *note);
    if (note == NULL) return;
    note->step = strdup(event->step != NULL ? event->step : "");
    note->detail = strdup(event->detail != NULL ? event->detail : "");
    if (note->step == NULL || note->detail == NULL) {
        note_free(note);
        return;
    }
    note->event = *event;
    note->event.step = note->step;
    note->event.detail = note->detail;
    pthread_mutex_lock(&watch->mutex);
    *watch->notes_end = note;
    watch->notes_end = &note->next;
    pthread_mutex_unlock(&watch->mutex);
}

struct watch *watch_new(struct cli *cli)
{
    struct watch *watch = cli_alloc(sizeof *watch);
    watch->cli = cli;
    approvals_init(&watch->approvals, cli);
    watch->notes_end = &watch->notes;
    watch->quiet = cli->args.given[OPT_QUIET] || cli->background.on ||
                   isatty(fileno(cli->err.file)) != 1;
    watch->options = (ndf_run_options)NDF_RUN_OPTIONS_INIT;
    watch->options.event = on_event;
    watch->options.event_ud = watch;
    (void)pthread_mutex_init(&watch->mutex, NULL);
    catch_signals(watch);
    return watch;
}

const ndf_run_options *watch_options(struct watch *watch)
{
    return &watch->options;
}

static struct note *take_notes(struct watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    struct note *notes = watch->notes;
    watch->notes = NULL;
    watch->notes_end = &watch->notes;
    pthread_mutex_unlock(&watch->mutex);
    return notes;
}

void watch_free(struct watch *watch)
{
    if (watch == NULL) return;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &watch->old[i], NULL);
    struct note *note = take_notes(watch);
    while (note != NULL) {
        struct note *next = note->next;
        note_free(note);
        note = next;
    }
    for (size_t i = 0; i < watch->active_count; i++)
        cli_free(watch->active[i].step);
    cli_free(watch->active);
    approvals_deinit(&watch->approvals);
    pthread_mutex_destroy(&watch->mutex);
    cli_free(watch);
}

/* ---- what is at work ----------------------------------------------------- */

static struct active *find_active(struct watch *watch, const char *step)
{
    for (size_t i = 0; i < watch->active_count; i++)
        if (strcmp(watch->active[i].step, step) == 0) return &watch->active[i];
    return NULL;
}

static void make_room(struct watch *watch)
{
    if (watch->active_count < watch->active_room) return;
    size_t room = watch->active_room == 0 ? 8 : 2 * watch->active_room;
    struct active *more = cli_alloc(room * sizeof *more);
    for (size_t i = 0; i < watch->active_count; i++)
        more[i] = watch->active[i];
    cli_free(watch->active);
    watch->active = more;
    watch->active_room = room;
}

static void start_active(struct watch *watch, const ndf_event *event)
{
    struct active *active = find_active(watch, event->step);
    if (active == NULL) {
        make_room(watch);
        active = &watch->active[watch->active_count++];
        *active = (struct active){.step = cli_text(event->step)};
        active->since_ms = now_ms();
    }
    active->undo = event->kind == NDF_EVENT_UNDO_STARTED;
    active->attempt = event->attempt;
}

/* Takes it out; returns how long it took, or -1 when it was not at work. */
static int64_t end_active(struct watch *watch, const char *step)
{
    struct active *active = find_active(watch, step);
    if (active == NULL) return -1;
    int64_t took = now_ms() - active->since_ms;
    cli_free(active->step);
    const struct active *end = watch->active + --watch->active_count;
    for (; active < end; active++)
        active[0] = active[1];
    return took;
}

/* ---- lines --------------------------------------------------------------- */

struct event_style {
    const char *mark, *plain; /* with Unicode, and without */
    const char *word;
    enum style style;
};

static const struct event_style event_styles[] = {
    [NDF_EVENT_STEP_STARTED] = {"\xE2\x97\x8B", ">", "started", STYLE_DIM},
    [NDF_EVENT_STEP_DONE] = {"\xE2\x9C\x93", "+", "done", STYLE_GOOD},
    [NDF_EVENT_STEP_FAILED] = {"\xE2\x9C\x97", "x", "failed", STYLE_BAD},
    [NDF_EVENT_STEP_RETRY] = {"\xE2\x86\xBB", "~", "tried again", STYLE_WARN},
    [NDF_EVENT_STEP_SKIPPED] = {"\xC2\xB7", ".", "skipped", STYLE_DIM},
    [NDF_EVENT_UNDO_STARTED] = {"\xE2\x86\xB6", "<", "undoing", STYLE_WARN},
    [NDF_EVENT_UNDO_DONE] = {"\xE2\x86\xB6", "<", "undone", STYLE_WARN},
    [NDF_EVENT_UNDO_FAILED] = {"\xE2\x9C\x97", "x", "undo failed", STYLE_BAD},
    [NDF_EVENT_VIOLATION] = {"!", "!", "context", STYLE_WARN},
    [NDF_EVENT_APPROVED] = {"\xE2\x9C\x93", "+", "approved", STYLE_GOOD},
    [NDF_EVENT_DENIED] = {"\xE2\x9C\x97", "x", "denied", STYLE_BAD},
    [NDF_EVENT_VERIFY_STARTED] = {"\xE2\x97\x8B", ">", "verifying", STYLE_DIM},
};

static void clear_block(struct watch *watch)
{
    FILE *file = watch->cli->err.file;
    for (size_t i = 0; i < watch->drawn; i++)
        (void)fputs("\033[1A\033[2K", file);
    if (watch->drawn > 0) (void)fputc('\r', file);
    watch->drawn = 0;
}

static void print_event(
    const struct watch *watch, const ndf_event *event, int64_t took)
{
    const struct term *err = &watch->cli->err;
    const struct event_style *style = &event_styles[event->kind];
    char time[TERM_TIME_SIZE] = "";
    (void)fputs("  ", err->file);
    term_styled(err, style->style, err->unicode ? style->mark : style->plain);
    (void)fputc(' ', err->file);
    const char *name = event->step[0] != '\0' ? event->step : "run";
    size_t wide = term_line(err, name, 0);
    if (wide < NAME_COLUMNS) term_pad(err, NAME_COLUMNS - wide);
    if (took >= 0) term_duration((uint64_t)took, time);
    (void)fprintf(err->file, " %s", style->word);
    if (took >= 0) (void)fprintf(err->file, " in %s", time);
    if (event->detail[0] != '\0') {
        (void)fputs(": ", err->file);
        (void)term_line(err, event->detail, 0);
    }
    (void)fputc('\n', err->file);
}

static void show_event(struct watch *watch, const ndf_event *event)
{
    int64_t took = -1;
    bool live = watch->cli->err.tty;
    approvals_event(&watch->approvals, event);
    if (event->steps_total > 0) {
        watch->steps_done = event->steps_done;
        watch->steps_total = event->steps_total;
    }
    switch (event->kind) {
    case NDF_EVENT_STEP_STARTED:
    case NDF_EVENT_UNDO_STARTED:
        start_active(watch, event);
        if (live) return;
        break;
    case NDF_EVENT_STEP_DONE:
    case NDF_EVENT_STEP_FAILED:
    case NDF_EVENT_STEP_SKIPPED:
    case NDF_EVENT_UNDO_DONE:
    case NDF_EVENT_UNDO_FAILED: took = end_active(watch, event->step); break;
    case NDF_EVENT_VERIFY_STARTED:
        if (live) return;
        break;
    case NDF_EVENT_STEP_RETRY:
    case NDF_EVENT_APPROVED:
    case NDF_EVENT_DENIED:
    case NDF_EVENT_VIOLATION: break;
    default: return;
    }
    if (!watch->quiet) print_event(watch, event, took);
}

static void draw_block(struct watch *watch)
{
    static const char *const frames[] = {"\xE2\xA0\x8B", "\xE2\xA0\x99",
        "\xE2\xA0\xB9", "\xE2\xA0\xB8", "\xE2\xA0\xBC", "\xE2\xA0\xB4",
        "\xE2\xA0\xA6", "\xE2\xA0\xA7", "\xE2\xA0\x87", "\xE2\xA0\x8F"};
    static const char *const plain[] = {"|", "/", "-", "\\"};
    const struct term *err = &watch->cli->err;
    if (!err->tty || watch->quiet) return;
    unsigned tick = watch->tick++;
    size_t shown =
        watch->active_count < SHOWN_MAX ? watch->active_count : SHOWN_MAX;
    for (size_t i = 0; i < shown; i++) {
        const struct active *active = &watch->active[i];
        char time[TERM_TIME_SIZE];
        term_duration((uint64_t)(now_ms() - active->since_ms), time);
        (void)fputs("  ", err->file);
        term_styled(err, STYLE_NAME,
            err->unicode ? frames[tick % 10] : plain[tick % 4]);
        (void)fputc(' ', err->file);
        size_t wide = term_line(err, active->step, err->width / 2);
        if (wide < NAME_COLUMNS) term_pad(err, NAME_COLUMNS - wide);
        (void)fprintf(err->file, " %s%s", active->undo ? "undo " : "", time);
        if (active->attempt > 1)
            (void)fprintf(err->file, ", attempt %d", active->attempt);
        (void)fputc('\n', err->file);
    }
    watch->drawn = shown;
    if (watch->steps_total > 1 && watch->active_count > 0) {
        term_begin(err, STYLE_DIM);
        (void)fprintf(err->file, "    %d of %d steps done", watch->steps_done,
            watch->steps_total);
        if (watch->active_count > shown)
            (void)fprintf(
                err->file, ", %zu more at work", watch->active_count - shown);
        (void)fputc('\n', err->file);
        term_end(err, STYLE_DIM);
        watch->drawn++;
    }
}

static void show(struct watch *watch, const char *run)
{
    clear_block(watch);
    struct note *note = take_notes(watch);
    if (note != NULL) approvals_hide(&watch->approvals);
    while (note != NULL) {
        struct note *next = note->next;
        show_event(watch, &note->event);
        note_free(note);
        note = next;
    }
    approvals_tick(&watch->approvals, run);
    if (!watch->approvals.shown) draw_block(watch);
    (void)fflush(watch->cli->err.file);
}

/* ---- the loop ------------------------------------------------------------ */

static void cancel(struct watch *watch, ndf_run *run, const char *why)
{
    clear_block(watch);
    approvals_hide(&watch->approvals);
    (void)cli_fail(watch->cli, 0,
        "%s: ending the agents and undoing what was done%s", why,
        watch->timed_out ? "" : "; Ctrl-C again leaves at once");
    (void)ndf_run_cancel(run);
}

int watch_status(int state)
{
    switch (state) {
    case NDF_RUN_SUCCEEDED: return STATUS_DONE;
    case NDF_RUN_IN_DOUBT: return STATUS_IN_DOUBT;
    default: return STATUS_FAILED;
    }
}

int watch_run(struct watch *watch, ndf_run *run, int64_t timeout_ms, int *state)
{
    int64_t start = now_ms();
    bool cancelled = false;
    prepare_last_words(ndf_run_id(run));
    int err = NDF_ETIMEOUT;
    while (err == NDF_ETIMEOUT) {
        ndf_error error = {0};
        err = ndf_run_wait(run, TICK_MS, state, &error);
        if (err != NDF_OK && err != NDF_ETIMEOUT) {
            clear_block(watch);
            return cli_fail(watch->cli, cli_status(err), "%s",
                error.message[0] != '\0' ? error.message : ndf_strerror(err));
        }
        show(watch, ndf_run_id(run));
        watch->timed_out |= !cancelled && err == NDF_ETIMEOUT &&
                            timeout_ms >= 0 && now_ms() - start >= timeout_ms;
        if (cancelled || (interrupts == 0 && !watch->timed_out)) continue;
        if (err != NDF_ETIMEOUT) continue;
        cancelled = true;
        cancel(watch, run, watch->timed_out ? "timed out" : "interrupted");
    }
    clear_block(watch);
    if (cancelled && *state == NDF_RUN_CANCELLED)
        return watch->timed_out ? STATUS_TIMEOUT : STATUS_INTERRUPTED;
    return watch_status(*state);
}
