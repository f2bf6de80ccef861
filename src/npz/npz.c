#include "npz/npz.h"
#include "base/file.h"
#include "base/text.h"
#include <string.h>
#include <zip.h>

enum { NPZ_MEMBERS_MAX = 4096 };
#define NPZ_BYTES_MAX ((uint64_t)4 << 30)
#define NPZ_DATE ((0 << 9) | (1 << 5) | 1)      /* 1980-01-01 as MS-DOS writes it: a date of the calendar, whatever the time zone */

static loom_status fail_open(loom_ctx *ctx, const char *path, zip_error_t *e) {
  loom_status st = diag_error(ctx, diag_file_span(ctx, path), zip_error_code_system(e) ? LOOM_EIO : LOOM_EINPUT, "not a readable .npz archive: %s", zip_error_strerror(e));
  zip_error_fini(e);
  return st;
}

static loom_status read_member(loom_ctx *ctx, const char *path, zip_t *z, zip_uint64_t i, npz_array *out, bool *is_array) {
  zip_stat_t st;
  *is_array = false;
  if (zip_stat_index(z, i, 0, &st) || !(st.valid & ZIP_STAT_NAME) || !(st.valid & ZIP_STAT_SIZE))
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "member %d of the archive has no name or size", (int)i);
  if (!text_ends(st.name, ".npy"))
    return LOOM_OK;
  if (st.size > NPZ_BYTES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_ELIMIT, "member %s has more than 4 GiB", st.name);
  char *bytes = arena_alloc(&ctx->mem, (size_t)st.size + 1);
  zip_file_t *f = zip_fopen_index(z, i, 0);
  zip_int64_t got = f ? zip_fread(f, bytes, st.size) : -1;
  const bool is_whole = got >= 0 && (uint64_t)got == st.size && zip_fread(f, &(char){0}, 1) == 0;      /* at its end the checksum is looked at */
  if (f)
    zip_fclose(f);
  if (!is_whole)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "member %s is cut short or damaged", st.name);
  out->name = arena_strndup(&ctx->mem, st.name, strlen(st.name) - 4);
  *is_array = true;
  return npy_read_bytes(ctx, arena_printf(&ctx->mem, "%s:%s", path, st.name), bytes, (size_t)st.size, &out->array);
}

loom_status npz_read_bytes(loom_ctx *ctx, const char *path, const char *bytes, size_t size, npz_array **out, size_t *out_n) {
  zip_error_t e;
  zip_error_init(&e);
  zip_source_t *source = zip_source_buffer_create(bytes, size, 0, &e);
  zip_t *z = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &e) : NULL;
  if (!z) {
    if (source)
      zip_source_free(source);
    return fail_open(ctx, path, &e);
  }
  zip_error_fini(&e);
  zip_int64_t n = zip_get_num_entries(z, 0);
  loom_status st = LOOM_OK;
  *out_n = 0;
  if (n > NPZ_MEMBERS_MAX)
    st = diag_error(ctx, diag_file_span(ctx, path), LOOM_ELIMIT, "the archive has more than %d members", NPZ_MEMBERS_MAX);
  else
    *out = ARENA_NEW_N(&ctx->mem, npz_array, n);
  for (zip_int64_t i = 0; st == LOOM_OK && i < n; i++) {
    bool is_array;
    st = read_member(ctx, path, z, (zip_uint64_t)i, &(*out)[*out_n], &is_array);
    *out_n += st == LOOM_OK && is_array;
  }
  zip_discard(z);
  return st;
}

loom_status npz_read(loom_ctx *ctx, const char *path, npz_array **out, size_t *out_n) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, (size_t)NPZ_BYTES_MAX, &bytes, &size));
  return npz_read_bytes(ctx, path, bytes, size, out, out_n);
}

/* What libzip writes nothing for: the end of a directory that is empty. */
static loom_status write_empty(loom_ctx *ctx, const char *path) {
  enum { END_BYTES = 22 };
  static const char end[END_BYTES] = "PK\5\6";
  return file_write(ctx, path, end, sizeof end);
}

loom_status npz_write(loom_ctx *ctx, const char *path, const npz_array *arrays, size_t n) {
  if (n == 0)
    return write_empty(ctx, path);
  zip_error_t e;
  zip_error_init(&e);
  zip_source_t *buffer = zip_source_buffer_create(NULL, 0, 0, &e);
  zip_t *z = buffer ? zip_open_from_source(buffer, ZIP_TRUNCATE, &e) : NULL;
  if (!z)
    return fail_open(ctx, path, &e);
  zip_error_fini(&e);
  zip_source_keep(buffer);
  bool ok = true;
  for (size_t i = 0; ok && i < n; i++) {
    size_t size;
    char *bytes = npy_to_bytes(&ctx->mem, &arrays[i].array, &size);
    zip_source_t *s = zip_source_buffer(z, bytes, size, 0);
    zip_int64_t at = s ? zip_file_add(z, arena_printf(&ctx->mem, "%s.npy", arrays[i].name), s, ZIP_FL_ENC_UTF_8) : -1;
    ok = at >= 0 && zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0 && zip_file_set_dostime(z, (zip_uint64_t)at, 0, NPZ_DATE, 0) == 0;
  }
  zip_stat_t st;
  loom_status result = LOOM_EBUG;
  ok = ok && zip_close(z) == 0;
  if (!ok)
    zip_discard(z);
  if (ok && zip_source_stat(buffer, &st) == 0 && zip_source_open(buffer) == 0) {
    char *all = arena_alloc(&ctx->mem, (size_t)st.size + 1);
    zip_int64_t got = zip_source_read(buffer, all, st.size);
    zip_source_close(buffer);
    if (got >= 0 && (uint64_t)got == st.size)
      result = file_write(ctx, path, all, (size_t)st.size);
  }
  zip_source_free(buffer);
  return result == LOOM_EBUG ? diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "the archive %s cannot be made", path) : result;
}
