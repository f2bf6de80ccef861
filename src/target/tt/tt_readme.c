#include "target/tt/tt_host.h"

static const char readme_form[] =
#include "README_md_in.inc"
    ;
static const char cmake_form[] =
#include "CMakeLists_txt_in.inc"
    ;

/* The plan's lines as a list. */
static const char *plan_lines(arena *mem, const char *s) {
  text out = text_new(mem);
  for (const char *line = s, *end; line && *line; line = *end ? end + 1 : NULL) {
    end = line + strcspn(line, "\n");
    text_addf(&out, "    %s\n", tt_host_plain(mem, arena_strndup(mem, line, (size_t)(end - line))));
  }
  return text_str(&out);
}

static const char *tensor_rows(arena *mem, const tt_program *p) {
  text out = text_new(mem);
  for (size_t i = 0; i < p->tensors.n; i++) {
    const tt_tensor *t = &p->tensors.at[i];
    text_addf(&out, "| %s%s%s | %s | ", tt_tensor_name(mem, p, i), t->is_input ? " (in)" : "", t->is_output ? " (out)" : "", tt_type_name(t->type));
    for (int d = 0; d < t->rank; d++)
      text_addf(&out, "%s%" PRId64, d ? " x " : "", t->shape[d]);
    if (t->is_tiled)
      text_addf(&out, " | tiles over dims %d, %d | %" PRId64 " |\n", t->row_dim, t->col_dim, t->pages);
    else
      text_addf(&out, " | sticks of %" PRId64 " bytes | %" PRId64 " |\n", t->page_bytes, t->pages);
  }
  return text_str(&out);
}

static const char *buffer_rows(arena *mem, const tt_program *p) {
  text out = text_new(mem);
  for (size_t i = 0; i < p->cbs.n; i++) {
    const tt_cb *b = &p->cbs.at[i];
    text_addf(&out, "| %zu | %s | %s | %" PRId64 " | %" PRId64 " | %s |\n", i, tt_host_plain(mem, b->name), tt_type_name(b->type), b->pages, b->pages * b->page_bytes,
              b->comment ? tt_host_plain(mem, b->comment) : "");
  }
  return text_str(&out);
}

const char *tt_print_readme(arena *mem, const tt_program *p) {
  bool has_bf16 = false;
  for (size_t i = 0; i < p->tensors.n; i++)
    has_bf16 |= p->tensors.at[i].type == DTYPE_BF16;
  const tt_blank blanks[] = {
      {"KERNEL", tt_host_plain(mem, p->kernel)},
      {"MACHINE", tt_host_plain(mem, p->machine)},
      {"ARCH", tt_host_plain(mem, p->arch)},
      {"PLAN", p->summary ? plan_lines(mem, p->summary) : "    (not recorded)\n"},
      {"GRID", arena_printf(mem, "It runs on %" PRId64 " x %" PRId64 " cores, with %d semaphores.", p->grid[0], p->grid[1], p->n_semaphores)},
      {"TENSORS", tensor_rows(mem, p)},
      {"BUFFERS", buffer_rows(mem, p)},
      {"NUMBERS", arena_printf(mem, "%sThe destination registers hold %s numbers%s.",
                               has_bf16 ? "Elements are bfloat16, the board's 16-bit format: a kernel written for float16 runs in it. " : "",
                               p->fp32_dest ? "float32" : "bfloat16", p->fp32_dest ? "; float32 operands of the matrix unit are cut to 19 bits (TF32) on their way there" : "")},
  };
  return tt_fill(mem, readme_form, blanks, sizeof blanks / sizeof *blanks);
}

const char *tt_print_cmake(arena *mem, const tt_program *p) {
  const tt_blank blanks[] = {{"PROJECT", arena_printf(mem, "loom_%s", text_identifier(mem, p->kernel))}};
  return tt_fill(mem, cmake_form, blanks, 1);
}
