/*
 * power_disk.c - see power_disk.h.
 */
#define _GNU_SOURCE
#include "power_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/fs.h of kernels from 6.8 on names it FS_IOC_SHUTDOWN. */
#define SHUTDOWN _IOR('X', 125, uint32_t)
enum { SHUTDOWN_LOG_FLUSH = 1, SHUTDOWN_NO_LOG_FLUSH = 2 };
enum { DISK_SIZE = 48 << 20, TRIES_MAX = 200, TRY_MS = 10 };

static _Noreturn void fail_disk(const char *what)
{
    fprintf(stderr, "power_cuts: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void wait_a_little(void)
{
    struct timespec pause = {.tv_nsec = TRY_MS * 1000000L};
    nanosleep(&pause, NULL);
}

static bool make_filesystem(const char *image)
{
    pid_t pid = fork();
    if (pid < 0) fail_disk("fork");
    if (pid == 0) {
        (void)setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
        execlp("mkfs.ext4", "mkfs.ext4", "-q", "-F", "-b", "4096", image,
            (char *)NULL);
        _exit(127);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid) fail_disk("waitpid");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Others take loop devices, too: the free one may be taken meanwhile. */
static bool attach(struct power_disk *disk, int image)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return false;
    struct loop_config config = {.fd = (uint32_t)image};
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    disk->loop = -1;
    for (int i = 0; i < TRIES_MAX && disk->loop < 0; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0) break;
        (void)snprintf(
            disk->device, sizeof disk->device, "/dev/loop%d", number);
        int fd = open(disk->device, O_RDWR | O_CLOEXEC);
        if (fd < 0) break;
        if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) disk->loop = fd;
        else close(fd);
        if (disk->loop < 0 && errno != EBUSY) break;
    }
    close(control);
    return disk->loop >= 0;
}

static bool mount_it(const struct power_disk *disk)
{
    return mount(disk->device, disk->dir, "ext4", 0, NULL) == 0;
}

/* In the folder: an image with a file system, attached and without a name. */
static bool make_device(struct power_disk *disk, const char **missing)
{
    char image[300];
    (void)snprintf(image, sizeof image, "%s/image", disk->dir);
    int fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, DISK_SIZE) != 0) fail_disk(image);
    *missing = "mkfs.ext4";
    bool made = make_filesystem(image);
    if (made) *missing = "a free loop device";
    made = made && attach(disk, fd);
    close(fd);
    unlink(image);
    return made;
}

static bool can_be_cut(const struct power_disk *disk)
{
    int fd = open(disk->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint32_t flags = SHUTDOWN_LOG_FLUSH;
    bool cut = fd >= 0 && ioctl(fd, SHUTDOWN, &flags) == 0;
    if (fd >= 0) close(fd);
    return cut;
}

bool power_disk_make(struct power_disk *disk, const char **missing)
{
    *missing = "root";
    if (geteuid() != 0) return false;
    *missing = "a mount namespace";
    if (unshare(CLONE_NEWNS) != 0) return false;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return false;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(disk->dir, sizeof disk->dir, "%.200s/ndf-power-XXXXXX",
        tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(disk->dir) == NULL) fail_disk(disk->dir);
    bool made = make_device(disk, missing);
    if (made) *missing = "ext4";
    made = made && mount_it(disk);
    if (made) *missing = "FS_IOC_SHUTDOWN of ext4";
    made = made && can_be_cut(disk);
    if (made) power_disk_restart(disk);
    else power_disk_remove(disk);
    return made;
}

void power_disk_cut(const struct power_disk *disk, enum power_cut how)
{
    uint32_t flags =
        how == POWER_KEEPS_LOG ? SHUTDOWN_LOG_FLUSH : SHUTDOWN_NO_LOG_FLUSH;
    int fd = open(disk->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, SHUTDOWN, &flags) != 0)
        fail_disk("FS_IOC_SHUTDOWN");
    close(fd);
}

/* An owner that was killed closes its files a little later. */
static void unmount(const struct power_disk *disk)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        if (umount2(disk->dir, 0) == 0) return;
        wait_a_little();
    }
    fail_disk(disk->dir);
}

void power_disk_restart(const struct power_disk *disk)
{
    unmount(disk);
    if (!mount_it(disk)) fail_disk(disk->dir);
}

void power_disk_renew(const struct power_disk *disk)
{
    unmount(disk);
    if (!make_filesystem(disk->device) || !mount_it(disk)) fail_disk(disk->dir);
}

void power_disk_remove(struct power_disk *disk)
{
    (void)umount2(disk->dir, MNT_DETACH);
    if (disk->loop > 0) close(disk->loop);
    rmdir(disk->dir);
}
