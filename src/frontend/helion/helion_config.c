/* config=helion.Config(block_sizes=[..], split_k=8) of the kernel's decorator, and hl.register_tunable. */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_carry.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_rules.h"

static const syn_node *keyword(const syn_node *call, const char *name) {
  size_t n;
  syn_node **keywords = syn_list(call, "keywords", &n);
  for (size_t i = 0; i < n; i++)
    if (text_eq(syn_ident(keywords[i], "arg"), name))
      return syn_child(keywords[i], "value");
  return NULL;
}

/* The helion.Config(...) call behind names and the first of configs=[..]; NULL: none. */
static const syn_node *config_call(helion_reader *r, const syn_node *v, int depth) {
  const char *path;
  size_t n;
  if (!v || depth > 8)
    return NULL;
  if (v->kind == SYN_Name) {
    const syn_node *s = helion_module_binding(r, syn_ident(v, "id"), &path);
    return config_call(r, helion_assigned_value(s, syn_ident(v, "id")), depth + 1);
  }
  if (v->kind == SYN_List || v->kind == SYN_Tuple) {
    syn_node **items = syn_list(v, "elts", &n);
    return n ? config_call(r, items[0], depth + 1) : NULL;
  }
  const char *callee = v->kind == SYN_Call ? helion_path_of(r, syn_child(v, "func")) : NULL;
  return callee && text_ends(callee, "Config") ? v : NULL;
}

/* The calls that make the kernel: helion.kernel(..)(fn) and the decorator. */
static void find_makers(const helion_kernel *k, const syn_node *makers[2]) {
  size_t n;
  syn_node **decorators = syn_list(k->fn, "decorator_list", &n);
  makers[0] = k->maker;
  makers[1] = NULL;
  for (size_t i = 0; i < n && !makers[1]; i++)
    if (decorators[i]->kind == SYN_Call)
      makers[1] = decorators[i];
}

void helion_find_config(helion_reader *r, const helion_kernel *k) {
  const syn_node *makers[2];
  find_makers(k, makers);
  for (int i = 0; i < 2 && !r->config; i++)
    for (const syn_node *m = makers[i]; m && m->kind == SYN_Call && !r->config; m = syn_child(m, "func")) {
      r->config = config_call(r, keyword(m, "config"), 0);
      if (!r->config)
        r->config = config_call(r, keyword(m, "configs"), 0);
    }
}

bool helion_has_dynamic_shapes(helion_reader *r, const helion_kernel *k) {
  const syn_node *makers[2];
  find_makers(k, makers);
  for (int i = 0; i < 2; i++)
    for (const syn_node *m = makers[i]; m && m->kind == SYN_Call; m = syn_child(m, "func")) {
      const syn_node *v = keyword(m, "static_shapes");
      helion_scope *scope = r->scope;
      bool is_static;
      if (!v)
        continue;
      helion_push_scope(r, NULL);
      helion_value said = helion_eval(r, v);
      r->scope = scope;
      return helion_truth(r, &said, &is_static) && !is_static;
    }
  return false;
}

/* Settings of helion.kernel that Loom looks at; all others are for tuning and other machines. */
static const char *const settings[] = {"config", "configs", "static_shapes", "index_dtype", "dot_precision"};

static void check_settings(helion_reader *r, const syn_node *call) {
  size_t n, n_settings = sizeof settings / sizeof *settings;
  syn_node **keywords = syn_list(call, "keywords", &n);
  for (size_t i = 0; i < n; i++) {
    const char *name = syn_ident(keywords[i], "arg"), *near = name ? diag_nearest(name, settings, n_settings) : NULL;
    const syn_node *v = syn_child(keywords[i], "value");
    if (near && !text_eq(name, near))
      helion_fail(r, keywords[i], LOOM_EINPUT, arena_printf(r->mem, "did you mean \"%s\"?", near), "helion.kernel has no setting \"%s\"", name);
    if (text_eq(name, "config") && v->kind == SYN_Constant && v->const_kind != SYN_CONST_NONE)
      helion_fail(r, v, LOOM_EINPUT, "config=helion.Config(block_sizes=[64, 32])", "the config of the kernel is no helion.Config");
  }
}

void helion_check_makers(helion_reader *r, const helion_kernel *k) {
  const syn_node *makers[2];
  size_t n;
  syn_node **decorators = syn_list(k->fn, "decorator_list", &n);
  find_makers(k, makers);
  for (int i = 0; i < 2; i++)
    for (const syn_node *m = makers[i]; m && m->kind == SYN_Call; m = syn_child(m, "func"))
      check_settings(r, m);
  bool is_below = false;
  for (size_t i = 0; i < n; i++) {
    if (helion_makes_kernel(r, decorators[i]))
      is_below = true;
    else if (is_below)
      helion_fail(r, decorators[i], LOOM_EINPUT, "put it above @helion.kernel, or call the function in the kernel", "a decorator between @helion.kernel and its function");
  }
}

static bool config_value(helion_reader *r, const char *name, helion_value *out) {
  const syn_node *v = r->config && !r->in_config ? keyword(r->config, name) : NULL;   /* a config that asks for itself has no value */
  helion_scope *scope = r->scope;
  if (!v)
    return false;
  helion_push_scope(r, NULL);
  r->in_config = true;
  *out = helion_eval(r, v);
  r->in_config = false;
  r->scope = scope;
  return out->kind != HELION_UNKNOWN && out->kind != HELION_NONE;
}

static void warn_count(helion_reader *r, const syn_node *place, size_t sizes, size_t blocks) {
  diag_warn(r->ctx, place->span, "the config has %zu block size%s, the kernel %zu block%s that are free", sizes, sizes == 1 ? "" : "s", blocks, blocks == 1 ? "" : "s");
  diag_help(r->ctx, "%s", sizes < blocks ? "the others are chosen; give one for each tiled range" : "the last ones are not used; give one for each tiled range");
}

/* block_sizes are those of the tunable blocks in the order of the loops. */
void helion_apply_config(helion_reader *r) {
  helion_value sizes;
  size_t at = 0, blocks = 0;
  int64_t n;
  if (!config_value(r, "block_sizes", &sizes))
    return;
  const syn_node *place = keyword(r->config, "block_sizes");
  if (sizes.kind != HELION_SEQ) {
    helion_fail(r, place, LOOM_EINPUT, "block_sizes=[64, 32]", "%s as block sizes", helion_describe(r, &sizes));
    return;
  }
  for (size_t i = 0; i < sizes.seq.n; i++)
    if (!helion_known_int(r, &sizes.seq.at[i], &n) || n < 1)
      helion_fail(r, place, LOOM_EINPUT, "block sizes are positive ints", "%s as a block size", helion_describe(r, &sizes.seq.at[i]));
  for (size_t i = 0; i < r->symbols.n; i++)
    blocks += r->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->symbols.at[i].value < 0 && r->symbols.at[i].loop_order >= 0;
  if (sizes.seq.n != blocks && r->worst == LOOM_OK)
    warn_count(r, place, sizes.seq.n, blocks);
  for (int order = 0; order < r->loops; order++)
    for (size_t i = 0; i < r->symbols.n; i++) {
      helion_symbol *s = &r->symbols.at[i];
      if (s->kind == KERNEL_SYM_BLOCK && s->loop_order == order && s->value < 0 && at < sizes.seq.n && helion_known_int(r, &sizes.seq.at[at++], &n) && n > 0)
        s->preferred = n;
    }
}

/* ---- tunables ---- */
/* PowerOfTwoFragment(low, high, default), IntegerFragment: the default, else low. */
helion_value helion_do_fragment(helion_reader *r, const helion_call *c) {
  (void)r;
  if (c->given[2] && c->arg[2].kind != HELION_NONE)
    return c->arg[2];
  return c->arg[0];
}

/* EnumFragment(choices): the first. */
helion_value helion_do_enum_fragment(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind == HELION_SEQ && c->arg[0].seq.n)
    return c->arg[0].seq.at[0];
  return helion_fail(r, c->node, LOOM_EINPUT, "EnumFragment(choices=(1, 2))", "%s as choices", helion_describe(r, &c->arg[0]));
}

/* Keys of helion.Config that mean something of their own. */
static const char *const config_keys[] = {"block_sizes", "reduction_loops", "loop_orders", "flatten_loops", "l2_groupings", "indexing", "num_warps",
                                          "num_stages", "num_threads", "pid_type", "static_ranges", "range_unroll_factors", "range_num_stages"};

/* The name is no key of the config and of no other tunable, and the second argument describes choices. */
static bool is_free_name(helion_reader *r, const helion_call *c) {
  const char *name = c->arg[0].string;
  if (helion_arg_node(c, 1)->kind == SYN_Constant)
    return helion_fail(r, helion_arg_node(c, 1), LOOM_EINPUT, "hl.register_tunable(name, PowerOfTwoFragment(1, 8))", "the choices of the tunable \"%s\" are %s", name,
                       helion_describe(r, &c->arg[1])),
           false;
  for (size_t i = 0; i < sizeof config_keys / sizeof *config_keys; i++)
    if (text_eq(config_keys[i], name) || text_eq(config_keys[i], arena_printf(r->mem, "%ss", name)))
      return helion_fail(r, c->node, LOOM_EINPUT, "choose another name", "the tunable \"%s\" is called as a key of helion.Config", name), false;
  for (size_t i = 0; i < r->tunables.n; i++)
    if (text_eq(r->tunables.at[i].name, name) && !helion_is_same(r, &r->tunables.at[i].value, &c->arg[1]))
      return helion_fail(r, c->node, LOOM_EINPUT, "choose another name", "there is a tunable \"%s\" already, with other choices", name), false;
  return true;
}

/* A number that tuning chooses: --arg NAME=VALUE, else the config's, else the fragment's default. */
helion_value helion_do_tunable(helion_reader *r, const helion_call *c) {
  helion_value v;
  if (c->arg[0].kind != HELION_STR)
    return helion_fail(r, c->node, LOOM_EINPUT, "the first argument is the name", "a tunable called %s", helion_describe(r, &c->arg[0]));
  if (!is_free_name(r, c))
    return helion_unknown();
  vec_push(r->mem, &r->tunables, ((helion_tunable){c->arg[0].string, c->arg[1]}));
  for (size_t i = 0; i < r->options->n_given; i++) {
    const helion_given *g = &r->options->given[i];
    if (!text_eq(g->name, c->arg[0].string))
      continue;
    switch (g->kind) {
    case HELION_GIVEN_INT: return helion_int(r, g->integer);
    case HELION_GIVEN_FLOAT: return helion_float(g->real);
    case HELION_GIVEN_BOOL: return helion_bool(g->flag);
    case HELION_GIVEN_STR: return helion_string(g->string);
    default: break;
    }
  }
  return config_value(r, c->arg[0].string, &v) ? v : c->arg[1];
}

/* How many cores persistent kernels spread over: any number is right. */
helion_value helion_do_core_count(helion_reader *r, const helion_call *c) {
  (void)c;
  for (size_t i = 0; i < r->options->n_given; i++)
    if (text_eq(r->options->given[i].name, "num_sm") && r->options->given[i].kind == HELION_GIVEN_INT)
      return helion_int(r, r->options->given[i].integer);
  return helion_int(r, 4);
}
