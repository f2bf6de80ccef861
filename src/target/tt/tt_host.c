#include "target/tt/tt_host.h"

static const char host_form[] =
#include "host_cpp_in.inc"
    ;

#define NAMES(p) tt_host_plain(mem, p)

static const char *comment_lines(arena *mem, const char *s) {
  text out = text_new(mem);
  for (const char *line = s, *end; line && *line; line = *end ? end + 1 : NULL) {
    end = line + strcspn(line, "\n");
    text_addf(&out, "\n// %s", tt_host_plain(mem, arena_strndup(mem, line, (size_t)(end - line))));
  }
  return text_str(&out);
}

static const char *header(arena *mem, const tt_program *p) {
  return arena_printf(mem, "// %s for %s (Tenstorrent %s): host program on tt-metal, made by Loom.%s", NAMES(p->kernel), NAMES(p->machine), NAMES(p->arch),
                      p->summary ? comment_lines(mem, p->summary) : "");
}

static const char *tensor_rows(arena *mem, const tt_program *p) {
  text out = text_new(mem);
  for (size_t i = 0; i < p->tensors.n; i++) {
    const tt_tensor *t = &p->tensors.at[i];
    text_addf(&out, "    {\"%s\", %s, %s, %s, %s, {", tt_tensor_name(mem, p, i), t->is_input ? "true" : "false", t->is_output ? "true" : "false", t->type == DTYPE_F32 ? "true" : "false",
              t->is_tiled ? "true" : "false");
    for (int d = 0; d < t->rank; d++)
      text_addf(&out, "%s%" PRId64, d ? ", " : "", t->shape[d]);
    text_addf(&out, "}, %d, %d, %" PRId64 ", %" PRId64 "},\n", t->row_dim, t->col_dim, t->page_bytes, t->pages);
  }
  return text_str(&out);
}

static const char *buffer_rows(arena *mem, const tt_program *p) {
  text out = text_new(mem);
  for (size_t i = 0; i < p->cbs.n; i++) {
    const tt_cb *b = &p->cbs.at[i];
    text_addf(&out, "    {\"%s\", %s, %" PRId64 ", %" PRId64 ", %s, %d},  // %s\n", NAMES(b->name), b->type == DTYPE_F32 ? "true" : "false", b->page_bytes, b->pages,
              b->unpack_to_dest ? "true" : "false", b->shares ? b->shares - 1 : (int)i, b->comment ? NAMES(b->comment) : "");
  }
  return text_str(&out);
}

static const char *constants(arena *mem, const tt_program *p) {
  text out = text_new(mem);
  for (int r = 0; r < TT_ROLES; r++)
    for (size_t i = 0; i < p->kernels[r].consts.n; i++) {
      const tt_const *c = &p->kernels[r].consts.at[i];
      if (c->is_accessor)
        text_addf(&out, "    TensorAccessorArgs(*dram[%d]).append_to(%s_constants);  // %s\n", c->index, tt_role_name((tt_role)r), NAMES(p->tensors.at[c->index].name));
      else
        text_addf(&out, "    %s_constants.push_back(%" PRId64 ");  // %s\n", tt_role_name((tt_role)r), c->value, NAMES(c->name));
    }
  return text_str(&out);
}

static const char *argument(arena *mem, const tt_arg *a, unsigned *uses, bool *uses_noc) {
  const char *x = a->x ? tt_host_expr(mem, a->x, uses) : "0", *y = a->y ? tt_host_expr(mem, a->y, uses) : "0";
  switch (a->kind) {
  case TT_ARG_ADDRESS: return arena_printf(mem, "static_cast<uint32_t>(dram[%d]->address())", a->index);
  case TT_ARG_VALUE: return arena_printf(mem, "static_cast<uint32_t>(%s)", x);
  case TT_ARG_NOC_X:
  case TT_ARG_NOC_Y: *uses_noc = true; return arena_printf(mem, "static_cast<uint32_t>(noc(%s, %s).%s)", x, y, a->kind == TT_ARG_NOC_X ? "x" : "y");
  }
  return "0";
}

static const char *arguments(arena *mem, const tt_program *p, unsigned *uses, bool *uses_noc) {
  text out = text_new(mem);
  for (int r = 0; r < TT_ROLES; r++) {
    const tt_kernel *k = &p->kernels[r];
    if (!k->args.n)
      continue;
    text_addf(&out, "            SetRuntimeArgs(program, %s, core, {\n", tt_role_name((tt_role)r));
    for (size_t i = 0; i < k->args.n; i++)
      text_addf(&out, "                %s,  // %s\n", argument(mem, &k->args.at[i], uses, uses_noc), NAMES(k->args.at[i].name));
    text_add(&out, "            });\n");
  }
  return text_str(&out);
}

static const char *functions(arena *mem, unsigned uses) {
  static const struct { unsigned use; const char *name, *value; } rows[] = {{TT_HOST_FLOOR_DIV, "floor_div", "(a - ((a % b) + b) % b) / b"},
                                                                            {TT_HOST_CEIL_DIV, "ceil_div", "(a + ((-a % b) + b) % b) / b"},
                                                                            {TT_HOST_MOD, "floor_mod", "((a % b) + b) % b"}};
  text out = text_new(mem);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (uses & rows[i].use)
      text_addf(&out, "%sint64_t %s(int64_t a, int64_t b) { return %s; }\n", out.size ? "" : "\n// Of a positive b.\n", rows[i].name, rows[i].value);
  text_add(&out, "\n");
  return text_str(&out);
}

const char *tt_print_host(arena *mem, const tt_program *p) {
  unsigned uses = 0;
  bool uses_noc = false;
  const char *args = arguments(mem, p, &uses, &uses_noc);
  const tt_blank blanks[] = {
      {"HEADER", header(mem, p)},
      {"TENSORS", tensor_rows(mem, p)},
      {"BUFFERS", buffer_rows(mem, p)},
      {"GRID_X", arena_printf(mem, "%" PRId64, p->grid[0])},
      {"GRID_Y", arena_printf(mem, "%" PRId64, p->grid[1])},
      {"SEMAPHORES", arena_printf(mem, "%d", p->n_semaphores)},
      {"FUNCTIONS", functions(mem, uses)},
      {"CONSTANTS", constants(mem, p)},
      {"FP32_DEST", p->fp32_dest ? "true" : "false"},
      {"FULL_SYNC", p->full_sync ? "true" : "false"},
      {"NOC", uses_noc ? "    // Where the NoC has the core with these logical coordinates.\n    const auto noc = [&](int64_t x, int64_t y) {\n"
                         "        return device.worker_core_from_logical_core(CoreCoord(static_cast<size_t>(x), static_cast<size_t>(y)));\n    };\n" : ""},
      {"ARGUMENTS", args},
  };
  return tt_fill(mem, host_form, blanks, sizeof blanks / sizeof *blanks);
}
