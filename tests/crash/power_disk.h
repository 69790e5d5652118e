/*
 * power_disk.h - a small disk with ext4 whose power can be cut.
 *
 * The disk is a file behind a loop device, mounted in a mount namespace of this
 * process alone: whatever ends the process, nothing of it stays. A cut is
 * FS_IOC_SHUTDOWN: from then on nothing reaches the disk, and what was not
 * synced before is gone after the next mount. What a real device loses of its
 * own write cache is not shown by it.
 */
#ifndef NDF_TESTS_POWER_DISK_H
#define NDF_TESTS_POWER_DISK_H

#include <stdbool.h>

struct power_disk {
    char dir[256]; /* where it is mounted */
    char device[64];
    int loop; /* fd of the device, which is detached with its last user */
};

enum power_cut {
    POWER_KEEPS_LOG, /* ext4's own journal gets out first */
    POWER_LOSES_LOG,
};

/* False when this machine cannot have one: missing says what it lacks. */
bool power_disk_make(struct power_disk *disk, const char **missing);
void power_disk_cut(const struct power_disk *disk, enum power_cut how);
/* Unmounts and mounts again: the machine starts anew. All its files are closed
 * before. */
void power_disk_restart(const struct power_disk *disk);
/* Makes it empty. All its files are closed before. */
void power_disk_renew(const struct power_disk *disk);
void power_disk_remove(struct power_disk *disk);

#endif
