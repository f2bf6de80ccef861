/* loom opt: mlir-opt with our passes in the same textual pipelines. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/worker.h"
#include "compile.h"
#include "pass/pass.h"
#include "run/run_stage.h"
#include <stdio.h>
#include <string.h>

static void list_passes(loom_ctx *ctx, const cli_options *o) {
  arena *m = &ctx->mem;
  size_t n;
  const pass_row *rows = pass_table(&n);
  data_value *v = data_object(m), *all = data_array(m);
  for (size_t i = 0; i < n; i++) {
    data_value *row = data_object(m);
    if (!o->json)
      printf("%-36s %-16s %s\n", rows[i].name, rows[i].anchor, rows[i].summary);
    data_set_string(m, row, "name", rows[i].name);
    data_set_string(m, row, "scope", rows[i].anchor);
    data_set_string(m, row, "summary", rows[i].summary);
    data_set_string(m, row, "needs", rows[i].needs);
    data_set_string(m, row, "leaves", rows[i].leaves);
    data_set_string(m, row, "options", rows[i].options);
    data_push(m, all, row);
  }
  data_set_string(m, v, "schema", "loom.passes.v1");
  data_set(m, v, "passes", all);
  if (o->json)
    printf("%s\n", data_write_json(m, v, 1));
}

/* data: whether anything was printed so. */
static void emit_stderr(void *data, const char *s) {
  *(bool *)data = true;
  fputs(s, stderr);
}

static bool has(const char *source, size_t size, const char *word) { return memmem(source, size, word, strlen(word)) != NULL; }

/* The dialects of NPU programs, for texts that have their operations. */
static loom_status load_npu(ir_ctx *ir, const char *source, size_t size, bool *out_is_npu) {
  bool has_transfers = has(source, size, "togsim.") || has(source, size, "torchsim."), has_vcix = has(source, size, "vcix.");
  *out_is_npu = has_transfers || has_vcix;
  if (has_vcix)
    LOOM_TRY(dialect_load_vcix(ir));
  return has_transfers ? dialect_load_togsim(ir, has(source, size, "offset_stride")) : LOOM_OK;
}

/* Programs with indirect transfers are read with unregistered operations allowed, which is meant for those alone. */
typedef struct unknown { ir_ctx *ir; MlirOperation first; } unknown;
static bool is_known(MlirOperation op, void *data) {
  unknown *u = data;
  if (text_starts(ir_op_name(op), "togsim.") || ir_knows_op(u->ir, ir_op_name(op)))
    return true;
  u->first = op;
  return false;
}

static loom_status refuse_unknown(ir_ctx *ir, MlirModule m) {
  unknown u = {.ir = ir};
  if (ir_walk(mlirModuleGetOperation(m), is_known, &u))
    return LOOM_OK;
  LOOM_FAIL(ir->ctx, ir_span(ir, u.first), LOOM_EINPUT, "there is no operation '%s'", ir_op_name(u.first));
}

/* One input (or one part of --split-input-file). */
static loom_status run_one(loom_ctx *ctx, const cli_options *o, const pass_flags *flags, const char *path, const char *source, size_t size, text *out, bool *io_has_emitted) {
  ir_ctx ir;
  LOOM_TRY(ir_open(ctx, &ir));
  MlirModule m = {NULL};
  pass_run_options p = {.verify_each = o->verify_each, .print_before_all = o->print_before_all, .print_after_all = o->print_after_all, .timing = o->timing,
                        .print_after = o->print_after.last, .emit = emit_stderr, .emit_data = io_has_emitted};
  ir.blame = LOOM_EINPUT;   /* the pipeline and the IR are the user's */
  ir.reads = MLIR_READS_STAGES;
  ir_allow_unregistered(&ir, o->allow_unregistered);
  loom_status st = dialect_load(&ir);
  if (st == LOOM_OK)
    st = dialect_load_helion(&ir);
  bool is_board = memmem(source, size, "ttkernel.", strlen("ttkernel.")) != NULL;
  if (st == LOOM_OK && is_board)           /* a hundred ops: only for those who have them */
    st = dialect_load_ttkernel(&ir);
  bool is_npu = false;
  if (st == LOOM_OK)
    st = load_npu(&ir, source, size, &is_npu);
  for (size_t i = 0; st == LOOM_OK && i < o->irdl_file.all.n; i++) {
    char *irdl;
    size_t irdl_size;
    st = file_read(ctx, o->irdl_file.all.at[i], (size_t)16 << 20, &irdl, &irdl_size);
    if (st == LOOM_OK)
      st = ir_load_irdl(&ir, o->irdl_file.all.at[i], irdl);
  }
  if (st == LOOM_OK)
    st = compile_parse_mlir(&ir, path, source, size, &m);
  if (st == LOOM_OK && is_npu && !o->allow_unregistered && ir_allows_unregistered(&ir))
    st = refuse_unknown(&ir, m);
  if (st == LOOM_OK && (is_board || is_npu))
    st = dialect_verify(&ir, m);
  for (size_t i = 0; st == LOOM_OK && i < o->patterns.all.n; i++)
    st = pass_apply_pattern_file(&ir, mlirModuleGetOperation(m), o->patterns.all.at[i]);
  const char *pipeline = flags->n ? pass_flags_pipeline(&ctx->mem, flags->at, flags->n) : o->pass_pipeline.last;
  if (st == LOOM_OK && pipeline)
    st = pass_run_pipeline(&ir, m, pipeline, &p);
  if (st == LOOM_OK && o->timing)
    fprintf(stderr, "texts: parsed %d, printed 1\n", ir.parsed);
  if (st == LOOM_OK && ir.printed)
    fputs(ir.printed, stdout);
  if (st == LOOM_OK)
    text_addf(out, "%s", o->print_pretty ? ir_print_upstream(&ctx->mem, mlirModuleGetOperation(m)) : ir_print(&ctx->mem, mlirModuleGetOperation(m), o->generic));
  ir_close_module(m);
  ir_close(&ir);
  return st;
}

/* No pass of the groups asked for has anything to do: not even a parse. */
static loom_status pass_through(loom_ctx *ctx, const cli_options *o, const char *source, size_t size) {
  if (o->timing)
    fputs("texts: parsed 0, printed 0\n", stderr);
  if (o->out.last)
    return file_write(ctx, o->out.last, source, size);
  if (o->json)
    worker_print_text(ctx, o, "mlir", source);
  else
    (void)fwrite(source, 1, size, stdout);
  return LOOM_OK;
}

loom_status worker_opt(loom_ctx *ctx, const cli_options *o) {
  if (o->list_passes) {
    cli_tell_form(ctx, o, CLI_OPT_LIST);
    list_passes(ctx, o);
    return LOOM_OK;
  }
  if (o->passes.n && o->pass_pipeline.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pass-pipeline and bare pass flags (--%s) cannot be mixed", o->passes.at[0]);
  if (o->files.n > 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom opt' takes one file, %zu given", o->files.n);
  const char *path = o->files.n ? o->files.at[0] : "-";
  char *source;
  size_t size;
  LOOM_TRY(file_read(ctx, path, (size_t)64 << 20, &source, &size));
  run_stage_of(path);
  run_stage_enter("passes");
  text out = text_new(&ctx->mem);
  pass_flags flags;
  bool is_idle, has_emitted = false;
  LOOM_TRY(pass_expand_groups(ctx, o->passes.at, o->passes.n, source, size, &flags, &is_idle));
  if (is_idle)
    return pass_through(ctx, o, source, size);
  for (const char *p = source, *end = source + size; p <= end;) {
    const char *cut = o->split_input ? strstr(p, "// -----") : NULL;
    size_t part = cut ? (size_t)(cut - p) : (size_t)(end - p);
    LOOM_TRY(run_one(ctx, o, &flags, path, arena_strndup(&ctx->mem, p, part), part, &out, &has_emitted));
    if (!cut)
      break;
    text_add(&out, "// -----\n");
    p = cut + strcspn(cut, "\n") + 1;
  }
  if (!has_emitted)
    cli_tell_option(ctx, o, "mlir-print-ir-after", "no pass of that name has run", "'loom opt --list-passes' lists the names; a --pass-pipeline has them in its parentheses");
  if (o->out.last)
    return file_write(ctx, o->out.last, text_str(&out), out.size);
  worker_print_text(ctx, o, "mlir", text_str(&out));
  return LOOM_OK;
}
