/* Programs of cores as functions of an object for others (cpu_export_grid). */
#include "target/cpu/cpu_private.h"

static MlirAttribute numbers(ir_ctx *ir, const int64_t *at, size_t n) {
  text t = text_new(&ir->ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, "%s%" PRId64, i ? ", " : "", at[i]);
  return ir_attr(ir, arena_printf(&ir->ctx->mem, "array<i64: %s>", text_str(&t)));
}

static const char *loops_of(arena *m, const char *name) { return arena_printf(m, "%s__loops", name); }

void cpu_export_grid(ir_ctx *ir, MlirModule m, const char *name, const cpu_grid *g, const int64_t *sizes, size_t n_sizes) {
  MlirOperation core = ir_find_func(m, CPU_CORE_NAME), loops = ir_find_func(m, name);
  ir_set_attr(core, "loom.hidden", ir_unit_attr(ir));
  ir_set_attr(core, "loom.export", ir_str_attr(ir, name));
  ir_set_attr(core, "loom.counts", numbers(ir, g->count, (size_t)g->n_dims));
  ir_set_attr(core, "loom.workspace_bytes", ir_int_attr(ir, g->workspace_bytes));
  if (!sizes)
    return;
  ir_set_attr(core, "loom.sizes", numbers(ir, sizes, n_sizes));
  ir_set_attr(loops, "sym_name", ir_str_attr(ir, loops_of(&ir->ctx->mem, name)));
  ir_set_attr(loops, "loom.hidden", ir_unit_attr(ir));
}

static MlirAttribute counts_of(MlirOperation core) { return ir_attr_of(core, "loom.counts"); }

static int64_t all_cores(MlirOperation core) {
  int64_t n = 1;
  for (intptr_t d = 0; d < mlirDenseArrayGetNumElements(counts_of(core)); d++)
    n *= mlirDenseI64ArrayGetElement(counts_of(core), d);
  return n;
}

/* The table of tensors with the workspace behind them, the core's place in the grid (its last dim fastest), and the call. */
static void write_core(arena *m, MlirOperation core, const char *name, const char *entry, int64_t n_tensors, text *out) {
  const intptr_t n_dims = mlirDenseArrayGetNumElements(counts_of(core));
  text_addf(out, "func.func @\"%s_core\"(%%tensors: !llvm.ptr, %%workspace: !llvm.ptr, %%core: i64) {\n  %%one = llvm.mlir.constant(1 : i64) : i64\n", name);
  text_addf(out, "  %%table = llvm.alloca %%one x !llvm.array<%" PRId64 " x ptr> : (i64) -> !llvm.ptr\n  %%at = llvm.alloca %%one x !llvm.array<%" PRIdPTR " x i64> : (i64) -> !llvm.ptr\n",
            n_tensors + 1, n_dims);
  for (int64_t i = 0; i < n_tensors; i++)
    text_addf(out, "  %%f%" PRId64 " = llvm.getelementptr %%tensors[%" PRId64 "] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n  %%p%" PRId64 " = llvm.load %%f%" PRId64
                   " : !llvm.ptr -> !llvm.ptr\n  %%t%" PRId64 " = llvm.getelementptr %%table[%" PRId64 "] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n"
                   "  llvm.store %%p%" PRId64 ", %%t%" PRId64 " : !llvm.ptr, !llvm.ptr\n", i, i, i, i, i, i, i, i);
  text_addf(out, "  %%t%" PRId64 " = llvm.getelementptr %%table[%" PRId64 "] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n  llvm.store %%workspace, %%t%" PRId64 " : !llvm.ptr, !llvm.ptr\n",
            n_tensors, n_tensors, n_tensors);
  const char *left = "%core";
  for (intptr_t d = n_dims - 1; d >= 0; d--) {
    text_addf(out, "  %%n%" PRIdPTR " = llvm.mlir.constant(%" PRId64 " : i64) : i64\n  %%r%" PRIdPTR " = llvm.urem %s, %%n%" PRIdPTR " : i64\n  %%q%" PRIdPTR " = llvm.udiv %s, %%n%" PRIdPTR
                   " : i64\n  %%a%" PRIdPTR " = llvm.getelementptr %%at[%" PRIdPTR "] : (!llvm.ptr) -> !llvm.ptr, i64\n  llvm.store %%r%" PRIdPTR ", %%a%" PRIdPTR " : i64, !llvm.ptr\n",
              d, mlirDenseI64ArrayGetElement(counts_of(core), d), d, left, d, d, left, d, d, d, d, d);
    left = arena_printf(m, "%%q%" PRIdPTR, d);
  }
  text_addf(out, "  func.call @\"%s\"(%%table, %%at) : (!llvm.ptr, !llvm.ptr) -> ()\n  return\n}\n", entry);
}

/* All cores in turn on a workspace of the object's own; a lock keeps callers on other threads waiting. */
static void write_all(MlirOperation core, const char *name, const char *core_of, const char *linkage, int64_t bytes, text *out) {
  text_addf(out,
            "llvm.mlir.global internal @loom_workspace() {alignment = 64 : i64} : !llvm.array<%" PRId64 " x i8> {\n  %%zero = llvm.mlir.zero : !llvm.array<%" PRId64 " x i8>\n"
            "  llvm.return %%zero : !llvm.array<%" PRId64 " x i8>\n}\n"
            "llvm.mlir.global internal @loom_busy(0 : i32) : i32\n"
            "func.func @\"%s\"(%%tensors: !llvm.ptr, %%sizes: !llvm.ptr)%s {\n"
            "  %%workspace = llvm.mlir.addressof @loom_workspace : !llvm.ptr\n  %%busy = llvm.mlir.addressof @loom_busy : !llvm.ptr\n"
            "  %%free = llvm.mlir.constant(0 : i32) : i32\n  %%taken = llvm.mlir.constant(1 : i32) : i32\n"
            "  scf.while : () -> () {\n    %%was = llvm.atomicrmw xchg %%busy, %%taken acquire : !llvm.ptr, i32\n    %%wait = llvm.icmp \"ne\" %%was, %%free : i32\n"
            "    scf.condition(%%wait)\n  } do {\n    llvm.call_intrinsic \"llvm.x86.sse2.pause\"() : () -> ()\n    scf.yield\n  }\n"
            "  %%from = arith.constant 0 : i64\n  %%to = arith.constant %" PRId64 " : i64\n  %%step = arith.constant 1 : i64\n"
            "  scf.for %%core = %%from to %%to step %%step : i64 {\n    func.call @\"%s_core\"(%%tensors, %%workspace, %%core) : (!llvm.ptr, !llvm.ptr, i64) -> ()\n  }\n"
            "  llvm.store %%free, %%busy atomic release {alignment = 4 : i64} : i32, !llvm.ptr\n  return\n}\n",
            bytes, bytes, bytes, name, linkage, all_cores(core), core_of);
}

/* The plan's program when the sizes of the call are its own, else the loops. */
static void write_choice(arena *m, MlirAttribute sizes, const char *name, const char *planned, text *out) {
  text_addf(out, "func.func @\"%s\"(%%tensors: !llvm.ptr, %%sizes: !llvm.ptr) {\n  %%e0 = llvm.mlir.constant(true) : i1\n", name);
  const intptr_t n = mlirDenseArrayGetNumElements(sizes);
  for (intptr_t i = 0; i < n; i++)
    text_addf(out, "  %%f%" PRIdPTR " = llvm.getelementptr %%sizes[%" PRIdPTR "] : (!llvm.ptr) -> !llvm.ptr, i64\n  %%s%" PRIdPTR " = llvm.load %%f%" PRIdPTR " : !llvm.ptr -> i64\n"
                   "  %%w%" PRIdPTR " = llvm.mlir.constant(%" PRId64 " : i64) : i64\n  %%c%" PRIdPTR " = llvm.icmp \"eq\" %%s%" PRIdPTR ", %%w%" PRIdPTR " : i64\n"
                   "  %%e%" PRIdPTR " = llvm.and %%e%" PRIdPTR ", %%c%" PRIdPTR " : i1\n",
              i, i, i, i, i, mlirDenseI64ArrayGetElement(sizes, i), i, i, i, i + 1, i, i);
  text_addf(out, "  scf.if %%e%" PRIdPTR " {\n    func.call @\"%s\"(%%tensors, %%sizes) : (!llvm.ptr, !llvm.ptr) -> ()\n  } else {\n"
                 "    func.call @\"%s\"(%%tensors, %%sizes) : (!llvm.ptr, !llvm.ptr) -> ()\n  }\n  return\n}\n",
            n, planned, loops_of(m, name));
}

bool cpu_is_hidden(MlirOperation function) { return !mlirAttributeIsNull(ir_attr_of(function, "loom.hidden")); }
bool cpu_is_exported(MlirOperation core) { return !mlirAttributeIsNull(ir_attr_of(core, "loom.export")); }

void cpu_write_export(arena *m, MlirOperation core, const char *entry, int64_t n_tensors, text *out) {
  const char *name = ir_attr_string(m, ir_attr_of(core, "loom.export"));
  int64_t bytes = 0;
  (void)ir_attr_int(ir_attr_of(core, "loom.workspace_bytes"), &bytes);
  const MlirAttribute sizes = ir_attr_of(core, "loom.sizes");
  const char *planned = mlirAttributeIsNull(sizes) ? name : arena_printf(m, "%s__planned", name);
  write_core(m, core, name, entry, n_tensors, out);
  write_all(core, planned, name, planned == name ? "" : " attributes {llvm.linkage = #llvm.linkage<internal>}", bytes ? bytes : 1, out);
  if (planned != name)
    write_choice(m, sizes, name, planned, out);
}
