#include "base/file_writer.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static loom_status fail_errno(loom_ctx *ctx, const char *path, int error) {
  return diag_error(ctx, diag_file_span(ctx, path), LOOM_EIO, "cannot write the file: %s", strerror(error));
}

loom_status file_writer_open(loom_ctx *ctx, const char *path, file_writer **out) {
  struct stat st;
  bool exists = stat(path, &st) == 0;
  file_writer *w = *out = ARENA_NEW(&ctx->mem, file_writer);
  w->path = path;
  if (exists && S_ISDIR(st.st_mode))
    return fail_errno(ctx, path, EISDIR);
  if (exists && !S_ISREG(st.st_mode)) {
    w->fd = file_open(path, O_WRONLY);
  } else {
    w->fd = file_open_temporary(&ctx->mem, AT_FDCWD, path, exists ? st.st_mode & 0777 : 0666, &w->temporary);
  }
  return w->fd < 0 ? fail_errno(ctx, path, errno) : LOOM_OK;
}

static void flush(file_writer *w) {
  if (!w->error && !file_write_all(w->fd, w->buffer, w->n))
    w->error = errno;
  w->n = 0;
}

void file_writer_add(file_writer *w, const char *bytes, size_t n) {
  while (n > 0) {
    size_t room = FILE_WRITER_BYTES - w->n, part = n < room ? n : room;
    memcpy(w->buffer + w->n, bytes, part);
    w->n += part;
    bytes += part;
    n -= part;
    if (w->n == FILE_WRITER_BYTES)
      flush(w);
  }
}

loom_status file_writer_close(loom_ctx *ctx, file_writer *w) {
  flush(w);
  if (!file_close(w->fd, w->temporary && !w->error) && !w->error)
    w->error = errno;
  if (w->temporary && !w->error && rename(w->temporary, w->path) != 0)
    w->error = errno;
  if (w->temporary && w->error)
    unlink(w->temporary);
  return w->error ? fail_errno(ctx, w->path, w->error) : LOOM_OK;
}
