/* Loaded before all libraries: a disk that fails, for native code, too. Once `disk_arm` has named a folder,
   every call that reads or writes below it is counted, and one of them, or all from it on, fail. And, as a cut
   of the power would find it, which files and folders hold what no flush has followed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })
enum { READS, WRITES };

static char folder[PATH_MAX];
static size_t folder_length; /* 0: not armed */
static long failing_at;      /* 0: none */
static int failing_with, failing_kind, failing_once;
static atomic_long passed;

static int below(int file) {
    char link[64], path[PATH_MAX];
    if (!folder_length) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    if (length < (ssize_t)folder_length || memcmp(path, folder, folder_length)) return 0;
    return length == (ssize_t)folder_length || path[folder_length] == '/';
}

static int fails(int kind, int file) {
    int before = errno, counted = kind == failing_kind && below(file);
    long number = counted ? ++passed : 0;
    errno = before;
    if (!counted || !failing_at || number < failing_at || (failing_once && number > failing_at)) return 0;
    errno = failing_with;
    return 1;
}

/* What was changed and not flushed since. */
#define MOST 4096
static struct { dev_t device; ino_t number; } changed[MOST];
static int changes;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int place_of(dev_t device, ino_t number) {
    for (int at = 0; at < changes; at++)
        if (changed[at].device == device && changed[at].number == number) return at;
    return -1;
}

static void mark(const struct stat *state, int flushed) {
    pthread_mutex_lock(&turn);
    int at = place_of(state->st_dev, state->st_ino);
    if (flushed && at >= 0) changed[at] = changed[--changes];
    if (!flushed && at < 0) {
        if (changes == MOST) abort();
        changed[changes].device = state->st_dev;
        changed[changes++].number = state->st_ino;
    }
    pthread_mutex_unlock(&turn);
}

static void mark_file(int file, int flushed) {
    int before = errno;
    struct stat state;
    if (below(file) && !fstat(file, &state)) mark(&state, flushed);
    errno = before;
}

/* A name came into the folder that holds `path`, or went. */
static void mark_holder(int base, const char *path) {
    int before = errno;
    char holder[PATH_MAX];
    struct stat state;
    if (folder_length && strlen(path) < sizeof holder) {
        char *end = strrchr(strcpy(holder, path), '/');
        if (end == NULL) strcpy(holder, ".");
        else end[end == holder] = 0;
        if (!fstatat(base, holder, &state, 0)) mark(&state, 0);
    }
    errno = before;
}

void disk_arm(const char *path, long at, int with, int reads, int once) {
    passed = 0;
    changes = 0;
    failing_at = at, failing_with = with, failing_kind = reads ? READS : WRITES, failing_once = once;
    strncpy(folder, path, sizeof folder - 1);
    folder_length = strlen(folder);
}

long disk_passed(void) { return passed; }

int disk_flushed(unsigned long long device, unsigned long long number) {
    pthread_mutex_lock(&turn);
    int at = place_of(device, number);
    pthread_mutex_unlock(&turn);
    return at < 0;
}

#define WRITING(result, name, parameters, arguments)                     \
    result name parameters {                                             \
        if (fails(WRITES, file)) return -1;                              \
        result done = REAL(name) arguments;                              \
        if (done != -1) mark_file(file, 0);                              \
        return done;                                                     \
    }
#define READING(name, parameters, arguments)                             \
    ssize_t name parameters { return fails(READS, file) ? -1 : REAL(name) arguments; }
#define FLUSHING(name)                                                   \
    int name(int file) {                                                 \
        if (fails(WRITES, file)) return -1;                              \
        int done = REAL(name)(file);                                     \
        if (!done) mark_file(file, 1);                                   \
        return done;                                                     \
    }

WRITING(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
WRITING(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
WRITING(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
WRITING(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
WRITING(ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at))
WRITING(ssize_t, pwritev64, (int file, const struct iovec *parts, int count, off64_t at), (file, parts, count, at))
WRITING(ssize_t, sendfile, (int file, int from, off_t *at, size_t size), (file, from, at, size))
WRITING(ssize_t, sendfile64, (int file, int from, off64_t *at, size_t size), (file, from, at, size))
WRITING(ssize_t, copy_file_range, (int from, off64_t *at, int file, off64_t *to, size_t size, unsigned flags),
        (from, at, file, to, size, flags))
WRITING(int, ftruncate, (int file, off_t size), (file, size))
WRITING(int, ftruncate64, (int file, off64_t size), (file, size))
FLUSHING(fsync)
FLUSHING(fdatasync)
READING(read, (int file, void *data, size_t size), (file, data, size))
READING(pread, (int file, void *data, size_t size, off_t at), (file, data, size, at))
READING(pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at))
READING(readv, (int file, const struct iovec *parts, int count), (file, parts, count))

/* The C library's own buffers are written by calls that no library before it meets: the calls that fill them
   are counted, and what fails stays unwritten. */
size_t fwrite(const void *data, size_t size, size_t count, FILE *stream) {
    if (fails(WRITES, fileno(stream))) return 0;
    mark_file(fileno(stream), 0);
    return REAL(fwrite)(data, size, count, stream);
}

int fflush(FILE *stream) {
    if (stream && fails(WRITES, fileno(stream))) return EOF;
    return REAL(fflush)(stream);
}

int fclose(FILE *stream) {
    int lost = __fpending(stream) && fails(WRITES, fileno(stream));
    if (lost) __fpurge(stream);
    int done = REAL(fclose)(stream);
    if (lost) errno = failing_with;
    return lost ? EOF : done;
}

size_t fread(void *data, size_t size, size_t count, FILE *stream) {
    if (!fails(READS, fileno(stream))) return REAL(fread)(data, size, count, stream);
    stream->_flags |= 0x20; /* what ferror looks at */
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t from) {
    if (file >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) mark_file(file, 0);
    return REAL(mmap)(at, size, protection, flags, file, from);
}

void *mmap64(void *at, size_t size, int protection, int flags, int file, off64_t from) {
    if (file >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) mark_file(file, 0);
    return REAL(mmap64)(at, size, protection, flags, file, from);
}

#define OPENED(base, path, flags, call)                                  \
    int existed = !(flags & O_CREAT) || !faccessat(base, path, F_OK, 0); \
    int done = call;                                                     \
    if (done >= 0 && !existed) mark_holder(base, path);                  \
    if (done >= 0 && (flags & O_TRUNC)) mark_file(done, 0);              \
    return done

int open(const char *path, int flags, ...) {
    __builtin_va_list more;
    __builtin_va_start(more, flags);
    int mode = __builtin_va_arg(more, int);
    __builtin_va_end(more);
    OPENED(AT_FDCWD, path, flags, REAL(open)(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    __builtin_va_list more;
    __builtin_va_start(more, flags);
    int mode = __builtin_va_arg(more, int);
    __builtin_va_end(more);
    OPENED(AT_FDCWD, path, flags, REAL(open64)(path, flags, mode));
}

FILE *fopen(const char *path, const char *mode) {
    FILE *done = REAL(fopen)(path, mode);
    if (done && *mode != 'r') mark_holder(AT_FDCWD, path), mark_file(fileno(done), 0);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    int done = REAL(mkdir)(path, mode);
    if (!done) mark_holder(AT_FDCWD, path);
    return done;
}

int rename(const char *from, const char *to) {
    int done = REAL(rename)(from, to);
    if (!done) mark_holder(AT_FDCWD, from), mark_holder(AT_FDCWD, to);
    return done;
}

int link(const char *from, const char *to) {
    int done = REAL(link)(from, to);
    if (!done) mark_holder(AT_FDCWD, to);
    return done;
}

int unlink(const char *path) {
    int done = REAL(unlink)(path);
    if (!done) mark_holder(AT_FDCWD, path);
    return done;
}
