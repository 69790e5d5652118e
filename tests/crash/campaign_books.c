/*
 * campaign_books.c - compares three books of a run: what was acknowledged, what
 * the journal says, and what the agents themselves wrote down.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "campaign.h"

enum { LEFT_WAIT_MS = 2000, LEFT_LOOK_MS = 5, LINES_MAX = 512 };

/* ---- the journal ----------------------------------------------------------
 */

static json_t *text_json(ndf_text *text)
{
    json_t *value =
        json_loadb(ndf_text_data(text), ndf_text_size(text), 0, NULL);
    ndf_text_free(text);
    return value;
}

static json_t *show(const struct watched *run)
{
    ndf_engine *engine = store_open_in(run->dir, NDF_OPEN_EXISTING);
    ndf_text *text = NULL;
    ndf_error error;
    if (ndf_show(engine, run->id, &text, &error) != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    json_t *shown = text_json(text);
    ndf_close(engine);
    return shown;
}

static const char *kind_of(const json_t *record)
{
    const char *kind = json_string_value(json_object_get(record, "kind"));
    return kind != NULL ? kind : "";
}

static const char *step_of(const json_t *record)
{
    const char *step = json_string_value(
        json_object_get(json_object_get(record, "body"), "step"));
    return step != NULL ? step : "-";
}

static int attempt_of(const json_t *record)
{
    return (int)json_integer_value(
        json_object_get(json_object_get(record, "body"), "attempt"));
}

static bool is_ok(const json_t *record)
{
    return json_is_true(json_object_get(json_object_get(record, "body"), "ok"));
}

static bool is_status(const json_t *record, const char *status)
{
    const char *is = json_string_value(
        json_object_get(json_object_get(record, "body"), "status"));
    return is != NULL && strcmp(is, status) == 0;
}

/* How many records of a kind; of any attempt when that is 0. */
static unsigned records_of(
    const json_t *records, const char *kind, const char *step, int attempt)
{
    unsigned count = 0;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        if (strcmp(kind_of(record), kind) == 0 &&
            (strcmp(kind, "end") == 0 || strcmp(step_of(record), step) == 0) &&
            (attempt == 0 || attempt_of(record) == attempt))
            count++;
    }
    return count;
}

static void say(const struct watched *run, const char *what, const char *step)
{
    printf("%s, run %s, owner died last at %s: %s %s\n", run->pattern->name,
        run->id, run->last[0] != '\0' ? run->last : "a random moment", what,
        step);
}

static void look_at(
    struct tally *tally, struct watched *run, const json_t *records)
{
    for (size_t i = 0; i < run->word_count; i++) {
        const struct word *word = &run->words[i];
        if (records_of(records, word->kind, word->step, word->attempt) > 0)
            continue;
        tally->lost++;
        say(run, "acknowledged and lost:", word->step);
    }
    char *journal = json_dumps(records, JSON_COMPACT | JSON_SORT_KEYS);
    if (journal == NULL) give_up("the journal");
    /* Without its closing bracket, the earlier one begins the later one. */
    size_t size = run->journal != NULL ? strlen(run->journal) - 1 : 0;
    if (strncmp(journal, run->journal != NULL ? run->journal : "", size) != 0) {
        tally->changed++;
        say(run, "records changed", "");
    }
    free(run->journal);
    run->journal = journal;
}

void books_look(struct tally *tally, struct watched *run)
{
    json_t *shown = show(run);
    look_at(tally, run, json_object_get(shown, "records"));
    json_decref(shown);
}

/* ---- the agents' book ------------------------------------------------------
 */

struct line {
    char word[16], kind[16], step[NAME_SIZE];
    int attempt;
};

struct agents_book {
    struct line lines[LINES_MAX];
    size_t count;
};

static void read_book(struct agents_book *book, const struct watched *run)
{
    char path[PATH_MAX], text[512];
    (void)snprintf(path, sizeof path, "%s/book.%s", run->dir, run->id);
    FILE *file = fopen(path, "r");
    book->count = 0;
    while (file != NULL && book->count < LINES_MAX &&
           fgets(text, sizeof text, file) != NULL) {
        struct line *line = &book->lines[book->count];
        if (sscanf(text, "%15s %15s %95s %d", line->word, line->kind,
                line->step, &line->attempt) == 4)
            book->count++;
    }
    if (file != NULL) fclose(file);
}

static unsigned lines_of(const struct agents_book *book, const char *word,
    const char *kind, const char *step, int attempt)
{
    unsigned count = 0;
    for (size_t i = 0; i < book->count; i++) {
        const struct line *line = &book->lines[i];
        if (strcmp(line->word, word) == 0 && strcmp(line->kind, kind) == 0 &&
            strcmp(line->step, step) == 0 &&
            (attempt == 0 || line->attempt == attempt))
            count++;
    }
    return count;
}

/* What agents did is what was intended, once each. */
static void compare_lines(struct tally *tally, const struct watched *run,
    const struct agents_book *book, const json_t *records)
{
    for (size_t i = 0; i < book->count; i++) {
        const struct line *line = &book->lines[i];
        bool undo = strcmp(line->kind, "undo") == 0;
        if (strcmp(line->word, "twice") == 0) {
            tally->doubled++;
            say(run, "two at the same time of", line->step);
        }
        if (strcmp(line->word, "start") != 0) continue;
        tally->starts++;
        if (lines_of(book, "start", line->kind, line->step, line->attempt) >
            1) {
            tally->repeated++;
            say(run, "started again:", line->step);
        }
        if (records_of(records, undo ? "undo_intent" : "intent", line->step,
                line->attempt) != 1) {
            tally->wrong++;
            say(run, "started without an intent:", line->step);
        }
    }
}

/* A result was made by one agent, and nothing comes after a good one. */
static void compare_result(struct tally *tally, const struct watched *run,
    const struct agents_book *book, const json_t *records, size_t at)
{
    const json_t *record = json_array_get(records, at);
    bool undo = strcmp(kind_of(record), "undo_result") == 0;
    if (!undo && strcmp(kind_of(record), "result") != 0) return;
    const char *step = step_of(record), *kind = undo ? "undo" : "work";
    if (is_status(record, "exited") &&
        (lines_of(book, "start", kind, step, attempt_of(record)) != 1 ||
            lines_of(book, is_ok(record) ? "end" : "failed", kind, step,
                attempt_of(record)) != 1)) {
        tally->forged++;
        say(run, "a result that no agent made:", step);
    }
    if (!is_ok(record)) return;
    for (size_t i = at + 1; i < json_array_size(records); i++) {
        const json_t *later = json_array_get(records, i);
        if (strcmp(step_of(later), step) != 0 ||
            strcmp(kind_of(later), undo ? "undo_intent" : "intent") != 0)
            continue;
        tally->repeated++;
        say(run, "done again:", step);
    }
}

/* Every step that was done and has an undo was undone when the run failed, and
 * none when it did not. */
static void compare_undos(
    struct tally *tally, const struct watched *run, const json_t *records)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *step = step_of(record);
        bool undone = records_of(records, "undo_result", step, 0) > 0;
        if (strcmp(kind_of(record), "result") != 0 || !is_ok(record)) continue;
        if (undone == (run->pattern->end == NDF_RUN_FAILED)) continue;
        tally->wrong++;
        say(run, undone ? "undone:" : "not undone:", step);
    }
}

static void compare_end(
    struct tally *tally, const struct watched *run, const json_t *records)
{
    const json_t *last = json_array_get(records, json_array_size(records) - 1);
    if (strcmp(kind_of(last), "end") != 0 ||
        records_of(records, "end", "-", 0) != 1) {
        tally->wrong++;
        say(run, "has no end", "");
    }
    if (run->end == NDF_RUN_IN_DOUBT && strcmp(step_of(last), "-") != 0) {
        tally->doubt++;
    } else if (run->end != run->pattern->end) {
        tally->wrong++;
        printf("state %d: ", run->end);
        say(run, "ended otherwise", "");
    } else {
        compare_undos(tally, run, records);
    }
}

/* ---- processes -------------------------------------------------------------
 */

static bool command_names(const char *pid, const char *text)
{
    char path[64], command[4096] = "";
    (void)snprintf(path, sizeof path, "/proc/%.16s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, command, sizeof command - 1) : 0;
    if (fd >= 0) close(fd);
    for (ssize_t i = 0; i < size; i++)
        if (command[i] == '\0') command[i] = ' ';
    return strstr(command, text) != NULL;
}

/* Agents and their watchers that live: their command names our book. A signal
 * goes to each unless it is 0. */
static unsigned signal_agents(const char *dir, int number)
{
    char book[DIR_SIZE + 16];
    (void)snprintf(book, sizeof book, "%.1000s/book", dir);
    DIR *processes = opendir("/proc");
    if (processes == NULL) give_up("/proc");
    unsigned found = 0;
    const struct dirent *item;
    while ((item = readdir(processes)) != NULL) {
        pid_t pid = (pid_t)strtol(item->d_name, NULL, 10);
        if (pid <= 0 || !command_names(item->d_name, book)) continue;
        found++;
        if (number != 0) (void)kill(pid, number);
    }
    closedir(processes);
    return found;
}

static unsigned count_agents(const char *dir)
{
    return signal_agents(dir, 0);
}

/* None may see another die and write that down. */
void agents_kill(const char *dir)
{
    (void)signal_agents(dir, SIGSTOP);
    while (signal_agents(dir, SIGKILL) > 0)
        usleep(1000);
}

/* A watcher has a moment to go after it handed over its result. */
static unsigned count_left(const char *dir)
{
    struct timespec pause = {.tv_nsec = LEFT_LOOK_MS * 1000000L};
    unsigned left = count_agents(dir);
    for (int ms = 0; left > 0 && ms < LEFT_WAIT_MS; ms += LEFT_LOOK_MS) {
        nanosleep(&pause, NULL);
        left = count_agents(dir);
    }
    return left;
}

/* ---- all of it -------------------------------------------------------------
 */

void books_compare(struct tally *tally, struct watched *run)
{
    static struct agents_book book;
    json_t *shown = show(run);
    const json_t *records = json_object_get(shown, "records");
    look_at(tally, run, records);
    read_book(&book, run);
    compare_lines(tally, run, &book, records);
    for (size_t i = 0; i < json_array_size(records); i++)
        compare_result(tally, run, &book, records, i);
    compare_end(tally, run, records);
    json_decref(shown);
    unsigned left = count_left(run->dir);
    if (left > 0) say(run, "agents are left", "");
    tally->left += left;
    tally->acknowledged += run->word_count;
    tally->runs++;
}

void books_check(struct tally *tally, const char *dir)
{
    ndf_engine *engine = store_open_in(dir, NDF_OPEN_EXISTING);
    ndf_text *report = NULL;
    ndf_error error;
    if (ndf_check(engine, &report, &error) != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    if (strstr(ndf_text_data(report), "\"ok\":true") == NULL) {
        tally->damage++;
        printf("the store is damaged: %s\n", ndf_text_data(report));
    }
    ndf_text_free(report);
    ndf_close(engine);
}
