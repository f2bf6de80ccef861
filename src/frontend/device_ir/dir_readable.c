/* FX's readable form (what bound._debug_str() prints) under a header that says what the text alone does not:
 *
 *   # loom: device-ir 1
 *   # loom: kernel matmul
 *   # loom: symbol s77 = 4096                                           size of an argument; without "= N" only its name
 *   # loom: block 0 var=u1 size=s77 name=tile_m                         also fixed=16, reduction, preferred=64; expressions without spaces
 *   # loom: tensor x arg f16[s77, s27]                                  in the order of the arguments
 *   # loom: tensor out alloc f16[s77, s94] fill=zero                    also fill=empty, fill=1.5
 *   # loom: tensor k_view view f16[4, 8] base=k stride=1,4 offset=0
 *   # loom: graph root_graph_1 blocks=0,1 phase=0
 *   # loom: graph add_pairs_3                                           a graph that scans or reductions combine with
 *   # loom: branches if_graph_2 0:0 1:-                                 results of an if: output of the branch, output of else
 *   # loom: return out
 *
 * Graphs are `def for_loop_0(arg0_1: "f32[u0, u1]"):` with one assignment a line; other text (host code, comments) is passed over. */
#include "frontend/device_ir/dir_private.h"
#include "base/number.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct piece { const char *s; size_t n; loom_span at; } piece;   /* a line or a part of one */

static void trim(piece *l) {
  while (l->n && isspace((unsigned char)l->s[l->n - 1]))
    l->n--;
  while (l->n && isspace((unsigned char)*l->s)) {
    l->s++;
    l->n--;
    l->at.col++;
  }
}

static bool starts(const piece *l, const char *prefix) { return l->n >= strlen(prefix) && strncmp(l->s, prefix, strlen(prefix)) == 0; }
static bool is(const piece *l, const char *word) { return l->n == strlen(word) && starts(l, word); }
static const char *copy(dir_program *p, const piece *l) { return arena_strndup(p->mem, l->s, l->n); }

static piece rest_of(const piece *l, size_t from) {
  piece r = {l->s + from, l->n - from, l->at};
  r.at.col += (int32_t)from;
  trim(&r);
  return r;
}

/* The first word of `l`, which is cut off; brackets hold words together. */
static piece next_word(piece *l) {
  size_t n = 0;
  int depth = 0;
  trim(l);
  while (n < l->n && (depth > 0 || !isspace((unsigned char)l->s[n]))) {
    depth += (l->s[n] == '[' || l->s[n] == '(') - (l->s[n] == ']' || l->s[n] == ')');
    n++;
  }
  piece word = {l->s, n, l->at};
  *l = rest_of(l, n);
  return word;
}

static loom_status wrong(dir_program *p, const piece *l, const char *expected) {
  return diag_error(p->ctx, l->at, LOOM_EINPUT, "%s is expected here, not \"%.*s\"", expected, (int)(l->n < 40 ? l->n : 40), l->s);
}

static bool as_int(const piece *l, int64_t *out) {
  char digits[24], *end;
  if (!l->n || l->n >= sizeof digits)
    return false;
  memcpy(digits, l->s, l->n);
  digits[l->n] = 0;
  *out = strtoll(digits, &end, 10);
  return !*end;
}

/* ---- the header ---- */
/* key=value; a bare word is a key without a value. */
static piece split_key(piece *word) {
  piece key = *word;
  for (size_t i = 0; i < word->n; i++)
    if (word->s[i] == '=') {
      key.n = i;
      *word = rest_of(word, i + 1);
      return key;
    }
  *word = rest_of(word, word->n);
  return key;
}

static loom_status parse(dir_program *p, const piece *l, const syn_node **out) {
  syn_node *e;
  LOOM_TRY(dir_parse(p->ctx, l->at, l->s, l->n, &e));
  *out = e;
  return LOOM_OK;
}

static loom_status read_symbol(dir_program *p, piece l) {
  piece name = next_word(&l);
  dir_symbol *s = dir_add_symbol(p, copy(p, &name));
  if (!l.n)
    return LOOM_OK;
  piece value = starts(&l, "=") ? rest_of(&l, 1) : l;
  s->has_value = as_int(&value, &s->value);
  return s->has_value ? LOOM_OK : wrong(p, &l, "\"= NUMBER\"");
}

static loom_status read_block(dir_program *p, piece l) {
  piece word = next_word(&l);
  int64_t id, n;
  dir_block b = {.span = word.at};
  if (!as_int(&word, &id) || id < 0 || id > 1 << 30 || dir_find_block(p, (int)id))
    return wrong(p, &word, "the number of a block, once");
  b.id = (int)id;
  while (l.n) {
    piece value = next_word(&l), key = split_key(&value);
    if (is(&key, "var"))
      b.var = copy(p, &value);
    else if (is(&key, "name"))
      b.name = copy(p, &value);
    else if (is(&key, "size"))
      LOOM_TRY(parse(p, &value, &b.size));
    else if (is(&key, "fixed"))
      LOOM_TRY(parse(p, &value, &b.fixed));
    else if (is(&key, "preferred") && as_int(&value, &n))
      b.preferred = n;
    else if (is(&key, "reduction"))
      b.is_reduction = true;
    else
      return wrong(p, &key, "var=, size=, name=, fixed=, preferred= or reduction");
  }
  vec_push(p->mem, &p->blocks, b);
  return LOOM_OK;
}

static loom_status read_strides(dir_program *p, const piece *l, dir_tensor *t) {
  dir_node parts = {.name = NULL};
  LOOM_TRY(dir_parse_arguments(p->ctx, l->at, l->s, l->n, &parts));
  if ((int)parts.n_args != t->val.rank)
    return wrong(p, l, arena_printf(p->mem, "a list of %d strides", t->val.rank));
  for (size_t i = 0; i < parts.n_args; i++)
    t->stride[i] = parts.args[i];
  return LOOM_OK;
}

static loom_status read_tensor(dir_program *p, piece l) {
  piece name = next_word(&l), role = next_word(&l), type = next_word(&l);
  dir_tensor t = {.name = copy(p, &name), .first_use = -1, .span = name.at};
  char *end;
  t.role = is(&role, "arg") ? DIR_ARG : is(&role, "alloc") ? DIR_ALLOC : is(&role, "view") ? DIR_VIEW : DIR_UNKNOWN;
  if (t.role == DIR_UNKNOWN)
    return wrong(p, &role, "arg, alloc or view");
  LOOM_TRY(dir_parse_value(p->ctx, type.at, type.s, type.n, &t.val));
  if (!t.val.is_tensor || dir_find_tensor(p, t.name))
    return wrong(p, &type, "a type, f16[4, 8], of a tensor that is there once");
  while (l.n) {
    piece value = next_word(&l), key = split_key(&value);
    if (is(&key, "fill")) {
      const char *word = copy(p, &value);
      t.has_fill = true;
      t.fill = text_eq(word, "empty") ? KERNEL_FILL_EMPTY : text_eq(word, "zero") ? KERNEL_FILL_ZERO : KERNEL_FILL_VALUE;
      t.fill_value = t.fill == KERNEL_FILL_VALUE ? strtod(word, &end) : 0;
      if (t.fill == KERNEL_FILL_VALUE && (*end || end == word))
        return wrong(p, &value, "empty, zero or a number");
    } else if (is(&key, "base")) {
      t.base = copy(p, &value);
    } else if (is(&key, "offset")) {
      LOOM_TRY(parse(p, &value, &t.offset));
    } else if (is(&key, "stride")) {
      LOOM_TRY(read_strides(p, &value, &t));
    } else {
      return wrong(p, &key, "fill=, base=, stride= or offset=");
    }
  }
  if (t.role == DIR_VIEW && (!t.base || (t.val.rank && !t.stride[0])))
    return wrong(p, &name, "base= and stride= of a view");
  p->has_roles = true;
  vec_push(p->mem, &p->tensors, t);
  return LOOM_OK;
}

/* Facts of graphs that come later in the text. */
typedef struct graph_fact { const char *name; piece blocks, branches; int64_t phase; loom_span at; } graph_fact;
typedef VEC_OF(graph_fact) graph_facts;

static graph_fact *fact_of(dir_program *p, graph_facts *facts, const piece *name) {
  for (size_t i = 0; i < facts->n; i++)
    if (is(name, facts->at[i].name))
      return &facts->at[i];
  vec_push(p->mem, facts, ((graph_fact){.name = copy(p, name), .phase = -1, .at = name->at}));
  return &facts->at[facts->n - 1];
}

static loom_status read_graph_fact(dir_program *p, piece l, graph_facts *facts) {
  piece name = next_word(&l);
  graph_fact *f = fact_of(p, facts, &name);
  while (l.n) {
    piece value = next_word(&l), key = split_key(&value);
    if (is(&key, "blocks"))
      f->blocks = value;
    else if (!is(&key, "phase") || !as_int(&value, &f->phase) || f->phase < 0)
      return wrong(p, &key, "blocks=0,1 or phase=0");
  }
  return LOOM_OK;
}

static loom_status read_header_line(dir_program *p, piece l, graph_facts *facts) {
  piece word = next_word(&l);
  if (is(&word, "device-ir")) {
    int64_t version;
    return as_int(&l, &version) && version == 1 ? LOOM_OK : wrong(p, &l, "version 1");
  }
  if (is(&word, "kernel")) {
    p->name = copy(p, &l);
    return l.n ? LOOM_OK : wrong(p, &l, "the name of the kernel");
  }
  if (is(&word, "symbol"))
    return read_symbol(p, l);
  if (is(&word, "block"))
    return read_block(p, l);
  if (is(&word, "tensor"))
    return read_tensor(p, l);
  if (is(&word, "graph"))
    return read_graph_fact(p, l, facts);
  if (is(&word, "branches")) {
    piece name = next_word(&l);
    fact_of(p, facts, &name)->branches = l;
    return LOOM_OK;
  }
  if (!is(&word, "return"))
    return wrong(p, &word, "device-ir, kernel, symbol, block, tensor, graph, branches or return");
  p->has_returns = true;
  while (l.n) {
    piece name = next_word(&l);
    vec_push(p->mem, &p->returns, is(&name, "None") ? NULL : copy(p, &name));
  }
  return LOOM_OK;
}

/* ---- graphs ---- */
/* The position of `c` outside of brackets and strings; l->n when there is none. */
static size_t find_outside(const piece *l, char c) {
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < l->n; i++) {
    char k = l->s[i];
    if (quote) {
      quote = k == quote ? 0 : quote;
    } else if (depth == 0 && k == c) {
      return i;
    } else if (k == '"' || k == '\'') {
      quote = k;
    } else {
      depth += (k == '(' || k == '[' || k == '{') - (k == ')' || k == ']' || k == '}');
    }
  }
  return l->n;
}

/* `name: "type"` or `name` */
static loom_status read_typed_name(dir_program *p, piece l, dir_node *n) {
  size_t colon = find_outside(&l, ':');
  piece name = {l.s, colon, l.at};
  trim(&name);
  n->name = copy(p, &name);
  n->span = name.at;
  if (!name.n)
    return wrong(p, &l, "a name");
  if (colon == l.n)
    return LOOM_OK;
  piece type = rest_of(&l, colon + 1);
  if (type.n < 2 || type.s[0] != '"' || type.s[type.n - 1] != '"')
    return wrong(p, &type, "a type in quotes");
  return dir_parse_value(p->ctx, type.at, type.s + 1, type.n - 2, &n->val);
}

/* def for_loop_0(arg0_1: "f32[u0, u1]"): */
static loom_status read_def(dir_program *p, piece l, const graph_facts *facts, dir_graph *out) {
  size_t open = 0;
  while (open < l.n && l.s[open] != '(')
    open++;
  piece name = {l.s, open, l.at};
  trim(&name);
  *out = (dir_graph){.name = copy(p, &name), .span = name.at};
  out->kind = dir_class_of(out->name);
  for (size_t i = 0; i < facts->n && out->kind == DIR_OTHER; i++)   /* what scans combine with is called like the function of the user */
    if (text_eq(facts->at[i].name, out->name))
      out->kind = DIR_HELPER;
  if (out->kind == DIR_OTHER)
    return LOOM_OK;   /* host code */
  const char *digits = out->name + strlen(out->name);
  while (digits > out->name && isdigit((unsigned char)digits[-1]))
    digits--;
  out->id = number_of(digits);
  if (out->id < 0 || dir_find_graph(p, out->id))
    return wrong(p, &name, "a graph name that ends with a number, once");
  if (l.n < open + 3 || l.s[l.n - 1] != ':' || l.s[l.n - 2] != ')')
    return wrong(p, &l, "\"def NAME(arguments):\"");
  piece params = rest_of(&l, open + 1);
  params.n -= 2;
  for (trim(&params); params.n;) {
    size_t comma = find_outside(&params, ',');
    dir_node n = {.op = DIR_PLACEHOLDER, .target = ""};
    LOOM_TRY(read_typed_name(p, (piece){params.s, comma, params.at}, &n));
    LOOM_TRY(dir_add_node(p, out, &n));
    params = rest_of(&params, comma < params.n ? comma + 1 : comma);
  }
  return LOOM_OK;
}

/* target(arguments), or name[3] for a getitem. */
static loom_status read_call(dir_program *p, piece l, dir_node *n) {
  size_t open = 0;
  while (open < l.n && l.s[open] != '(' && l.s[open] != '[')
    open++;
  if (open == l.n)
    return wrong(p, &l, "target(arguments)");
  piece inner = rest_of(&l, open);
  if (l.s[open] == '(') {
    n->target = dir_target(p->mem, l.s, open);
    return dir_parse_arguments(p->ctx, inner.at, inner.s, inner.n, n);
  }
  syn_node *list, **items;
  size_t count;
  n->target = "getitem";
  LOOM_TRY(dir_parse(p->ctx, inner.at, inner.s, inner.n, &list));
  items = syn_list(list, "elts", &count);
  if (count != 1)
    return wrong(p, &inner, "one index");
  n->n_args = 2;
  n->args = ARENA_NEW_N(p->mem, syn_node *, 2);
  n->args[0] = dir_syn_name(p->mem, l.at, arena_strndup(p->mem, l.s, open));
  n->args[1] = items[0];
  return LOOM_OK;
}

static loom_status read_statement(dir_program *p, piece l, dir_graph *g) {
  dir_node n = {.op = DIR_CALL, .name = "output", .target = "", .span = l.at};
  l.n = find_outside(&l, ';');   /* behind it: names that are not used any more */
  trim(&l);
  if (is(&l, "return") || starts(&l, "return ")) {
    piece value = rest_of(&l, strlen("return"));
    n.op = DIR_OUTPUT;
    if (value.n) {
      n.n_args = 1;
      n.args = ARENA_NEW_N(p->mem, syn_node *, 1);
      LOOM_TRY(dir_parse(p->ctx, value.at, value.s, value.n, &n.args[0]));
    }
    return dir_add_node(p, g, &n);
  }
  size_t equals = find_outside(&l, '=');
  if (equals == l.n)
    return wrong(p, &l, "NAME: \"TYPE\" = TARGET(ARGUMENTS)");
  LOOM_TRY(read_typed_name(p, (piece){l.s, equals, l.at}, &n));
  LOOM_TRY(read_call(p, rest_of(&l, equals + 1), &n));
  return dir_add_node(p, g, &n);
}

/* ---- facts of graphs ---- */
static loom_status apply_blocks(dir_program *p, dir_graph *g, piece l) {
  while (l.n) {
    size_t comma = find_outside(&l, ',');
    piece word = {l.s, comma, l.at};
    int64_t id;
    trim(&word);
    const dir_block *b = as_int(&word, &id) && id >= 0 && id <= INT32_MAX ? dir_find_block(p, (int)id) : NULL;
    if (!b || g->n_blocks == KERNEL_RANK_MAX)
      return wrong(p, &word, "the number of a block");
    g->block[g->n_blocks++] = (int)(b - p->blocks.at);
    l = rest_of(&l, comma < l.n ? comma + 1 : comma);
  }
  g->has_blocks = g->n_blocks > 0;
  return LOOM_OK;
}

/* The number of an output; "-" is none, and leaves *out alone. */
static bool is_output(const piece *w, int64_t *out) { return is(w, "-") || (as_int(w, out) && *out >= 0 && *out <= INT32_MAX); }

static loom_status apply_branches(dir_program *p, dir_graph *g, piece l) {
  g->has_branches = l.n > 0;
  while (l.n) {
    piece word = next_word(&l);
    size_t colon = find_outside(&word, ':');
    piece yes = {word.s, colon, word.at}, no = rest_of(&word, colon < word.n ? colon + 1 : colon);
    int64_t a = -1, b = -1;
    if (!is_output(&yes, &a) || !is_output(&no, &b))
      return wrong(p, &word, "output:output, - where the value stays");
    vec_push(p->mem, &g->branches, ((dir_branch){(int)a, (int)b}));
  }
  return LOOM_OK;
}

static loom_status apply_facts(dir_program *p, const graph_facts *facts) {
  for (size_t i = 0; i < facts->n; i++) {
    const graph_fact *f = &facts->at[i];
    dir_graph *g = NULL;
    for (size_t j = 0; j < p->graphs.n; j++)
      if (text_eq(p->graphs.at[j].name, f->name))
        g = &p->graphs.at[j];
    if (!g)
      LOOM_FAIL(p->ctx, f->at, LOOM_EINPUT, "the text has no graph %s", f->name);
    LOOM_TRY(apply_blocks(p, g, f->blocks));
    LOOM_TRY(apply_branches(p, g, f->branches));
    if (f->phase < 0)
      continue;
    g->phase = (int)f->phase;
    p->has_phases = true;
    vec_push(p->mem, &p->roots, (int)(g - p->graphs.at));
  }
  return LOOM_OK;
}

static loom_status check_returns(dir_program *p) {
  for (size_t i = 0; i < p->returns.n; i++)
    if (p->returns.at[i] && !dir_find_tensor(p, p->returns.at[i]))
      LOOM_FAIL(p->ctx, ((loom_span){.source = p->source}), LOOM_EINPUT, "the header returns \"%s\", which is none of its tensors", p->returns.at[i]);
  return LOOM_OK;
}

loom_status dir_read_readable(dir_program *p, const char *dump, size_t size) {
  graph_facts facts = {0};
  const char *s = dump, *end = dump + size;
  bool in_graph = false;
  for (int32_t number = 1; s < end; number++) {
    const char *stop = memchr(s, '\n', (size_t)(end - s));
    piece l = {s, (size_t)((stop ? stop : end) - s), {p->source, number, 1, number, 1}};
    bool is_indented = l.n && isspace((unsigned char)*l.s);
    s += l.n + (stop != NULL);
    l.at.end_col = (int32_t)l.n + 1;
    trim(&l);
    if (starts(&l, "# loom:")) {
      LOOM_TRY(read_header_line(p, rest_of(&l, strlen("# loom:")), &facts));
    } else if (starts(&l, "def ") && !is_indented) {
      dir_graph g;
      LOOM_TRY(read_def(p, rest_of(&l, 4), &facts, &g));
      in_graph = g.kind != DIR_OTHER;
      if (in_graph)
        vec_push(p->mem, &p->graphs, g);
    } else if (in_graph && is_indented && l.n && *l.s != '#') {
      LOOM_TRY(read_statement(p, l, &p->graphs.at[p->graphs.n - 1]));
    } else if (l.n && !is_indented) {
      in_graph = false;
    }
  }
  LOOM_TRY(apply_facts(p, &facts));
  return check_returns(p);
}
