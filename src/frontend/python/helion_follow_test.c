/* One mistake, one message: in the kernels of tests/fuzz/seeds each name and each attribute in turn becomes one that does not exist, and each
 * statement one that no kernel can have.  Whatever depends on it, the only diagnostic is at the place of the mistake. */
#include "base/file.h"
#include "base/testing.h"
#include "base/text.h"
#include "frontend/helion/helion.h"
#include <dirent.h>
#include <stdlib.h>

enum { OPTIONS_MAX = 32 };

/* ---- the seeds ---- */
/* "# options: function=f x.0=5 ids~i64 causal:=True dtype=f32" in the first line. */
static helion_options read_options(arena *m, const char *code) {
  helion_shape *shapes = ARENA_NEW_N(m, helion_shape, OPTIONS_MAX);
  helion_given *given = ARENA_NEW_N(m, helion_given, OPTIONS_MAX);
  helion_options o = {.has_dtype = true, .dtype = DTYPE_F32, .shapes = shapes, .given = given};
  const char *line = arena_strndup(m, code, strcspn(code, "\n"));
  line += strcspn(line, ":") + 1;
  while (*(line += strspn(line, " "))) {
    char *word = arena_strndup(m, line, strcspn(line, " "));
    line += strlen(word);
    char *type = strchr(word, '~'), *value = strchr(word, '=');
    assert_true((type || value) && o.n_shapes < OPTIONS_MAX && o.n_given < OPTIONS_MAX);
    bool is_argument = value && value[-1] == ':';
    if (type)
      *type++ = 0;
    if (value)
      value[is_argument ? -1 : 0] = 0;
    value = value ? value + 1 : value;
    if (type) {
      given[o.n_given] = (helion_given){.name = word, .kind = HELION_GIVEN_DTYPE};
      assert_true(dtype_parse(type, &given[o.n_given++].type));
    } else if (is_argument) {
      given[o.n_given++] = helion_parse_given(m, word, value);
    } else if (strcmp(word, "function") == 0) {
      o.function = value;
    } else if (strcmp(word, "dtype") == 0) {
      assert_true(dtype_parse(value, &o.dtype));
    } else {
      shapes[o.n_shapes++] = (helion_shape){word, strtoll(value, NULL, 10)};
    }
  }
  return o;
}

/* ---- the mistakes ---- */
typedef struct spot { syn_node *node; syn_field *field; } spot;   /* field: the identifier that is replaced; NULL: the node is a statement */
typedef VEC_OF(spot) spot_list;

static bool is_docstring(const syn_node *n) { return n->kind == SYN_Expr && syn_child(n, "value")->kind == SYN_Constant; }

/* Statements, names that are read and attributes, in the bodies of functions; annotations, decorators and targets of assignments are no places. */
static void find_spots(arena *m, syn_node *n, bool is_body, spot_list *out) {
  static const char *const left_out[] = {"annotation", "returns", "decorator_list", "target", "targets", "type_comment"};
  static const syn_kind statements[] = {SYN_Assign, SYN_AugAssign, SYN_AnnAssign, SYN_Expr, SYN_For, SYN_If, SYN_While, SYN_Assert, SYN_Return};
  bool is_name = n->kind == SYN_Name, is_attribute = n->kind == SYN_Attribute;
  for (size_t k = 0; is_body && k < COUNT_OF(statements); k++)
    if (n->kind == statements[k] && !is_docstring(n))
      vec_push(m, out, ((spot){n, NULL}));
  for (size_t i = 0; i < n->n_fields; i++) {
    syn_field *f = &n->fields[i];
    bool skip = false, inside = is_body || (n->kind == SYN_FunctionDef && strcmp(f->name, "body") == 0);
    for (size_t k = 0; k < COUNT_OF(left_out); k++)
      skip = skip || strcmp(f->name, left_out[k]) == 0;
    if (is_body && f->ident && (is_name || is_attribute) && (strcmp(f->name, "id") == 0 || strcmp(f->name, "attr") == 0))
      vec_push(m, out, ((spot){n, f}));
    if (f->node && !skip)
      find_spots(m, f->node, inside, out);
    for (size_t k = 0; f->is_list && k < f->n && !skip; k++)
      if (f->items[k])
        find_spots(m, f->items[k], inside, out);
  }
}

/* Reads the kernel with the mistake; false: there are other diagnostics than one at its place. */
static bool check_spot(const char *file, const syn_node *tree, const helion_options *o, const spot *s, int *found) {
  loom_ctx ctx;
  kernel_graph *k;
  bool ok = true;
  const char *old = s->field ? s->field->ident : s->node->class_name, *what = s->field ? "no_such_thing" : "`match`";
  syn_kind kind = s->node->kind;
  loom_ctx_init(&ctx);
  if (s->field) {
    s->field->ident = what;
  } else {
    s->node->kind = SYN_Match;
    s->node->class_name = "Match";
  }
  loom_status st = helion_read(&ctx, tree, o, &k);
  if (s->field) {
    s->field->ident = old;
  } else {
    s->node->kind = kind;
    s->node->class_name = old;
  }
  const diag_item *first = NULL;
  for (const diag_item *d = ctx.diag.first; d; d = d->next) {
    if (d->severity != DIAG_ERROR)
      continue;
    ok = ok && !first && d->span.line == s->node->span.line && d->span.col == s->node->span.col && strstr(d->text, what);
    first = first ? first : d;
  }
  ok = ok && (st == LOOM_OK) == !first;
  if (!ok) {
    print_message("%s:%d:%d: \"%s\" becomes %s:\n", file, s->node->span.line, s->node->span.col, old, what);
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      print_message("  %d:%d: %s\n", d->span.line, d->span.col, d->text);
  }
  *found += first != NULL;
  loom_ctx_done(&ctx);
  return ok;
}

static void check_seed(const char *file, int *n, int *found, int *wrong) {
  loom_ctx ctx;
  char *code;
  size_t size;
  syn_node *tree;
  kernel_graph *k;
  spot_list spots = {0};
  loom_ctx_init(&ctx);
  assert_int_equal(file_read(&ctx, file_join(&ctx.mem, LOOM_SOURCE_DIR "/tests/fuzz/seeds", file), (size_t)1 << 20, &code, &size), LOOM_OK);
  helion_options o = read_options(&ctx.mem, code);
  assert_int_equal(python_parse(&ctx, file, code, size, &tree), LOOM_OK);
  assert_int_equal(helion_read(&ctx, tree, &o, &k), LOOM_OK);
  find_spots(&ctx.mem, tree, false, &spots);
  for (size_t i = 0; i < spots.n; i++, ++*n)
    *wrong += !check_spot(file, tree, &o, &spots.at[i], found);
  loom_ctx_done(&ctx);
}

static void test_one_mistake_gives_one_message(void **state) {
  (void)state;
  int n = 0, found = 0, wrong = 0, files = 0;
  DIR *d = opendir(LOOM_SOURCE_DIR "/tests/fuzz/seeds");
  assert_non_null(d);
  for (struct dirent *e = readdir(d); e; e = readdir(d))
    if (strstr(e->d_name, ".py")) {
      check_seed(e->d_name, &n, &found, &wrong);
      files++;
    }
  closedir(d);
  print_message("%d mistakes in %d kernels, %d found\n", n, files, found);
  assert_true(files >= 20 && found > n * 9 / 10);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_mistake_gives_one_message)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
