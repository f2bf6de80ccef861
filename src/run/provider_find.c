/* Where providers are, and what the shipped ones are called. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "run/provider.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "loom_provider_";

/* ---- where ---- */
const char *provider_directory(arena *m) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0)
    return "";
  self[n] = 0;
  static const char *const places[] = {"providers", "../providers", "../libexec/loom/providers"};   /* beside the binaries, of a unit test, installed */
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const char *dir = file_join(m, file_dirname(m, self), places[i]);
    char *real = file_is_dir(dir) ? realpath(dir, NULL) : NULL;
    if (!real)
      continue;
    dir = arena_strdup(m, real);
    alloc_free(real);
    return dir;
  }
  return "";
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

loom_status provider_list(loom_ctx *ctx, const char *const **out, size_t *out_n) {
  VEC_OF(const char *) names = {0};
  DIR *d = opendir(provider_directory(&ctx->mem));
  for (struct dirent *e; d && (e = readdir(d));)
    if (text_starts(e->d_name, prefix) && text_ends(e->d_name, ".so"))
      vec_push(&ctx->mem, &names, arena_strndup(&ctx->mem, e->d_name + strlen(prefix), strlen(e->d_name) - strlen(prefix) - strlen(".so")));
  if (d)
    closedir(d);
  if (names.n)
    qsort(names.at, names.n, sizeof *names.at, by_text);
  *out = names.at;
  *out_n = names.n;
  return LOOM_OK;
}

loom_status provider_find(loom_ctx *ctx, const char *what, const char **out_path) {
  *out_path = what;
  if (strchr(what, '/') || text_ends(what, ".so"))
    return LOOM_OK;
  const char *file = file_join(&ctx->mem, provider_directory(&ctx->mem), arena_printf(&ctx->mem, "%s%s.so", prefix, what));
  if (*what && file_exists(file)) {
    *out_path = file;
    return LOOM_OK;
  }
  const char *const *names;
  size_t n;
  LOOM_TRY(provider_list(ctx, &names, &n));
  text known = text_new(&ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&known, "%s%s", i ? ", " : "", names[i]);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "there is no kernel provider '%s'", what);
  const char *near = diag_nearest(what, names, n);
  if (near)
    diag_help(ctx, "did you mean '%s'?  A library of your own is given by its path", near);
  else
    diag_help(ctx, "%s%s; a library of your own is given by its path", n ? "shipped: " : "this build ships none (their -dev packages were not found)", text_str(&known));
  return LOOM_EPROVIDER;
}
