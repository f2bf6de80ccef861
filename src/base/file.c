#include "base/file.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- calls that are interrupted ---- */

int file_open(const char *path, int flags) {
  int fd;
  do
    fd = open(path, flags | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

bool file_close(int fd, bool sync) {
  int error = 0;
  while (sync && !error && fsync(fd) != 0)
    error = errno == EINTR ? 0 : errno;
  if (close(fd) != 0 && errno != EINTR && !error)      /* interrupted, it is closed all the same */
    error = errno;
  errno = error;
  return !error;
}

int file_open_temporary(arena *m, int dir, const char *path, mode_t mode, const char **out_name) {
  static atomic_uint counter;
  int fd;
  do {
    *out_name = arena_printf(m, "%s.%ld.%u.tmp", path, (long)getpid(), atomic_fetch_add(&counter, 1));
    fd = openat(dir, *out_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  } while (fd < 0 && (errno == EINTR || errno == EEXIST));      /* EEXIST: a process of this number died, or lives in another container */
  return fd;
}

/* ---- reading ---- */

typedef struct reading { int fd; const char *path; size_t limit_bytes, expected_bytes; char *data; size_t size; } reading;

static loom_status fail_errno(loom_ctx *ctx, const char *path, const char *what, int error) {
  return diag_error(ctx, diag_file_span(ctx, path), LOOM_EIO, "%s: %s", what, strerror(error));
}

bool file_read_all(int fd, void *bytes, size_t size) {
  for (char *p = bytes; size > 0;) {
    ssize_t n = read(fd, p, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n == 0 ? 0 : errno;
      return false;
    }
    p += n;
    size -= (size_t)n;
  }
  return true;
}

/* Runs under loom_ctx_run, so that file_read can close the file when memory runs out. */
static loom_status read_all(loom_ctx *ctx, void *data) {
  reading *r = data;
  size_t room = r->expected_bytes + 1;
  r->data = arena_alloc(&ctx->mem, room);
  for (;;) {
    if (r->size + 1 == room) {   /* full: one byte on the stack tells end of file from a file that grew or has no known size */
      char extra;
      ssize_t n = read(r->fd, &extra, 1);
      if (n == 0)
        return LOOM_OK;
      if (n < 0) {
        if (errno == EINTR)
          continue;
        return fail_errno(ctx, r->path, "cannot read the file", errno);
      }
      if (r->size == r->limit_bytes)
        LOOM_FAIL(ctx, diag_file_span(ctx, r->path), LOOM_ELIMIT, "the file is larger than the limit of %zu bytes", r->limit_bytes);
      room = room < 2048 ? 4096 : room * 2;
      if (room - 1 > r->limit_bytes)
        room = r->limit_bytes + 1;
      char *bigger = arena_alloc(&ctx->mem, room);
      memcpy(bigger, r->data, r->size);
      bigger[r->size++] = extra;
      r->data = bigger;
      continue;
    }
    ssize_t n = read(r->fd, r->data + r->size, room - 1 - r->size);
    if (n == 0)
      return LOOM_OK;
    if (n > 0)
      r->size += (size_t)n;
    else if (errno != EINTR)
      return fail_errno(ctx, r->path, "cannot read the file", errno);
  }
}

loom_status file_read(loom_ctx *ctx, const char *path, size_t limit_bytes, char **out, size_t *out_size) {
  bool is_stdin = text_eq(path, "-");
  reading r = {.fd = 0, .path = path, .limit_bytes = limit_bytes < SIZE_MAX / 4 ? limit_bytes : SIZE_MAX / 4};
  if (!is_stdin) {
    r.fd = file_open(path, O_RDONLY);
    if (r.fd < 0)
      return fail_errno(ctx, path, "cannot open the file", errno);
  }
  struct stat st;
  const bool is_known = fstat(r.fd, &st) == 0;
  if (is_known && !S_ISREG(st.st_mode) && r.limit_bytes > FILE_STREAM_BYTES_MAX)
    r.limit_bytes = FILE_STREAM_BYTES_MAX;
  if (is_known && S_ISREG(st.st_mode) && st.st_size > 0) {
    if (is_stdin)
      lseek(r.fd, 0, SEEK_SET);   /* its form may have been looked at before */
    r.expected_bytes = (size_t)st.st_size;
    if (r.expected_bytes > r.limit_bytes)
      r.expected_bytes = r.limit_bytes;   /* the read finds out whether there is more */
  }
  loom_status status = loom_ctx_run(ctx, read_all, &r);
  if (!is_stdin)
    close(r.fd);
  *out = r.data;
  *out_size = r.size;
  return status;
}

/* ---- writing ---- */

bool file_write_all(int fd, const void *bytes, size_t size) {
  for (const char *p = bytes; size > 0;) {
    ssize_t n = write(fd, p, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    p += n;
    size -= (size_t)n;
  }
  return true;
}

/* Devices and pipes cannot be replaced by a renamed file. */
static loom_status write_special(loom_ctx *ctx, const char *path, const void *bytes, size_t size) {
  int fd = file_open(path, O_WRONLY);
  if (fd < 0)
    return fail_errno(ctx, path, "cannot open the file for writing", errno);
  bool written = file_write_all(fd, bytes, size);
  int error = errno;
  close(fd);
  return written ? LOOM_OK : fail_errno(ctx, path, "cannot write the file", error);
}

/* Fills the new file `fd` and renames it from `temporary` to `path`; 0 or the errno.  Closes `fd`. */
static int write_and_rename(int fd, const char *temporary, const char *path, const void *bytes, size_t size) {
  int error = file_write_all(fd, bytes, size) ? 0 : errno;
  if (!file_close(fd, !error) && !error)
    error = errno;
  if (!error && rename(temporary, path) != 0)
    error = errno;
  if (error)
    unlink(temporary);
  return error;
}

/* Makes a rename in `dir` durable.  Some file systems cannot; the contents are whole either way. */
static void sync_dir(const char *dir) {
  int fd = file_open(dir, O_RDONLY | O_DIRECTORY);
  if (fd >= 0)
    (void)file_close(fd, true);
}

loom_status file_write(loom_ctx *ctx, const char *path, const void *bytes, size_t size) {
  struct stat st;
  bool exists = stat(path, &st) == 0;
  if (exists && S_ISDIR(st.st_mode))
    return fail_errno(ctx, path, "cannot write the file", EISDIR);
  if (exists && !S_ISREG(st.st_mode))
    return write_special(ctx, path, bytes, size);
  arena_mark mark = arena_save(&ctx->scratch);
  const char *temporary, *dir = file_dirname(&ctx->scratch, path);
  int fd = file_open_temporary(&ctx->scratch, AT_FDCWD, path, exists ? st.st_mode & 0777 : 0666, &temporary);
  int error = fd < 0 ? errno : write_and_rename(fd, temporary, path, bytes, size);
  if (!error)
    sync_dir(dir);
  arena_release(&ctx->scratch, mark);
  return error ? fail_errno(ctx, path, "cannot write the file", error) : LOOM_OK;
}

loom_status file_make_dirs(loom_ctx *ctx, const char *path) {
  arena_mark mark = arena_save(&ctx->scratch);
  char *part = arena_strdup(&ctx->scratch, path);
  int error = 0;
  for (char *p = part; !error && *p;) {
    p += strspn(p, "/");
    p += strcspn(p, "/");
    char kept = *p;
    *p = 0;
    if (mkdir(part, 0777) != 0)
      error = errno == EEXIST ? ENOTDIR : errno;
    if (error && file_is_dir(part))
      error = 0;
    *p = kept;
  }
  arena_release(&ctx->scratch, mark);
  return error ? fail_errno(ctx, path, "cannot make the directory", error) : LOOM_OK;
}

/* ---- names ---- */

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

bool file_is_dir(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *file_join(arena *m, const char *dir, const char *name) {
  if (name[0] == '/' || dir[0] == 0)
    return arena_strdup(m, name);
  return arena_printf(m, "%s%s%s", dir, text_ends(dir, "/") ? "" : "/", name);
}

/* Length of `path` without slashes at its end; the root keeps its own. */
static size_t trimmed_length(const char *path, size_t n) {
  while (n > 1 && path[n - 1] == '/')
    n--;
  return n;
}

/* Where the last part of the first `n` bytes begins. */
static size_t last_part(const char *path, size_t n) {
  while (n > 0 && path[n - 1] != '/')
    n--;
  return n;
}

char *file_dirname(arena *m, const char *path) {
  size_t n = last_part(path, trimmed_length(path, strlen(path)));
  return n ? arena_strndup(m, path, trimmed_length(path, n)) : arena_strdup(m, ".");
}

char *file_basename(arena *m, const char *path) {
  size_t end = trimmed_length(path, strlen(path)), begin = last_part(path, end);
  return begin == end ? arena_strndup(m, path, end) : arena_strndup(m, path + begin, end - begin);
}

char *file_stem(arena *m, const char *path) {
  char *name = file_basename(m, path), *dot = strrchr(name, '.');
  if (dot && dot != name)
    *dot = 0;
  return name;
}
