#include "ir/ir_upstream_text.h"

/* MLIR's module parser wraps bare functions in a module but takes no file name, so the places it noted are renamed afterwards. */
typedef struct renaming { ir_ctx *ir; MlirStringRef path; } renaming;

static MlirLocation renamed(const renaming *r, MlirLocation loc) {
  if (!ir_is_unnamed(loc))
    return loc;
  return mlirLocationFileLineColRangeGet(r->ir->mlir, r->path, (unsigned)mlirLocationFileLineColRangeGetStartLine(loc),
                                         (unsigned)mlirLocationFileLineColRangeGetStartColumn(loc),
                                         (unsigned)mlirLocationFileLineColRangeGetEndLine(loc),
                                         (unsigned)mlirLocationFileLineColRangeGetEndColumn(loc));
}

static bool rename_locations(MlirOperation op, void *data) {
  const renaming *r = data;
  mlirOperationSetLocation(op, renamed(r, mlirOperationGetLocation(op)));
  return true;
}

static loom_status parse_scanned(ir_ctx *ir, const char *src, size_t size, MlirModule *out) {
  loom_ctx *ctx = ir->ctx;
  loom_status outer_blame = ir->blame;
  int errors = ctx->diag.errors;
  ir->blame = LOOM_EINPUT;
  *out = mlirModuleCreateParse(ir->mlir, mlirStringRefCreate(src, size));
  ir->blame = outer_blame;
  if (mlirModuleIsNull(*out)) {
    if (!ir->quiet && ctx->diag.errors == errors)
      diag_error(ctx, (loom_span){.source = ir->source}, LOOM_EINPUT, "this is not MLIR text");
    return LOOM_EINPUT;
  }
  renaming r = {ir, ir_ref(ir->source->path)};
  ir_walk(mlirModuleGetOperation(*out), rename_locations, &r);
  return LOOM_OK;
}

loom_status ir_parse_shown(ir_ctx *ir, const diag_source *source, const char *copy, size_t size, MlirModule *out) {
  *out = (MlirModule){NULL};
  loom_ctx *ctx = ir->ctx;
  diag_mark before = diag_save(ctx);
  loom_status st = mlir_scan(ctx, source, copy, size, ir->reads);
  if (st != LOOM_OK) {
    if (ir->quiet)
      diag_drop(ctx, before);
    return st;
  }
  const char *generic;
  size_t generic_size;
  bool has_hardware;
  LOOM_TRY(ir_rewrite_upstream(ctx, source, copy, size, &generic, &generic_size, &has_hardware));
  if (has_hardware)
    ir_allow_unregistered(ir, true);      /* hardware in front of a module is carried along */
  const diag_source *outer_source = ir->source;
  ir->source = source;
  ir->parsed++;
  st = parse_scanned(ir, generic, generic_size, out);
  if (st == LOOM_OK && (st = ir_audit(ir, *out)) != LOOM_OK) {
    ir_close_module(*out);
    *out = (MlirModule){NULL};
  }
  ir->source = outer_source;
  ir_settle(ir);
  return st;
}

/* MLIR wants a NUL behind the text and spans want the text to stay, so it is copied once. */
loom_status ir_parse(ir_ctx *ir, const char *path, const char *src, size_t size, MlirModule *out) {
  bool readable = size <= MLIR_TEXT_BYTES_MAX;
  const char *copy = readable ? arena_strndup(&ir->ctx->mem, src, size) : NULL;
  return ir_parse_shown(ir, diag_add_source(ir->ctx, path, copy, readable ? size : 0), copy, size, out);
}

loom_status ir_parse_own(ir_ctx *ir, const char *name, const char *src, size_t size, MlirModule *out) {
  mlir_reader outer = ir->reads;
  ir->reads = MLIR_READS_OWN;
  loom_status st = ir_parse(ir, name, src, size, out);
  ir->reads = outer;
  return st;
}

loom_status ir_verify(ir_ctx *ir, MlirModule m) {
  if (mlirModuleIsNull(m))
    return ir_bug(ir, "a null module was given to the verifier");
  bool ok = mlirOperationVerify(mlirModuleGetOperation(m));
  ir_settle(ir);
  return ok ? LOOM_OK : ir->blame;
}

MlirModule ir_clone_module(MlirModule m) {
  if (mlirModuleIsNull(m))
    return m;
  return mlirModuleFromOperation(mlirOperationClone(mlirModuleGetOperation(m)));
}

static bool has_symbol(MlirModule m, MlirAttribute name) {
  MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(m));
  for (; !ir_is_null_op(op); op = mlirOperationGetNextInBlock(op))
    if (mlirAttributeEqual(ir_attr_of(op, "sym_name"), name))
      return true;
  return false;
}

void ir_move_into(MlirModule to, MlirModule from) {
  if (!mlirModuleIsNull(to) && !mlirModuleIsNull(from)) {
    MlirOperation next;
    for (MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(from)); !ir_is_null_op(op); op = next) {
      next = mlirOperationGetNextInBlock(op);
      bool declares = ir_op_is(op, "func.func") && mlirBlockIsNull(ir_body(op));
      if (declares && has_symbol(to, ir_attr_of(op, "sym_name")))
        continue;
      mlirOperationRemoveFromParent(op);
      mlirBlockAppendOwnedOperation(mlirModuleGetBody(to), op);
    }
  }
  ir_close_module(from);
}

loom_status ir_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *functions) {
  MlirModule added;
  if (ir_parse_own(ir, arena_printf(&ir->ctx->mem, "<%s>", name), functions, strlen(functions), &added) != LOOM_OK)
    return LOOM_EBUG;
  ir_move_into(m, added);
  return LOOM_OK;
}

void ir_close_module(MlirModule m) {
  if (!mlirModuleIsNull(m))
    mlirModuleDestroy(m);
}
