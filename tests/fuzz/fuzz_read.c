/* The targets that take what everything else is read from: JSON, YAML, NumPy's arrays, command lines. */
#include "fuzz.h"
#include "base/data.h"
#include "base/npy.h"
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

/* Written and read again it is the same text.  Numbers at the edge of double may not read back: strtod takes what printf wrote, so they do. */
static void check_again(loom_ctx *ctx, const data_value *v) {
  data_value *again;
  const char *json = data_write_json(&ctx->mem, v, 0);
  if (data_read_json(ctx, "again.json", json, strlen(json), &again) != LOOM_OK)
    fuzz_broken(ctx, "a tree that does not read back");
  if (!text_eq(data_write_json(&ctx->mem, again, 0), json))
    fuzz_broken(ctx, "a tree that reads back as another");
}

void fuzz_json(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK)
    check_again(ctx, v);
}

/* Read without aliases and with them: what the first takes the second takes as the same. */
void fuzz_yaml(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v, *aliased;
  if (size > FUZZ_BYTES_MAX)
    return;
  const char *copy = arena_strndup(&ctx->mem, (const char *)bytes, size);
  loom_status st = data_read_yaml(ctx, "fuzz.yaml", copy, size, &v);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  loom_status with = data_read_yaml_aliases(ctx, "fuzz.yaml", copy, size, &aliased);
  fuzz_check_status(ctx, with);
  if (st == LOOM_OK && (with != LOOM_OK || !text_eq(data_write_json(&ctx->mem, v, 0), data_write_json(&ctx->mem, aliased, 0))))
    fuzz_broken(ctx, "a file without aliases that is another one where aliases are read");
}

/* An array that is read is as large as its shape says, and is written as an array that reads as the same elements. */
void fuzz_npy(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  npy_array a, again;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = npy_read_bytes(ctx, "fuzz.npy", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &a);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK) {
    size_t written_size, n = (size_t)a.elems * dtype_bytes(a.type);
    char *written = npy_to_bytes(&ctx->mem, &a, &written_size);
    if (npy_read_bytes(ctx, "again.npy", written, written_size, &again) != LOOM_OK || again.elems != a.elems || again.rank != a.rank || (n > 0 && memcmp(again.data, a.data, n) != 0))
      fuzz_broken(ctx, "an array that reads back as another");
  }
}

/* Words separated by NUL bytes or line ends: a command line.  Lists and numbers among the values are read too. */
void fuzz_cli(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  enum { WORDS_MAX = 64 };
  char *words[WORDS_MAX + 1];
  int n = 0;
  cli_options o;
  if (size < 1 || size > 4096)
    return;
  size_t n_commands;
  const cli_command *commands = cli_commands(&n_commands);
  words[n++] = arena_strdup(&ctx->mem, commands[bytes[0] % n_commands].name);
  char *copy = arena_strndup(&ctx->mem, (const char *)bytes + 1, size - 1);
  for (size_t i = 0; i + 1 < size; i++)
    copy[i] = copy[i] == '\n' ? '\0' : copy[i];
  for (size_t i = 0; i + 1 < size && n < WORDS_MAX; i += strlen(copy + i) + 1)
    words[n++] = copy + i;
  setenv("LOOM_CONFIG", "", 1);      /* that of whoever runs this says nothing */
  loom_status st = cli_parse(ctx, n, words, &o);
  fuzz_check_status(ctx, st);
  if (st == LOOM_OK) {
    const char *const *lists[] = {o.shape.all.at, o.block_sizes.all.at, o.arg.all.at, o.pin.all.at};
    const size_t sizes[] = {o.shape.all.n, o.block_sizes.all.n, o.arg.all.n, o.pin.all.n};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
      cli_pairs pairs = {0};
      fuzz_check_status(ctx, cli_pairs_of(ctx, "--list", lists[k], sizes[k], k < 2, &pairs));
    }
    int threads;
    fuzz_check_status(ctx, cli_threads(ctx, &o, &threads));
  }
  fuzz_compiled += st == LOOM_OK;
}
