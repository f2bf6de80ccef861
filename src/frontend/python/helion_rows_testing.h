/* Kernels of one line or a few that are read, or refused in words at a place; included by *_test.c only.
 * Oracle: Python's own meaning, written as assertions in the kernels, which are evaluated while they are read; an accepted kernel with an
 * assertion is read once more with it turned, which has to fail. */
#ifndef LOOM_HELION_ROWS_TESTING_H
#define LOOM_HELION_ROWS_TESTING_H
#include "base/testing.h"
#include "base/text.h"
#include "frontend/helion/helion.h"

#define IMPORTS "import torch\nimport helion\nimport helion.language as hl\nfrom typing import Callable, Optional\n"   /* lines 1-4 */

/* from: ';' between "x:6x5:f16" (a tensor that is read from a file), "dtype:x=f16", "shape:x.0=6", "function:f", "dtype:f16", "open" and "n=3" (--arg). */
typedef struct row { const char *name, *code, *from; loom_status status; const char *text; int line, col; } row;

typedef struct outside { helion_options o; helion_given given[12]; helion_shape shapes[12]; } outside;

static inline dtype type_of(const char *s) {
  dtype t = DTYPE_F32;
  assert_true(dtype_parse(s, &t));
  return t;
}

static inline void add_word(arena *m, outside *from, char *word) {
  char *at = strchr(word, ':'), *is = strchr(word, '=');
  helion_given *g = &from->given[from->o.n_given];
  if (strcmp(word, "open") == 0) {
    from->o.open_sizes = true;
  } else if (strncmp(word, "function:", 9) == 0) {
    from->o.function = at + 1;
  } else if (strncmp(word, "shape:", 6) == 0) {
    *is = 0;
    from->shapes[from->o.n_shapes++] = (helion_shape){at + 1, strtoll(is + 1, NULL, 10)};
  } else if (strncmp(word, "dtype:", 6) == 0 && !is) {
    from->o.has_dtype = true;
    from->o.dtype = type_of(at + 1);
  } else if (strncmp(word, "dtype:", 6) == 0) {
    *is = 0;
    *g = (helion_given){.name = at + 1, .kind = HELION_GIVEN_DTYPE, .type = type_of(is + 1)};
    from->o.n_given++;
  } else if (is) {
    *is = 0;
    *g = helion_parse_given(m, word, is + 1);
    from->o.n_given++;
  } else {
    *at = 0;
    *g = (helion_given){.name = word, .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32};
    char *type = strchr(at + 1, ':');
    if (type) {
      *type = 0;
      g->type = type_of(type + 1);
    }
    for (char *c = at + 1; *c; c += strcspn(c, "x"), c += *c == 'x')
      g->shape[g->rank++] = strtoll(c, NULL, 10);
    from->o.n_given++;
  }
}

static inline loom_status read_row(loom_ctx *ctx, const row *x, const char *code) {
  syn_node *tree;
  kernel_graph *k;
  outside *from = ARENA_NEW(&ctx->mem, outside);
  from->o.given = from->given;
  from->o.shapes = from->shapes;
  char *words = arena_strdup(&ctx->mem, x->from), *rest = words;
  for (char *word = strtok_r(words, ";", &rest); word; word = strtok_r(NULL, ";", &rest))
    add_word(&ctx->mem, from, word);
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  LOOM_TRY(helion_read(ctx, tree, &from->o, &k));
  return kernel_verify(ctx, k);
}

static inline int wrong_row(const row *x) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  loom_status st = read_row(&ctx, x, x->code);
  const diag_item *d = ctx.diag.first;
  while (d && x->text && !(strstr(d->text, x->text) && (!x->line || (d->span.line == x->line && d->span.col == x->col))))
    d = d->next;
  bool ok = st == x->status && (!x->text || d) && (st == LOOM_OK) == (ctx.diag.errors == 0);
  if (!ok) {
    print_message("%s (%s): status %d, expected %d \"%s\" at %d:%d\n", x->name, x->from, (int)st, (int)x->status, x->text ? x->text : "", x->line, x->col);
    for (d = ctx.diag.first; d; d = d->next)
      print_message("  %d:%d status %d: %s\n", d->span.line, d->span.col, (int)d->status, d->text);
  }
  const char *assertion = strstr(x->code, "  assert ");
  if (ok && st == LOOM_OK && assertion) {   /* the other way round it fails */
    const char *condition = assertion + strlen("  assert "), *end = strchr(condition, '\n');
    loom_ctx turned;
    loom_ctx_init(&turned);
    const char *code = arena_printf(&ctx.mem, "%.*snot (%.*s)%s", (int)(condition - x->code), x->code, (int)(end - condition), condition, end);
    if (read_row(&turned, x, code) != LOOM_EINPUT || !turned.diag.first || !strstr(turned.diag.first->text, "assertion")) {
      print_message("%s: the assertion says nothing\n", x->name);
      ok = false;
    }
    loom_ctx_done(&turned);
  }
  loom_ctx_done(&ctx);
  return !ok;
}

/* `s` with the first `from` replaced by `to`. */
static inline const char *replaced(arena *m, const char *s, const char *from, const char *to) {
  const char *at = strstr(s, from);
  return arena_printf(m, "%.*s%s%s", (int)(at - s), s, to, at + strlen(from));
}

static inline void check_rows(const row *rows, size_t n) {
  int wrong = 0;
  for (size_t i = 0; i < n; i++)
    wrong += wrong_row(&rows[i]);
  assert_int_equal(wrong, 0);
}

/* In a loop over the rows of x [6, 5], with i [6] int64; `code` is from line 9 on. */
#define TILED(host, code) IMPORTS "@helion.kernel()\ndef f(x, i):\n" host "  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n" code "    out[t, :] = x[t, :]\n  return out\n"
#endif
