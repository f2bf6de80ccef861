/* An entry is the file KEY.loom: "LOOMOBJ1", the key, the SHA-256 of the rest, the rest.  Writers fill a file of another name and rename it. */
#include "run/run_cache.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/vec.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HASH_CHARS = 64, ENTRY_BYTES_MAX = 256 << 20, LIMIT_BYTES = 256 << 20, STALE_SECONDS = 3600, NAME_BYTES = 128 };
static const char magic[] = "LOOMOBJ1", suffix[] = ".loom", unfinished[] = ".tmp";
#define MAGIC_CHARS (sizeof magic - 1)
#define HEADER_BYTES (MAGIC_CHARS + 2 * HASH_CHARS)

static const char *set_variable(const char *name) {
  const char *v = getenv(name);
  return v && *v ? v : NULL;
}

bool run_cache_find(arena *m, const char *named, run_cache *out) {
  const char *own = named ? named : set_variable("LOOM_CACHE_DIR"), *caches = set_variable("XDG_CACHE_HOME"), *home = set_variable("HOME");
  *out = (run_cache){.is_named = own != NULL};
  if (!named && set_variable("LOOM_NO_CACHE"))
    return false;
  out->dir = own ? own : caches ? file_join(m, caches, "loom/objects") : home ? file_join(m, home, ".cache/loom/objects") : NULL;
  return out->dir != NULL;
}

/* ---- the directory ---- */
static int refuse(loom_ctx *ctx, run_cache *c, const char *why, const char *help) {
  if (!c->is_refused) {
    diag_warn(ctx, diag_file_span(ctx, c->dir), "the cache of compiled kernels is not used: %s", why);
    diag_help(ctx, "%s", help);
  }
  c->is_refused = true;
  return -1;
}

/* Is what `st` describes this user's alone to change?  NULL: yes. */
static const char *whose(const struct stat *st) {
  return st->st_uid != geteuid() ? "it belongs to another user" : st->st_mode & (S_IWGRP | S_IWOTH) ? "other users may write to it" : NULL;
}

static bool make_dir(loom_ctx *ctx, const char *dir) {
  diag_mark before = diag_save(ctx);
  bool made = file_make_dirs(ctx, file_dirname(&ctx->mem, dir)) == LOOM_OK && (mkdir(dir, 0700) == 0 || errno == EEXIST);
  diag_drop(ctx, before);
  return made;
}

/* -1: it is not there, or not to be used. */
static int open_dir(loom_ctx *ctx, run_cache *c, bool make) {
  struct stat st;
  if (c->is_refused)
    return -1;
  if (make && access(c->dir, F_OK) != 0 && !make_dir(ctx, c->dir))
    return c->is_named ? refuse(ctx, c, "it cannot be made", "name another one with --cache-dir, or none with --no-cache") : -1;
  int fd = file_open(c->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT)
    return -1;
  if (fd < 0)
    return refuse(ctx, c, errno == ENOTDIR || errno == ELOOP ? "it is a link or no directory" : strerror(errno), "name another one with --cache-dir, or none with --no-cache");
  const char *why = fstat(fd, &st) == 0 ? whose(&st) : strerror(errno);
  if (!why)
    return fd;
  close(fd);
  return refuse(ctx, c, why, "what is in it would run as you; take a directory of your own that only you can write to (--cache-dir DIR), or none (--no-cache)");
}

static const char *entry_name(arena *m, const char *key) { return arena_printf(m, "%s%s", key, suffix); }

/* ---- reading ---- */
static bool is_entry(const char *bytes, size_t size, const char *key) {
  char hash[HASH_CHARS + 1];
  if (memcmp(bytes, magic, MAGIC_CHARS) != 0 || memcmp(bytes + MAGIC_CHARS, key, HASH_CHARS) != 0)
    return false;
  hash_sha256_hex(bytes + HEADER_BYTES, size - HEADER_BYTES, hash);
  return memcmp(bytes + MAGIC_CHARS + HASH_CHARS, hash, HASH_CHARS) == 0;
}

static bool read_entry(loom_ctx *ctx, int fd, const char *key, char **out, size_t *out_size) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || whose(&st) || st.st_size < (off_t)HEADER_BYTES || st.st_size > ENTRY_BYTES_MAX)
    return false;
  size_t size = (size_t)st.st_size;
  char *bytes = arena_alloc(&ctx->mem, size + 1);
  if (!file_read_all(fd, bytes, size) || !is_entry(bytes, size, key))
    return false;
  *out = bytes + HEADER_BYTES;
  *out_size = size - HEADER_BYTES;
  return true;
}

bool run_cache_get(loom_ctx *ctx, run_cache *c, const char *key, char **out, size_t *out_size) {
  const char *name = entry_name(&ctx->mem, key);
  int dir = open_dir(ctx, c, false), fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  bool found = fd >= 0 && read_entry(ctx, fd, key, out, out_size);
  if (found)
    (void)futimens(fd, NULL);      /* it was used now */
  else if (fd >= 0)
    (void)unlinkat(dir, name, 0);
  if (fd >= 0)
    close(fd);
  if (dir >= 0)
    close(dir);
  return found;
}

/* ---- room ---- */
typedef struct entry { char name[NAME_BYTES]; struct timespec used; int64_t bytes; } entry;
typedef VEC_OF(entry) entries;

static int by_use(const void *a, const void *b) {
  const entry *x = a, *y = b;
  if (x->used.tv_sec != y->used.tv_sec)
    return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
  if (x->used.tv_nsec != y->used.tv_nsec)
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* All entries; what a writer that died left an hour ago is removed. */
static entries list_entries(loom_ctx *ctx, int dir) {
  entries all = {0};
  struct timespec now;
  struct stat st;
  int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = own >= 0 ? fdopendir(own) : NULL;
  if (!d && own >= 0)
    close(own);
  clock_gettime(CLOCK_REALTIME, &now);
  for (struct dirent *e; d && (e = readdir(d));) {
    bool is_left = text_ends(e->d_name, unfinished);
    if ((!is_left && !text_ends(e->d_name, suffix)) || strlen(e->d_name) >= NAME_BYTES || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (is_left && st.st_mtim.tv_sec + STALE_SECONDS < now.tv_sec)
      (void)unlinkat(dir, e->d_name, 0);
    if (is_left)
      continue;
    entry one = {.used = st.st_mtim, .bytes = st.st_size};
    memcpy(one.name, e->d_name, strlen(e->d_name) + 1);
    vec_push(&ctx->mem, &all, one);
  }
  if (d)
    closedir(d);
  return all;
}

/* Down to three quarters of the limit, so that not every writer has to do it. */
static void make_room(loom_ctx *ctx, int dir, int64_t limit) {
  entries all = list_entries(ctx, dir);
  int64_t sum = 0;
  for (size_t i = 0; i < all.n; i++)
    sum += all.at[i].bytes;
  if (sum <= limit)
    return;
  qsort(all.at, all.n, sizeof *all.at, by_use);
  for (size_t i = 0; i < all.n && sum > limit / 4 * 3; i++) {
    (void)unlinkat(dir, all.at[i].name, 0);
    sum -= all.at[i].bytes;
  }
}

/* ---- writing ---- */
void run_cache_put(loom_ctx *ctx, run_cache *c, const char *key, const void *bytes, size_t size) {
  char hash[HASH_CHARS + 1];
  int dir = size <= ENTRY_BYTES_MAX - HEADER_BYTES ? open_dir(ctx, c, true) : -1;
  if (dir < 0)
    return;
  hash_sha256_hex(bytes, size, hash);
  const char *header = arena_printf(&ctx->mem, "%s%s%s", magic, key, hash);
  const char *name;
  int fd = file_open_temporary(&ctx->mem, dir, key, 0600, &name);
  bool written = fd >= 0 && file_write_all(fd, header, HEADER_BYTES) && file_write_all(fd, bytes, size);
  if (fd >= 0)
    written &= file_close(fd, false);
  if (written && renameat(dir, name, dir, entry_name(&ctx->mem, key)) == 0)
    make_room(ctx, dir, c->limit_bytes > 0 ? c->limit_bytes : LIMIT_BYTES);
  else if (fd >= 0)
    (void)unlinkat(dir, name, 0);
  close(dir);
}
