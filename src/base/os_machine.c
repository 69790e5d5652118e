/*
 * os_machine.c - how large the machine is and what of it is free, for this
 * process: its affinity and the quota of its control groups count.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

enum { MACHINE_FILE_MAX = 8192 };

/* The beginning of a file that the kernel makes, as a string; false: none. */
static bool read_text(const char *path, char out[MACHINE_FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t size = read(fd, out, MACHINE_FILE_MAX - 1);
    close(fd);
    if (size < 0) return false;
    out[size] = '\0';
    return true;
}

static double affinity(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return (double)CPU_COUNT(&set);
    }
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (double)count : 0;
}

/* "max 100000" or "50000 100000"; 0: no bound. */
static double quota(const char *text)
{
    char *end;
    unsigned long long share = strtoull(text, &end, 10);
    if (end == text || share == 0) return 0;
    unsigned long long period = strtoull(end, NULL, 10);
    return period > 0 ? (double)share / (double)period : 0;
}

/* The least quota of the group and those above it (cgroup v2). */
static double group_cpus(void)
{
    static const char root[] = "/sys/fs/cgroup";
    char text[MACHINE_FILE_MAX], path[MACHINE_FILE_MAX + 64];
    double least = 0;
    if (!read_text("/proc/self/cgroup", text)) return 0;
    const char *own = strstr(text, "0::/");
    if (own == NULL) return 0;
    struct str group = str_of(own + 3);
    group = str_until(group, str_find_char(group, '\n'));
    while (group.size > 0) {
        struct buf name;
        buf_init(&name, &mem_libc);
        buf_format(&name, "%s%.*s/cpu.max", root, STR_ARG(group));
        bool fits = buf_error(&name) == NDF_OK && name.size < sizeof path;
        if (fits) memcpy(path, buf_str(&name).at, name.size + 1);
        buf_deinit(&name);
        if (fits && read_text(path, text)) {
            double cpus = quota(text);
            if (cpus > 0 && (least <= 0 || cpus < least)) least = cpus;
        }
        while (group.size > 0 && group.at[group.size - 1] != '/')
            group.size--;
        if (group.size > 0) group.size--;
    }
    return least;
}

unsigned os_cpu(void)
{
    int cpu = sched_getcpu();
    if (cpu >= 0) return (unsigned)cpu;
    /* Threads lie far apart: what differs is in the high bits. */
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)((uint64_t)pthread_self() * odd >> 40);
}

unsigned os_cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_CONF);
    return count > 1 ? (unsigned)count : 1;
}

double os_cpus(void)
{
    double cpus = affinity();
    double bound = group_cpus();
    return bound > 0 && bound < cpus ? bound : cpus;
}

/* Bytes that a line "Name:   123 kB" says; 0: it is not there. */
static uint64_t kilobytes(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    if (line == NULL) return 0;
    return strtoull(line + strlen(name), NULL, 10) * 1024;
}

void os_memory(uint64_t *all, uint64_t *available)
{
    char text[MACHINE_FILE_MAX];
    *all = 0;
    *available = 0;
    if (!read_text("/proc/meminfo", text)) return;
    *all = kilobytes(text, "MemTotal:");
    *available = kilobytes(text, "MemAvailable:");
}
