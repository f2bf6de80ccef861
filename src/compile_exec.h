/* Shared by the files that execute: compile_run.c (the virtual chip), compile_host.c (native code), compile_results.c. */
#ifndef LOOM_COMPILE_EXEC_H
#define LOOM_COMPILE_EXEC_H
#include "compile.h"
#include "kernel/kernel_stores.h"
#include "npz/npz.h"
#include "run/run_cores.h"
#include "target/cpu/cpu.h"

/* What a kernel gives back: its returned tensors in order (None keeps its index: tensor -1), then arguments that it stores to. */
typedef struct compile_result { kernel_tensor tensor; const char *name; } compile_result;
typedef VEC_OF(compile_result) compile_results;
compile_results compile_list_results(arena *m, const kernel_graph *k);

/* Names of --input and --output must exist: LOOM_EUSAGE with the nearest one. */
LOOM_MUST_USE loom_status compile_check_inputs(compile_state *s, const run_options *r);
LOOM_MUST_USE loom_status compile_check_outputs(compile_state *s, const run_options *r, const compile_results *all);
/* Doubles of every argument, by kernel tensor: from --input, else made from the file's initialiser and the seed.  They keep the kernel's guards. */
LOOM_MUST_USE loom_status compile_make_inputs(compile_state *s, const run_options *r, bool integers, interp_tensor *t);
/* Contents of the results, by result, from the interpreter's tensors. */
LOOM_MUST_USE loom_status compile_read_results(compile_state *s, const compile_results *all, const interp_tensor *tensors, interp_tensor **out);
void *compile_to_bytes(arena *m, const interp_tensor *t);
/* `shapes` and `bytes` by result. */
LOOM_MUST_USE loom_status compile_write_results(compile_state *s, const run_options *r, const compile_results *all, const interp_tensor *shapes, void *const *bytes);
/* The files of --expect, by result. */
LOOM_MUST_USE loom_status compile_read_expected(compile_state *s, const run_options *r, const compile_results *all, const interp_tensor *shapes, void **out);
void compile_compare(compile_state *s, const compile_results *all, const interp_tensor *want, void *const *got, bool exact, run_check *c);
/* Does the kernel map whole numbers to whole numbers, whatever the order of its sums?  Then every engine must give the same bits. */
bool compile_is_whole(const kernel_graph *k);
/* Runs the interpreter on `t` (by kernel tensor) with the plan's block sizes, or those of --block-sizes. */
LOOM_MUST_USE loom_status compile_interpret(compile_state *s, interp_tensor *t, bool exact);
/* The block sizes of --block-sizes under the kernel's names. */
LOOM_MUST_USE loom_status compile_given_blocks(compile_state *s, const sym_binding **out, size_t *out_n);

/* ---- compile_run.c ---- */
/* What runs a kernel besides the interpreter: with `inputs` by kernel tensor, or once more with whole ones; by_root: bytes by kernel tensor, in the engine's own memory. */
typedef struct compile_engine { void *data; loom_status (*run)(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root); } compile_engine;
/* compile_execute on another engine. */
LOOM_MUST_USE loom_status compile_execute_on(compile_state *s, const run_options *r, const compile_engine *engine, compile_execution *out);
/* Memory for the tensors of s->tog, in its order, with what goes in; by_root too. */
LOOM_MUST_USE loom_status compile_dram(compile_state *s, const interp_tensor *inputs, void **by_root, void ***out);
/* Compiles all tile functions of the TOG as one module. */
LOOM_MUST_USE loom_status compile_tiles(compile_state *s, LOOM_GIVE codegen_image **out_image, sim_tile_fn **out);
/* Kernel tensor of a function argument: the kernel's arguments, then its returned tensors (lower.h); -1: none. */
kernel_tensor compile_tensor_of_argument(const kernel_graph *k, int arg);
/* What result t shows of the memory at `root` (that of kernel_root), as a dense array with its shape: a copy of a view's, else `root` itself. */
LOOM_MUST_USE loom_status compile_dense_result(compile_state *s, kernel_tensor t, void *root, interp_tensor *shape, void **out);

/* ---- compile_artifact.c ---- */
/* How the code of s->grid is called, and what it is made of. */
data_value *compile_grid_data(const compile_state *s);
LOOM_MUST_USE loom_status compile_read_object(loom_ctx *ctx, const char *dir, const char *name, const char *sha256, char **out, size_t *out_size);
LOOM_MUST_USE loom_status compile_read_blocks(loom_ctx *ctx, const data_value *v, compile_options *o);      /* numbers by symbol become o->domains */
LOOM_MUST_USE loom_status compile_read_grid(compile_state *s, const data_value *v);
void compile_show_source(compile_state *s, const char *source, size_t size);      /* to messages about s->kernel, which was read without it */
LOOM_MUST_USE loom_status compile_host_object(compile_state *s, const cpu_leaves *leaves);      /* fills s->object; s->stage0 is lowered away */
LOOM_MUST_USE loom_status compile_write_artifact(compile_state *s);       /* the output directory of the host */
/* ---- compile_call.c ---- */
/* Fills s->call from o->helion.shapes and the inputs' shapes, and the kernel's open sizes from that. */
LOOM_MUST_USE loom_status compile_bind_sizes(compile_state *s, const run_options *r);
/* The kernel's guards for this call; inputs: contents by kernel tensor, or NULL: the sizes alone. */
LOOM_MUST_USE loom_status compile_check_call(compile_state *s, const interp_tensor *inputs);

/* ---- compile_mlir.c ---- */
/* s->stage0 as read from MLIR text -> the same on memory, for the host; s->kernel describes its arguments and has no operations (s->is_opaque). */
LOOM_MUST_USE loom_status compile_host_from_mlir(compile_state *s);

/* s->kernel for the arguments of a function of s->stage0, which is not changed: without operations (s->is_opaque). */
LOOM_MUST_USE loom_status compile_describe_mlir(compile_state *s);

/* ---- compile_mlir_check.c ---- */
/* s->stage0 run as it is on whole numbers: *out_inputs by argument, *out by result.  LOOM_EUNSUP: it does not map whole numbers to whole numbers. */
LOOM_MUST_USE loom_status compile_interpret_mlir(compile_state *s, const run_options *r, const compile_results *all, interp_tensor **out_inputs, interp_tensor **out);

/* ---- compile_values.c ---- */
/* The function `name` of s->stage0, if it takes or gives tensors, on memory: its results are arguments behind its own. */
LOOM_MUST_USE loom_status compile_values_to_memory(compile_state *s, const char *name);

/* ---- compile_host.c ---- */
/* Machine code of s, linked; close it in any case. */
typedef struct compile_providers compile_providers;      /* compile_provider.h */
typedef struct compile_image { codegen_image *image; cpu_tile_fn fn; compile_providers *providers; } compile_image;
LOOM_MUST_USE loom_status compile_open_image(compile_state *s, compile_image *out);
void compile_close_image(compile_image *c);
/* A call of it, to be made any number of times: copies of the inputs (by kernel tensor), fresh memory for what is returned, workspaces and
 * threads; by_root: by kernel tensor.  Nothing to close where opening fails. */
typedef struct compile_call { cpu_tile_fn fn; void **buffers; size_t n_buffers; const int64_t *sizes; run_call *cores; /* NULL: one function, no grid */ run_team *own_team; float *kept; /* cpu_grid.kept_bytes; NULL: there are none */ struct provider_link *link; int64_t *offer; /* who is asked to do it instead, with what; NULL: nobody */ } compile_call;
LOOM_MUST_USE loom_status compile_open_call(compile_state *s, const compile_image *code, const interp_tensor *inputs, void **by_root, compile_call *out);
/* The same in the caller's memory, which by_root has for every argument and every tensor that is returned, and on its team; nothing is copied, and nothing has to be closed. */
LOOM_MUST_USE loom_status compile_bind_call(compile_state *s, const compile_image *code, void *const *by_root, run_team *team, compile_call *out);
/* In the order of the function's arguments: kernel arguments, then what is returned and is none, each once, then `kept` unless it is NULL. */
void **compile_order_buffers(compile_state *s, void *const *by_root, void *kept, size_t *out_n);
void compile_make_call(const compile_call *c);
/* work(data) in a copy of the process that can do nothing but compute (run_child_compute): what the kernel does wrong stays there.  What it leaves must lie in shared memory. */
LOOM_MUST_USE loom_status compile_confine(compile_state *s, loom_status (*work)(void *data), void *data);
void compile_close_call(compile_call *c);
LOOM_MUST_USE loom_status compile_execute_host(compile_state *s, const run_options *r, compile_execution *out);
#endif
