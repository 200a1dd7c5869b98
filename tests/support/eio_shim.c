/* Preloaded into the server by tests/integration/test_disk.py: makes writing to the database fail with
   EIO once the file $EIO_TRIGGER exists. Its first word says what fails: "sync" (fsync, fdatasync) or
   "write" (pwrite, write). Only files of the database are touched: *.db, *.db-wal, *.db-journal. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

static int fails(int fd, const char *what) {
    const char *trigger = getenv("EIO_TRIGGER");
    if (trigger == NULL) return 0;
    int file = open(trigger, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char mode[16] = "";
    ssize_t count = read(file, mode, sizeof mode - 1);
    close(file);
    if (count <= 0 || strncmp(mode, what, strlen(what)) != 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = '\0';
    return ends_with(path, ".db") || ends_with(path, ".db-wal") || ends_with(path, ".db-journal");
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) {
    if (fails(fd, "sync")) return errno = EIO, -1;
    return NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    if (fails(fd, "sync")) return errno = EIO, -1;
    return NEXT(fdatasync)(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (fails(fd, "write")) return errno = EIO, -1;
    return NEXT(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    if (fails(fd, "write")) return errno = EIO, -1;
    return NEXT(pwrite64)(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (fails(fd, "write")) return errno = EIO, -1;
    return syscall(SYS_write, fd, bytes, size);
}
