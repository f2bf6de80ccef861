/* The assembly of upstream's tools for loom ops: the forms of ir_upstream_loom.c, written from MLIR's generic text of the op. */
#include "base/vec.h"
#include "ir/ir_upstream_text.h"
#include <string.h>

typedef VEC_OF(const char *) word_list;

/* One op in generic form: "loom.x"(operands) {attributes} : (types) -> result */
typedef struct generic_op {
  arena *mem;
  const char *name, *result;
  word_list operands, types, attrs;
  size_t next_operand, next_type;
} generic_op;

/* End of a piece that starts at `p`: the first of `stops` outside of brackets and strings, or the end. */
static const char *piece_end(const char *p, const char *end, const char *stops) {
  int depth = 0;
  for (; p < end; p++) {
    if (*p == '"') {
      for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
      continue;
    }
    if (*p == '-' && p + 1 < end && p[1] == '>') {
      if (depth == 0 && strchr(stops, '-'))
        return p;
      p++;
      continue;
    }
    if (depth == 0 && *p != '-' && strchr(stops, *p))
      return p;
    if (strchr("([{<", *p))
      depth++;
    else if (strchr(")]}>", *p))
      depth--;
  }
  return end;
}

static const char *trimmed(arena *mem, const char *p, const char *end) {
  while (p < end && *p == ' ')
    p++;
  while (end > p && end[-1] == ' ')
    end--;
  return arena_strndup(mem, p, (size_t)(end - p));
}

static void split(arena *mem, const char *p, const char *end, word_list *out) {
  while (p < end) {
    const char *stop = piece_end(p, end, ",");
    vec_push(mem, out, trimmed(mem, p, stop));
    p = stop + (stop < end);
  }
}

/* Reads the op at `p`, behind its quoted name; NULL: not in generic form.  Returns where it ends. */
static const char *read_generic(generic_op *op, const char *p, const char *end) {
  const char *line = memchr(p, '\n', (size_t)(end - p));
  end = line ? line : end;
  if (p == end || *p != '(')
    return NULL;
  const char *stop = piece_end(p + 1, end, ")");
  split(op->mem, p + 1, stop, &op->operands);
  p = stop + 1;
  while (p < end && *p == ' ')
    p++;
  if (p < end && *p == '{') {
    stop = piece_end(p + 1, end, "}");
    split(op->mem, p + 1, stop, &op->attrs);
    p = stop + 1;
  }
  while (p < end && *p == ' ')
    p++;
  if (end - p < 3 || *p != ':')
    return NULL;
  for (p++; p < end && *p == ' '; p++)
    ;
  if (*p != '(')
    return NULL;
  stop = piece_end(p + 1, end, ")");
  split(op->mem, p + 1, stop, &op->types);
  p = stop + 1;
  stop = piece_end(p, end, "-");
  if (end - stop < 2 || op->types.n != op->operands.n)
    return NULL;
  op->result = trimmed(op->mem, stop + 2, end);
  return end;
}

/* Value of attribute `key`, which is then told; NULL: none. */
static const char *take_attr(generic_op *op, const char *key) {
  size_t n = strlen(key);
  for (size_t i = 0; i < op->attrs.n; i++) {
    const char *a = op->attrs.at[i];
    if (a && strncmp(a, key, n) == 0 && strncmp(a + n, " = ", 3) == 0) {
      op->attrs.at[i] = NULL;
      return a + n + 3;
    }
  }
  return NULL;
}

static const char *next_operand(generic_op *op) { return op->next_operand < op->operands.n ? op->operands.at[op->next_operand++] : NULL; }

/* "array<i64: 4, -9223372036854775808>" as "[4, %n]". */
static bool add_list(generic_op *op, text *out, const char *array) {
  const char *p = array ? strchr(array, ':') : NULL;
  bool first = true;
  if (!array || strncmp(array, "array<", 6) != 0)
    return false;
  text_add(out, "[");
  for (p = p ? p + 1 : NULL; p && *p != '>';) {
    const char *stop = p + strcspn(p, ",>"), *number = trimmed(op->mem, p, stop);
    const char *said = text_starts(number, "-9223372036854775808") ? next_operand(op) : number;
    if (!said)
      return false;
    text_addf(out, first ? "%s" : ", %s", said);
    first = false;
    p = stop + (*stop == ',');
  }
  text_add(out, "]");
  return true;
}

static bool add_corner(generic_op *op, text *out, const char *name, size_t n) {
  text_addf(out, "%s : [", name);
  for (size_t i = 0; i < n; i++) {
    const char *v = next_operand(op);
    if (!v)
      return false;
    text_addf(out, i ? ", %s" : "%s", v);
  }
  text_add(out, "]");
  return true;
}

/* Memories, area and region of a transfer; what is left of the operands are the corners. */
static bool add_clauses(generic_op *op, text *out) {
  const char *src = take_attr(op, "src_mem_space"), *dst = take_attr(op, "dst_mem_space"), *area = take_attr(op, "static_area");
  if (src)
    text_addf(out, " src_mem_space %s", src);
  if (dst)
    text_addf(out, " dst_mem_space %s", dst);
  if (area) {
    text_add(out, src || dst ? ", area : " : " area : ");
    if (!add_list(op, out, area))
      return false;
  }
  size_t corners = op->operands.n - op->next_operand;
  if (corners == 0)
    return true;
  text_add(out, " region : (");
  bool done = corners % 2 == 0 && add_corner(op, out, "UL", corners / 2);
  text_add(out, ", ");
  done = done && add_corner(op, out, "LR", corners / 2);
  text_add(out, ")");
  return done;
}

static void add_dict(generic_op *op, text *out) {
  take_attr(op, "operandSegmentSizes");
  bool first = true;
  for (size_t i = 0; i < op->attrs.n; i++)
    if (op->attrs.at[i]) {
      text_addf(out, first ? " {%s" : ", %s", op->attrs.at[i]);
      first = false;
    }
  if (!first)
    text_add(out, "}");
}

/* Punctuation that clings to what is before it. */
static bool clings(const char *word) { return text_eq(word, ",") || text_eq(word, "(") || text_eq(word, ")"); }

static bool add_word(generic_op *op, text *out, const char *word, bool *glue) {
  const char *s = NULL;
  bool spaced = !*glue && !clings(word) && *word != 'C' && *word != '{';
  *glue = false;
  if (spaced)
    text_add(out, " ");
  switch (*word) {
  case 'V':
  case 'I': s = next_operand(op); break;
  case 'T': s = op->next_type < op->types.n ? op->types.at[op->next_type++] : NULL; break;
  case 'R': s = op->result; break;
  case 'L': return add_list(op, out, take_attr(op, word + 1));
  case 'C': return add_clauses(op, out);
  case '{': add_dict(op, out); return true;
  case '@': s = take_attr(op, word + 1); break;
  case '#':
    s = take_attr(op, word + 1);
    s = s ? arena_strndup(op->mem, s, strcspn(s, " ")) : NULL;
    break;
  default:
    s = word;
    *glue = text_eq(word, "(");
    break;
  }
  if (s)
    text_add(out, s);
  return s != NULL;
}

static bool write_form(generic_op *op, const char *form, text *out) {
  bool glue = false;
  text_add(out, op->name);
  while (*form) {
    size_t n = strcspn(form, " ");
    if (!add_word(op, out, arena_strndup(op->mem, form, n), &glue))
      return false;
    form += n + (form[n] == ' ');
  }
  return op->next_operand == op->operands.n;
}

/* The op whose name is quoted at `p`; NULL: it stays as it is. */
static const char *rewrite(arena *mem, const char *p, const char *end, text *out) {
  const char *quote = memchr(p + 1, '"', (size_t)(end - p - 1));
  if (!quote)
    return NULL;
  generic_op op = {.mem = mem, .name = arena_strndup(mem, p + 1, (size_t)(quote - p - 1))};
  const char *form = upstream_loom_form(op.name);
  const char *behind = form ? read_generic(&op, quote + 1, end) : NULL;
  text t = text_new(mem);
  if (!behind || !write_form(&op, form, &t))
    return NULL;
  text_add(out, text_str(&t));
  return behind;
}

const char *ir_print_upstream(arena *mem, MlirOperation op) {
  static const char loom[] = "\"loom.", iter[] = "#loom.iter_type<\"";
  const char *p = ir_print(mem, op, false), *end = p + strlen(p);
  text out = text_new(mem);
  while (p < end) {
    const char *behind = strncmp(p, loom, sizeof loom - 1) == 0 ? rewrite(mem, p, end, &out) : NULL;
    if (!behind && strncmp(p, iter, sizeof iter - 1) == 0) {      /* an enumeration upstream */
      const char *quote = strchr(p + sizeof iter - 1, '"');
      if (quote && quote[1] == '>') {
        text_addf(&out, "#loom.iter_type<%.*s", (int)(quote - p - (ptrdiff_t)(sizeof iter - 1)), p + sizeof iter - 1);
        behind = quote + 1;
      }
    }
    if (behind) {
      p = behind;
      continue;
    }
    const char *next = p + 1 + strcspn(p + 1, "\"#");
    text_addf(&out, "%.*s", (int)((next < end ? next : end) - p), p);
    p = next;
  }
  return text_str(&out);
}
