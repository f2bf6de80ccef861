/* file: whole files in, whole files out.  Output is written to a temporary file in the same directory, fsynced and renamed:
 * a reader sees the old file or the new one, never a part. */
#ifndef LOOM_BASE_FILE_H
#define LOOM_BASE_FILE_H
#include "base/diag.h"
#include <sys/types.h>

enum { FILE_STREAM_BYTES_MAX = 1 << 28 };      /* of what is no regular file: a pipe, a device, which may have no end */
/* Reads `path` ("-" is standard input; one that is a file is read from its start each time) of at most `limit_bytes`, of a stream FILE_STREAM_BYTES_MAX; *out is NUL-terminated behind *out_size bytes.
 * LOOM_EIO: missing or unreadable (errno text in the message); LOOM_ELIMIT: larger than the limit. */
LOOM_MUST_USE loom_status file_read(loom_ctx *ctx, const char *path, size_t limit_bytes, char **out, size_t *out_size);
LOOM_MUST_USE loom_status file_write(loom_ctx *ctx, const char *path, const void *bytes, size_t size);
/* mkdir -p. */
LOOM_MUST_USE loom_status file_make_dirs(loom_ctx *ctx, const char *path);
bool file_exists(const char *path);
bool file_is_dir(const char *path);
char *file_join(arena *m, const char *dir, const char *name);      /* an absolute `name` stays as it is */
char *file_dirname(arena *m, const char *path);
char *file_basename(arena *m, const char *path);
char *file_stem(arena *m, const char *path);                       /* basename without its last suffix */

/* open with O_CLOEXEC, over interruptions; -1: errno says why. */
int file_open(const char *path, int flags);
/* fsync, if asked for, and close, over interruptions; it is closed in any case.  False: errno says why. */
bool file_close(int fd, bool sync);
/* A new file, open for writing, that is to be renamed to `path` (of the directory `dir`, or AT_FDCWD); -1: errno says why.  Its name, of `m`, ends in ".tmp"; what a dead
 * process left under such a name is not touched. */
int file_open_temporary(arena *m, int dir, const char *path, mode_t mode, const char **out_name);
/* Writes all of it to a file, pipe or socket, over interruptions; false: errno says why. */
bool file_write_all(int fd, const void *bytes, size_t size);
/* Reads so many bytes from where it is, over interruptions; false: there are fewer (errno 0), or errno says why. */
bool file_read_all(int fd, void *bytes, size_t size);

/* n items of item_bytes at `offset` of a file's bytes, or NULL when they do not lie inside. */
static inline const char *file_slice(const char *bytes, size_t size, uint64_t offset, uint64_t n, uint64_t item_bytes) {
  uint64_t length, end;
  if (__builtin_mul_overflow(n, item_bytes, &length) || __builtin_add_overflow(offset, length, &end) || end > size)
    return NULL;
  return bytes + offset;
}
#endif
