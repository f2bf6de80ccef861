#include "fuzz.h"
#include "base/data.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char OPTIONS[] = "# options:";

helion_options fuzz_options(arena *m, const char *source, size_t size) {
  helion_options o = {.has_dtype = true, .dtype = DTYPE_F32, .open_sizes = true};
  helion_shape *shapes = ARENA_NEW_N(m, helion_shape, FUZZ_SHAPES_MAX);
  helion_given *given = ARENA_NEW_N(m, helion_given, FUZZ_SHAPES_MAX);
  o.shapes = shapes;
  o.given = given;
  if (size < sizeof OPTIONS || memcmp(source, OPTIONS, sizeof OPTIONS - 1) != 0)
    return o;
  const char *end = memchr(source, '\n', size);
  size_t n = (size_t)((end ? end : source + size) - source) - (sizeof OPTIONS - 1);
  char *line = arena_strndup(m, source + sizeof OPTIONS - 1, n < 4096 ? n : 4096), *rest;
  for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
    char *equals = strchr(word, '='), *type = strchr(word, '~');
    if (type && o.n_given < FUZZ_SHAPES_MAX) {
      *type = 0;
      given[o.n_given] = (helion_given){.name = word, .kind = HELION_GIVEN_DTYPE};
      o.n_given += dtype_parse(type + 1, &given[o.n_given].type);
      continue;
    }
    if (!equals || equals == word)
      continue;
    bool is_argument = equals[-1] == ':';
    equals[is_argument ? -1 : 0] = 0;
    const char *value = equals + 1;
    if (is_argument && o.n_given < FUZZ_SHAPES_MAX)
      given[o.n_given++] = helion_parse_given(m, word, value);
    else if (text_eq(word, "function"))
      o.function = value;
    else if (text_eq(word, "dtype"))
      dtype_parse(value, &o.dtype);
    else if (!is_argument && o.n_shapes < FUZZ_SHAPES_MAX)
      shapes[o.n_shapes++] = (helion_shape){word, strtoll(value, NULL, 10)};
  }
  return o;
}

_Noreturn void fuzz_broken(const loom_ctx *ctx, const char *promise) {
  fprintf(stderr, "fuzz: %s\n", promise);
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    fprintf(stderr, "  %d:%d: %s\n", (int)d->span.line, (int)d->span.col, d->text);
  abort();
}

/* The size of a dim in call `round`: 0 as it was read, then larger ones, then the smallest. */
static int64_t size_in(int round, size_t symbol, int64_t size) {
  return round == 0 ? size : round == 1 ? size + 1 + (int64_t)(symbol % 3) : round == 2 ? 2 * size + 8 : 2;
}

/* The call that a kernel with open sizes was read for keeps its guards; another one breaks a guard, or the graph fits together at its sizes. */
static void check_calls(loom_ctx *ctx, kernel_graph *k) {
  const sym_binding *blocks;
  size_t n;
  int64_t *read = ARENA_NEW_N(&ctx->mem, int64_t, k->symbols.n);
  for (size_t i = 0; i < k->symbols.n; i++)
    read[i] = k->symbols.at[i].value;
  if (kernel_block_sizes(ctx, k, NULL, 0, &blocks, &n) != LOOM_OK)
    return;
  for (int round = 0; round < 4; round++) {
    kernel_call call = {.size = arena_array(&ctx->mem, k->tensors.n + 1, sizeof *call.size)};
    for (size_t t = 0; t < k->tensors.n; t++)
      for (int d = 0; k->tensors.at[t].role == KERNEL_ARG && d < k->tensors.at[t].shape.rank; d++) {
        const sym_expr *e = k->tensors.at[t].shape.dim[d];
        kernel_symbol *s = e->op == SYM_SYM ? kernel_find_symbol(k, e->name) : NULL;
        if (s && s->is_open)
          call.size[t][d] = size_in(round, (size_t)(s - k->symbols.at), read[s - k->symbols.at]);
      }
    bool bound = kernel_bind_call(ctx, k, &call) == LOOM_OK, holds = bound && kernel_check_guards(ctx, k, &call, NULL, blocks, n) == LOOM_OK;
    if (round == 0 && !holds)
      fuzz_broken(ctx, "the call that the kernel was read for breaks a guard");
    if (holds && kernel_verify(ctx, k) != LOOM_OK)
      fuzz_broken(ctx, "a call that keeps all guards, for which the graph does not fit together");
  }
}

long fuzz_compiled;
loom_status fuzz_answer = FUZZ_UNANSWERED;

void fuzz_check_status(const loom_ctx *ctx, loom_status st) {
  if (st == LOOM_EMEM)
    longjmp(*ctx->mem.guard, 1);
  if (fuzz_answer == FUZZ_UNANSWERED)
    fuzz_answer = st;
  if (st != LOOM_OK && ctx->diag.errors == 0)
    fuzz_broken(ctx, "a failure without a diagnostic");
  if (st == LOOM_EBUG)
    fuzz_broken(ctx, "an internal error");
}

loom_status fuzz_run_input(loom_ctx *ctx, void *data) {
  const fuzz_input *in = data;
  in->run(ctx, in->bytes, in->size);
  return LOOM_OK;
}

void fuzz_run(fuzz_target *run, const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  if (loom_ctx_run(&ctx, fuzz_run_input, &(fuzz_input){run, bytes, size}) != LOOM_OK)
    fuzz_broken(&ctx, "out of memory");
  loom_ctx_done(&ctx);
}

void fuzz_check(loom_ctx *ctx, loom_status st, const kernel_graph *k) {
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st != LOOM_OK)
    return;
  if (kernel_verify(ctx, k) != LOOM_OK)
    fuzz_broken(ctx, "a graph that does not verify");
  const char *json = data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, k), 0);
  data_value *v;
  kernel_graph *again = NULL;
  if (data_read_json(ctx, "again", json, strlen(json), &v) != LOOM_OK || kernel_from_data(ctx, v, &again) != LOOM_OK)
    fuzz_broken(ctx, "a graph that does not read back");
  const char *second = data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, again), 0);
  size_t same = 0;
  while (json[same] && json[same] == second[same])
    same++;
  if (json[same] || second[same]) {
    size_t from = same > 60 ? same - 60 : 0;
    fprintf(stderr, "fuzz: .. %.120s\nfuzz: .. %.120s\n", json + from, second + from);
    fuzz_broken(ctx, "a graph that reads back as another");
  }
  if (kernel_is_open(again))
    check_calls(ctx, again);
}
