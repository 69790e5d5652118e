/*
 * kill_runs.c - kills the owner of runs and looks what is left of its promises.
 *
 * usage: kill_runs --worker PROGRAM [--kills N | --calls STRIDE] [--seed S]
 *        [--jobs J]
 *
 * An owner is a process that runs a pattern of real programs: one after the
 * other, side by side, with undo and without. --kills: it is killed with
 * SIGKILL at random moments, N times in all, now and then with all agents and
 * their watchers (then a step may be in doubt). --calls: it is killed before,
 * in the middle of and behind each STRIDE-th of its calls that change a file,
 * once in the life that starts the run and once in a life that resumes it.
 * Others resume the run to its end; then three books are compared: what was
 * acknowledged, what the journal says, and what the programs themselves wrote
 * down. J such campaigns go side by side, each with a store of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "campaign.h"

enum {
    KILLS_PER_RUN = 3,
    LIVES_MAX = 8,
    JOBS_MAX = 16,
    MOMENT_US = 100000, /* about as long as a whole run */
    CHECK_EACH = 200,   /* runs */
    ALL_DIE_ONCE_IN = 12,
};

struct orders {
    const char *worker;
    unsigned long kills; /* 0: at calls */
    unsigned long stride;
    unsigned long jobs, job;
    uint64_t random;
};

static uint64_t draw(struct orders *orders, uint64_t n)
{
    /* xorshift64* (Vigna 2016). */
    orders->random ^= orders->random >> 12;
    orders->random ^= orders->random << 25;
    orders->random ^= orders->random >> 27;
    return (orders->random * 0x2545F4914F6CDD1Du >> 33) % n;
}

/* ---- the sums --------------------------------------------------------------
 */

void tally_add(struct tally *to, const struct tally *from)
{
    to->kills += from->kills;
    to->runs += from->runs;
    to->resumes += from->resumes;
    to->unstarted += from->unstarted;
    to->acknowledged += from->acknowledged;
    to->lost += from->lost;
    to->changed += from->changed;
    to->starts += from->starts;
    to->repeated += from->repeated;
    to->doubled += from->doubled;
    to->forged += from->forged;
    to->left += from->left;
    to->doubt += from->doubt;
    to->wrong += from->wrong;
    to->damage += from->damage;
}

bool tally_is_clean(const struct tally *tally)
{
    return tally->lost + tally->changed + tally->repeated + tally->doubled +
               tally->forged + tally->left + tally->wrong + tally->damage ==
           0;
}

static void print_head(void)
{
    printf("%-14s %6s %6s %7s %6s %6s %5s %5s %6s %5s %5s %6s\n", "pattern",
        "kills", "runs", "words", "starts", "lost", "again", "twice", "forged",
        "left", "doubt", "wrong");
}

void tally_print(const char *what, const struct tally *tally, double seconds)
{
    printf("%-14s %6lu %6lu %7lu %6lu %6lu %5lu %5lu %6lu %5lu %5lu %6lu\n",
        what, tally->kills, tally->runs, tally->acknowledged, tally->starts,
        tally->lost + tally->changed, tally->repeated, tally->doubled,
        tally->forged, tally->left, tally->doubt, tally->wrong + tally->damage);
    if (seconds > 0)
        printf("%.0f s; %lu resumed, %lu killed before the run was durable\n",
            seconds, tally->resumes, tally->unstarted);
}

/* ---- one run ----------------------------------------------------------------
 */

/* Lives until the run has ended; deaths[life] says how each ends. */
static void one_run(struct tally *tally, const struct kill_pattern *pattern,
    const char *dir, const struct death *deaths, int death_count)
{
    static const struct death none;
    struct watched run = {.pattern = pattern, .dir = dir, .end = -2};
    for (int life = 0; run.end == -2 && life < LIVES_MAX; life++) {
        bool killed =
            one_life(tally, &run, life < death_count ? &deaths[life] : &none);
        if (run.id[0] == '\0') {
            tally->unstarted++;
            continue;
        }
        if (killed) books_look(tally, &run);
    }
    books_compare(tally, &run);
    free(run.journal);
}

static void at_random(struct orders *orders, const char *dir, struct tally *all)
{
    unsigned long sum = 0, runs = 0;
    unsigned long kills = orders->kills / orders->jobs +
                          (orders->job < orders->kills % orders->jobs);
    while (sum < kills) {
        size_t at = (size_t)draw(orders, kill_pattern_count);
        struct death deaths[KILLS_PER_RUN] = {{0}};
        for (int i = 0; i < KILLS_PER_RUN; i++)
            deaths[i].after_us = (unsigned)draw(orders, MOMENT_US) + 1;
        deaths[0].with_agents = draw(orders, ALL_DIE_ONCE_IN) == 0;
        unsigned long before = all[at].kills;
        one_run(&all[at], &kill_patterns[at], dir, deaths, KILLS_PER_RUN);
        sum += all[at].kills - before;
        if (++runs % CHECK_EACH == 0) books_check(&all[at], dir);
    }
}

/* ---- at each call
 * ------------------------------------------------------------ */

/* Two lives' deaths: the second one's when the first is to get half-way. */
static void at_call(const struct kill_pattern *pattern, const char *dir,
    long calls, struct death death, bool resumed, struct tally *tally)
{
    struct death deaths[2] = {death, {0}};
    if (resumed) {
        deaths[0] = (struct death){.call = calls / 2, .when = DYING_AFTER};
        deaths[1] = death;
    }
    one_run(tally, pattern, dir, deaths, 2);
}

static void at_calls(
    const struct orders *orders, const char *dir, struct tally *all)
{
    unsigned long turn = orders->random % orders->stride, number = 0;
    for (size_t i = 0; i < kill_pattern_count; i++) {
        long calls = calls_of(&kill_patterns[i], dir);
        for (unsigned way = 0; way < 2 * DYING_WHEN_COUNT; way++) {
            for (long n = 1; n <= calls; n++) {
                struct death death = {
                    .call = n, .when = (enum dying_when)(way / 2)};
                if (turn++ % orders->stride != 0) continue;
                if (number++ % orders->jobs != orders->job) continue;
                at_call(&kill_patterns[i], dir, calls, death, way % 2, &all[i]);
            }
        }
        if (orders->job == 0)
            printf("%s: %ld calls that change files\n", kill_patterns[i].name,
                calls);
        books_check(&all[i], dir);
    }
}

/* ---- campaigns side by side
 * ---------------------------------------------------- */

static bool all_clean(const struct tally *all)
{
    bool clean = true;
    for (size_t i = 0; i < kill_pattern_count; i++)
        clean = clean && tally_is_clean(&all[i]);
    return clean;
}

static void remove_dir(const char *dir)
{
    char command[DIR_SIZE + 16];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    FILE *done = popen(command, "r");
    if (done != NULL) pclose(done);
}

/* In a process of its own. */
static int one_job(struct orders *orders, struct tally *all)
{
    char dir[DIR_SIZE];
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(
        dir, sizeof dir, "%.900s/ndf-kill-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL) give_up(dir);
    patterns_import(dir, orders->worker);
    if (orders->kills > 0) at_random(orders, dir, all);
    else at_calls(orders, dir, all);
    books_check(&all[0], dir);
    if (!all_clean(all)) {
        printf("kept for a look: %s\n", dir);
        return 1;
    }
    remove_dir(dir);
    return 0;
}

static bool all_jobs(const struct orders *orders, struct tally *all)
{
    size_t size = kill_pattern_count * sizeof *all;
    pid_t pids[JOBS_MAX];
    bool good = true;
    for (unsigned long job = 0; job < orders->jobs; job++) {
        struct orders own = *orders;
        own.job = job;
        if (orders->kills > 0) own.random += job * 2654435761u;
        (void)fflush(stdout);
        pids[job] = fork();
        if (pids[job] < 0) give_up("fork");
        if (pids[job] == 0) {
            int code = one_job(
                &own, (struct tally *)(void *)((char *)all + job * size));
            (void)fflush(stdout);
            _exit(code);
        }
    }
    for (unsigned long job = 0; job < orders->jobs; job++) {
        int status;
        if (waitpid(pids[job], &status, 0) != pids[job]) give_up("waitpid");
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

/* ---- orders
 * -------------------------------------------------------------------- */

static bool read_orders(struct orders *orders, int argc, char **argv)
{
    *orders =
        (struct orders){.stride = 1, .jobs = 1, .random = (uint64_t)time(NULL)};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        unsigned long number = strtoul(value, NULL, 10);
        if (strcmp(argv[i], "--worker") == 0) orders->worker = value;
        else if (strcmp(argv[i], "--kills") == 0) orders->kills = number;
        else if (strcmp(argv[i], "--calls") == 0) orders->stride = number;
        else if (strcmp(argv[i], "--jobs") == 0) orders->jobs = number;
        else if (strcmp(argv[i], "--seed") == 0) orders->random = number;
        else return false;
    }
    orders->random = orders->random * 2 + 1;
    return argc % 2 == 1 && orders->worker != NULL && orders->stride > 0 &&
           orders->jobs > 0 && orders->jobs <= JOBS_MAX;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct orders orders;
    if (!read_orders(&orders, argc, argv)) {
        fprintf(stderr,
            "usage: kill_runs --worker PROGRAM [--kills N | --calls STRIDE] "
            "[--seed S] [--jobs J]\n");
        return 2;
    }
    printf("seed %llu\n", (unsigned long long)(orders.random / 2));
    size_t size = JOBS_MAX * kill_pattern_count * sizeof(struct tally);
    struct tally *all = mmap(
        NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) give_up("mmap");
    double began = now_s();
    bool good = all_jobs(&orders, all);
    struct tally sum = {0};
    print_head();
    for (size_t i = 0; i < kill_pattern_count; i++) {
        struct tally one = {0};
        for (unsigned long job = 0; job < orders.jobs; job++)
            tally_add(&one, &all[job * kill_pattern_count + i]);
        tally_print(kill_patterns[i].name, &one, 0);
        tally_add(&sum, &one);
    }
    tally_print("all", &sum, now_s() - began);
    return good && tally_is_clean(&sum) ? 0 : 1;
}
