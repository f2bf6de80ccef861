/* From a name or a path to a loaded provider.  The file is opened once; what is inspected and what is loaded are the same open file. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "run/provider.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIBRARY_BYTES_MAX = 512 << 20 };

/* ---- the file ---- */
static loom_status refuse(loom_ctx *ctx, const char *path, const char *why, const char *help) {
  diag_error(ctx, diag_file_span(ctx, path), LOOM_EPROVIDER, "%s", why);
  diag_help(ctx, "%s", help);
  return LOOM_EPROVIDER;
}

static loom_status check_owner(loom_ctx *ctx, const char *path, const struct stat *st) {
  arena *m = &ctx->mem;
  if (!S_ISREG(st->st_mode))
    return refuse(ctx, path, "a kernel provider must be a regular file", "give the path of a shared library");
  if (st->st_uid != 0 && st->st_uid != geteuid())
    return refuse(ctx, path, arena_printf(m, "this library belongs to user %u; code is loaded only from files of root or of yourself (%u)", st->st_uid, geteuid()),
                  "copy it to a file of your own, if you trust it");
  if (st->st_mode & (S_IWGRP | S_IWOTH))
    return refuse(ctx, path, arena_printf(m, "others may write to this library (mode %04o)", st->st_mode & 07777), arena_printf(m, "chmod go-w '%s'", path));
  return LOOM_OK;
}

/* A directory, or a link in one, on the way to the library: who may write to it could put another library there. */
static loom_status check_step(loom_ctx *ctx, const char *path, const char *step, const struct stat *st) {
  arena *m = &ctx->mem;
  const bool is_link = S_ISLNK(st->st_mode);
  if (st->st_uid != 0 && st->st_uid != geteuid())
    return refuse(ctx, path, arena_printf(m, "user %u may replace this library: '%s' on the way to it is theirs", st->st_uid, step), "put it into a directory of your own");
  if (!is_link && (st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
    return refuse(ctx, path, arena_printf(m, "everybody may replace this library: '%s' is writable by all", step), "put it into a directory of your own");
  if (!is_link && (st->st_mode & S_IWGRP) && !(st->st_mode & S_ISVTX) && st->st_gid != 0)
    return refuse(ctx, path, arena_printf(m, "group %u may replace this library: '%s' is writable by it", st->st_gid, step), arena_printf(m, "chmod g-w '%s'", step));
  return LOOM_OK;
}

/* Every directory and link of an absolute path but its last part. */
static loom_status check_steps(loom_ctx *ctx, const char *path, const char *way) {
  struct stat st;
  for (const char *p = way; (p = strchr(p, '/')) != NULL; p++) {
    const char *step = p == way ? "/" : arena_strndup(&ctx->mem, way, (size_t)(p - way));
    if (lstat(step, &st) == 0)
      LOOM_TRY(check_step(ctx, path, step, &st));
  }
  return LOOM_OK;
}

/* The way as it is written and the way as it is, links followed, which must lead to what was opened. */
static loom_status check_way(loom_ctx *ctx, const char *path, const struct stat *opened) {
  struct stat st;
  char *real = realpath(path, NULL);
  const char *way = real ? arena_strdup(&ctx->mem, real) : path;
  alloc_free(real);
  LOOM_TRY(check_steps(ctx, path, path));
  LOOM_TRY(check_steps(ctx, path, way));
  if (lstat(way, &st) != 0 || st.st_dev != opened->st_dev || st.st_ino != opened->st_ino)
    return refuse(ctx, path, "the file was replaced while it was looked at", "try again");
  return LOOM_OK;
}

/* $LOOM_PROVIDER_ALLOW names a file of SHA-256 sums, as sha256sum writes it: with it nothing else is loaded. */
static loom_status check_allowed(loom_ctx *ctx, const char *path, const char *sha256) {
  enum { LIST_BYTES_MAX = 1 << 20 };
  const char *list = getenv("LOOM_PROVIDER_ALLOW");
  char *sums;
  size_t size;
  if (!list || !*list)
    return LOOM_OK;
  LOOM_TRY(file_read(ctx, list, LIST_BYTES_MAX, &sums, &size));
  for (const char *line = sums; *line; line += strcspn(line, "\n"), line += *line == '\n')
    if (strncmp(line, sha256, 64) == 0)
      return LOOM_OK;
  return refuse(ctx, path, arena_printf(&ctx->mem, "this library is not in the list of those that may be loaded (%s)", list), arena_printf(&ctx->mem, "add the line '%s  %s', if you trust it", sha256, path));
}

static loom_status open_library(loom_ctx *ctx, const char *path, int *out_fd, size_t *out_size) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ELOOP) {
    char *real = realpath(path, NULL);
    const char *help = real ? arena_printf(&ctx->mem, "give the file itself: '%s'", real) : "give the file itself";
    alloc_free(real);
    return refuse(ctx, path, "this is a symbolic link, which could come to mean another library", help);
  }
  if (fd < 0)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the kernel provider '%s' cannot be opened: %s", path, strerror(errno)), "'loom providers list' shows the shipped ones; a library of your own is given by its path");
  loom_status ok = fstat(fd, &st) == 0 ? check_owner(ctx, path, &st) : LOOM_EPROVIDER;
  if (ok == LOOM_OK)
    ok = check_way(ctx, path, &st);
  if (ok == LOOM_OK && st.st_size > LIBRARY_BYTES_MAX)
    ok = refuse(ctx, path, "this library is larger than 512 MiB", "expected a library of kernels");
  if (ok != LOOM_OK) {
    close(fd);
    return ok;
  }
  *out_fd = fd;
  *out_size = (size_t)st.st_size;
  return LOOM_OK;
}

/* Names of the inspection are copied: the mapping goes. */
static loom_status inspect(loom_ctx *ctx, provider *p, int fd, size_t size) {
  void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  if (bytes == MAP_FAILED)
    return provider_elf_read(ctx, p->path, "", 0, &p->elf);
  loom_status st = provider_elf_read(ctx, p->path, bytes, size, &p->elf);
  for (size_t i = 0; st == LOOM_OK && i < p->elf.exports.n; i++)
    p->elf.exports.at[i] = arena_strdup(&ctx->mem, p->elf.exports.at[i]);
  hash_sha256_hex(bytes, size, p->sha256);
  munmap(bytes, size);
  return st;
}

/* ---- what it must be ---- */
static loom_status check_sanitizer(loom_ctx *ctx, const char *path, provider_sanitizer s) {
  if (s == PROVIDER_SANITIZER_NONE || s == provider_host_sanitizer())
    return LOOM_OK;
  return refuse(ctx, path, arena_printf(&ctx->mem, "this library is built with %s and this host with %s", provider_sanitizer_name(s), provider_sanitizer_name(provider_host_sanitizer())),
                "build both the same way");
}

static loom_status wrong_version(loom_ctx *ctx, const char *path, uint32_t min, uint32_t max) {
  diag_error(ctx, diag_file_span(ctx, path), LOOM_EPROVIDER, "this provider speaks versions %u..%u of the kernel interface, this host %u..%u", min, max, LOOM_KERNEL_ABI, LOOM_KERNEL_ABI);
  diag_help(ctx, max < LOOM_KERNEL_ABI ? "build it anew with this Loom's loom/kernel_provider.h" : "it needs a newer Loom");
  return LOOM_EPROVIDER;
}

/* A text of the library, which goes with it. */
static const char *own_text(arena *m, const char *s) {
  if (!s)
    return NULL;
  char *own = arena_strdup(m, s);
  text_clean(own);
  return own;
}

/* Fields that the provider's struct does not reach to are NULL here; those that this host does not know are not looked at. */
static loom_status take_loom(loom_ctx *ctx, const char *path, provider *p, const loom_kernel_provider_v1 *v) {
  static const size_t least = offsetof(loom_kernel_provider_v1, call) + sizeof v->call;
  if (!v)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the provider has nothing for a host of versions %u..%u", LOOM_KERNEL_ABI, LOOM_KERNEL_ABI),
                  "it needs another version of Loom; LOOM_KERNEL_PROVIDER_ABI in its source would say which");
  if (v->version != LOOM_KERNEL_ABI)
    return wrong_version(ctx, path, v->version, v->version);
  if (v->size < least)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the provider's table has %u bytes; version %u has at least %zu", v->size, v->version, least), "set size to sizeof(loom_kernel_provider_v1)");
  memcpy(&p->loom, v, v->size < sizeof p->loom ? v->size : sizeof p->loom);
  if (!p->loom.name || !p->loom.supports || !p->loom.call)
    return refuse(ctx, path, "the provider's table lacks its name, supports or call", "these three are needed");
  const struct { const char **to, *from; } texts[] = {
      {&p->name, p->loom.name}, {&p->revision, p->loom.revision}, {&p->description, p->loom.description}, {&p->licence, p->loom.licence}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    *texts[i].to = own_text(&ctx->mem, texts[i].from);
  p->features = p->loom.features;
  static const struct { uint64_t bit; provider_sanitizer kind; } tags[] = {
      {LOOM_KERNEL_SANITIZER_ADDRESS, PROVIDER_SANITIZER_ADDRESS}, {LOOM_KERNEL_SANITIZER_MEMORY, PROVIDER_SANITIZER_MEMORY}, {LOOM_KERNEL_SANITIZER_THREAD, PROVIDER_SANITIZER_THREAD}};
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
    if (p->features & tags[i].bit)
      LOOM_TRY(check_sanitizer(ctx, path, tags[i].kind));
  loom_kernel_status st = p->loom.load ? p->loom.load(p->host, &p->self) : LOOM_KERNEL_OK;
  if (st != LOOM_KERNEL_OK)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the provider '%s' cannot start: %s", p->name, provider_status_name(st)), "see what it needs");
  p->is_loaded = true;
  if (p->loom.set_num_threads)
    p->loom.set_num_threads(p->self, p->host->max_threads);
  return LOOM_OK;
}

/* What a plugin allocates through its host. */
static void *plugin_memory(void *self, int32_t command, const void *params, void **inout) {
  (void)self;
  size_t bytes = params ? *(const size_t *)params : 0;
  void *p = NULL;
  switch (command) {
  case IREE_ALLOCATE: case IREE_ALLOCATE_ZEROED: p = alloc_bytes(bytes); break;
  case IREE_REALLOCATE: p = alloc_resize(*inout, bytes); break;
  case IREE_FREE: alloc_free(*inout); *inout = NULL; return NULL;
  default: return (void *)(uintptr_t)IREE_STATUS_INVALID_ARGUMENT;
  }
  if (!p)
    return (void *)(uintptr_t)IREE_STATUS_RESOURCE_EXHAUSTED;
  if (command == IREE_ALLOCATE_ZEROED)
    memset(p, 0, bytes);
  *inout = p;
  return NULL;
}

static loom_status take_iree(loom_ctx *ctx, const char *path, provider *p, iree_plugin_query_fn *query) {
  static const iree_environment environment = {{NULL, plugin_memory}};
  const iree_plugin_header **header = query(IREE_PLUGIN_VERSION, NULL);
  if (!header || !*header)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the plugin has nothing for a host of version %d", IREE_PLUGIN_VERSION), "it does not support this version of the executable plugin interface");
  if ((*header)->version > IREE_PLUGIN_VERSION)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the plugin is of version %u of the executable plugin interface; this host speaks 1..%d", (*header)->version, IREE_PLUGIN_VERSION), "it needs a newer host");
  if ((*header)->sanitizer >= PROVIDER_SANITIZER_ADDRESS && (*header)->sanitizer <= PROVIDER_SANITIZER_THREAD)
    LOOM_TRY(check_sanitizer(ctx, path, (provider_sanitizer)(*header)->sanitizer));
  if ((*header)->features & IREE_PLUGIN_FULL_STATUS)
    return refuse(ctx, path, "the plugin answers with status objects of IREE's runtime, which this host does not have", "build it without IREE_HAL_EXECUTABLE_PLUGIN_FEATURE_FULL_STATUS");
  p->iree = (const iree_plugin *)header;
  p->name = (*header)->name ? own_text(&ctx->mem, (*header)->name) : file_stem(&ctx->mem, path);
  p->description = own_text(&ctx->mem, (*header)->description);
  if (!p->iree->load || !p->iree->unload || !p->iree->resolve)
    return refuse(ctx, path, "the plugin's table lacks load, unload or resolve", "these three are needed");
  uint32_t st = (uint32_t)(uintptr_t)p->iree->load(&environment, 0, NULL, &p->self) & IREE_STATUS_MASK;
  if (st)
    return refuse(ctx, path, arena_printf(&ctx->mem, "the plugin '%s' cannot start: %s", p->name, provider_status_name((loom_kernel_status)st)), "see what it needs");
  p->is_loaded = true;
  return LOOM_OK;
}

static loom_status take(loom_ctx *ctx, provider *p) {
  void *address;
  switch (p->style) {
  case PROVIDER_LOOM: {
    loom_kernel_provider_query_fn *query;
    address = dlsym(p->library, LOOM_KERNEL_QUERY_NAME);
    memcpy(&query, &address, sizeof query);
    return take_loom(ctx, p->path, p, query(LOOM_KERNEL_ABI, LOOM_KERNEL_ABI, p->host));
  }
  case PROVIDER_IREE: {
    iree_plugin_query_fn *query;
    address = dlsym(p->library, IREE_PLUGIN_QUERY_NAME);
    memcpy(&query, &address, sizeof query);
    return take_iree(ctx, p->path, p, query);
  }
  case PROVIDER_SYMBOLS:
    p->name = file_stem(&ctx->mem, p->path);
    p->is_loaded = true;
    return LOOM_OK;
  }
  return LOOM_EBUG;
}

/* A path to an open file that no library was loaded by before: the loader takes two of the same spelling for one library, and numbers of files are
 * used again.  "/" and "./" spell the bits of a counter. */
static const char *path_of_open(arena *m, int fd) {
  static atomic_uint count;
  text t = text_new(m);
  text_add(&t, "/proc/self/fd/");
  for (unsigned bits = atomic_fetch_add(&count, 1) + 1; bits; bits >>= 1)
    text_add(&t, bits & 1 ? "./" : "/");
  text_addf(&t, "%d", fd);
  return text_str(&t);
}

static loom_status load_open(loom_ctx *ctx, provider *p, int fd, size_t size) {
  LOOM_TRY(inspect(ctx, p, fd, size));
  LOOM_TRY(check_allowed(ctx, p->path, p->sha256));
  const provider_elf *e = &p->elf;
  if (provider_elf_exports(e, LOOM_KERNEL_QUERY_NAME))
    p->style = PROVIDER_LOOM;
  else if (provider_elf_exports(e, IREE_PLUGIN_QUERY_NAME))
    p->style = PROVIDER_IREE;
  else
    p->style = PROVIDER_SYMBOLS;
  if (!e->exports.n)
    return refuse(ctx, p->path, "this library exports nothing", "export loom_kernel_provider_query, or the functions by their names");
  LOOM_TRY(check_sanitizer(ctx, p->path, e->sanitizer));
  if (p->style == PROVIDER_LOOM && e->has_abi && (e->abi_min > LOOM_KERNEL_ABI || e->abi_max < LOOM_KERNEL_ABI))
    return wrong_version(ctx, p->path, e->abi_min, e->abi_max);
  const char *same = path_of_open(&ctx->mem, fd);
  p->library = dlopen(same, RTLD_NOW | RTLD_LOCAL);      /* never by its path, which may lead to another file by now */
  if (!p->library)
    return refuse(ctx, p->path, arena_printf(&ctx->mem, "the kernel provider '%s' cannot be loaded: %s", p->path, dlerror()), "see what it needs: ldd shows the libraries");
  return take(ctx, p);
}

loom_status provider_load(loom_ctx *ctx, const char *path, const loom_host_v1 *host, provider **out) {
  int fd;
  size_t size;
  char here[4096];
  *out = NULL;
  if (*path != '/' && getcwd(here, sizeof here))
    path = file_join(&ctx->mem, here, path);
  LOOM_TRY(open_library(ctx, path, &fd, &size));
  provider *p = ARENA_NEW(&ctx->mem, provider);
  p->path = path;
  p->host = host;
  loom_status st = load_open(ctx, p, fd, size);
  close(fd);
  if (st != LOOM_OK)
    provider_unload(p);
  else
    *out = p;
  return st;
}

loom_status provider_adopt(loom_ctx *ctx, const char *name, loom_kernel_provider_query_fn *query, const loom_host_v1 *host, provider **out) {
  provider *p = ARENA_NEW(&ctx->mem, provider);
  p->style = PROVIDER_LOOM;
  p->host = host;
  *out = NULL;
  loom_status st = take_loom(ctx, name, p, query(LOOM_KERNEL_ABI, LOOM_KERNEL_ABI, host));
  if (st == LOOM_OK)
    *out = p;
  return st;
}

void provider_unload(provider *p) {
  if (!p)
    return;
  if (p->is_loaded && p->style == PROVIDER_LOOM && p->loom.unload)
    p->loom.unload(p->self);
  if (p->is_loaded && p->style == PROVIDER_IREE)
    p->iree->unload(p->self);
  p->is_loaded = false;
  if (p->library)
    dlclose(p->library);
  p->library = NULL;
}

bool provider_resolve(provider *p, const char *symbol, provider_function *out) {
  *out = (provider_function){0};
  switch (p->style) {
  case PROVIDER_LOOM: return p->loom.resolve && p->loom.resolve(p->self, symbol, &out->address) == LOOM_KERNEL_OK && out->address;
  case PROVIDER_IREE: {
    uint32_t bits = 0;
    const iree_resolve_params params = {1, &symbol, &out->address, &out->context};
    void *st = p->iree->resolve(p->self, &params, &bits);
    out->is_packed = true;
    return !((uintptr_t)st & IREE_STATUS_MASK) && out->address;
  }
  case PROVIDER_SYMBOLS:
    if (provider_elf_exports(&p->elf, symbol))
      out->address = dlsym(p->library, symbol);
    return out->address != NULL;
  }
  return false;
}
