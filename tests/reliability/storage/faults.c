/* A library to preload: it numbers everything that a program does to the files below one folder,
 * and can copy the folder before each of these calls, make one of them fail, or kill the program
 * there.  `shim.py` builds it and says how it is used.
 *
 * Environment (children inherit it, and share one count):
 *   FAULTS_ROOT   the folder, an absolute path
 *   FAULTS_OUT    another folder, which exists: `calls`, a line a call (number, process, operation,
 *                 bytes, path below the root), and the copies 000001, 000002, …
 *   FAULTS_DO     nothing (only the list), "snapshot", or ACTION:N for the N-th call
 *
 * A copy is the folder as it is before the call: what a SIGKILL at that moment leaves, and, as every
 * copy but the first is also the state after the call before it, one run enumerates them all.
 *
 * Files that C programs (TensorFlow) write by fwrite go through a stream of ours, so that what is
 * numbered is when the C library's buffer goes to the file, as a kill sees it.  Not seen: writes
 * through mmap, and streams opened for reading and writing at once.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { NOTHING, SNAPSHOT, ENOSPC_ONCE, EIO_ONCE, SHORT, FULL, KILL };
static const char *const NAMES[] = {"", "snapshot", "enospc", "eio", "short", "full", "kill"};

/* In memory that all processes share. */
struct control {
    pthread_mutex_t lock;
    long count, at; /* calls so far, and the call to act on */
    int action, ready;
};
static struct control *control;
static char root[PATH_MAX], out[PATH_MAX];
static size_t root_length;
static int calls_file = -1;

#define REAL(type, name, ...)                                     \
    static type (*real_##name)(__VA_ARGS__);                      \
    if (!real_##name) real_##name = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static void arm(const char *what, long from) {
    char word[32] = "";
    long number = 0;
    sscanf(what, "%31[a-z]:%ld", word, &number);
    control->action = NOTHING;
    for (int i = 1; i <= KILL; i++)
        if (!strcmp(word, NAMES[i])) control->action = i;
    control->at = from + number;
}

__attribute__((constructor)) static void start(void) {
    const char *folder = getenv("FAULTS_ROOT"), *where = getenv("FAULTS_OUT");
    if (!folder || !where) return;
    snprintf(out, sizeof out, "%s", where);
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/control", out);
    REAL(int, open, const char *, int, ...);
    int file = real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *control)) return;
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (control == MAP_FAILED) { control = NULL; return; }
    struct flock whole = {.l_type = F_WRLCK};
    fcntl(file, F_SETLKW, &whole);
    if (!control->ready) {
        pthread_mutexattr_t kind;
        pthread_mutexattr_init(&kind);
        pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(&control->lock, &kind);
        const char *what = getenv("FAULTS_DO");
        arm(what ? what : "", 0);
        control->ready = 1;
    }
    whole.l_type = F_UNLCK;
    fcntl(file, F_SETLK, &whole);
    close(file);
    snprintf(path, sizeof path, "%s/calls", out);
    calls_file = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Last: from here on calls are looked at. */
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
}

/* Arms an action on the `after`-th call from now; "" disarms.  For a program that tests itself. */
void faults_arm(const char *action, long after) {
    char what[64];
    snprintf(what, sizeof what, "%s:%ld", action, after);
    pthread_mutex_lock(&control->lock);
    arm(what, control->count);
    pthread_mutex_unlock(&control->lock);
}

/* The calls so far. */
long faults_count(void) { return control ? control->count : 0; }

/* --- which paths --------------------------------------------------------------------------- */

/* Writes the absolute path of `name` as open would see it, "." and ".." left in. */
static int absolute(char *path, int folder, const char *name) {
    if (!root_length || !name) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return 1;
    }
    char start[PATH_MAX];
    if (folder == AT_FDCWD) {
        if (!getcwd(start, sizeof start)) return 0;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, start, sizeof start - 1);
        if (length < 0) return 0;
        start[length] = 0;
    }
    return snprintf(path, PATH_MAX, "%s/%s", start, name) < PATH_MAX;
}

static const char *below(const char *path) {
    if (!root_length || strncmp(path, root, root_length)) return NULL;
    if (path[root_length] == 0) return ".";
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static const char *below_at(char *path, int folder, const char *name) {
    return absolute(path, folder, name) ? below(path) : NULL;
}

static const char *below_fd(char *path, int fd) {
    if (!root_length) return NULL;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return below(path);
}

/* --- a copy of the folder ------------------------------------------------------------------ */

static void copy_file(int from, int to) {
    REAL(ssize_t, write, int, const void *, size_t);
    char buffer[65536];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t more = real_write(to, buffer + done, got - done);
            if (more <= 0) abort(); /* no room for a copy: nothing shown would be true */
            done += more;
        }
}

static void copy_tree(const char *from, const char *to) {
    REAL(int, open, const char *, int, ...);
    REAL(int, mkdir, const char *, mode_t);
    if (real_mkdir(to, 0700) && errno != EEXIST) abort();
    DIR *folder = opendir(from);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char source[PATH_MAX], target[PATH_MAX];
        struct stat facts;
        if (snprintf(source, sizeof source, "%s/%s", from, entry->d_name) >= PATH_MAX ||
            snprintf(target, sizeof target, "%s/%s", to, entry->d_name) >= PATH_MAX ||
            lstat(source, &facts))
            continue;
        if (S_ISDIR(facts.st_mode)) {
            copy_tree(source, target);
        } else if (S_ISREG(facts.st_mode)) {
            int in = real_open(source, O_RDONLY | O_CLOEXEC);
            int made = real_open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            if (in < 0 || made < 0) abort();
            copy_file(in, made);
            close(in);
            close(made);
        }
    }
    closedir(folder);
}

/* --- one call ------------------------------------------------------------------------------ */

/* Counts a call and does what is armed; then the call is made, and `leave` ends it.  The lock is
 * held all the while, so that no other call falls between a copy and the call that it is before. */
static enum action enter(const char *operation, const char *path, size_t bytes) {
    int kept = errno;
    if (pthread_mutex_lock(&control->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&control->lock); /* a process was killed in here */
    long number = ++control->count;
    char text[PATH_MAX + 128];
    int length = snprintf(text, sizeof text, "%06ld %d %s %zu %s\n", number, getpid(), operation,
                          bytes, path);
    REAL(ssize_t, write, int, const void *, size_t);
    if (real_write(calls_file, text, length) != length) abort();
    enum action now = control->action;
    if (now == SNAPSHOT) {
        char target[PATH_MAX + 16];
        snprintf(target, sizeof target, "%s/%06ld", out, number);
        copy_tree(root, target);
        now = NOTHING;
    } else if (now == FULL ? number < control->at : number != control->at) {
        now = NOTHING;
    }
    if (now == KILL) kill(getpid(), SIGKILL);
    if (now == FULL && number > control->at) now = ENOSPC_ONCE;
    errno = kept;
    return now;
}

static void leave(void) {
    int kept = errno;
    pthread_mutex_unlock(&control->lock);
    errno = kept;
}

/* The error of a call that writes no bytes, or 0.  A full disk still unlinks and syncs. */
static int refusal(enum action now, int takes_space) {
    if (now == EIO_ONCE) return EIO;
    if ((now == ENOSPC_ONCE || now == FULL) && takes_space) return ENOSPC;
    return 0;
}

#define GUARDED(type, operation, path, space, call)                  \
    do {                                                             \
        enum action now = enter(operation, path, 0);                 \
        int error = refusal(now, space);                             \
        type result = error ? (type)-1 : (call);                     \
        if (error) errno = error;                                    \
        leave();                                                     \
        return result;                                               \
    } while (0)

/* How many of `bytes` a write may write; -1 and errno where it fails. */
static ssize_t permitted(enum action now, size_t bytes) {
    if (now == EIO_ONCE || now == ENOSPC_ONCE) {
        errno = now == EIO_ONCE ? EIO : ENOSPC;
        return -1;
    }
    if (now != SHORT && now != FULL) return bytes;
    if (bytes > 1) return bytes / 2;
    if (now == SHORT) return bytes;
    errno = ENOSPC;
    return -1;
}

#define WRITTEN(operation, fd, bytes, call_all, call_some)            \
    do {                                                              \
        char path[PATH_MAX];                                          \
        const char *name = below_fd(path, fd);                        \
        if (!name) return call_all;                                   \
        enum action now = enter(operation, name, bytes);              \
        ssize_t some = permitted(now, bytes);                         \
        ssize_t result = some < 0 ? -1 : (call_some);                 \
        leave();                                                      \
        return result;                                                \
    } while (0)

ssize_t write(int fd, const void *data, size_t bytes) {
    REAL(ssize_t, write, int, const void *, size_t);
    WRITTEN("write", fd, bytes, real_write(fd, data, bytes), real_write(fd, data, some));
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t place) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    WRITTEN("pwrite", fd, bytes, real_pwrite(fd, data, bytes, place),
            real_pwrite(fd, data, some, place));
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t place) {
    return pwrite(fd, data, bytes, place);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    struct iovec first = count ? parts[0] : (struct iovec){0};
    if (first.iov_len > 1) first.iov_len /= 2;
    WRITTEN("writev", fd, bytes, real_writev(fd, parts, count),
            some < (ssize_t)bytes ? real_writev(fd, &first, 1) : real_writev(fd, parts, count));
}

ssize_t sendfile(int to, int from, off_t *place, size_t bytes) {
    REAL(ssize_t, sendfile, int, int, off_t *, size_t);
    WRITTEN("sendfile", to, bytes, real_sendfile(to, from, place, bytes),
            real_sendfile(to, from, place, some));
}

ssize_t sendfile64(int to, int from, off64_t *place, size_t bytes) {
    return sendfile(to, from, place, bytes);
}

ssize_t copy_file_range(int from, off64_t *from_place, int to, off64_t *to_place, size_t bytes,
                        unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);
    WRITTEN("copy_file_range", to, bytes,
            real_copy_file_range(from, from_place, to, to_place, bytes, flags),
            real_copy_file_range(from, from_place, to, to_place, some, flags));
}

#define SYNCED(name)                                                     \
    int name(int fd) {                                                   \
        REAL(int, name, int);                                            \
        char path[PATH_MAX];                                             \
        const char *under = below_fd(path, fd);                          \
        if (!under) return real_##name(fd);                              \
        GUARDED(int, #name, under, 0, real_##name(fd));                  \
    }
SYNCED(fsync)
SYNCED(fdatasync)

int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    char path[PATH_MAX];
    const char *name = below_fd(path, fd);
    if (!name) return real_ftruncate(fd, size);
    GUARDED(int, "ftruncate", name, 0, real_ftruncate(fd, size));
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int truncate(const char *name, off_t size) {
    REAL(int, truncate, const char *, off_t);
    char path[PATH_MAX];
    const char *under = below_at(path, AT_FDCWD, name);
    if (!under) return real_truncate(name, size);
    GUARDED(int, "truncate", under, 0, real_truncate(name, size));
}

/* --- names --------------------------------------------------------------------------------- */

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    char path[PATH_MAX];
    const char *under = below_at(path, to_folder, to);
    if (!under) under = below_at(path, from_folder, from);
    if (!under) return real_renameat2(from_folder, from, to_folder, to, flags);
    GUARDED(int, "rename", under, 1, real_renameat2(from_folder, from, to_folder, to, flags));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *name, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    char path[PATH_MAX];
    const char *under = below_at(path, folder, name);
    if (!under) return real_unlinkat(folder, name, flags);
    GUARDED(int, flags & AT_REMOVEDIR ? "rmdir" : "unlink", under, 0,
            real_unlinkat(folder, name, flags));
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdirat(int folder, const char *name, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    char path[PATH_MAX];
    const char *under = below_at(path, folder, name);
    if (!under) return real_mkdirat(folder, name, mode);
    GUARDED(int, "mkdir", under, 1, real_mkdirat(folder, name, mode));
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    char path[PATH_MAX];
    const char *under = below_at(path, to_folder, to);
    if (!under) return real_linkat(from_folder, from, to_folder, to, flags);
    GUARDED(int, "link", under, 1, real_linkat(from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *from, int folder, const char *to) {
    REAL(int, symlinkat, const char *, int, const char *);
    char path[PATH_MAX];
    const char *under = below_at(path, folder, to);
    if (!under) return real_symlinkat(from, folder, to);
    GUARDED(int, "symlink", under, 1, real_symlinkat(from, folder, to));
}

int symlink(const char *from, const char *to) { return symlinkat(from, AT_FDCWD, to); }

/* --- opening: what makes or empties a file ---------------------------------------------------- */

int openat(int folder, const char *name, int flags, ...) {
    REAL(int, openat, int, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    char path[PATH_MAX];
    const char *under = flags & (O_CREAT | O_TRUNC) ? below_at(path, folder, name) : NULL;
    if (!under) return real_openat(folder, name, flags, mode);
    GUARDED(int, "open", under, 1, real_openat(folder, name, flags, mode));
}

#define OPENED(name, at)                                                       \
    int name(const char *path, int flags, ...) {                               \
        va_list rest;                                                          \
        va_start(rest, flags);                                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                          \
        return openat(AT_FDCWD, path, flags | at, mode);                       \
    }
OPENED(open, 0)
OPENED(open64, O_LARGEFILE)

int openat64(int folder, const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return openat(folder, name, flags | O_LARGEFILE, mode);
}

int creat(const char *name, mode_t mode) {
    return openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* --- streams: the C library's buffer, with our `write` behind it ------------------------------- */

enum { STREAMS = 256 };
static struct { FILE *stream; int fd; } streams[STREAMS];
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t stream_write(void *cookie, const char *data, size_t bytes) {
    size_t done = 0;
    while (done < bytes) { /* as the C library does for a file: what is short is gone on with */
        ssize_t more = write((int)(intptr_t)cookie, data + done, bytes - done);
        if (more <= 0) break;
        done += more;
    }
    return done ? (ssize_t)done : 0; /* less than `bytes`: the stream is in error, errno says why */
}

static int stream_seek(void *cookie, off64_t *place, int from) {
    off64_t at = lseek64((int)(intptr_t)cookie, *place, from);
    if (at < 0) return -1;
    *place = at;
    return 0;
}

static int stream_close(void *cookie) { return close((int)(intptr_t)cookie); }

static FILE *stream_open(const char *name, const char *mode) {
    int fd = openat(AT_FDCWD, name,
                    O_WRONLY | O_CREAT | O_CLOEXEC | (mode[0] == 'a' ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) return NULL;
    cookie_io_functions_t functions = {
        .write = stream_write, .seek = stream_seek, .close = stream_close};
    FILE *stream = fopencookie((void *)(intptr_t)fd, mode[0] == 'a' ? "a" : "w", functions);
    if (!stream) return NULL;
    pthread_mutex_lock(&streams_lock);
    for (int i = 0; i < STREAMS; i++)
        if (!streams[i].stream) {
            streams[i].stream = stream;
            streams[i].fd = fd;
            break;
        }
    pthread_mutex_unlock(&streams_lock);
    return stream;
}

static int writes_below(const char *name, const char *mode) {
    char path[PATH_MAX];
    return (mode[0] == 'w' || mode[0] == 'a') && !strchr(mode, '+') &&
           below_at(path, AT_FDCWD, name);
}

FILE *fopen(const char *name, const char *mode) {
    REAL(FILE *, fopen, const char *, const char *);
    return writes_below(name, mode) ? stream_open(name, mode) : real_fopen(name, mode);
}

FILE *fopen64(const char *name, const char *mode) {
    REAL(FILE *, fopen64, const char *, const char *);
    return writes_below(name, mode) ? stream_open(name, mode) : real_fopen64(name, mode);
}

int fileno(FILE *stream) {
    REAL(int, fileno, FILE *);
    for (int i = 0; i < STREAMS; i++)
        if (stream && streams[i].stream == stream) return streams[i].fd;
    return real_fileno(stream);
}

int fclose(FILE *stream) {
    REAL(int, fclose, FILE *);
    pthread_mutex_lock(&streams_lock);
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].stream == stream) streams[i].stream = NULL;
    pthread_mutex_unlock(&streams_lock);
    return real_fclose(stream);
}
