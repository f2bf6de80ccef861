/* The host program of a board, built against the emulation of tt-metal with the system's C++ compiler.  The emulation itself, which is most of the work, and what
 * host programs include are kept in the cache of compiled code. */
#include "base/file.h"
#include "base/hash.h"
#include "compile_tt.h"
#include "run/run_process.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES_MAX = 1 << 20, LOG_LINES = 12, SOURCE_BYTES_MAX = 4 << 20, PART_BYTES_MAX = 64 << 20, DIRS_DEEP_MAX = 8 };

const char *compile_tt_said(compile_state *s, const char *log) {
  char *bytes;
  size_t size;
  diag_mark before = diag_save(s->ctx);
  if (file_read(s->ctx, log, LOG_BYTES_MAX, &bytes, &size) != LOOM_OK) {
    diag_drop(s->ctx, before);
    return "(it said more than can be shown)";
  }
  char *end = bytes;
  for (int i = 0; i < LOG_LINES && *end; i++) {
    end += strcspn(end, "\n");
    end += *end == '\n';
  }
  while (end > bytes && end[-1] == '\n')
    end--;
  *end = '\0';
  return bytes;
}

static loom_status find_compiler(compile_state *s, const char **out) {
  static const char *const names[] = {"clang++", "clang++-22", "g++", "c++"};
  bool was_named;
  *out = run_choose_program(&s->ctx->mem, "CXX", names, sizeof names / sizeof *names, &was_named);
  if (*out)
    return LOOM_OK;
  if (was_named)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EIO, "CXX names '%s', which cannot be run", getenv("CXX"));
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EIO, "--engine tt-emu compiles C++, and there is no compiler on the path (clang++, clang++-22, g++ or c++)");
  diag_help(s->ctx, "install one (apt install g++), or name one in CXX; --emit tt needs none");
  return LOOM_EIO;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Names and contents of all files below `dir`, in the order of their names. */
static loom_status add_sources(compile_state *s, const char *dir, int deep, text *out) {
  VEC_OF(const char *) paths = {0};
  DIR *d = deep < DIRS_DEEP_MAX ? opendir(dir) : NULL;
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.')
      vec_push(&s->ctx->mem, &paths, file_join(&s->ctx->mem, dir, e->d_name));
  if (d)
    closedir(d);
  if (paths.n)
    qsort(paths.at, paths.n, sizeof *paths.at, by_name);
  for (size_t i = 0; i < paths.n; i++) {
    char *bytes;
    size_t size;
    if (file_is_dir(paths.at[i])) {
      LOOM_TRY(add_sources(s, paths.at[i], deep + 1, out));
      continue;
    }
    LOOM_TRY(file_read(s->ctx, paths.at[i], SOURCE_BYTES_MAX, &bytes, &size));
    text_addf(out, "%s %zu\n", paths.at[i], size);
    text_add_bytes(out, bytes, size);
  }
  return LOOM_OK;
}

/* `made`: the file that it is to make. */
static loom_status compile_with(compile_state *s, const char *const *argv, const char *dir, const char *what, const char *made, bool (*is_good)(const char *path), loom_status fault) {
  const char *log = file_join(&s->ctx->mem, dir, "build.log");
  int code;
  LOOM_TRY(run_process(s->ctx, argv, NULL, log, &code));
  if (code == 0 && is_good(made))
    return LOOM_OK;
  if (code == 0)
    fault = diag_error(s->ctx, LOOM_NOSPAN, LOOM_EIO, "%s says that it compiled %s, and there is no such file", argv[0], what);
  else
    diag_error(s->ctx, LOOM_NOSPAN, fault, "%s does not compile %s (exit code %d):\n%s", argv[0], what, code, compile_tt_said(s, log));
  if (fault == LOOM_EIO)
    diag_help(s->ctx, "a C++20 compiler is needed: apt install g++, or name one in CXX");
  return fault;
}

/* A part of the build that the cache of compiled code keeps: `file`, by what `argv` before it says and `sources` are. */
typedef struct part { const char *file, *what; const char *const *argv; bool (*is_good)(const char *path); } part;

static const char *key_of(compile_state *s, const part *p, const text *sources) {
  text all = text_new(&s->ctx->mem);
  char *key = arena_alloc(&s->ctx->mem, 65);
  for (size_t i = 0; p->argv[i] != p->file; i++)
    text_addf(&all, "%s ", p->argv[i]);
  text_add(&all, text_str(sources));
  hash_sha256_hex(text_str(&all), all.size, key);
  return key;
}

static loom_status build_part(compile_state *s, const part *p, const char *dir, const text *sources) {
  const char *key = key_of(s, p, sources);
  char *bytes;
  size_t size;
  if (s->o->cache && run_cache_get(s->ctx, s->o->cache, key, &bytes, &size))
    return file_write(s->ctx, p->file, bytes, size);
  LOOM_TRY(compile_with(s, p->argv, dir, p->what, p->file, p->is_good, LOOM_EIO));      /* which others have compiled */
  if (!s->o->cache)
    return LOOM_OK;
  LOOM_TRY(file_read(s->ctx, p->file, PART_BYTES_MAX, &bytes, &size));
  run_cache_put(s->ctx, s->o->cache, key, bytes, size);
  return LOOM_OK;
}

static loom_status build_emulator(compile_state *s, const char *compiler, const char *emulator, const char *dir, const text *sources, const char *object) {
  arena *m = &s->ctx->mem;
  const char *const argv[] = {compiler, "-std=c++20", "-O1", "-g1", "-I", file_join(m, emulator, "include"), "-c", file_join(m, emulator, "tt_emulator.cpp"), "-o", object, NULL};
  return build_part(s, &(part){object, "the emulation of tt-metal", argv, run_is_elf}, dir, sources);
}

/* What all host programs include, compiled by clang: half of what they take to compile.  NULL: by another compiler it is too large to be kept, or something is wrong with it; a program
 * is compiled without. */
static const char *build_headers(compile_state *s, const char *compiler, const char *emulator, const char *dir, const text *sources) {
  arena *m = &s->ctx->mem;
  const char *slash = strrchr(compiler, '/'), *made = file_join(m, dir, "host_program.pch");
  if (!s->o->cache || !strstr(slash ? slash : compiler, "clang"))
    return NULL;
  const char *include = file_join(m, emulator, "include"), *header = file_join(m, include, "tt_emulator/host_program.h");
  const char *const argv[] = {compiler, "-std=c++20", "-O0", "-Wall", "-Wextra", "-I", include, "-fpch-instantiate-templates", "-Xclang", "-fno-pch-timestamp", "-x", "c++-header", header,
                              "-o", made, NULL};
  diag_mark before = diag_save(s->ctx);
  if (build_part(s, &(part){made, "what host programs include", argv, file_exists}, dir, sources) == LOOM_OK)
    return made;
  diag_drop(s->ctx, before);
  return NULL;
}

static loom_status build_host(compile_state *s, const char *compiler, const char *emulator, const char *dir, const char *headers, const char *source, const char *object, const char *host) {
  const char *const with[] = {"-include-pch", headers}, *argv[20] = {compiler, "-std=c++20", "-O0", "-Wall", "-Wextra", "-I", file_join(&s->ctx->mem, emulator, "include")};
  size_t n = 7;
  for (size_t i = 0; headers && i < sizeof with / sizeof *with; i++)
    argv[n++] = with[i];
  const char *const rest[] = {source, object, "-ldl", "-o", host};
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
    argv[n++] = rest[i];
  return compile_with(s, argv, dir, "the host program", host, run_is_elf, LOOM_EBUG);
}

loom_status compile_tt_build(compile_state *s, const char *emulator, const char *dir, const char *source, const char *host, const char **out_compiler) {
  arena *m = &s->ctx->mem;
  const char *compiler, *object = file_join(m, dir, "tt_emulator.o");
  text sources = text_new(m);
  LOOM_TRY(find_compiler(s, &compiler));
  *out_compiler = compiler;
  if (!emulator) {
    diag_error(s->ctx, LOOM_NOSPAN, LOOM_EIO, "the emulation of tt-metal is not beside loom");
    diag_help(s->ctx, "name its directory in LOOM_TT_EMULATOR (tests/tt_emulator of the source tree)");
    return LOOM_EIO;
  }
  LOOM_TRY(add_sources(s, emulator, 0, &sources));
  LOOM_TRY(build_emulator(s, compiler, emulator, dir, &sources, object));
  const char *headers = build_headers(s, compiler, emulator, dir, &sources);
  diag_mark before = diag_save(s->ctx);
  if (headers && build_host(s, compiler, emulator, dir, headers, source, object, host) == LOOM_OK)
    return LOOM_OK;
  diag_drop(s->ctx, before);      /* a compiler that was replaced meanwhile does not take what the one before made */
  return build_host(s, compiler, emulator, dir, NULL, source, object, host);
}
