/*
 * test_os.c - tests of base/os: files, trees, locks between processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "support/support.h"

static int set_up(void **state)
{
    struct test_dir *dir = malloc(sizeof *dir);
    assert_non_null(dir);
    test_dir_make(dir);
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    test_dir_remove(*state);
    free(*state);
    return 0;
}

static size_t entries_in(const struct test_dir *dir)
{
    char command[400];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir->path);
    FILE *pipe = popen(command, "r");
    unsigned long count = 0;
    assert_int_equal(fscanf(pipe, "%lu", &count), 1);
    pclose(pipe);
    return count;
}

static void what_is_written_is_read(void **state)
{
    const struct test_dir *dir = *state;
    const char *path = test_path(dir, "file");
    ndf_error error;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_ok(os_write_file(path, STR("first"), 0600, &error));
    assert_ok(os_write_file(path, STR("se\0cond"), 0600, &error));
    buf_add_str(&buf, STR("> "));
    assert_ok(os_read_file(path, 7, &buf, &error));
    assert_str(buf_str(&buf), "> se\0cond");
    assert_int_equal(os_read_file(path, 6, &buf, &error), NDF_ELIMIT);
    assert_str(buf_str(&buf), "> se\0cond");
    struct stat info;
    assert_ok(stat(path, &info));
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(entries_in(dir), 1);
    buf_deinit(&buf);
}

static void reading_what_is_no_file_is_an_error_that_names_it(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    int err = os_read_file(test_path(dir, "none"), 10, &buf, &error);
    assert_int_equal(err, NDF_ENOTFOUND);
    assert_non_null(strstr(error.message, "/none: No such file"));
    assert_int_equal(os_read_file(dir->path, 10, &buf, &error), NDF_EINVAL);
    assert_non_null(strstr(error.message, "not a regular file"));
    assert_ok(mkfifo(test_path(dir, "pipe"), 0600));
    err = os_read_file(test_path(dir, "pipe"), 10, &buf, &error);
    assert_int_equal(err, NDF_EINVAL);
    buf_deinit(&buf);
}

struct pieces {
    size_t bytes, count;
    int answer; /* to the second */
};

static int count_piece(void *ud, struct str bytes)
{
    struct pieces *pieces = ud;
    pieces->bytes += bytes.size;
    return ++pieces->count == 2 ? pieces->answer : NDF_OK;
}

static void a_file_is_read_piece_by_piece(void **state)
{
    const struct test_dir *dir = *state;
    static char big[200000];
    const char *path = test_path(dir, "file");
    ndf_error error;
    struct str content = {big, sizeof big};
    assert_ok(os_write_file(path, content, 0600, &error));
    struct pieces all = {.answer = NDF_OK};
    assert_ok(os_read_pieces(path, count_piece, &all, &error));
    assert_int_equal(all.bytes, sizeof big);
    struct pieces enough = {.answer = 1};
    assert_ok(os_read_pieces(path, count_piece, &enough, &error));
    assert_int_equal(enough.count, 2);
    struct pieces bad = {.answer = NDF_ESYNTAX};
    assert_int_equal(
        os_read_pieces(path, count_piece, &bad, &error), NDF_ESYNTAX);
    assert_int_equal(bad.count, 2);
    assert_int_equal(
        os_read_pieces(dir->path, count_piece, &all, &error), NDF_EINVAL);
    path = test_path(dir, "none");
    assert_int_equal(
        os_read_pieces(path, count_piece, &all, &error), NDF_ENOTFOUND);
}

static void out_of_memory_leaves_the_buffer_as_it_was(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    test_write(dir, "file", "text");
    struct test_mem test;
    test_mem_init(&test, 0);
    struct buf buf;
    buf_init(&buf, &test.mem);
    int err = os_read_file(test_path(dir, "file"), 10, &buf, &error);
    assert_int_equal(err, NDF_ENOMEM);
    assert_int_equal(buf.size, 0);
    buf_deinit(&buf);
}

/* In a child of its own, as the limit is of the process. */
static int write_beyond_the_limit(const struct test_dir *dir)
{
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    static char big[65536];
    ndf_error error;
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    int err = os_write_file(
        test_path(dir, "file"), (struct str){big, sizeof big}, 0600, &error);
    return err == NDF_EFULL ? 0 : 2;
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    const char *path = test_path(dir, "file");
    assert_ok(os_write_file(path, STR("old"), 0600, &error));
    pid_t child = fork();
    if (child == 0) _exit(write_beyond_the_limit(dir));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_ok(os_read_file(path, 100, &buf, &error));
    assert_str(buf_str(&buf), "old");
    assert_int_equal(entries_in(dir), 1);
    buf_deinit(&buf);
    int err = os_write_file(test_path(dir, "no/file"), STR(""), 0600, &error);
    assert_int_equal(err, NDF_ENOTFOUND);
}

static void folders_are_made_with_all_above_them(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    assert_ok(os_make_dirs(test_path(dir, "a/b//c/"), &error));
    assert_ok(os_make_dirs(test_path(dir, "a/b/c"), &error));
    struct stat made;
    assert_int_equal(stat(test_path(dir, "a/b"), &made), 0);
    assert_int_equal(made.st_mode & 0777, 0700);
    assert_ok(os_make_dirs("/", &error));
    test_write(dir, "file", "");
    assert_int_equal(os_make_dirs(test_path(dir, "file/x"), &error), NDF_EIO);
    assert_non_null(strstr(error.message, "file"));
    assert_int_equal(os_make_dirs(test_path(dir, "file"), &error), NDF_EIO);
    char path[8192];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(os_make_dirs(path, &error), NDF_ELIMIT);
    assert_int_equal(os_write_file(path, STR(""), 0600, &error), NDF_ELIMIT);
}

static void paths_join_and_part(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *name, *joined;
    } joins[] = {
        {"a", "b", "a/b"},
        {"a/", "b", "a/b"},
        {"/", "b", "/b"},
        {"a", "/b", "/b"},
        {"", "b", "b"},
    };
    struct buf buf;
    buf_init(&buf, &mem_libc);
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        buf_reset(&buf);
        os_join(&buf, str_of(joins[i].dir), str_of(joins[i].name));
        assert_string_equal(buf.at, joins[i].joined);
    }
    buf_deinit(&buf);
    assert_str(os_dirname(STR("a/b")), "a");
    assert_str(os_dirname(STR("b")), ".");
    assert_str(os_dirname(STR("/b")), "/");
    assert_str(os_dirname(STR("a//b")), "a");
    assert_str(os_dirname(STR("")), ".");
    assert_str(os_dirname(STR("//b")), "/");
}

static void the_real_path_has_no_links(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    test_write(dir, "file", "");
    assert_ok(symlink("file", test_path(dir, "link")));
    struct buf a;
    struct buf b;
    buf_init(&a, &mem_libc);
    buf_init(&b, &mem_libc);
    assert_ok(os_real_path(test_path(dir, "link"), &a, &error));
    assert_ok(os_real_path(test_path(dir, "file"), &b, &error));
    assert_true(str_equal(buf_str(&a), buf_str(&b)));
    int err = os_real_path(test_path(dir, "none"), &a, &error);
    assert_int_equal(err, NDF_ENOTFOUND);
    buf_deinit(&a);
    buf_deinit(&b);
}

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
    const struct test_dir *dir = *state;
    ndf_error error;
    test_write(dir, "outside", "kept");
    assert_ok(os_make_dirs(test_path(dir, "tree/a/b"), &error));
    assert_ok(os_make_dirs(test_path(dir, "kept"), &error));
    test_write(dir, "tree/a/file", "x");
    test_write(dir, "kept/file", "x");
    assert_ok(symlink("../../outside", test_path(dir, "tree/a/link")));
    assert_ok(symlink("../kept", test_path(dir, "tree/folder")));
    assert_ok(os_remove_tree(test_path(dir, "tree")));
    assert_int_equal(access(test_path(dir, "tree"), F_OK), -1);
    assert_ok(access(test_path(dir, "outside"), F_OK));
    assert_ok(access(test_path(dir, "kept/file"), F_OK));
    assert_ok(os_remove_tree(test_path(dir, "outside")));
    assert_int_equal(os_remove_tree(test_path(dir, "outside")), NDF_ENOTFOUND);
}

/* Makes count folders, each in the one before, below dir/deep. */
static void make_deep(const struct test_dir *dir, size_t count)
{
    ndf_error error;
    struct buf path;
    buf_init(&path, &mem_libc);
    buf_add_str(&path, str_of(test_path(dir, "deep")));
    for (size_t i = 1; i < count; i++)
        buf_add_str(&path, STR("/d"));
    assert_ok(os_make_dirs(path.at, &error));
    buf_deinit(&path);
}

static void a_tree_is_removed_up_to_a_depth(void **state)
{
    const struct test_dir *dir = *state;
    make_deep(dir, 256);
    assert_ok(os_remove_tree(test_path(dir, "deep")));
    make_deep(dir, 257);
    assert_int_equal(os_remove_tree(test_path(dir, "deep")), NDF_ELIMIT);
    assert_ok(os_remove_tree(test_path(dir, "deep/d")));
}

/* A process that holds the lock of dir/lock until it is told to end. */
static pid_t start_holder(const struct test_dir *dir, int *ready, int *end)
{
    int up[2];
    int down[2];
    assert_ok(pipe(up));
    assert_ok(pipe(down));
    pid_t child = fork();
    if (child == 0) {
        int fd = open(test_path(dir, "lock"), O_RDWR | O_CREAT, 0600);
        char byte = (char)(os_lock(fd) == NDF_OK ? 'y' : 'n');
        close(down[1]);
        if (write(up[1], &byte, 1) != 1) _exit(1);
        ssize_t got = read(down[0], &byte, 1);
        _exit(got == 0 ? 0 : 1);
    }
    close(up[1]);
    close(down[0]);
    *ready = up[0];
    *end = down[1];
    return child;
}

static void a_lock_keeps_other_processes_out_and_ends_with_its_holder(
    void **state)
{
    const struct test_dir *dir = *state;
    int ready;
    int end;
    pid_t child = start_holder(dir, &ready, &end);
    char byte = 0;
    assert_int_equal(read(ready, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    int fd = open(test_path(dir, "lock"), O_RDWR);
    assert_int_equal(os_lock(fd), NDF_EBUSY);
    int64_t start = clock_mono_ns(&clock_system);
    assert_int_equal(os_lock_wait(fd, 50), NDF_ETIMEOUT);
    assert_true(clock_mono_ns(&clock_system) - start >= 49000000);
    assert_int_equal(os_lock_wait(fd, 0), NDF_ETIMEOUT);
    close(end);
    assert_ok(os_lock_wait(fd, 5000));
    assert_int_equal(waitpid(child, NULL, 0), child);
    os_unlock(fd);
    assert_ok(os_lock_wait(fd, -1));
    close(ready);
    close(fd);
    assert_int_equal(os_lock(fd), NDF_EIO);
}

static void a_lock_lives_in_what_inherited_it(void **state)
{
    const struct test_dir *dir = *state;
    test_write(dir, "lock", "");
    int mine = open(test_path(dir, "lock"), O_RDWR);
    assert_ok(os_lock(mine));
    int other = open(test_path(dir, "lock"), O_RDWR);
    int hold[2];
    assert_ok(pipe(hold));
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(mine);
    assert_int_equal(os_lock(other), NDF_EBUSY);
    close(hold[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_ok(os_lock(other));
    close(hold[0]);
    close(other);
}

static void a_process_is_killed_by_its_descriptor(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int fd = os_pidfd_open(child);
    if (fd < 0 && errno == ENOSYS) { /* under valgrind */
        assert_ok(kill(child, SIGKILL));
        assert_int_equal(waitpid(child, NULL, 0), child);
        skip();
    }
    assert_true(fd >= 0);
    assert_ok(os_pidfd_kill(fd, SIGKILL));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(os_pidfd_kill(fd, SIGKILL), -1);
    close(fd);
    assert_int_equal(os_pidfd_open(child), -1);
}

static void random_bytes_differ_and_the_boot_has_an_id(void **state)
{
    (void)state;
    unsigned char a[16];
    unsigned char b[16];
    assert_ok(os_random(a, sizeof a));
    assert_ok(os_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    char one[OS_BOOT_ID_SIZE];
    char two[OS_BOOT_ID_SIZE];
    os_boot_id(one);
    os_boot_id(two);
    assert_string_equal(one, two);
    assert_true(strlen(one) == 36 || strlen(one) == 0);
}

static void we_know_where_we_are(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_ok(os_self_dir(&buf));
    os_join(&buf, (struct str){NULL, 0}, STR("/test_os"));
    assert_ok(access(buf.at, X_OK));
    buf_deinit(&buf);
}

static void the_data_folder_follows_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *ndf_home, *xdg, *home, *folder;
    } rows[] = {
        {"/n", "/x", "/h", "/n"},
        {"", "/x", "/h", "/x/ndf"},
        {NULL, "relative", "/h", "/h/.local/share/ndf"},
        {NULL, NULL, "/h", "/h/.local/share/ndf"},
        {NULL, NULL, NULL, NULL},
    };
    struct buf buf;
    buf_init(&buf, &mem_libc);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *names[] = {"NDF_HOME", "XDG_DATA_HOME", "HOME"};
        const char *values[] = {rows[i].ndf_home, rows[i].xdg, rows[i].home};
        for (size_t k = 0; k < 3; k++) {
            unsetenv(names[k]);
            if (values[k] != NULL) assert_ok(setenv(names[k], values[k], 1));
        }
        buf_reset(&buf);
        int err = os_data_dir(&buf);
        assert_int_equal(err, rows[i].folder != NULL ? NDF_OK : NDF_ENOTFOUND);
        if (err == NDF_OK) assert_string_equal(buf.at, rows[i].folder);
    }
    buf_deinit(&buf);
}

static void we_know_how_large_the_machine_is(void **state)
{
    (void)state;
    uint64_t all, available;
    double cpus = os_cpus();
    os_memory(&all, &available);
    assert_true(cpus > 0);
    assert_true(cpus <= (double)sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(all > 1024 * 1024);
    assert_true(available > 0 && available <= all);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DIR(what_is_written_is_read),
        WITH_DIR(reading_what_is_no_file_is_an_error_that_names_it),
        WITH_DIR(a_file_is_read_piece_by_piece),
        WITH_DIR(out_of_memory_leaves_the_buffer_as_it_was),
        WITH_DIR(a_write_that_fails_leaves_the_old_file),
        WITH_DIR(folders_are_made_with_all_above_them),
        cmocka_unit_test(paths_join_and_part),
        WITH_DIR(the_real_path_has_no_links),
        WITH_DIR(a_tree_is_removed_and_links_are_not_followed),
        WITH_DIR(a_tree_is_removed_up_to_a_depth),
        WITH_DIR(a_lock_keeps_other_processes_out_and_ends_with_its_holder),
        WITH_DIR(a_lock_lives_in_what_inherited_it),
        cmocka_unit_test(a_process_is_killed_by_its_descriptor),
        cmocka_unit_test(random_bytes_differ_and_the_boot_has_an_id),
        cmocka_unit_test(we_know_where_we_are),
        cmocka_unit_test(the_data_folder_follows_the_environment),
        cmocka_unit_test(we_know_how_large_the_machine_is),
    };
#undef WITH_DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
