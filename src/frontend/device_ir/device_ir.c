#include "frontend/device_ir/dir_private.h"
#include <ctype.h>

/* ---- which form ---- */
static const char *find_line(const char *dump, size_t size, const char *prefix) {
  size_t n = strlen(prefix);
  for (const char *s = dump, *end = dump + size; s < end && (size_t)(end - s) >= n;) {
    if (strncmp(s, prefix, n) == 0)
      return s;
    const char *stop = memchr(s, '\n', (size_t)(end - s));
    s = stop ? stop + 1 : end;
  }
  return NULL;
}

static bool is_tables(const char *dump, size_t size) { return find_line(dump, size, "=== Device IR ==="); }
static bool is_readable(const char *dump, size_t size) { return find_line(dump, size, "# loom: device-ir"); }
bool device_ir_looks_like(const char *dump, size_t size) { return is_tables(dump, size) || is_readable(dump, size); }

/* ---- sizes from outside ---- */
/* --shape s30=4 sets a symbol; --shape x.0=4 the symbol that is that dimension, or the dimension itself. */
static loom_status apply_shapes(dir_program *p) {
  for (size_t i = 0; i < p->options->n_shapes; i++) {
    const helion_shape *given = &p->options->shapes[i];
    dir_symbol *s = dir_find_symbol(p, given->name);
    const char *dot = strrchr(given->name, '.');
    dir_tensor *t = dot ? dir_find_tensor(p, arena_strndup(p->mem, given->name, (size_t)(dot - given->name))) : NULL;
    int d = t && isdigit((unsigned char)dot[1]) && !dot[2] ? dot[1] - '0' : -1;
    bool is_dim = !s && t && d >= 0 && d < t->val.rank;
    if (is_dim && dir_name_of(t->val.dim[d]))
      s = dir_add_symbol(p, dir_name_of(t->val.dim[d]));
    if (!s && !is_dim) {
      loom_status st = diag_error(p->ctx, ((loom_span){.source = p->source}), LOOM_EUSAGE, "--shape names \"%s\", which the dump does not have", given->name);
      diag_help(p->ctx, "the names are the symbols of the dump (s30) and tensor and dimension (x.0)");
      return st;
    }
    if (given->value < 1)
      LOOM_FAIL(p->ctx, ((loom_span){.source = p->source}), LOOM_EUSAGE, "--shape gives %s the value %" PRId64 "; sizes are positive", given->name, given->value);
    if (s) {
      s->value = given->value;
      s->has_value = true;
    } else {
      t->val.dim[d] = dir_syn_int(p->mem, t->span, given->value);
    }
  }
  return LOOM_OK;
}

/* ---- reading ---- */
static const char *file_stem(arena *m, const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t n = strcspn(name, ".");
  return text_identifier(m, n ? arena_strndup(m, name, n) : "kernel");
}

static loom_status check_utf8(loom_ctx *ctx, const diag_source *source) {
  int32_t line = 1;
  size_t start = 0;
  for (size_t at = 0, n; at < source->size; at += n) {
    n = text_utf8_length((const unsigned char *)source->text + at, source->size - at);
    if (!n)
      LOOM_FAIL(ctx, ((loom_span){source, line, (int32_t)(at - start) + 1, line, (int32_t)(at - start) + 2}), LOOM_EINPUT,
                "byte 0x%02x is not valid UTF-8", (unsigned char)source->text[at]);
    if (source->text[at] == '\n') {
      line++;
      start = at + 1;
    }
  }
  return LOOM_OK;
}

loom_status device_ir_read(loom_ctx *ctx, const char *path, const char *dump, size_t size, const device_ir_options *o, kernel_graph **out) {
  static const device_ir_options none;
  helion_options helion;
  syn_node *module;
  const char *kept = arena_strndup(&ctx->mem, dump, size);
  dir_program p = {.ctx = ctx, .mem = &ctx->mem, .options = o ? o : &none};
  p.source = diag_add_source(ctx, path, kept, size);
  size = strlen(kept);
  LOOM_TRY(check_utf8(ctx, p.source));
  if (is_tables(kept, size))
    LOOM_TRY(dir_read_tables(&p, kept, size));
  else if (is_readable(kept, size))
    LOOM_TRY(dir_read_readable(&p, kept, size));
  else
    LOOM_TRY(dir_read_json(&p, path, kept, size));
  LOOM_TRY(dir_check_sizes(&p));
  LOOM_TRY(dir_infer(&p));
  LOOM_TRY(apply_shapes(&p));
  p.name = p.options->name ? p.options->name : p.name ? p.name : file_stem(p.mem, path);
  LOOM_TRY(dir_write_module(&p, &module, &helion));
  return helion_read(ctx, module, &helion, out);
}
