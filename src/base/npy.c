/* The .npy format: magic "\x93NUMPY", two version bytes, a header length (2 bytes in version 1, else 4), a Python dictionary as text, the elements. */
#include "base/npy.h"
#include "base/file.h"
#include "base/text.h"
#include <ctype.h>
#include <string.h>

enum { NPY_MAGIC_BYTES = 6, NPY_ALIGN = 64, NPY_HEADER_MAX = 64 * 1024 };
static const char magic[] = "\x93NUMPY";

static const char supported_types[] = "f16, bf16, f32, f64, i8, u8, i16, i32, i64 and bool";

/* ---- the header ---- */

typedef struct header { char *descr; bool fortran_order, has_order, has_shape; int rank; int64_t shape[NPY_RANK_MAX]; } header;
typedef struct scanner { loom_ctx *ctx; loom_span span; const char *at, *end; } scanner;

static loom_status fail_header(scanner *s, const char *expected) {
  size_t left = (size_t)(s->end - s->at), shown = left < 12 ? left : 12;
  LOOM_FAIL(s->ctx, s->span, LOOM_EINPUT, "wrong .npy header: expected %s; found '%.*s'", expected, (int)shown, s->at);
}

static bool accept(scanner *s, const char *token) {
  while (s->at < s->end && isspace((unsigned char)*s->at))
    s->at++;
  size_t n = strlen(token);
  if ((size_t)(s->end - s->at) < n || memcmp(s->at, token, n) != 0)
    return false;
  s->at += n;
  return true;
}

static loom_status scan_string(scanner *s, char **out) {
  bool is_single = accept(s, "'");
  if (!is_single && !accept(s, "\""))
    return fail_header(s, "a quoted string");
  const char *begin = s->at, *close = memchr(begin, is_single ? '\'' : '"', (size_t)(s->end - begin));
  if (!close)
    return fail_header(s, "a quoted string that ends");
  s->at = close + 1;
  *out = arena_strndup(&s->ctx->mem, begin, (size_t)(close - begin));
  return LOOM_OK;
}

static loom_status scan_extent(scanner *s, int64_t *out) {
  accept(s, "");   /* white space */
  int64_t v = 0;
  const char *begin = s->at;
  for (; s->at < s->end && isdigit((unsigned char)*s->at); s->at++)
    if (__builtin_mul_overflow(v, (int64_t)10, &v) || __builtin_add_overflow(v, (int64_t)(*s->at - '0'), &v))
      LOOM_FAIL(s->ctx, s->span, LOOM_ELIMIT, "an extent in the .npy header does not fit 64 bits");
  if (s->at == begin)
    return fail_header(s, "an extent");
  accept(s, "L");   /* Python 2 wrote long integers so */
  *out = v;
  return LOOM_OK;
}

/* "(3, 4)", "(3,)" or "()". */
static loom_status scan_shape(scanner *s, header *h) {
  if (!accept(s, "("))
    return fail_header(s, "a shape in parentheses");
  while (!accept(s, ")")) {
    if (h->rank == NPY_RANK_MAX)
      LOOM_FAIL(s->ctx, s->span, LOOM_ELIMIT, "the array has more than %d dimensions", NPY_RANK_MAX);
    LOOM_TRY(scan_extent(s, &h->shape[h->rank++]));
    if (!accept(s, ",")) {
      if (!accept(s, ")"))
        return fail_header(s, "',' or ')' in the shape");
      break;
    }
  }
  h->has_shape = true;
  return LOOM_OK;
}

static loom_status scan_member(scanner *s, header *h) {
  char *key;
  LOOM_TRY(scan_string(s, &key));
  if (!accept(s, ":"))
    return fail_header(s, "':'");
  if (text_eq(key, "descr") && !h->descr) {
    accept(s, "");
    if (s->at < s->end && *s->at == '[') {
      diag_error(s->ctx, s->span, LOOM_EUNSUP, "the array has records as elements");
      diag_help(s->ctx, "save each field as an array of its own");
      return LOOM_EUNSUP;
    }
    return scan_string(s, &h->descr);
  }
  if (text_eq(key, "fortran_order") && !h->has_order) {
    h->has_order = true;
    h->fortran_order = accept(s, "True");
    return h->fortran_order || accept(s, "False") ? LOOM_OK : fail_header(s, "True or False");
  }
  if (text_eq(key, "shape") && !h->has_shape)
    return scan_shape(s, h);
  LOOM_FAIL(s->ctx, s->span, LOOM_EINPUT, "wrong .npy header: the key '%s' is unknown or occurs twice", key);
}

static loom_status scan_header(scanner *s, header *h) {
  if (!accept(s, "{"))
    return fail_header(s, "a dictionary");
  while (!accept(s, "}")) {
    LOOM_TRY(scan_member(s, h));
    if (!accept(s, ",")) {
      if (!accept(s, "}"))
        return fail_header(s, "',' or '}'");
      break;
    }
  }
  accept(s, "");
  if (s->at != s->end)
    return fail_header(s, "the end of the header");
  if (!h->descr || !h->has_order || !h->has_shape)
    LOOM_FAIL(s->ctx, s->span, LOOM_EINPUT, "wrong .npy header: '%s' is missing", !h->descr ? "descr" : !h->has_order ? "fortran_order" : "shape");
  return LOOM_OK;
}

static loom_status find_type(loom_ctx *ctx, loom_span span, const char *descr, dtype *out) {
  for (int t = 0; t < DTYPE_COUNT; t++) {
    const char *ours = dtype_numpy((dtype)t);
    bool order_is_free = descr[0] == '|' && (dtype_bytes((dtype)t) == 1 || ours[1] == 'V');
    bool is_little = descr[0] == '<' || descr[0] == '=' || order_is_free;
    if (is_little && text_eq(descr + 1, ours + 1)) {
      *out = (dtype)t;
      return LOOM_OK;
    }
  }
  if (descr[0] == '>') {
    diag_error(ctx, span, LOOM_EUNSUP, "the array is big-endian ('%s')", descr);
    diag_help(ctx, "save it with astype('<%s')", descr + 1);
  } else if (descr[0] && descr[1] == 'O') {
    diag_error(ctx, span, LOOM_EUNSUP, "the array holds Python objects; they are never loaded");
    diag_help(ctx, "save it as numbers");
  } else {
    diag_error(ctx, span, LOOM_EUNSUP, "arrays of type '%s' are not supported", descr);
    diag_help(ctx, "supported are %s", supported_types);
  }
  return LOOM_EUNSUP;
}

/* ---- reading ---- */

static uint32_t little_endian(const unsigned char *p, int bytes) {
  uint32_t v = 0;
  for (int i = bytes; i-- > 0;)
    v = v << 8 | p[i];
  return v;
}

/* Elements from `in`, first index fastest, to `out`, last index fastest. */
static void from_fortran_order(const npy_array *a, const char *in, char *out) {
  size_t bytes = dtype_bytes(a->type), index[NPY_RANK_MAX] = {0}, stride[NPY_RANK_MAX], from = 0;
  for (int d = 0; d < a->rank; d++)
    stride[d] = d ? stride[d - 1] * (size_t)a->shape[d - 1] : bytes;
  for (int64_t i = 0; i < a->elems; i++) {
    memcpy(out + (size_t)i * bytes, in + from, bytes);
    for (int d = a->rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < (size_t)a->shape[d])
        break;
      from -= stride[d] * index[d];
      index[d] = 0;
    }
  }
}

/* The product of the shape.  An extent of 0 makes it 0, whatever the others are. */
static loom_status count_elements(loom_ctx *ctx, loom_span span, npy_array *a) {
  bool overflow = false, is_empty = false;
  a->elems = 1;
  for (int d = 0; d < a->rank; d++) {
    is_empty |= a->shape[d] == 0;
    overflow |= __builtin_mul_overflow(a->elems, a->shape[d], &a->elems);
  }
  int64_t bytes;
  overflow |= __builtin_mul_overflow(a->elems, (int64_t)dtype_bytes(a->type), &bytes);
  if (is_empty)
    a->elems = 0;
  else if (overflow)
    LOOM_FAIL(ctx, span, LOOM_ELIMIT, "the shape in the .npy header has more than 2^63 bytes");
  return LOOM_OK;
}

static loom_status read_elements(loom_ctx *ctx, loom_span span, const header *h, char *bytes, size_t size, npy_array *a) {
  LOOM_TRY(find_type(ctx, span, h->descr, &a->type));
  a->rank = h->rank;
  memcpy(a->shape, h->shape, sizeof a->shape);
  LOOM_TRY(count_elements(ctx, span, a));
  size_t need = (size_t)a->elems * dtype_bytes(a->type);
  if (size != need)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "the file has %zu bytes of elements; its shape needs %zu", size, need);
  bool is_aligned = (uintptr_t)bytes % 16 == 0, reorders = h->fortran_order && a->rank > 1 && a->elems > 1;
  a->data = bytes;
  if (reorders || !is_aligned) {
    a->data = arena_alloc(&ctx->mem, need);
    if (reorders)
      from_fortran_order(a, bytes, a->data);
    else
      memcpy(a->data, bytes, need);
  }
  if (a->type == DTYPE_BOOL)   /* compiled code relies on 0 and 1 */
    for (int64_t i = 0; i < a->elems; i++)
      ((uint8_t *)a->data)[i] = ((uint8_t *)a->data)[i] != 0;
  return LOOM_OK;
}

loom_status npy_read(loom_ctx *ctx, const char *path, npy_array *out) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, SIZE_MAX, &bytes, &size));
  return npy_read_bytes(ctx, path, bytes, size, out);
}

loom_status npy_read_bytes(loom_ctx *ctx, const char *path, char *bytes, size_t size, npy_array *out) {
  loom_span span = diag_file_span(ctx, path);
  const unsigned char *u = (const unsigned char *)bytes;
  if (size < NPY_MAGIC_BYTES + 4 || memcmp(bytes, magic, NPY_MAGIC_BYTES) != 0) {
    diag_error(ctx, span, LOOM_EINPUT, "not a .npy file");
    diag_help(ctx, "save the array with numpy.save");
    return LOOM_EINPUT;
  }
  int version = u[6], length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3)
    LOOM_FAIL(ctx, span, LOOM_EUNSUP, ".npy format %d.%d; formats 1.0 to 3.0 are read", u[6], u[7]);
  size_t begin = NPY_MAGIC_BYTES + 2 + (size_t)length_bytes;
  size_t length = size < begin ? 0 : little_endian(u + NPY_MAGIC_BYTES + 2, length_bytes);
  if (size < begin || length > size - begin)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "the .npy file ends inside its header");
  if (length > NPY_HEADER_MAX)
    LOOM_FAIL(ctx, span, LOOM_ELIMIT, "the .npy header has %zu bytes; at most %d are read", length, NPY_HEADER_MAX);
  scanner s = {ctx, span, bytes + begin, bytes + begin + length};
  header h = {0};
  LOOM_TRY(scan_header(&s, &h));
  *out = (npy_array){0};
  return read_elements(ctx, span, &h, bytes + begin + length, size - begin - length, out);
}

/* ---- writing ---- */

char *npy_to_bytes(arena *m, const npy_array *a, size_t *out_size) {
  text t = text_new(m);
  text_add_bytes(&t, "\x93NUMPY\x01\x00\x00\x00", NPY_MAGIC_BYTES + 4);
  text_addf(&t, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtype_numpy(a->type));
  for (int d = 0; d < a->rank; d++)
    text_addf(&t, "%s%" PRId64, d ? ", " : "", a->shape[d]);
  text_add(&t, a->rank == 1 ? ",), }" : "), }");
  while (t.size % NPY_ALIGN != NPY_ALIGN - 1)
    text_add(&t, " ");
  text_add(&t, "\n");
  size_t length = t.size - NPY_MAGIC_BYTES - 4;   /* far below 65536: the rank is at most 8 */
  t.data[8] = (char)(length & 0xff);
  t.data[9] = (char)(length >> 8);
  text_add_bytes(&t, a->data ? a->data : "", (size_t)a->elems * dtype_bytes(a->type));
  *out_size = t.size;
  return t.data;
}

loom_status npy_write(loom_ctx *ctx, const char *path, const npy_array *a) {
  arena_mark mark = arena_save(&ctx->scratch);
  size_t size;
  const char *bytes = npy_to_bytes(&ctx->scratch, a, &size);
  loom_status st = file_write(ctx, path, bytes, size);
  arena_release(&ctx->scratch, mark);
  return st;
}
