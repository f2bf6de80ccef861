/* The walk behind the parser: what a module from outside holds, whatever its spelling was.  The scan in front of the parser looks at words
 * (frontend/mlir_text/mlir_scan.h); operations in default dialects, keys of dictionaries and the like are only known here. */
#include "ir/ir_private.h"
#include <string.h>

/* Attributes of llvm.func that conversions of a func.func carry over by name: they say where code lies, how it is called, what it may assume. */
static const char *const of_llvm[] = {"linkage", "dso_local", "CConv", "comdat", "personality", "garbageCollector", "passthrough", "section", "alignment", "unnamed_addr", "visibility_",
                                      "target_cpu", "target_features", "tune_cpu", "frame_pointer", "memory_effects", "default_func_attrs", "uwtable_kind", "function_entry_count"};
/* Of the dialect's own attributes: calls of providers (docs/providers.md), and promises of other compilers about arguments. */
static const char *const granted[] = {"llvm.bareptr", "llvm.emit_c_interface", "llvm.noalias", "llvm.nocapture", "llvm.readonly"};
#define X(name) name,
static const char *const refused_ops[] = {MLIR_REFUSED_OP_LIST(X)};
#undef X
#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_one(const char *const *list, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i], name) == 0)
      return true;
  return false;
}

typedef struct audit { ir_ctx *ir; loom_status status; int64_t operations; } audit;

static void refuse_attribute(audit *a, MlirOperation op, const char *name) {
  a->status = diag_error(a->ir->ctx, ir_span(a->ir, op), LOOM_EINPUT, "attribute '%s' of '%s' is not read from files", name, ir_op_name(op));
  diag_help(a->ir->ctx, "it would reach the code generator as it stands");
}

static bool is_refused_attribute(const char *name, bool is_function) {
  if (strncmp(name, "llvm.", 5) == 0)
    return !is_one(granted, COUNT(granted), name);
  return is_function && is_one(of_llvm, COUNT(of_llvm), name);
}

static void check_dictionary(audit *a, MlirOperation op, MlirAttribute dictionary, bool is_function) {
  for (intptr_t i = 0; i < mlirDictionaryAttrGetNumElements(dictionary); i++) {
    const char *name = mlirIdentifierStr(mlirDictionaryAttrGetElement(dictionary, i).name).data;
    if (is_refused_attribute(name, is_function))
      refuse_attribute(a, op, name);
  }
}

/* Of arguments and results. */
static void check_dictionaries(audit *a, MlirOperation op, const char *list) {
  MlirAttribute all = ir_attr_of(op, list);
  for (intptr_t i = 0; !mlirAttributeIsNull(all) && mlirAttributeIsAArray(all) && i < mlirArrayAttrGetNumElements(all); i++)
    if (mlirAttributeIsADictionary(mlirArrayAttrGetElement(all, i)))
      check_dictionary(a, op, mlirArrayAttrGetElement(all, i), false);
}

static void check_attributes(audit *a, MlirOperation op) {
  bool is_function = ir_op_is(op, "func.func") || ir_op_is(op, "func.call");
  for (intptr_t i = 0; i < mlirOperationGetNumDiscardableAttributes(op); i++) {
    const char *name = mlirIdentifierStr(mlirOperationGetDiscardableAttribute(op, i).name).data;
    if (is_refused_attribute(name, is_function))
      refuse_attribute(a, op, name);
  }
  if (is_function) {
    check_dictionaries(a, op, "arg_attrs");
    check_dictionaries(a, op, "res_attrs");
  }
}

static bool visit(MlirOperation op, void *data) {
  audit *a = data;
  const char *name = ir_op_name(op);
  loom_ctx *ctx = a->ir->ctx;
  if (++a->operations > MLIR_SCAN_OPERATIONS_MAX) {
    a->status = diag_error(ctx, ir_span(a->ir, op), LOOM_ELIMIT, "the module has more than %d operations", MLIR_SCAN_OPERATIONS_MAX);
    return false;
  }
  if (!mlir_scan_is_read(a->ir->reads, name, strlen(name)))
    a->status = mlir_scan_refuse(ctx, ir_span(a->ir, op), "operation", name, strlen(name));
  if (a->ir->reads != MLIR_READS_PROGRAMS)
    return true;
  if (is_one(refused_ops, COUNT(refused_ops), name))
    a->status = diag_error(ctx, ir_span(a->ir, op), LOOM_EINPUT, "operation '%s' is not read from files: it makes a pointer or calls through one", name);
  check_attributes(a, op);
  return true;
}

loom_status ir_audit(ir_ctx *ir, MlirModule m) {
  audit a = {ir, LOOM_OK, 0};
  if (ir->reads != MLIR_READS_OWN)
    ir_walk(mlirModuleGetOperation(m), visit, &a);
  return a.status;
}
