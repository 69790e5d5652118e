/*
 * os.h - files, locks, processes: what differs between systems, in one place.
 *
 * Every call returns NDF_OK or a code; where it says error, the sentence names
 * the path and the reason.
 */
#ifndef NDF_BASE_OS_H
#define NDF_BASE_OS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The whole file, appended to buf. NDF_ELIMIT when it is over max bytes. */
int os_read_file(
    const char *path, size_t max, struct buf *buf, ndf_error *error);
/* Takes the next bytes of a file, borrowed for the call. NDF_OK: go on; above
 * 0: enough; a code ends the reading with it. */
typedef int (*os_piece_fn)(void *ud, struct str bytes);
/* A file of any size, piece by piece; never more than a piece in memory, and
 * not mapped: another program may shorten it meanwhile. */
int os_read_pieces(
    const char *path, os_piece_fn piece, void *ud, ndf_error *error);
/* Writes path anew: temporary file beside it, fdatasync, rename, fsync of the
 * folder. A crash leaves the old or the new content, never a mix. */
int os_write_file(
    const char *path, struct str content, unsigned mode, ndf_error *error);
/* All of bytes, over short writes and EINTR; 0 or -1 with errno. */
int os_write_all(int fd, struct str bytes);
/* mkdir -p; what is made is for its owner only (0700). */
int os_make_dirs(const char *path, ndf_error *error);
/* Appends dir "/" name, or name alone when it is absolute or dir is empty. */
void os_join(struct buf *buf, struct str dir, struct str name);
/* The part before the last '/'; "." when there is none, "/" for "/x". */
struct str os_dirname(struct str path);
/* Appends the absolute path without links; NDF_ENOTFOUND when absent. */
int os_real_path(const char *path, struct buf *buf, ndf_error *error);
/* Removes a folder with all that is in it; links are not followed. */
int os_remove_tree(const char *path);

/* Takes an OFD write lock on the whole file. NDF_EBUSY when another open file
 * description holds it. The lock lives with fd and what inherited it. */
int os_lock(int fd);
/* Waits for the lock: at most timeout_ms (< 0: for ever). NDF_ETIMEOUT. */
int os_lock_wait(int fd, int64_t timeout_ms);
void os_unlock(int fd);
/* The same of one byte of the file, which need not have it; never waits. */
int os_lock_byte(int fd, int64_t at);
void os_unlock_byte(int fd, int64_t at);
/* Whether another open file description holds it; takes nothing. */
bool os_byte_locked(int fd, int64_t at);

/* Unpredictable bytes. */
int os_random(void *bytes, size_t size);
/* The id of this boot of the machine (36 characters and a NUL), "" unknown. */
enum { OS_BOOT_ID_SIZE = 37 };
void os_boot_id(char out[OS_BOOT_ID_SIZE]);
/* pidfd_open and pidfd_send_signal: -1 with errno. */
int os_pidfd_open(pid_t pid);
int os_pidfd_kill(int pidfd, int signal);
/* The cpus this process may use: its affinity, bounded by the quota of its
 * control groups (version 2). 0: unknown. */
double os_cpus(void);
/* The number of the processor that this thread is on now, or another number
 * that differs between threads: a hint, as it may be moved at any time. */
unsigned os_cpu(void);
/* How many processors the machine has, at least 1: of which os_cpu is one. */
unsigned os_cpu_count(void);
/* Bytes of memory of the machine, and how many can be had without swapping. 0:
 * unknown. */
void os_memory(uint64_t *all, uint64_t *available);
/* Appends the folder of the file (library or program) this code was loaded
 * from. */
int os_self_dir(struct buf *buf);
/* Appends the user's data folder for ndf: $NDF_HOME, else $XDG_DATA_HOME/ndf,
 * else $HOME/.local/share/ndf. NDF_ENOTFOUND when none is known. */
int os_data_dir(struct buf *buf);

#endif
