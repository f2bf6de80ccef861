#include "target/tt/tt_cxx.h"
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* Words that no variable or function may be called: of C++, and names that kernels see in tt-metal's headers beside the functions of ttkernel_ops.def. */
static const char *const reserved[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char8_t", "char16_t", "char32_t", "class",
    "compl", "concept", "const", "consteval", "constexpr", "constinit", "const_cast", "continue", "co_await", "co_return", "co_yield", "decltype", "default", "delete",
    "do", "double", "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "import", "inline", "int", "long",
    "module", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public", "register",
    "reinterpret_cast", "requires", "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
    "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor",
    "xor_eq", "typeof", "linux", "unix", "main", "std", "tt", "ckernel", "noc", "kernel_main", "noc_index", "tt_l1_ptr", "my_logical_x", "my_logical_y", "floor_div",
    "ceil_div", "experimental", "TensorAccessor", "TensorAccessorArgs", "CircularBuffer", "Noc", "CoreLocalMem", "PoolType", "ReduceDim", "BroadcastType", "SrcOrder",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "size_t", "uintptr_t", "bfloat16", "DataFormat", "NOC_X", "NOC_Y",
    /* of the C library, which functions of ours would clash with */
    "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "erf", "erfc", "exit", "exp", "exp2", "expm1", "fabs", "floor", "fmax", "fmin", "free", "gamma", "index",
    "log", "log1p", "log2", "malloc", "memcpy", "memset", "pow", "printf", "read", "round", "select", "sin", "sqrt", "tan", "tanh", "time", "trunc", "write", "y0", "y1",
    "yn", "j0", "j1", "jn", "signal", "send", "accept", "bind", "pause", "pipe", "link", "wait", "div", "rand"};

static bool is_reserved(const char *name) {
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (text_eq(name, reserved[i]))
      return true;
  size_t n;
  const ttkernel_op *ops = ttkernel_table(&n);
  for (size_t i = 0; i < n; i++)
    if (text_eq(name, ops[i].name) || (text_starts(ops[i].call, name) && ops[i].call[strlen(name)] == '('))
      return true;
  return false;
}

/* Letters, digits and single '_'; no '_' and no digit in front; names all in capitals, which macros have, in small letters. */
static char *escape(arena *mem, const char *hint) {
  char *out = arena_alloc(mem, strlen(hint) + 2), *o = out;
  bool has_small = false;
  for (const char *h = hint; *h; h++) {
    bool is_word = isalnum((unsigned char)*h) && (unsigned char)*h < 128;
    if (is_word && isdigit((unsigned char)*h) && o == out)
      *o++ = 'v';
    if (is_word)
      *o++ = *h;
    else if (o > out && o[-1] != '_')
      *o++ = '_';
    has_small |= islower((unsigned char)*h) != 0;
  }
  while (o > out && o[-1] == '_')
    o--;
  *o = '\0';
  if (!has_small && o > out + 1)
    for (o = out; *o; o++)
      *o = (char)tolower((unsigned char)*o);
  return *out ? out : arena_strdup(mem, "v");
}

static bool in_scope(const cxx *c, const char *name) {
  for (size_t i = 0; i < c->names.n; i++)
    if (text_eq(c->names.at[i], name))
      return true;
  return false;
}

const char *cxx_declare(cxx *c, const char *hint) {
  const char *base = escape(c->mem, hint);
  if (strlen(base) > 60)
    base = arena_strndup(c->mem, base, base[59] == '_' ? 59 : 60);
  if (is_reserved(base))
    base = arena_printf(c->mem, "%s_", base);
  const char *name = base;
  for (int i = 2; in_scope(c, name); i++)
    name = arena_printf(c->mem, "%s%s%d", base, text_ends(base, "_") ? "" : "_", i);
  vec_push(c->mem, &c->names, name);
  return name;
}

void cxx_line(cxx *c, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  text_addf(&c->out, "%*s", 2 * c->indent, "");
  text_vaddf(&c->out, fmt, ap);
  text_add(&c->out, "\n");
  va_end(ap);
}

/* A backslash at its end would join the next line to a comment, and "??" + "/" is one of old. */
void cxx_comment(cxx *c, const char *comment) {
  for (const char *line = comment, *end; line; line = *end ? end + 1 : NULL) {
    end = line + strcspn(line, "\n");
    char *copy = arena_strndup(c->mem, line, (size_t)(end - line));
    for (char *p = copy; *p; p++)
      if (*p < ' ' || *p > '~' || *p == '\\' || (*p == '?' && p[1] == '?'))
        *p = '.';
    cxx_line(c, "//%s%s", *copy ? " " : "", copy);
  }
}
