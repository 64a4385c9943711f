/*
 * Preloaded into a process, it stands between that process and the files below DISK_ROOT: it records what is written,
 * fails or kills at the n-th call, and can forget fsync. Two other files steer it: DISK_CONTROL (struct control, mapped,
 * so that a test changes it at any time) and DISK_LEDGER (whatever is written there goes into the record as well, which
 * orders acknowledgements with the writes they depend on). The record goes to DISK_LOG; see writeLog.ts for its form.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 4, OP_RENAME = 8, OP_UNLINK = 16, OP_CREATE = 32, OP_MKDIR = 64 };
enum { OFF, FAIL, KILL_BEFORE, KILL_AFTER, KILL_TORN };
enum { REC_OPEN = 1, REC_WRITE, REC_TRUNCATE, REC_SYNC, REC_RENAME, REC_UNLINK, REC_MKDIR, REC_LEDGER };

struct control {
	int32_t mode;
	int32_t ops;
	int32_t countdown; /* fires when it reaches 0 */
	int32_t error;
	int32_t lasting; /* goes on failing until mode is OFF */
	int32_t fired;
	int32_t seen; /* calls that matched */
	int32_t forget_sync;
	int32_t torn; /* a failing write leaves its first half */
	char filter[92]; /* part of the path, or with $ at its end how the path ends; empty: every file */
};

struct record {
	uint32_t type, handle;
	uint64_t offset;
	uint32_t path_length, data_length, failed, reserved;
};

#define MAX_FD 65536
#define LEDGER_HANDLE 0xffffffffu

static char root[4096], ledger[4096];
static size_t root_length;
static struct control *control;
static int log_fd = -1;
static uint32_t next_handle = 1;
static struct { uint32_t handle; char *path; int append; } files[MAX_FD];
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

#define REAL(result, name, ...) static result (*real_##name)(__VA_ARGS__)
REAL(int, open64, const char *, int, ...);
REAL(int, openat64, int, const char *, int, ...);
REAL(int, close, int);
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, writev, int, const struct iovec *, int);
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
REAL(int, ftruncate64, int, off64_t);
REAL(int, fsync, int);
REAL(int, fdatasync, int);
REAL(int, rename, const char *, const char *);
REAL(int, unlink, const char *);
REAL(int, unlinkat, int, const char *, int);
REAL(int, rmdir, const char *);
REAL(int, mkdir, const char *, mode_t);

static void load(void) {
	if (real_open64) return;
#define LOAD(name) real_##name = dlsym(RTLD_NEXT, #name)
	LOAD(open64); LOAD(openat64); LOAD(close); LOAD(write); LOAD(writev); LOAD(pwrite64); LOAD(ftruncate64);
	LOAD(fsync); LOAD(fdatasync); LOAD(rename); LOAD(unlink); LOAD(unlinkat); LOAD(rmdir); LOAD(mkdir);
}

__attribute__((constructor)) static void start(void) {
	load();
	const char *value = getenv("DISK_ROOT");
	if (!value) return;
	snprintf(root, sizeof root, "%s/", value);
	root_length = strlen(root);
	if ((value = getenv("DISK_LEDGER"))) snprintf(ledger, sizeof ledger, "%s", value);
	if ((value = getenv("DISK_LOG"))) log_fd = real_open64(value, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if ((value = getenv("DISK_CONTROL"))) {
		int fd = real_open64(value, O_RDWR | O_CLOEXEC);
		void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED) {
			perror("diskShim: DISK_CONTROL");
			_exit(99);
		}
		control = map;
		real_close(fd);
	}
	unsetenv("LD_PRELOAD");
}

/* The path below the root, or NULL. The root itself is "". */
static const char *below(const char *path) {
	if (!root_length || !path) return NULL;
	if (strncmp(path, root, root_length) == 0) return path + root_length;
	return strlen(path) == root_length - 1 && strncmp(path, root, root_length - 1) == 0 ? "" : NULL;
}

static void put(uint32_t type, uint32_t handle, uint64_t offset, const char *path, const void *data, size_t length, int failed) {
	if (log_fd < 0) return;
	struct record record = { type, handle, offset, path ? strlen(path) : 0, length, failed, 0 };
	struct iovec parts[3] = { { &record, sizeof record }, { (void *)path, record.path_length }, { (void *)data, length } };
	if (real_writev(log_fd, parts, 3) != (ssize_t)(sizeof record + record.path_length + length)) _exit(98);
}

static void die(void) {
	kill(getpid(), SIGKILL);
	for (;;) pause();
}

/* What is to happen to this call: OFF, FAIL with errno set, KILL_AFTER or KILL_TORN. */
static int fate(int op, const char *path) {
	if (!control || control->mode == OFF || !(control->ops & op)) return OFF;
	size_t filter = strlen(control->filter), length = strlen(path);
	if (filter && control->filter[filter - 1] == '$') {
		if (length < filter - 1 || strncmp(path + length - (filter - 1), control->filter, filter - 1)) return OFF;
	} else if (filter && !strstr(path, control->filter)) return OFF;
	control->seen++;
	if (control->fired && control->lasting && control->mode == FAIL) {
		control->fired++;
		errno = control->error;
		return FAIL;
	}
	if (control->fired || --control->countdown > 0) return OFF;
	control->fired++;
	if (control->mode == KILL_BEFORE) die();
	if (control->mode == FAIL) errno = control->error;
	return control->mode;
}

static int opened(int fd, const char *path, int flags, int existed) {
	if (fd < 0 || fd >= MAX_FD) return fd;
	const char *name = below(path);
	int is_ledger = ledger[0] && strcmp(path, ledger) == 0;
	if (!name && !is_ledger) return fd;
	int saved = errno;
	free(files[fd].path);
	files[fd].path = strdup(is_ledger ? "" : name);
	files[fd].handle = is_ledger ? LEDGER_HANDLE : next_handle++;
	files[fd].append = (flags & O_APPEND) != 0;
	if (!is_ledger) put(REC_OPEN, files[fd].handle, (flags & O_TRUNC ? 1 : 0) | (existed ? 0 : 2), name, NULL, 0, 0);
	errno = saved;
	return fd;
}

static int do_open(const char *path, int flags, mode_t mode) {
	load();
	const char *name = below(path);
	if (!name && !(ledger[0] && path && strcmp(path, ledger) == 0)) return real_open64(path, flags, mode);
	pthread_mutex_lock(&lock);
	struct stat info;
	int existed = stat(path, &info) == 0, next = OFF, fd = -1;
	if (name && !existed && (flags & O_CREAT)) next = fate(OP_CREATE, name);
	if (next != FAIL) fd = opened(real_open64(path, flags, mode), path, flags, existed);
	if (next > KILL_BEFORE) die();
	pthread_mutex_unlock(&lock);
	return fd;
}

#define MODE_OF(flags) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) { MODE_OF(flags) return do_open(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return do_open(path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) {
	MODE_OF(flags)
	load();
	return path[0] == '/' ? do_open(path, flags, mode) : real_openat64(at, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return openat64(at, path, flags, mode); }

int close(int fd) {
	load();
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < MAX_FD) files[fd].handle = 0;
	int result = real_close(fd);
	pthread_mutex_unlock(&lock);
	return result;
}

static int is_ours(int fd) { return fd >= 0 && fd < MAX_FD && files[fd].handle != 0; }

static ssize_t do_write(int fd, const void *data, size_t length, off64_t offset) {
	pthread_mutex_lock(&lock);
	uint32_t handle = files[fd].handle;
	ssize_t done;
	if (handle == LEDGER_HANDLE) {
		put(REC_LEDGER, 0, 0, NULL, data, length, 0);
		done = real_write(fd, data, length);
		pthread_mutex_unlock(&lock);
		return done;
	}
	off64_t at = offset;
	if (offset < 0) {
		struct stat info;
		at = files[fd].append && fstat(fd, &info) == 0 ? info.st_size : lseek(fd, 0, SEEK_CUR);
	}
	int next = fate(OP_WRITE, files[fd].path), error = errno;
	size_t part = next == KILL_TORN || (next == FAIL && control->torn) ? length / 2 : next == FAIL ? 0 : length;
	done = part == 0 && length > 0 ? 0 : offset < 0 ? real_write(fd, data, part) : real_pwrite64(fd, data, part, offset);
	if (done > 0) put(REC_WRITE, handle, at, NULL, data, done, 0);
	if (next > KILL_BEFORE) die();
	if (next == FAIL) {
		done = -1;
		errno = error;
	}
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t write(int fd, const void *data, size_t length) {
	load();
	return is_ours(fd) ? do_write(fd, data, length, -1) : real_write(fd, data, length);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
	load();
	return is_ours(fd) ? do_write(fd, data, length, offset) : real_pwrite64(fd, data, length, offset);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
	load();
	if (!is_ours(fd)) return real_writev(fd, parts, count);
	ssize_t total = 0;
	for (int i = 0; i < count; i++) {
		ssize_t done = do_write(fd, parts[i].iov_base, parts[i].iov_len, -1);
		if (done < 0) return total > 0 ? total : -1;
		total += done;
	}
	return total;
}

int ftruncate64(int fd, off64_t length) {
	load();
	if (!is_ours(fd)) return real_ftruncate64(fd, length);
	pthread_mutex_lock(&lock);
	int next = fate(OP_TRUNCATE, files[fd].path);
	int result = next == FAIL ? -1 : real_ftruncate64(fd, length);
	if (result == 0) put(REC_TRUNCATE, files[fd].handle, length, NULL, NULL, 0, 0);
	if (next > KILL_BEFORE) die();
	pthread_mutex_unlock(&lock);
	return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int do_sync(int fd, int (*sync)(int)) {
	if (!is_ours(fd) || files[fd].handle == LEDGER_HANDLE) return sync(fd);
	pthread_mutex_lock(&lock);
	int next = fate(OP_SYNC, files[fd].path), error = errno, result = 0;
	if (!(control && control->forget_sync)) {
		/* The test's disk is this record: what has reached the kernel is as good as written for everybody else. */
		if (next == FAIL) result = -1;
		put(REC_SYNC, files[fd].handle, 0, NULL, NULL, 0, result != 0);
	}
	if (next > KILL_BEFORE) die();
	errno = error;
	pthread_mutex_unlock(&lock);
	return result;
}
int fsync(int fd) { load(); return do_sync(fd, real_fsync); }
int fdatasync(int fd) { load(); return do_sync(fd, real_fdatasync); }

int rename(const char *from, const char *to) {
	load();
	const char *name = below(from), *target = below(to);
	if (!name || !target) return real_rename(from, to);
	pthread_mutex_lock(&lock);
	int next = fate(OP_RENAME, name);
	int result = next == FAIL ? -1 : real_rename(from, to);
	if (result == 0) put(REC_RENAME, 0, 0, name, target, strlen(target), 0);
	if (next > KILL_BEFORE) die();
	pthread_mutex_unlock(&lock);
	return result;
}

static int removed(const char *path, int (*remove)(const char *)) {
	const char *name = below(path);
	if (!name) return remove(path);
	pthread_mutex_lock(&lock);
	int next = fate(OP_UNLINK, name);
	int result = next == FAIL ? -1 : remove(path);
	if (result == 0) put(REC_UNLINK, 0, 0, name, NULL, 0, 0);
	if (next > KILL_BEFORE) die();
	pthread_mutex_unlock(&lock);
	return result;
}
int unlink(const char *path) { load(); return removed(path, real_unlink); }
int rmdir(const char *path) { load(); return removed(path, real_rmdir); }
int unlinkat(int at, const char *path, int flags) {
	load();
	if (path[0] == '/') return removed(path, flags & AT_REMOVEDIR ? real_rmdir : real_unlink);
	/* std::filesystem removes whole folders entry by entry. */
	char folder[4096], link[64], whole[8192];
	snprintf(link, sizeof link, "/proc/self/fd/%d", at);
	ssize_t length = readlink(link, folder, sizeof folder - 1);
	int result = real_unlinkat(at, path, flags);
	if (result == 0 && length > 0) {
		folder[length] = 0;
		snprintf(whole, sizeof whole, "%s/%s", folder, path);
		const char *name = below(whole);
		pthread_mutex_lock(&lock);
		if (name) put(REC_UNLINK, 0, 0, name, NULL, 0, 0);
		pthread_mutex_unlock(&lock);
	}
	return result;
}

int mkdir(const char *path, mode_t mode) {
	load();
	const char *name = below(path);
	if (!name) return real_mkdir(path, mode);
	pthread_mutex_lock(&lock);
	int next = fate(OP_MKDIR, name);
	int result = next == FAIL ? -1 : real_mkdir(path, mode);
	if (result == 0) put(REC_MKDIR, 0, 0, name, NULL, 0, 0);
	if (next > KILL_BEFORE) die();
	pthread_mutex_unlock(&lock);
	return result;
}
