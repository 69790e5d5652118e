/*
 * sqlite_fork.c - which process the open files belong to.
 *
 * The note must be as wide as SQLite's own tables: one a process, whatever
 * copies of this library there are. SQLite's list of file systems is such a
 * place, so the note stands there under a name that nobody opens with.
 */
#include "store/sqlite_fork.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MARK_NAME "ndf-fork-mark"

struct mark {
    sqlite3_vfs vfs; /* first: found by it */
    _Atomic long pid;
    _Atomic long open; /* files of that process */
};

static struct mark *find_mark(void)
{
    return (struct mark *)sqlite3_vfs_find(MARK_NAME);
}

static struct mark *make_mark(void)
{
    const sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    struct mark *mark = sqlite3_malloc(sizeof *mark);
    if (mark == NULL || real == NULL) {
        sqlite3_free(mark);
        return NULL;
    }
    memset(mark, 0, sizeof *mark);
    mark->vfs = *real;
    mark->vfs.zName = MARK_NAME;
    mark->vfs.pNext = NULL;
    atomic_init(&mark->pid, (long)getpid());
    atomic_init(&mark->open, 0);
    if (sqlite3_vfs_register(&mark->vfs, 0) == SQLITE_OK) return mark;
    sqlite3_free(mark);
    return NULL;
}

int sqlite_fork_enter(ndf_error *error)
{
    struct mark *mark = NULL;
    if (sqlite3_initialize() == SQLITE_OK) mark = find_mark();
    if (mark == NULL) mark = make_mark();
    if (mark == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    long self = (long)getpid();
    if (atomic_load(&mark->pid) != self) {
        if (atomic_load(&mark->open) > 0)
            return err_set(error, NDF_EFORKED,
                "this process was forked from one that has a store open, so "
                "it cannot open one safely: run another program (exec) "
                "instead");
        atomic_store(&mark->pid, self);
    }
    atomic_fetch_add(&mark->open, 1);
    return NDF_OK;
}

void sqlite_fork_leave(void)
{
    struct mark *mark = find_mark();
    if (mark != NULL && atomic_load(&mark->pid) == (long)getpid())
        atomic_fetch_sub(&mark->open, 1);
}
