/* file_writer: a file written piece by piece, for what is too long to hold.  Like file_write's, it is seen whole or not at all. */
#ifndef LOOM_BASE_FILE_WRITER_H
#define LOOM_BASE_FILE_WRITER_H
#include "base/diag.h"

enum { FILE_WRITER_BYTES = 1 << 16 };
typedef struct file_writer { int fd, error; const char *path, *temporary; /* NULL: a device or pipe, written in place */ size_t n; char buffer[FILE_WRITER_BYTES]; } file_writer;

/* LOOM_EIO: it cannot be made.  `out` is of ctx->mem; nothing may unwind between _open and _close. */
LOOM_MUST_USE loom_status file_writer_open(loom_ctx *ctx, const char *path, file_writer **out);
/* An error is kept for _close. */
void file_writer_add(file_writer *w, const char *bytes, size_t n);
LOOM_MUST_USE loom_status file_writer_close(loom_ctx *ctx, file_writer *w);
#endif
