/* Weights by name: globals that say `#stream.parameter.named<"model"::"blk.0.weight">` get their contents from archives. */
#include "compile.h"
#include "base/file.h"
#include "npz/npz.h"
#include "weights/weights.h"
#include <string.h>

enum { ARCHIVE_BYTES_MAX = INT32_MAX };

/* An archive, and the scope whose parameters it holds; NULL: those of every scope. */
typedef struct archive { const char *scope; weights weights; } archive;
typedef struct binding { ir_ctx *ir; VEC_OF(archive) archives; loom_status status; } binding;

static loom_status read_npz(loom_ctx *ctx, const char *path, const char *bytes, size_t size, weights *out) {
  npz_array *arrays;
  size_t n;
  LOOM_TRY(npz_read_bytes(ctx, path, bytes, size, &arrays, &n));
  *out = (weights){.path = path};
  for (size_t i = 0; i < n; i++) {
    const npy_array *a = &arrays[i].array;
    weight w = {.name = arrays[i].name, .bytes = a->data, .size = (uint64_t)a->elems * dtype_bytes(a->type), .is_typed = a->rank <= WEIGHT_RANK_MAX, .type = a->type, .rank = a->rank};
    for (int d = 0; w.is_typed && d < a->rank; d++)
      w.shape[d] = a->shape[d];
    vec_push(&ctx->mem, &out->all, w);
  }
  return LOOM_OK;
}

/* By what the file begins with: .irpa, a zip archive of arrays, else .safetensors, which begins with a length. */
static loom_status read_archive(loom_ctx *ctx, const char *path, weights *out) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, ARCHIVE_BYTES_MAX, &bytes, &size));
  if (size >= 4 && !memcmp(bytes, "PK\3\4", 4))
    return read_npz(ctx, path, bytes, size, out);
  if (size > 8 && bytes[8] == '{')
    return weights_read_safetensors(ctx, path, (const unsigned char *)bytes, size, out);
  return weights_read_irpa(ctx, path, (const unsigned char *)bytes, size, out);
}

static loom_status open_archive(binding *b, const char *spelled) {
  loom_ctx *ctx = b->ir->ctx;
  const char *eq = strchr(spelled, '='), *path = eq ? eq + 1 : spelled;
  archive a = {.scope = eq ? arena_strndup(&ctx->mem, spelled, (size_t)(eq - spelled)) : NULL};
  LOOM_TRY(read_archive(ctx, path, &a.weights));
  vec_push(&ctx->mem, &b->archives, a);
  return LOOM_OK;
}

/* The strings of `#stream.parameter.named<"scope"::"name"> : T`; without a scope it is "". */
static bool read_name(arena *mem, const char *attribute, const char **scope, const char **name) {
  static const char *const prefixes[] = {"#stream.parameter.named<\"", "#flow.parameter.named<\""};
  const char *p = NULL;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (text_starts(attribute, prefixes[i]))
      p = attribute + strlen(prefixes[i]);
  if (!p)
    return false;
  size_t n = strcspn(p, "\"");
  *scope = "";
  *name = arena_strndup(mem, p, n);
  if (text_starts(p + n, "\"::\"")) {
    *scope = *name;
    p += n + strlen("\"::\"");
    *name = arena_strndup(mem, p, strcspn(p, "\""));
  }
  return true;
}

static const weight *find(const binding *b, const char *scope, const char *name) {
  for (size_t i = 0; i < b->archives.n; i++) {
    const archive *a = &b->archives.at[i];
    const weight *w = !a->scope || text_eq(a->scope, scope) ? weights_find(&a->weights, name) : NULL;
    if (w)
      return w;
  }
  return NULL;
}

static void refuse(binding *b, MlirOperation op, loom_status st, const char *scope, const char *name, const char *why) {
  diag_error(b->ir->ctx, ir_span(b->ir, op), st, "the parameter '%s%s%s' %s", scope, *scope ? "::" : "", name, why);
  b->status = b->status == LOOM_OK ? st : b->status;
}

/* Row-major with this type and shape; an archive that says neither is believed. */
static bool is_of(const weight *w, MlirType tensor, dtype element) {
  bool same = !w->is_typed || (w->type == element && w->rank == (int)mlirShapedTypeGetRank(tensor));
  for (int d = 0; same && w->is_typed && d < w->rank; d++)
    same = w->shape[d] == mlirShapedTypeGetDimSize(tensor, d);
  return same;
}

static const char *type_text(arena *mem, const weight *w) {
  text t = text_new(mem);
  for (int d = 0; d < w->rank; d++)
    text_addf(&t, "%" PRId64 "x", w->shape[d]);
  return arena_printf(mem, "tensor<%s%s>", text_str(&t), dtype_mlir(w->type));
}

static bool bind(MlirOperation op, void *data) {
  binding *b = data;
  arena *mem = &b->ir->ctx->mem;
  const char *scope, *name;
  MlirAttribute value = ir_op_is(op, "ml_program.global") ? ir_attr_of(op, "value") : (MlirAttribute){NULL}, type = ir_attr_of(op, "type");
  if (mlirAttributeIsNull(value) || mlirAttributeIsNull(type) || !read_name(mem, ir_print_attr(mem, value), &scope, &name))
    return true;
  MlirType tensor = mlirTypeAttrGetValue(type);
  dtype element;
  const weight *w = find(b, scope, name);
  if (!w) {
    refuse(b, op, LOOM_EINPUT, scope, name, b->archives.n ? "is in none of the archives" : "has no contents");
    diag_help(b->ir->ctx, "--parameters=%s%sFILE names the archive that holds it (.irpa, .safetensors, .npz)", scope, *scope ? "=" : "");
    return true;
  }
  uint64_t bytes = 1;
  bool fits = mlirTypeIsARankedTensor(tensor) && mlirShapedTypeHasStaticShape(tensor) && ir_type_dtype(tensor, &element) && element != DTYPE_BOOL;
  for (intptr_t d = 0; fits && d < mlirShapedTypeGetRank(tensor); d++)
    fits = !__builtin_mul_overflow(bytes, (uint64_t)mlirShapedTypeGetDimSize(tensor, d), &bytes) && bytes <= ARCHIVE_BYTES_MAX;
  if (!fits || w->size > (bytes *= dtype_bytes(element))) {
    refuse(b, op, fits ? LOOM_EINPUT : LOOM_EUNSUP, scope, name,
           arena_printf(mem, fits ? "has %" PRIu64 " bytes, which do not fit into %s" : "has %" PRIu64 " bytes; %s cannot be filled", w->size, ir_print_type(mem, tensor)));
    return true;
  }
  if (!is_of(w, tensor, element)) {
    refuse(b, op, LOOM_EINPUT, scope, name, arena_printf(mem, "is %s in its file; expected %s", type_text(mem, w), ir_print_type(mem, tensor)));
    return true;
  }
  const unsigned char *contents = w->bytes;
  if (w->n_pattern || w->size < bytes) {
    unsigned char *filled = arena_alloc(mem, (size_t)bytes);
    weights_copy(w, filled, (size_t)bytes);
    contents = filled;
  }
  ir_set_attr(op, "value", mlirDenseElementsAttrRawBufferGet(tensor, (size_t)bytes, contents));
  return true;
}

loom_status compile_bind_parameters(ir_ctx *ir, MlirModule m, const char *const *files, size_t n) {
  binding b = {.ir = ir};
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(open_archive(&b, files[i]));
  ir_walk(mlirModuleGetOperation(m), bind, &b);
  return b.status;
}
