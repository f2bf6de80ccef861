#include "target/tt/tt_host.h"
#include <string.h>

static const char *find(const tt_blank *blanks, size_t n, const char *name, size_t length) {
  for (size_t i = 0; i < n; i++)
    if (strlen(blanks[i].name) == length && memcmp(blanks[i].name, name, length) == 0)
      return blanks[i].value;
  return NULL;
}

const char *tt_fill(arena *mem, const char *form, const tt_blank *blanks, size_t n) {
  text out = text_new(mem);
  for (const char *p = form; *p;) {
    size_t length = *p == '@' ? strspn(p + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") : 0;
    const char *value = length && p[length + 1] == '@' ? find(blanks, n, p + 1, length) : NULL;
    if (!value) {
      text_add_bytes(&out, p++, 1);
      continue;
    }
    bool is_line = (p == form || p[-1] == '\n') && p[length + 2] == '\n';
    text_add(&out, value);
    p += length + 2 + (is_line && (!*value || text_ends(value, "\n")) ? 1 : 0);
  }
  return text_str(&out);
}

const char *tt_host_plain(arena *mem, const char *s) {
  char *copy = arena_strdup(mem, s);
  for (char *p = copy; *p; p++)
    if (*p < ' ' || *p > '~' || *p == '\\' || *p == '"' || *p == '|' || (*p == '?' && p[1] == '?'))
      *p = '.';
  return copy;
}

const char *tt_tensor_name(arena *mem, const tt_program *p, size_t i) {
  const char *name = p->tensors.at[i].name;
  return text_eq(text_identifier(mem, name), name) ? name : arena_printf(mem, "tensor_%zu", i);
}

const char *tt_type_name(dtype t) { return t == DTYPE_F32 ? "float32" : dtype_torch(t); }

static const char *wrapped(arena *mem, const sym_expr *e, unsigned *uses) {
  const char *s = tt_host_expr(mem, e, uses);
  return e->op == SYM_CONST || e->op == SYM_SYM || (e->op >= SYM_CEILDIV && e->op <= SYM_MAX) ? s : arena_printf(mem, "(%s)", s);
}

const char *tt_host_expr(arena *mem, const sym_expr *e, unsigned *uses) {
  static const struct { sym_op op; const char *name; unsigned use; } functions[] = {
      {SYM_CEILDIV, "ceil_div", TT_HOST_CEIL_DIV}, {SYM_FLOORDIV, "floor_div", TT_HOST_FLOOR_DIV}, {SYM_MOD, "floor_mod", TT_HOST_MOD},
      {SYM_MIN, "std::min<int64_t>", 0}, {SYM_MAX, "std::max<int64_t>", 0}};
  if (e->op == SYM_CONST)
    return e->value < 0 ? arena_printf(mem, "(%" PRId64 ")", e->value) : arena_printf(mem, "%" PRId64, e->value);
  if (e->op == SYM_SYM)
    return text_identifier(mem, e->name);
  if (e->op == SYM_TRUE || e->op == SYM_FALSE)
    return e->op == SYM_TRUE ? "true" : "false";
  if (e->op == SYM_NOT)
    return arena_printf(mem, "!%s", wrapped(mem, e->arg[0], uses));
  if (e->op == SYM_IF)
    return arena_printf(mem, "%s ? %s : %s", wrapped(mem, e->arg[0], uses), wrapped(mem, e->arg[1], uses), wrapped(mem, e->arg[2], uses));
  if (e->op == SYM_DIVISIBLE)
    return arena_printf(mem, "%s %% %s == 0", wrapped(mem, e->arg[0], uses), wrapped(mem, e->arg[1], uses));
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (functions[i].op == e->op) {
      *uses |= functions[i].use;
      return arena_printf(mem, "%s(%s, %s)", functions[i].name, tt_host_expr(mem, e->arg[0], uses), tt_host_expr(mem, e->arg[1], uses));
    }
  /* Sums of products need no parentheses: what the trees hold most. */
  const char *a = e->op == SYM_ADD && (e->arg[0]->op == SYM_MUL || e->arg[0]->op == SYM_ADD) ? tt_host_expr(mem, e->arg[0], uses) : wrapped(mem, e->arg[0], uses);
  const char *b = e->op == SYM_ADD && e->arg[1]->op == SYM_MUL ? tt_host_expr(mem, e->arg[1], uses) : wrapped(mem, e->arg[1], uses);
  return arena_printf(mem, "%s %s %s", a, sym_op_spelling(e->op), b);
}
