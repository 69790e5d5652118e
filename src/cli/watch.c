/*
 * watch.c - seeing a run.
 *
 * A terminal that can draw shows the run as a tree, made of its records: the
 * engine's thread only says that there may be news, a dozen times a second the
 * main thread looks and draws. Else the engine's thread copies the events onto
 * a queue, and each is a line: for people, or as JSON when that was asked for.
 * What is no terminal gets no words; how the run ended is said in any case.
 */
#include "cli/watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/approval.h"
#include "cli/event_line.h"
#include "cli/screen.h"
#include "cli/tree.h"

enum { TICK_MS = 80, SIGNAL_COUNT = 3, LAST_WORDS_SIZE = 256, KEPT_ROWS = 2 };

enum show { SHOW_NOTHING, SHOW_TREE, SHOW_LINES, SHOW_JSON };

struct note {
    struct note *next;
    ndf_event event; /* its texts are the three below */
    char *run, *step, *detail;
};

struct watch {
    const struct cli *cli;
    enum show show;
    ndf_run_options options;
    pthread_mutex_t mutex;
    struct note *notes; /* under mutex, as the next */
    struct note **notes_end;
    _Atomic bool news; /* of a run that is drawn */
    struct screen *screen;
    struct tree *tree;
    int64_t from; /* the next record of the tree */
    struct approvals approvals;
    unsigned tick;
    const char *stops; /* why it is being stopped; "": it is not */
    struct sigaction old[SIGNAL_COUNT];
};

/* What ends a run: Ctrl-C, kill, a terminal that is closed. */
static const int signals[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP};

/* All that is global: signals have no other way in. The last words are made
 * while nothing can interrupt, and written by the handler. */
static volatile sig_atomic_t interrupts;
static char last_words[LAST_WORDS_SIZE];
static volatile sig_atomic_t last_words_size;

/* The first cancels, the second kills the agents; both are for the main thread.
 * A third does not wait for it. A closed terminal may be told twice, by the
 * kernel and by the shell: that is one. */
static void on_interrupt(int signal)
{
    if (signal == SIGHUP && interrupts > 0) return;
    interrupts++;
    if (interrupts < 3) return;
    ssize_t written = write(STDERR_FILENO, last_words, (size_t)last_words_size);
    (void)written;
    _exit(STATUS_INTERRUPTED);
}

static void prepare_last_words(const char *run)
{
    last_words_size = 0;
    int size = snprintf(last_words, sizeof last_words,
        "\nndf: run %s is left as it is, its agents perhaps at work; `ndf "
        "resume %s` ends and undoes it\n",
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

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- events -------------------------------------------------------------- */

static void note_free(struct note *note)
{
    free(note->run);
    free(note->step);
    free(note->detail);
    free(note);
}

/* On the engine's thread. What there is no memory for is not shown. */
static void on_event(void *ud, const ndf_event *event)
{
    struct watch *watch = ud;
    atomic_store(&watch->news, true);
    struct note *note = calloc(1, sizeof *note);
    if (note == NULL) return;
    note->run = strdup(event->run);
    note->step = strdup(event->step != NULL ? event->step : "");
    note->detail = strdup(event->detail != NULL ? event->detail : "");
    if (note->run == NULL || note->step == NULL || note->detail == NULL) {
        note_free(note);
        return;
    }
    note->event = *event;
    note->event.run = note->run;
    note->event.step = note->step;
    note->event.detail = note->detail;
    pthread_mutex_lock(&watch->mutex);
    *watch->notes_end = note;
    watch->notes_end = &note->next;
    pthread_mutex_unlock(&watch->mutex);
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

static void show_lines(struct watch *watch)
{
    struct note *note = take_notes(watch);
    if (note != NULL) approvals_hide(&watch->approvals);
    while (note != NULL) {
        struct note *next = note->next;
        approvals_event(&watch->approvals, &note->event);
        if (watch->show == SHOW_JSON)
            event_line_json(watch->cli->err.file, &note->event);
        if (watch->show == SHOW_LINES)
            event_line_print(&watch->cli->err, &note->event, -1);
        note_free(note);
        note = next;
    }
}

/* ---- the watch ----------------------------------------------------------- */

static enum show way_to_show(const struct cli *cli)
{
    if (cli->args.given[OPT_QUIET] || cli->background.on) return SHOW_NOTHING;
    if (cli->args.given[OPT_JSON]) return SHOW_JSON;
    if (cli->err.tty) return SHOW_TREE;
    return isatty(fileno(cli->err.file)) == 1 ? SHOW_LINES : SHOW_NOTHING;
}

struct watch *watch_new(struct cli *cli)
{
    struct watch *watch = cli_alloc(sizeof *watch);
    watch->cli = cli;
    approvals_init(&watch->approvals, cli);
    watch->notes_end = &watch->notes;
    watch->show = way_to_show(cli);
    watch->stops = "";
    if (watch->show == SHOW_TREE) watch->screen = screen_new(&cli->err);
    watch->options = (ndf_run_options)NDF_RUN_OPTIONS_INIT;
    watch->options.event = on_event;
    watch->options.event_ud = watch;
    (void)pthread_mutex_init(&watch->mutex, NULL);
    catch_signals(watch);
    return watch;
}

ndf_run_options *watch_options(struct watch *watch)
{
    return &watch->options;
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
    tree_free(watch->tree);
    screen_free(watch->screen);
    approvals_deinit(&watch->approvals);
    pthread_mutex_destroy(&watch->mutex);
    cli_free(watch);
}

/* ---- the tree ------------------------------------------------------------ */

/* Takes over the news of a run, waiting for them at most timeout_ms; false when
 * there will be no more. */
static bool read_records(const struct cli *cli, struct tree *tree,
    const char *run, int64_t *from, int64_t timeout_ms)
{
    ndf_text *text = NULL;
    if (ndf_follow(cli->engine, run, *from, timeout_ms, &text, NULL) != NDF_OK)
        return false;
    json_t *news = cli_document(text);
    const json_t *records = json_object_get(news, "records");
    for (size_t i = 0; i < json_array_size(records); i++)
        tree_record(tree, json_array_get(records, i));
    *from = (int64_t)json_integer_value(json_object_get(news, "next"));
    bool more = strcmp(cli_get(news, "state"), "running") == 0;
    json_decref(news);
    return more;
}

static void draw(struct screen *screen, const struct tree *tree, unsigned tick,
    const char *stops)
{
    size_t columns;
    size_t rows;
    screen_size(screen, &columns, &rows);
    const struct tree_view view = {.now_ms = wall_ms(),
        .rows = rows > KEPT_ROWS + 2 ? rows - KEPT_ROWS : 2,
        .columns = columns - 1,
        .tick = tick,
        .stops = stops};
    const struct term *to = screen_begin(screen);
    if (to == NULL) return;
    tree_draw(tree, to, &view);
    screen_show(screen);
}

void watch_other(const struct cli *cli, const char *run)
{
    if (!cli->err.tty) return;
    struct screen *screen = screen_new(&cli->err);
    struct tree *tree = tree_new();
    int64_t from = 0;
    bool more = true;
    for (unsigned tick = 0; more; tick++) {
        more = read_records(cli, tree, run, &from, tick == 0 ? 0 : TICK_MS);
        if (from > 0) draw(screen, tree, tick, "");
    }
    tree_free(tree);
    screen_free(screen);
}

static void show_tree(struct watch *watch, const char *run)
{
    if (watch->tree == NULL) watch->tree = tree_new();
    if (atomic_exchange(&watch->news, false) || watch->from == 0)
        (void)read_records(watch->cli, watch->tree, run, &watch->from, 0);
    draw(watch->screen, watch->tree, watch->tick++, watch->stops);
}

static void show(struct watch *watch, const char *run)
{
    bool asked = watch->approvals.shown;
    show_lines(watch);
    if (watch->show == SHOW_TREE && !watch->approvals.shown)
        show_tree(watch, run);
    approvals_tick(&watch->approvals, run);
    /* The question stands below the tree; the next one is drawn below it. */
    if (!asked && watch->approvals.shown) screen_leave(watch->screen);
}

/* The block stands; the next run gets one of its own. */
static void leave_tree(struct watch *watch)
{
    screen_leave(watch->screen);
    tree_free(watch->tree);
    watch->tree = NULL;
    watch->from = 0;
    watch->stops = "";
}

/* ---- the loop ------------------------------------------------------------ */

bool watch_interrupted(const struct watch *watch)
{
    (void)watch;
    return interrupts > 0;
}

/* What a person asked for since the last time; asked: how often until then. */
static int obey(struct watch *watch, ndf_run *run, int asked)
{
    if (asked == 0 && interrupts > 0) {
        asked = 1;
        screen_clear(watch->screen);
        approvals_hide(&watch->approvals);
        (void)cli_fail(watch->cli, 0,
            "interrupted: ending the agents, undoing what was done; Ctrl-C "
            "again kills");
        watch->stops = "stopping";
        (void)ndf_run_cancel(run);
    }
    if (asked == 1 && interrupts > 1) {
        asked = 2;
        watch->stops = "killing";
        (void)ndf_run_kill(run);
    }
    return asked;
}

int watch_status(int state)
{
    switch (state) {
    case NDF_RUN_SUCCEEDED: return STATUS_DONE;
    case NDF_RUN_IN_DOUBT: return STATUS_IN_DOUBT;
    case NDF_RUN_CANCELLED: return STATUS_INTERRUPTED;
    default: return STATUS_FAILED;
    }
}

static int say_killed(const struct watch *watch, const char *run)
{
    return cli_fail(watch->cli, STATUS_INTERRUPTED,
        "the agents were killed; run %s is left as it is; `ndf resume %s` ends "
        "and undoes it",
        run, run);
}

int watch_run(struct watch *watch, ndf_run *run, int *state)
{
    int asked = 0;
    const char *id = ndf_run_id(run);
    ndf_error error = {0};
    prepare_last_words(id);
    int err = NDF_ETIMEOUT;
    while (err == NDF_ETIMEOUT) {
        err = ndf_run_wait(run, TICK_MS, state, &error);
        if (err != NDF_ETIMEOUT) atomic_store(&watch->news, true);
        show(watch, id);
        if (err == NDF_ETIMEOUT) asked = obey(watch, run, asked);
    }
    leave_tree(watch);
    if (err == NDF_ECANCELLED && asked == 2) return say_killed(watch, id);
    if (err != NDF_OK)
        return cli_fail(watch->cli, cli_status(err), "%s",
            error.message[0] != '\0' ? error.message : ndf_strerror(err));
    return watch_status(*state);
}
