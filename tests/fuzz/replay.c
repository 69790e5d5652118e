/*
 * replay.c - gives every file of the folders named to a fuzz target, once.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { INPUT_MAX = 16 * 1024 * 1024, PATH_SIZE = 4096 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return -1;
    uint8_t *input = malloc(INPUT_MAX);
    size_t size = input == NULL ? 0 : fread(input, 1, INPUT_MAX, file);
    int bad = input == NULL || ferror(file) != 0;
    (void)fclose(file);
    /* An exact copy, so that a sanitizer sees every byte read past its end. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) bad = 1;
    if (!bad) {
        if (size > 0) memcpy(exact, input, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(input);
    return bad ? -1 : 0;
}

static int replay_folder(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) return -1;
    for (struct dirent *entry = readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        char path[PATH_SIZE];
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (replay_file(path) != 0) {
            count = -1;
            break;
        }
        count++;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count <= 0) {
            (void)fprintf(stderr, "nothing to replay in %s\n", argv[i]);
            return 1;
        }
        (void)printf("%d inputs of %s\n", count, argv[i]);
    }
    return 0;
}
