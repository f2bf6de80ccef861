/* What Loom says to kernels that Helion refuses (tests/data/errors/rules.txt), to kernels with several mistakes (several.txt) and to hostile
 * files: every diagnostic word by word, all of them in one run, each with what to do, and none in the words of the implementation.
 * LOOM_UPDATE_DOCS=1 writes the diagnostics into the data files and the table of docs/helion.md. */
#include "base/file.h"
#include "base/testing.h"
#include "base/text.h"
#include "frontend/helion/helion.h"
#include "frontend/helion/said_testing.h"
#include <stdlib.h>

#define IMPORTS "import torch\nimport helion\nimport helion.language as hl\n"
#define DATA LOOM_SOURCE_DIR "/tests/data/errors/"
#define BEGIN "<!-- generated from tests/data/errors/rules.txt: LOOM_UPDATE_DOCS=1 build/unit/helion_errors_test -->\n"
#define END "<!-- end of the refusals -->\n"

/* ---- kernels ---- */
/* What the arguments of these names are. */
static const helion_given arguments[] = {
    {.name = "x", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}},
    {.name = "y", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {5, 4}},
    {.name = "z", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}},
    {.name = "v", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 1, .shape = {6}},
    {.name = "i", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_I64, .rank = 1, .shape = {6}},
    {.name = "b", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_BOOL, .rank = 2, .shape = {6, 5}},
    {.name = "s", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 0},
    {.name = "t", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 3, .shape = {3, 6, 5}},
    {.name = "u", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 3, .shape = {2, 5, 6}},
    {.name = "w", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {65536, 65536}},
    {.name = "n", .kind = HELION_GIVEN_INT, .integer = 3},
    {.name = "p", .kind = HELION_GIVEN_FLOAT, .real = 0.5}};

/* Those that `def f(...)` of the code has. */
static size_t arguments_of(const char *code, helion_given *out) {
  size_t n = 0;
  const char *def = strstr(code, "def f("), *end = def ? strchr(def, ')') : NULL;
  for (const char *c = def ? def + strlen("def f(") : NULL; c && c < end; c += strcspn(c, ",)") + 1, c += strspn(c, " "))
    for (size_t k = 0; k < COUNT_OF(arguments); k++)
      if (strlen(arguments[k].name) == strcspn(c, ",): =") && strncmp(arguments[k].name, c, strlen(arguments[k].name)) == 0)
        out[n++] = arguments[k];
  return n;
}

/* Reads kernel f of the code; the diagnostics are in `ctx`. */
static loom_status read_kernel(loom_ctx *ctx, const char *code) {
  syn_node *tree;
  kernel_graph *k;
  helion_given given[COUNT_OF(arguments)];
  helion_options o = {.given = given, .n_given = arguments_of(code, given), .function = "f", .open_sizes = strstr(code, "static_shapes=False") != NULL};
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  return helion_read(ctx, tree, &o, &k);
}

/* ---- sections ---- */
typedef struct section { const char *rule, *reason, *expected, *code; } section;   /* reason: of "# ok: reason" */
typedef VEC_OF(section) section_list;

static const char *line_end(const char *s) {
  size_t n = strcspn(s, "\n");
  return s + n + (s[n] == '\n');
}

/* *head: the text before the first section. */
static section_list read_sections(arena *m, const char *content, const char **head) {
  section_list out = {0};
  const char *at = strstr(content, "\n### ");
  *head = arena_strndup(m, content, at ? (size_t)(at + 1 - content) : strlen(content));
  while (at) {
    const char *title = at + strlen("\n### "), *next = strstr(title, "\n### "), *end = next ? next + 1 : content + strlen(content), *expected = line_end(title), *code = expected;
    while (strncmp(code, "# ", 2) == 0)
      code = line_end(code);
    section s = {.rule = arena_strndup(m, title, strcspn(title, "\n")), .expected = arena_strndup(m, expected, (size_t)(code - expected)), .reason = ""};
    if (strncmp(expected, "# ok: ", 6) == 0)
      s.reason = arena_strndup(m, expected + 6, strcspn(expected + 6, "\n"));
    s.code = arena_strndup(m, code, (size_t)(end - code));
    vec_push(m, &out, s);
    at = next;
  }
  return out;
}

static const char *status_word(loom_status st) {
  return st == LOOM_EINPUT ? "wrong" : st == LOOM_EUNSUP ? "unsupported" : st == LOOM_ELIMIT ? "limit" : st == LOOM_EUSAGE ? "usage" : "other";
}

/* The diagnostics as the data files write them. */
static const char *as_expected(arena *m, const loom_ctx *ctx, loom_status st, const section *s) {
  text t = text_new(m);
  if (st == LOOM_OK)
    text_addf(&t, "# ok: %s\n", s->reason);
  for (const diag_item *d = ctx->diag.first; d; d = d->next) {
    text_addf(&t, "# %d:%d %s: %s\n", d->span.line, d->span.col, d->severity == DIAG_ERROR ? status_word(d->status) : "warning", d->text);
    if (d->help)
      text_addf(&t, "#   help: %s\n", d->help);
  }
  return text_str(&t);
}

/* Compares every section of `file`, or writes it anew.  False: some differ. */
static bool check_file(const char *file) {
  loom_ctx data;
  char *content;
  size_t size;
  const char *head, *path = file;
  int wrong = 0;
  loom_ctx_init(&data);
  assert_int_equal(file_read(&data, path, (size_t)1 << 22, &content, &size), LOOM_OK);
  section_list all = read_sections(&data.mem, content, &head);
  text fresh = text_new(&data.mem);
  text_addf(&fresh, "%s", head);
  for (size_t i = 0; i < all.n; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    loom_status st = read_kernel(&ctx, arena_printf(&data.mem, IMPORTS "%s", all.at[i].code));
    const char *got = as_expected(&data.mem, &ctx, st, &all.at[i]);
    text_addf(&fresh, "### %s\n%s%s", all.at[i].rule, got, all.at[i].code);
    if (!getenv("LOOM_UPDATE_DOCS") && strcmp(got, all.at[i].expected) != 0) {
      print_message("%s\n%s-- got --\n%s-- expected --\n%s\n", all.at[i].rule, all.at[i].code, got, all.at[i].expected);
      wrong++;
    }
    if (st == LOOM_OK && !all.at[i].reason[0]) {
      print_message("%s: compiles, and no reason is given\n%s\n", all.at[i].rule, all.at[i].code);
      wrong++;
    }
    wrong += (st == LOOM_OK) != (ctx.diag.errors == 0);
    wrong += said_count_bad(all.at[i].rule, &ctx);
    loom_ctx_done(&ctx);
  }
  if (getenv("LOOM_UPDATE_DOCS"))
    assert_int_equal(file_write(&data, path, text_str(&fresh), strlen(text_str(&fresh))), LOOM_OK);
  loom_ctx_done(&data);
  return !wrong;
}

static void test_what_helion_refuses_is_refused_or_has_a_reason(void **state) {
  (void)state;
  assert_true(check_file(DATA "rules.txt"));
}

static void test_all_mistakes_come_at_once_and_nothing_follows_from_them(void **state) {
  (void)state;
  assert_true(check_file(DATA "several.txt"));
}

/* ---- every rule has a kernel ---- */
/* Helion's errors (helion.md 3.1) that a source alone can cause. */
static const char *const rules[] = {
    "NamingConflict", "ClosuresNotSupported", "ClosureMutation", "GlobalMutation", "LoopFunctionNotInFor", "NestedDeviceLoopsConflict", "DeviceLoopElseBlock", "LoopDependencyError",
    "TopLevelStatementBetweenLoops", "BarrierOnlyAllowedAtTopLevel", "BarrierRequiresPersistent", "NestedGridLoop", "RankMismatch", "InvalidIndexingType", "DotBatchDimensionMismatch",
    "IndexOffsetOutOfRangeForInt32", "InputTensorNumelExceedsIndexType", "DataDependentOutputShapeNotSupported", "UnsupportedSplitOperation", "RequiresTensorInAssignment",
    "NotAllowedOnDevice", "HostTensorDirectUsage", "ShapeSpecializingCall", "ShapeSpecializingAllocation", "SpecializeOnDevice", "SpecializeArgType", "StackTensorcOnHost",
    "StackTensorDevPtrOnHost", "StackTensorDevPtrDtype", "StackTensorExampleOnDevice", "FailedToUnpackTupleAssign", "RegisterTunableArgTypes", "TunableTypeNotSupported",
    "TunableNameConflict", "ConfigSpecFragmentWithSymInt", "FailedToUnpackTile", "OverpackedTile", "InvalidTileRange", "AssignmentMultipleTargets", "InvalidAssignment",
    "NonTensorSubscriptAssign", "ShapeMismatch", "DeviceAPIOnHost", "StatementNotSupported", "CantReadOnDevice", "BreakpointInDeviceLoopRequiresInterpret", "UndefinedVariable",
    "InvalidDeviceForLoop", "StarredArgsNotSupportedOnDevice", "IncorrectTileUsage", "InvalidJaggedTileUsage", "TileOfTile", "TracedArgNotSupported", "ReductionOnNonTile",
    "InvalidReductionDim", "MultipleReductionDims", "ReductionDimInvalidForShape", "CantCombineTypesInControlFlow", "NoTensorArgs", "InvalidConfig",
    "DecoratorAfterHelionKernelDecorator", "TorchOpTracingError", "UnsupportedPythonType", "TypeInferenceError", "ControlFlowTensorMismatch", "NotAllowedInHelperFunction",
    "CannotModifyHostVariableOnDevice", "AtomicOnDeviceTensor", "CannotReadDeviceVariableOnHost", "DeviceTensorSubscriptAssignmentNotAllowed", "InvalidSequenceSubscription",
    "InvalidAPIUsage", "NoDeviceLoopsInKernel", "NestedKernelCallsNotSupported", "EmptyDeviceLoopAfterDCE", "NotInsideKernel", "AutodiffNotSupported", "GraphModuleUnsupportedOps",
    "TensorOperationInWrapper", "TiledKMatmulAccumulationWarning", "WrongDevice"};
/* Those that no source causes:
 * found while the kernel runs: DuplicateStoreIndicesError; TritonError, TritonUnrecoverableRuntimeError
 * of tuning and its caches: AutotuneError, CacheAssertionError, NotEnoughConfigs, NoConfigFound, NoAOTHeuristicWarning, AutotuningDisallowedInEnvironment, InconsistantConfigsAcrossRanks
 * of one of Helion's backends or its environment: BackendImplementationMissing, BackendUnsupported, IncompatibleInterpretModes, MissingEnableTile, CuteBackendUnavailable,
 *   RefEagerModeCodePrintError, BlockSizeIgnoredInInterpretMode, ProcessGroupNameNotFound
 * of calling helion.backward from Python: AutodiffKernelNotCalled
 * bases and summaries of others: BaseError, ErrorCompilingKernel, InternalError, InductorLoweringError, TensorOperationsInHostCall */

/* A cell of a table: | is its border. */
static const char *cell(arena *m, const char *content) {
  text t = text_new(m);
  for (; *content; content++)
    text_addf(&t, *content == '|' ? "\\%c" : "%c", *content);
  return text_str(&t);
}

/* The table of docs/helion.md: of each rule its first kernel. */
static const char *refusal_table(arena *m, const section_list *all) {
  text t = text_new(m);
  text_addf(&t, "| Helion's rule | what Loom says | what to do |\n|---|---|---|\n");
  for (size_t i = 0; i < COUNT_OF(rules); i++) {
    const section *s = NULL;
    for (size_t j = 0; j < all->n && !s; j++)
      if (strcmp(all->at[j].rule, rules[i]) == 0)
        s = &all->at[j];
    if (!s)
      fail_msg("no kernel breaks the rule %s", rules[i]);
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    if (read_kernel(&ctx, arena_printf(m, IMPORTS "%s", s->code)) == LOOM_OK)
      text_addf(&t, "| %s | compiles | %s |\n", rules[i], cell(m, s->reason));
    else
      text_addf(&t, "| %s | %s | %s |\n", rules[i], cell(m, ctx.diag.first->text), cell(m, ctx.diag.first->help));
    loom_ctx_done(&ctx);
  }
  return text_str(&t);
}

static void test_every_rule_of_helion_has_a_kernel_and_a_line_in_the_document(void **state) {
  (void)state;
  loom_ctx ctx;
  char *doc, *content;
  size_t size;
  const char *path = LOOM_SOURCE_DIR "/docs/helion.md", *head;
  loom_ctx_init(&ctx);
  assert_int_equal(file_read(&ctx, DATA "rules.txt", (size_t)1 << 22, &content, &size), LOOM_OK);
  assert_int_equal(file_read(&ctx, path, (size_t)1 << 22, &doc, &size), LOOM_OK);
  section_list all = read_sections(&ctx.mem, content, &head);
  for (size_t i = 0; i < all.n; i++) {
    bool is_rule = false;
    for (size_t j = 0; j < COUNT_OF(rules); j++)
      is_rule = is_rule || strcmp(rules[j], all.at[i].rule) == 0;
    if (!is_rule)
      fail_msg("%s is no rule of Helion", all.at[i].rule);
  }
  const char *table = refusal_table(&ctx.mem, &all), *begin = strstr(doc, BEGIN), *end = strstr(doc, END);
  assert_true(begin && end && begin < end);
  begin += strlen(BEGIN);
  if (getenv("LOOM_UPDATE_DOCS")) {
    const char *fresh = arena_printf(&ctx.mem, "%.*s%s%s", (int)(begin - doc), doc, table, end);
    assert_int_equal(file_write(&ctx, path, fresh, strlen(fresh)), LOOM_OK);
  } else if ((size_t)(end - begin) != strlen(table) || strncmp(begin, table, strlen(table)) != 0) {
    fail_msg("docs/helion.md is older than the refusals; run LOOM_UPDATE_DOCS=1 build/unit/helion_errors_test");
  }
  loom_ctx_done(&ctx);
}

/* ---- hostile files ---- */
/* As many defaults as there are arguments, and one name. */
static void test_an_argument_that_is_there_often(void **state) {
  (void)state;
  enum { OFTEN = 3000 };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text code = text_new(&ctx.mem);
  text_addf(&code, IMPORTS "@helion.kernel()\ndef f(x: torch.Tensor");
  for (int i = 0; i < OFTEN; i++)
    text_addf(&code, ", q=%d", i);
  text_addf(&code, "):\n  return x\n");
  assert_int_equal(read_kernel(&ctx, text_str(&code)), LOOM_EINPUT);
  assert_string_equal(ctx.diag.first->text, "the argument \"q\" is there twice");
  loom_ctx_done(&ctx);
}

/* Every file of tests/hostile, whatever it is: what is said has advice and none of our words.  (Their first errors are in expected.tsv.) */
static void test_errors_of_hostile_files_say_what_to_do(void **state) {
  (void)state;
  static const helion_shape shapes[] = {{"x.0", 8}, {"x.1", 16}};
  loom_ctx list;
  char *rows;
  size_t size;
  int bad = 0, n = 0, refused = 0;
  loom_ctx_init(&list);
  assert_int_equal(file_read(&list, LOOM_SOURCE_DIR "/tests/hostile/expected.tsv", (size_t)1 << 22, &rows, &size), LOOM_OK);
  for (const char *at = rows; *at; at = line_end(at), n++) {
    loom_ctx ctx;
    syn_node *tree;
    kernel_graph *k;
    char *code;
    loom_ctx_init(&ctx);
    const char *name = arena_strndup(&list.mem, at, strcspn(at, "\t")), *path = arena_printf(&list.mem, "%s/tests/hostile/python/%s.py", LOOM_SOURCE_DIR, name);
    assert_int_equal(file_read(&ctx, path, (size_t)1 << 22, &code, &size), LOOM_OK);
    loom_status st = python_parse(&ctx, name, code, size, &tree);
    if (st == LOOM_OK)
      st = helion_read(&ctx, tree, &(helion_options){.shapes = shapes, .n_shapes = COUNT_OF(shapes)}, &k);
    refused += st != LOOM_OK;
    bad += (st == LOOM_OK) != (ctx.diag.errors == 0);
    bad += said_count_bad(name, &ctx);
    loom_ctx_done(&ctx);
  }
  loom_ctx_done(&list);
  print_message("%d files, %d refused\n", n, refused);
  assert_true(n > 300 && refused > 200);
  assert_int_equal(bad, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_helion_refuses_is_refused_or_has_a_reason),
                                     cmocka_unit_test(test_all_mistakes_come_at_once_and_nothing_follows_from_them),
                                     cmocka_unit_test(test_an_argument_that_is_there_often),
                                     cmocka_unit_test(test_every_rule_of_helion_has_a_kernel_and_a_line_in_the_document),
                                     cmocka_unit_test(test_errors_of_hostile_files_say_what_to_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
