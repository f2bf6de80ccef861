/* loom-build-tog (PyTorchSim's -test-tile-operation-graph): the tile operation graph of an NPU program, as PyTorchSim prints it, as loom.tile_graph.v1, as a container. */
#include "base/file.h"
#include "pass/pass_option.h"
#include "target/npu/npt_outline.h"
#include "target/npu/npt_tog.h"

/* 0, 1, or absent: -1.  Upstream renamed it and back. */
static loom_status read_sample(ir_ctx *ir, const pass_options *o, int *out) {
  static const char *const names[] = {"sample-mode", "tls_mode"};
  *out = -1;
  for (int i = 0; i < 2; i++) {
    const char *s = pass_option(&ir->ctx->mem, o, names[i]);
    if (!s)
      continue;
    if (!text_eq(s, "0") && !text_eq(s, "1"))
      LOOM_FAIL(ir->ctx, o->span, LOOM_EUSAGE, "%s is '%s'; must be 0 or 1", names[i], s);
    *out = s[0] - '0';
  }
  return LOOM_OK;
}

/* Written to its file, or left for the command line to print. */
static loom_status put(ir_ctx *ir, const char *path, const char *what) {
  if (*path && !text_eq(path, "-"))
    return file_write(ir->ctx, path, what, strlen(what));
  ir->printed = arena_printf(&ir->ctx->mem, "%s%s\n", ir->printed ? ir->printed : "", what);
  return LOOM_OK;
}

static loom_status write_graph(ir_ctx *ir, npt_tog *t, const pass_options *o, const npt_tog_options *options) {
  const char *json = pass_option(&ir->ctx->mem, o, "json"), *onnx = pass_option(&ir->ctx->mem, o, "onnx");
  tile_graph *g;
  if (!json && !onnx)
    return LOOM_OK;
  LOOM_TRY(npt_tog_graph(t, options, &g));
  if (json)
    LOOM_TRY(put(ir, json, data_write_json(&ir->ctx->mem, tile_graph_to_data(&ir->ctx->mem, g), 1)));
  if (!onnx)
    return LOOM_OK;
  if (!*onnx)
    LOOM_FAIL(ir->ctx, o->span, LOOM_EUSAGE, "onnx needs a file: onnx=FILE");
  size_t size;
  const char *bytes = tile_graph_write(&ir->ctx->mem, g, &size);
  return file_write(ir->ctx, onnx, bytes, size);
}

static loom_status read_lanes(ir_ctx *ir, const pass_options *o, npt_tog_options *out) {
  enum { LANES_DEFAULT = 128, LANES_MAX = 65535 };
  const char *name = pass_option(&ir->ctx->mem, o, "machine");
  machine *m;
  out->lanes = out->systolic_size = LANES_DEFAULT;
  if (name) {
    LOOM_TRY(machine_load(ir->ctx, name, NULL, &m));
    out->pipeline = m->pipeline;
    out->lanes = out->systolic_size = m->l1_banks ? m->l1_banks : LANES_DEFAULT;
  }
  LOOM_TRY(pass_option_int(ir->ctx, o, "vectorlane", 1, LANES_MAX, &out->lanes));
  if (pass_option(&ir->ctx->mem, o, "vectorlane"))
    out->systolic_size = out->lanes;
  return LOOM_OK;
}

loom_status pass_build_tog(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"vectorlane", "sample-mode", "tls_mode", "machine", "file", "json", "onnx"};
  npt_tog_options options = {0};
  npt_tog *t;
  int sample;
  LOOM_TRY(pass_check_options(ir->ctx, "loom-build-tog", o, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(read_lanes(ir, o, &options));
  LOOM_TRY(read_sample(ir, o, &sample));
  LOOM_TRY(npt_tog_read(ir, mlirModuleFromOperation(op), NULL, &t));
  LOOM_TRY(write_graph(ir, t, o, &options));
  const char *file = pass_option(&ir->ctx->mem, o, "file");
  if (file || (!pass_option(&ir->ctx->mem, o, "json") && !pass_option(&ir->ctx->mem, o, "onnx")))
    LOOM_TRY(put(ir, file ? file : "-", npt_tog_print(&ir->ctx->mem, t)));
  if (sample >= 0)
    npt_tog_mark(t, sample == 1);
  return LOOM_OK;
}

loom_status pass_outline_nodes(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  return npt_outline(ir, mlirModuleFromOperation(op), NULL);
}
