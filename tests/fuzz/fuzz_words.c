/* Edits of good files word by word, the same for the same seed: what grammars of bytes take long to find.  A word is a name, a number or one sign; its
 * place is taken by another word of the files, by a number at the edge of something, or by nothing; words and lines are said twice, left out, exchanged. */
#include "fuzz.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/vec.h"
#include "frontend/device_ir/device_ir.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct piece { const char *s; size_t n; } piece;
typedef VEC_OF(piece) pieces;
typedef struct sheet { const char *path; pieces word; } sheet;
typedef VEC_OF(sheet) sheets;

static const char *const edges[] = {"0", "1", "-1", "2", "3", "7", "16", "64", "1000000", "2147483648", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e400", "0.5",
                                    "nan", "inf", "\"\"", "\"x\"", "[]", "{}", "()", "null", "true", "None", "\n", " ", "x", "f32", "i64", "float16"};

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static void split(arena *mem, const char *s, size_t n, pieces *out) {
  for (size_t i = 0; i < n;) {
    size_t from = i++;
    while (i < n && (is_word(s[from]) ? is_word(s[i]) : s[from] == ' ' && s[i] == ' '))
      i++;
    vec_push(mem, out, ((piece){s + from, i - from}));
  }
}

static size_t below(rng *r, size_t n) { return (size_t)(rng_next(r) % n); }

/* A word that is none of the signs between words, three times of four. */
static size_t place(rng *r, const pieces *p) {
  size_t at = below(r, p->n);
  for (int k = 0; k < 8 && !is_word(p->at[at].s[0]); k++)
    at = k < 6 || below(r, 4) ? below(r, p->n) : at;
  return at;
}

/* The line around a word: [from, to). */
static void line_of(const pieces *p, size_t at, size_t *from, size_t *to) {
  for (*from = at; *from > 0 && p->at[*from - 1].s[0] != '\n';)
    (*from)--;
  for (*to = at; *to < p->n && p->at[*to].s[0] != '\n';)
    (*to)++;
  *to += *to < p->n;
}

static void put(arena *mem, pieces *p, size_t at, size_t out, const piece *in, size_t n) {
  pieces made = {0};
  for (size_t i = 0; i < at; i++)
    vec_push(mem, &made, p->at[i]);
  for (size_t i = 0; i < n; i++)
    vec_push(mem, &made, in[i]);
  for (size_t i = at + out; i < p->n; i++)
    vec_push(mem, &made, p->at[i]);
  *p = made;
}

static void edit(arena *mem, rng *r, pieces *p, const pieces *all) {
  size_t at = place(r, p), other = place(r, p), from, to;
  const char *edge = edges[below(r, sizeof edges / sizeof *edges)];
  const piece was = p->at[at], number = {edge, strlen(edge)}, any = all->at[place(r, all)];
  switch (below(r, 10)) {
  case 0: put(mem, p, at, 1, NULL, 0); break;
  case 1: put(mem, p, at, 0, &was, 1); break;
  case 2: p->at[at] = p->at[other]; p->at[other] = was; break;
  case 3: p->at[at] = number; break;
  case 4: p->at[at] = p->at[other]; break;
  case 5: case 6: p->at[at] = any; break;
  case 7:
    line_of(p, at, &from, &to);
    put(mem, p, from, to - from, NULL, 0);
    break;
  case 8:
    line_of(p, at, &from, &to);
    put(mem, p, from, 0, p->at + from, to - from);
    break;
  default:   /* the same word everywhere */
    for (size_t i = 0; i < p->n; i++)
      if (p->at[i].n == was.n && memcmp(p->at[i].s, was.s, was.n) == 0)
        p->at[i] = any;
  }
}

/* ---- texts that are made of kernels ---- */
static void read_dump(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  kernel_graph *k = NULL;
  loom_status st = device_ir_read(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, NULL, &k);
  fuzz_check(ctx, st, k);
}

static void read_kernel(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v;
  kernel_graph *k = NULL;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  if (st == LOOM_OK)
    st = kernel_from_data(ctx, v, &k);
  if (st == LOOM_OK && kernel_is_open(k)) {   /* guards that an edit made contradict the sizes: calls are refused, one by one */
    if (kernel_verify(ctx, k) != LOOM_OK)
      fuzz_broken(ctx, "a graph that does not verify");
  } else {
    fuzz_check(ctx, st, k);
  }
}

/* The kernel of a Python file as Device IR or as kernel graph; NULL: there is none. */
static const char *text_of(loom_ctx *ctx, const char *source, size_t size, bool as_graph) {
  syn_node *tree;
  kernel_graph *k;
  const char *const *names, *dump;
  size_t n;
  helion_options o = fuzz_options(&ctx->mem, source, size);
  if (python_parse(ctx, "fuzz.py", source, size, &tree) != LOOM_OK)
    return NULL;
  if (!o.function && helion_list(ctx, tree, &names, &n) == LOOM_OK && n > 0)
    o.function = names[0];
  if (helion_read(ctx, tree, &o, &k) != LOOM_OK)
    return NULL;
  if (as_graph)
    return data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, k), 1);
  return device_ir_write(ctx, k, &dump) == LOOM_OK ? dump : NULL;
}

void fuzz_words(fuzz_made_of from, fuzz_target *run, uint64_t seed, long n, const char *const *paths, int n_paths) {
  loom_ctx ctx;
  sheets files = {0};
  pieces all = {0};
  rng r = rng_new(seed);
  const bool makes = from != FUZZ_FILES;
  loom_ctx_init(&ctx);
  for (int i = 0; i < n_paths; i++) {
    char *read;
    size_t size;
    sheet file = {.path = paths[i]};
    if (file_read(&ctx, paths[i], 1 << 20, &read, &size) != LOOM_OK || (!makes && size > FUZZ_BYTES_MAX))
      continue;
    const char *s = makes ? text_of(&ctx, read, size, from == FUZZ_GRAPHS) : read;
    split(&ctx.mem, s ? s : "", s ? strlen(s) : 0, &file.word);
    split(&ctx.mem, s ? s : "", s ? strlen(s) : 0, &all);
    if (file.word.n)
      vec_push(&ctx.mem, &files, file);
  }
  for (long k = 0; k < n && files.n; k++) {
    arena_mark mark = arena_save(&ctx.mem);
    const sheet *file = &files.at[below(&r, files.n)];
    pieces p = {0};
    text out = text_new(&ctx.mem);
    put(&ctx.mem, &p, 0, 0, file->word.at, file->word.n);
    for (size_t i = 0, edits = 1 + below(&r, 2) * below(&r, 3); i < edits && p.n; i++)
      edit(&ctx.mem, &r, &p, &all);
    for (size_t i = 0; i < p.n; i++)
      text_add_bytes(&out, p.at[i].s, p.at[i].n);
    if (getenv("LOOM_FUZZ_SHOW"))
      fprintf(stderr, "---- %ld: %s\n%s", k, file->path, text_str(&out));
    fuzz_run(from == FUZZ_DUMPS ? read_dump : from == FUZZ_GRAPHS ? read_kernel : run, (const uint8_t *)text_str(&out), out.size);
    arena_release(&ctx.mem, mark);
  }
  loom_ctx_done(&ctx);
}
