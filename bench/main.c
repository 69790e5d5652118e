/*
 * main.c - ndf-bench WORD: measures the inside of NDF; prints, never judges.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static const struct bench_word *const words[] = {
    &bench_run, &bench_match, &bench_select};

enum { WORD_COUNT = sizeof words / sizeof words[0] };

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void bench_times_add(struct bench_times *times, uint64_t ns)
{
    if (times->count == times->capacity) {
        size_t capacity = times->capacity > 0 ? times->capacity * 2 : 4096;
        uint64_t *moved = realloc(times->ns, capacity * sizeof *moved);
        if (moved == NULL) bench_fail("out of memory", "");
        times->ns = moved;
        times->capacity = capacity;
    }
    times->ns[times->count++] = ns;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double bench_times_us(struct bench_times *times, double q)
{
    if (times->count == 0) return 0;
    qsort(times->ns, times->count, sizeof *times->ns, by_number);
    size_t at = (size_t)(q * (double)(times->count - 1) + 0.5);
    return (double)times->ns[at] / 1000;
}

uint64_t bench_rss(void)
{
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %" SCNu64, &pages) != 1)
        bench_fail("cannot be read", "/proc/self/statm");
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool bench_read_size(const char *text, size_t max, size_t *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return end != text && *end == '\0' && *out >= 1 && *out <= max;
}

void bench_print(const struct bench_line *lines, size_t count, bool json)
{
    const char *before = "{";
    for (size_t i = 0; i < count; i++) {
        if (json)
            printf("%s\"%s\": %.*f", before, lines[i].name, lines[i].decimals,
                lines[i].value);
        else
            printf("%-20s%.*f\n", lines[i].name, lines[i].decimals,
                lines[i].value);
        before = ", ";
    }
    if (json) printf("}\n");
}

void bench_fail(const char *what, const char *which)
{
    fprintf(stderr, "ndf-bench: %s%s%s\n", which, which[0] ? ": " : "", what);
    exit(1);
}

static int usage(FILE *to)
{
    fprintf(to, "usage: ndf-bench WORD [OPTION]...\n");
    for (size_t i = 0; i < WORD_COUNT; i++)
        fprintf(to, "  %s %s\n", words[i]->name, words[i]->usage);
    return to == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) return usage(stderr);
    if (strcmp(argv[1], "--help") == 0) return usage(stdout);
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strcmp(argv[1], words[i]->name) == 0)
            return words[i]->run(argc - 1, argv + 1);
    }
    return usage(stderr);
}
