/* Code of this CPU for other programs: LLVM IR, an object or a shared library, with a C header. */
#include "base/file.h"
#include "compile.h"
#include "compile_aot.h"
#include "compile_exec.h"
#include "compile_fixed.h"
#include "run/run_shared.h"
#include "target/cpu/cpu.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Both programs in one module; the plan's was made in another context. */
static loom_status add_fixed(compile_state *s, MlirModule m) {
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  int64_t *sizes = ARENA_NEW_N(&s->ctx->mem, int64_t, n);
  for (size_t i = 0; i < n; i++)
    sizes[i] = open[i]->value;
  LOOM_TRY(ir_add_functions(&s->ir, m, "plan", ir_print(&s->ctx->mem, mlirModuleGetOperation(s->fixed->native), false)));
  cpu_export_grid(&s->ir, m, s->kernel->name, &s->fixed->grid, sizes, n);
  return LOOM_OK;
}

/* The plan's program under the kernel's name, or its own loops, or both. */
static loom_status module_for_others(compile_state *s, MlirModule *out) {
  *out = ir_clone_module(mlirModuleIsNull(s->native) ? s->stage0 : s->native);
  if (s->fixed)
    return add_fixed(s, *out);
  if (!mlirModuleIsNull(s->native))
    cpu_export_grid(&s->ir, *out, s->kernel->name, &s->grid, NULL, 0);
  return LOOM_OK;
}

loom_status compile_emit_llvm(compile_state *s, const char **out) {
  MlirModule lowered;
  loom_status st = module_for_others(s, &lowered);
  if (st == LOOM_OK)
    st = cpu_kernel_llvm(&s->ir, lowered, out);
  ir_close_module(lowered);
  return st;
}

static loom_status make_object(compile_state *s, char **out, size_t *out_size) {
  MlirModule lowered;
  loom_status st = module_for_others(s, &lowered);
  if (st == LOOM_OK)
    st = cpu_kernel_object(&s->ir, lowered, NULL, out, out_size);
  if (st == LOOM_OK)
    st = cpu_check_kernel(s->ctx, *out, *out_size);
  ir_close_module(lowered);
  return st;
}

/* ---- the header ---- */

/* C has no 16-bit floats everywhere, and none of 8 bits: those are their bits. */
static const char *c_type(dtype t) {
  switch (t) {
  case DTYPE_F64: return "double";
  case DTYPE_F32: return "float";
  case DTYPE_I64: return "int64_t";
  case DTYPE_I32: return "int32_t";
  case DTYPE_I16: return "int16_t";
  case DTYPE_I8: return "int8_t";
  default: return dtype_bytes(t) == 8 ? "uint64_t" : dtype_bytes(t) == 4 ? "uint32_t" : dtype_bytes(t) == 2 ? "uint16_t" : "uint8_t";
  }
}

typedef struct parameter { const char *name; const kernel_tensor_info *info; bool is_written; } parameter;
typedef VEC_OF(parameter) parameters;

/* In the order of the function's buffers: arguments, then what is returned and is none, each once. */
static parameters list_parameters(compile_state *s) {
  arena *m = &s->ctx->mem;
  const kernel_graph *k = s->kernel;
  const compile_results results = compile_list_results(m, k);
  parameters all = {0};
  bool *listed = ARENA_NEW_N(m, bool, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG) {
      listed[i] = true;
      vec_push(m, &all, ((parameter){k->tensors.at[i].name, &k->tensors.at[i], false}));
    }
  for (size_t i = 0; i < results.n; i++) {
    kernel_tensor root = results.at[i].tensor < 0 ? -1 : kernel_root(k, results.at[i].tensor);
    if (root < 0)
      continue;
    for (size_t j = 0; j < all.n; j++)
      all.at[j].is_written |= all.at[j].info == &k->tensors.at[root];
    if (!listed[root])
      vec_push(m, &all, ((parameter){results.at[i].name, &k->tensors.at[root], true}));
    listed[root] = true;
  }
  return all;
}

/* Numbers, and expressions of the open sizes under their names as parameters. */
static loom_status shape_text(compile_state *s, const kernel_type *t, const char **out) {
  arena *m = &s->ctx->mem;
  text shape = text_new(m);
  const kernel_symbol **open;
  const size_t n_open = compile_open_sizes(s, &open);
  text_addf(&shape, "%s", dtype_mlir(t->type));
  for (int d = 0; d < t->rank; d++) {
    const kernel_graph *k = s->kernel;
    bool is_open = false;
    for (size_t i = 0; i < n_open; i++)
      is_open |= sym_depends(t->dim[d], open[i]->name);
    int64_t n = 0;
    if (!is_open)
      LOOM_TRY(kernel_size(s->ctx, k, t->dim[d], NULL, 0, &n));
    text_addf(&shape, "[%s]", is_open ? sym_str(m, t->dim[d]) : arena_printf(m, "%" PRId64, n));
  }
  *out = text_str(&shape);
  return LOOM_OK;
}

/* One name a parameter; names of C's own get an underscore. */
static const char *c_name(arena *m, const char *name) {
  static const char *const taken[] = {"buffers", "sizes", "in", "int", "long", "short", "char", "float", "double", "auto", "register", "signed", "unsigned", "void", "const",
                                      "static", "inline", "restrict", "return", "default", "switch", "case", "union", "struct", "enum", "goto", "if", "else", "for", "do",
                                      "while", "break", "continue", "extern", "volatile", "sizeof", "typedef"};
  const char *id = text_identifier(m, name);
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (text_eq(id, taken[i]))
      return arena_printf(m, "%s_", id);
  return id;
}

static void add_parameters(compile_state *s, const parameters *all, bool with_types, text *t) {
  arena *m = &s->ctx->mem;
  const char *sep = "";
  const kernel_symbol **open;
  const size_t n_open = compile_open_sizes(s, &open);
  for (size_t i = 0; i < all->n; i++, sep = ", ")
    if (with_types)
      text_addf(t, "%s%s%s *%s", sep, all->at[i].is_written ? "" : "const ", c_type(all->at[i].info->shape.type), c_name(m, all->at[i].name));
    else
      text_addf(t, "%s(void *)%s", sep, c_name(m, all->at[i].name));
  for (size_t i = 0; with_types && i < n_open; i++, sep = ", ")
    text_addf(t, "%sint64_t %s", sep, c_name(m, arena_printf(m, "n_%s", open[i]->name)));
}

/* Names that are none in C are given to the assembler. */
static void add_function(compile_state *s, const char *id, const char *suffix, const char *of, text *t) {
  text_addf(t, "void %s%s(%s)", id, suffix, of);
  if (!text_eq(id, s->kernel->name))
    text_addf(t, " __asm__(\"%s%s\")", s->kernel->name, suffix);
  text_add(t, ";\n");
}

/* The parts of a call, for threads of the caller's. */
static void add_cores(compile_state *s, const char *id, const char *guard, text *t) {
  const cpu_grid *g = s->fixed ? &s->fixed->grid : &s->grid;
  int64_t cores = 1;
  for (int d = 0; d < g->n_dims; d++)
    cores *= g->count[d];
  if (s->fixed)
    text_addf(t, "/* The plan is for %s; other sizes take the kernel's own loops, which are slower, may allocate, and have no cores. */\n", compile_sizes_text(s));
  text_addf(t, "/* %s() runs the cores of its plan one after the other in memory of this object, one caller at a time.  To run them at the same time, call\n", id);
  text_addf(t, " * %s_core() for each core 0 .. %s_CORES - 1, each on a workspace of its own of %s_WORKSPACE_BYTES bytes, aligned to 64, whose contents do not matter. */\n", id,
            guard, guard);
  text_addf(t, "enum { %s_CORES = %" PRId64 " };\n#define %s_WORKSPACE_BYTES INT64_C(%" PRId64 ")\n", guard, cores, guard, g->workspace_bytes);
  add_function(s, id, "_core", "void *const *buffers, void *workspace, int64_t core", t);
}

static loom_status write_header(compile_state *s, const char **out) {
  arena *m = &s->ctx->mem;
  const parameters all = list_parameters(s);
  const char *id = text_identifier(m, s->kernel->name), *guard = arena_strdup(m, id);
  for (char *p = (char *)(uintptr_t)guard; *p; p++)
    *p = (char)toupper((unsigned char)*p);
  text t = text_new(m), opens = text_new(m);
  const kernel_symbol **open;
  const size_t n_open = compile_open_sizes(s, &open);
  for (size_t i = 0; i < n_open; i++)
    text_addf(&opens, "%sn_%s", i ? ", " : "", open[i]->name);
  text_addf(&t, "/* Kernel '%s', compiled by Loom " LOOM_VERSION " for this CPU.  Arrays are dense, the last dim fastest; those of types that C lacks hold their bits.\n", s->kernel->name);
  for (size_t i = 0; i < all.n; i++) {
    const char *shape;
    LOOM_TRY(shape_text(s, &all.at[i].info->shape, &shape));
    text_addf(&t, " *   %s: %s%s\n", c_name(m, all.at[i].name), shape, all.at[i].is_written ? ", written" : "");
  }
  if (n_open)
    text_addf(&t, " * Sizes that are open are parameters: %s.\n", text_str(&opens));
  for (size_t i = 0; i < s->kernel->guards.n; i++)
    text_addf(&t, " * Only for calls where %s.\n", sym_str(m, s->kernel->guards.at[i].holds));
  text_addf(&t, " */\n#ifndef LOOM_%s_H\n#define LOOM_%s_H\n#include <stdint.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n", guard, guard);
  text_addf(&t, "/* buffers: %zu of them, in the order above; sizes: %s. */\n", all.n, n_open ? text_str(&opens) : "none, may be NULL");
  add_function(s, id, "", "void *const *buffers, const int64_t *sizes", &t);
  if (s->grid.n_dims || s->fixed)
    add_cores(s, id, guard, &t);
  text_addf(&t, "\nstatic inline void %s_call(", id);
  add_parameters(s, &all, true, &t);
  text_add(&t, ") {\n  void *const buffers[] = {");
  add_parameters(s, &all, false, &t);
  text_add(&t, "};\n");
  if (n_open) {
    text_add(&t, "  const int64_t sizes[] = {");
    for (size_t i = 0; i < n_open; i++)
      text_addf(&t, "%s%s", i ? ", " : "", c_name(m, arena_printf(m, "n_%s", open[i]->name)));
    text_add(&t, "};\n");
  }
  text_addf(&t, "  %s(buffers, %s);\n}\n#ifdef __cplusplus\n}\n#endif\n#endif\n", id, n_open ? "sizes" : "(const int64_t *)0");
  *out = text_str(&t);
  return LOOM_OK;
}

static loom_status describe_shape(compile_state *s, const kernel_type *t, data_value *out) {
  arena *m = &s->ctx->mem;
  const kernel_symbol **open;
  const size_t n_open = compile_open_sizes(s, &open);
  for (int d = 0; d < t->rank; d++) {
    bool is_open = false;
    int64_t n = 0;
    for (size_t i = 0; i < n_open; i++)
      is_open |= sym_depends(t->dim[d], open[i]->name);
    if (!is_open)
      LOOM_TRY(kernel_size(s->ctx, s->kernel, t->dim[d], NULL, 0, &n));
    data_push(m, out, is_open ? data_string(m, sym_str(m, t->dim[d])) : data_int(m, n));
  }
  return LOOM_OK;
}

loom_status compile_emit_describe(compile_state *s, data_value *v) {
  arena *m = &s->ctx->mem;
  const parameters all = list_parameters(s);
  const kernel_symbol **open;
  const size_t n_open = compile_open_sizes(s, &open);
  data_value *arguments = data_array(m), *sizes = data_array(m);
  data_set_string(m, v, "symbol", text_identifier(m, s->kernel->name));
  for (size_t i = 0; i < all.n; i++) {
    data_value *a = data_object(m), *shape = data_array(m);
    LOOM_TRY(describe_shape(s, &all.at[i].info->shape, shape));
    data_set_string(m, a, "name", all.at[i].name);
    data_set_string(m, a, "dtype", dtype_mlir(all.at[i].info->shape.type));
    data_set(m, a, "shape", shape);
    data_set_bool(m, a, "written", all.at[i].is_written);
    data_set_bool(m, a, "result", all.at[i].info->role != KERNEL_ARG);
    data_push(m, arguments, a);
  }
  for (size_t i = 0; i < n_open; i++)
    data_push(m, sizes, data_string(m, open[i]->name));
  data_set(m, v, "arguments", arguments);
  data_set(m, v, "sizes", sizes);
  return LOOM_OK;
}

/* ---- files ---- */

loom_status compile_emit_files(compile_state *s, const char *where, bool is_shared, const char **out_file, const char **out_header) {
  arena *m = &s->ctx->mem;
  char *code;
  size_t size;
  const char *suffix = is_shared ? ".so" : ".o", *id = text_identifier(m, s->kernel->name);
  bool is_file = where && text_ends(where, suffix);
  const char *dir = is_file ? file_dirname(m, where) : where ? where : file_join(m, "loom-out", id);
  const char *stem = is_file ? arena_strndup(m, where, strlen(where) - strlen(suffix)) : file_join(m, dir, id);
  const char *object = is_shared ? arena_printf(m, "%s.so.o", stem) : arena_printf(m, "%s.o", stem), *header;
  *out_file = arena_printf(m, "%s%s", stem, suffix);
  *out_header = arena_printf(m, "%s.h", stem);
  LOOM_TRY(write_header(s, &header));
  LOOM_TRY(make_object(s, &code, &size));
  LOOM_TRY(file_make_dirs(s->ctx, dir));
  LOOM_TRY(file_write(s->ctx, object, code, size));
  LOOM_TRY(file_write(s->ctx, *out_header, header, strlen(header)));
  if (!is_shared)
    return LOOM_OK;
  LOOM_TRY(run_link_shared(s->ctx, object, *out_file));
  return remove(object) == 0 ? LOOM_OK : diag_error(s->ctx, diag_file_span(s->ctx, object), LOOM_EIO, "cannot be removed");
}
