/* Values from text and from arrays.  The text is what a user types, so every refusal shows what was expected. */
#include "base/file.h"
#include "base/text.h"
#include "run/run_value.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 1 << 30 };

static loom_status refuse(loom_ctx *ctx, const char *what, const run_value_type *want, const char *why) {
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: %s", what, why);
  diag_help(ctx, "expected %s%s, for example %s=%s, or @file.npy", run_value_type_text(&ctx->mem, want), want->is_scalar ? " (a number)" : "",
            run_value_type_text(&ctx->mem, want), want->is_scalar || want->rank == 0 ? "1" : want->rank == 1 ? "1,2,.." : "[[1 2 ..][..]]");
  return LOOM_EUSAGE;
}

/* "2x?xf32" up to its end or '='; false: no such type. */
static bool parse_type(arena *mem, const char **at, run_value_type *out) {
  const char *p = *at;
  *out = (run_value_type){0};
  while (isdigit((unsigned char)*p)) {
    char *end;
    errno = 0;
    long long n = strtoll(p, &end, 10);
    if (errno || *end != 'x' || out->rank == RUN_RANK_MAX)
      return false;
    out->shape[out->rank++] = n;
    p = end + 1;
  }
  size_t n = strcspn(p, "=");
  *at = p + n;
  return run_element_parse(mem, arena_strndup(mem, p, n), &out->type);
}

static bool fits(const run_value_type *v, const run_value_type *want) {
  bool same = v->rank == want->rank && v->type.bits == want->type.bits && v->type.is_float == want->type.is_float;
  same = same && (!v->type.is_float || strcmp(v->type.name, want->type.name) == 0);   /* signs of integers are a matter of the operations */
  for (int d = 0; same && d < want->rank; d++)
    same = want->shape[d] == RUN_ANY_SIZE || v->shape[d] == want->shape[d];
  return same;
}

/* Elements and memory for the shape; false: too many. */
static bool allocate(arena *mem, run_value *v) {
  int64_t bytes = (int64_t)run_element_bytes(&v->type);
  v->elems = 1;
  for (int d = 0; d < v->rank; d++)
    if (__builtin_mul_overflow(v->elems, v->shape[d], &v->elems))
      return false;
  if (__builtin_mul_overflow(v->elems, bytes, &bytes) || bytes > VALUE_BYTES_MAX)
    return false;
  v->bytes = arena_alloc(mem, (size_t)bytes + 8);
  return true;
}

/* One number, of a word that is not empty; false: it is none of the type, or out of its range. */
static bool parse_element(const run_element *e, const char *s, void *to) {
  char *end;
  errno = 0;
  if (e->bits == 1 && !e->is_float && (text_eq(s, "true") || text_eq(s, "false"))) {
    run_element_store_integer(e, to, *s == 't');
    return true;
  }
  if (e->is_float) {
    double d = strtod(s, &end);
    run_element_store_float(e, to, d);
    return !*end;
  }
  bool is_hex = text_starts(s, "0x") || text_starts(s, "-0x"), is_large = s[0] != '-' && (e->is_unsigned || is_hex);
  int base = is_hex ? 16 : 10;
  int64_t v = is_large ? (int64_t)strtoull(s, &end, base) : strtoll(s, &end, base);
  if (*end || errno)
    return false;
  run_element_store_integer(e, to, v);
  bool is_negative = v < 0 && !is_large;   /* -1 and 255 are both an i8 */
  if (e->bits == 64)
    return !(is_negative && e->is_unsigned);
  int64_t span = INT64_C(1) << e->bits;
  return v >= (e->is_unsigned ? 0 : -(span / 2)) && v < span;
}

static loom_status parse_elements(loom_ctx *ctx, const char *what, const char *s, const run_value_type *want, run_value *v) {
  static const char separators[] = " \t\n,[]";
  size_t width = run_element_bytes(&v->type);
  int64_t n = 0;
  for (s += strspn(s, separators); *s; s += strspn(s, separators)) {
    size_t size = strcspn(s, separators);
    char *word = arena_strndup(&ctx->mem, s, size);
    if (n < v->elems && !parse_element(&v->type, word, (char *)v->bytes + (size_t)n * width))
      return refuse(ctx, what, want, arena_printf(&ctx->mem, "'%s' is not a number of type %s", word, v->type.name));
    n++;
    s += size;
  }
  if (n != v->elems && n != 1)
    return refuse(ctx, what, want, arena_printf(&ctx->mem, "%s has %" PRId64 " elements; %" PRId64 " are given (one would fill all)", run_value_type_text(&ctx->mem, v), v->elems, n));
  for (int64_t i = 1; n == 1 && i < v->elems; i++)
    memcpy((char *)v->bytes + (size_t)i * width, v->bytes, width);
  return LOOM_OK;
}

static loom_status read_raw(loom_ctx *ctx, const char *what, const char *path, const run_value_type *want, run_value *v) {
  char *bytes;
  size_t size, expected = (size_t)v->elems * run_element_bytes(&v->type);
  LOOM_TRY(file_read(ctx, path, VALUE_BYTES_MAX, &bytes, &size));
  if (size != expected)
    return refuse(ctx, what, want, arena_printf(&ctx->mem, "'%s' has %zu bytes; %s takes %zu", path, size, run_value_type_text(&ctx->mem, v), expected));
  v->bytes = bytes;
  return LOOM_OK;
}

loom_status run_value_parse(loom_ctx *ctx, const char *what, const char *spelled, const run_value_type *want, run_value *out) {
  const char *s = spelled;
  if (*s == '@') {
    npy_array a;
    LOOM_TRY(npy_read(ctx, s + 1, &a));
    return run_value_from_array(ctx, what, &a, want, out);
  }
  run_element named;
  if (want->is_scalar && *s && !strchr(s, '=') && !run_element_parse(&ctx->mem, s, &named)) {
    *out = *want;
  } else {
    if (!parse_type(&ctx->mem, &s, out))
      return refuse(ctx, what, want, arena_printf(&ctx->mem, "'%s' does not begin with a shape and an element type", spelled));
    if (!fits(out, want))
      return refuse(ctx, what, want, arena_printf(&ctx->mem, "%s is given", run_value_type_text(&ctx->mem, out)));
    out->type = want->type;
    out->is_scalar = want->is_scalar;
    s += *s == '=';
    spelled = *s ? s : NULL;
  }
  if (!allocate(&ctx->mem, out))
    return refuse(ctx, what, want, "so many elements do not fit");
  if (!spelled)
    return LOOM_OK;
  return *s == '@' ? read_raw(ctx, what, s + 1, want, out) : parse_elements(ctx, what, s, want, out);
}

/* NumPy's types by the elements they hold; the floats it does not have may come as float32, those of a byte also as uint8. */
static bool array_fits(const npy_array *a, const run_element *e, bool *out_rounds) {
  bool is_float = dtype_is_float(a->type) && !dtype_is_f8(a->type), is_numpy = !e->small && strcmp(e->name, "bf16") != 0;
  *out_rounds = e->is_float && !is_numpy && a->type == DTYPE_F32;
  if (*out_rounds || (e->small && a->type == DTYPE_U8))
    return true;
  size_t bytes = dtype_bytes(a->type);
  if (e->is_float)
    return is_float && bytes * 8 == (size_t)e->bits && (a->type == DTYPE_BF16) == (strcmp(e->name, "bf16") == 0);
  return !is_float && (e->bits == 1 ? a->type == DTYPE_BOOL : bytes == run_element_bytes(e) && a->type != DTYPE_BOOL);
}

loom_status run_value_from_array(loom_ctx *ctx, const char *what, const npy_array *a, const run_value_type *want, run_value *out) {
  bool rounds;
  *out = *want;
  bool same = a->rank == want->rank && array_fits(a, &want->type, &rounds);
  for (int d = 0; same && d < a->rank; d++) {
    same = want->shape[d] == RUN_ANY_SIZE || want->shape[d] == a->shape[d];
    out->shape[d] = a->shape[d];
  }
  if (!same) {
    text t = text_new(&ctx->mem);
    for (int d = 0; d < a->rank; d++)
      text_addf(&t, "%" PRId64 "x", a->shape[d]);
    return refuse(ctx, what, want, arena_printf(&ctx->mem, "the array is %s%s", text_str(&t), dtype_mlir(a->type)));
  }
  if (!allocate(&ctx->mem, out))
    return refuse(ctx, what, want, "so many elements do not fit");
  size_t width = run_element_bytes(&want->type);
  for (int64_t i = 0; rounds && i < out->elems; i++)
    run_element_store_float(&want->type, (char *)out->bytes + (size_t)i * width, (double)((const float *)a->data)[i]);
  if (!rounds && out->elems)
    memcpy(out->bytes, a->data, (size_t)out->elems * width);
  return LOOM_OK;
}
