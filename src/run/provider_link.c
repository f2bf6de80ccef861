#include "run/provider_link_private.h"
#include "base/alloc.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>

provider_link *provider_link_new(arena *m) {
  provider_link *l = ARENA_NEW(m, provider_link);
  pthread_mutex_init(&l->lock, NULL);
  pthread_mutex_init(&l->in_turn, NULL);
  return l;
}

/* ---- workspaces: kept from call to call ---- */
static void *bytes_of(link_workspace *w) {
  uintptr_t at = (uintptr_t)(w + 1);
  return (void *)((at + LINK_ALIGN - 1) & ~(uintptr_t)(LINK_ALIGN - 1));
}

static link_workspace *take_workspace(provider_link *l, size_t bytes) {
  link_workspace *w = NULL;
  pthread_mutex_lock(&l->lock);
  for (link_workspace **at = &l->free; *at; at = &(*at)->next)
    if ((*at)->room >= bytes) {
      w = *at;
      *at = w->next;
      break;
    }
  pthread_mutex_unlock(&l->lock);
  if (!w && bytes < SIZE_MAX / 2 && (w = alloc_bytes(sizeof *w + LINK_ALIGN + bytes)))
    w->room = bytes;
  return w;
}

static void give_workspace(provider_link *l, link_workspace *w) {
  if (!w)
    return;
  pthread_mutex_lock(&l->lock);
  w->next = l->free;
  l->free = w;
  pthread_mutex_unlock(&l->lock);
}

void provider_link_close(provider_link *l) {
  for (link_workspace *w = l->free, *next; w; w = next) {
    next = w->next;
    alloc_free(w);
  }
  l->free = NULL;
}

/* ---- one call ---- */
static uint32_t alignment_of(uintptr_t at) { return at ? (uint32_t)(at & -at & 0xfff ? at & -at & 0xfff : 4096) : 1; }

void link_describe(const provider_link *l, const link_entry *e, const int64_t *words, int64_t dense[LINK_TENSORS][PROVIDER_RANK_MAX], link_offer *o) {
  for (int i = 0; i < LINK_TENSORS; i++) {
    const int64_t *sizes = words ? words + (size_t)i * (size_t)(2 + 2 * e->rank) + 2 : e->sizes[i];
    int64_t step = 1;
    for (int d = e->rank - 1; d >= 0; d--) {
      dense[i][d] = step;
      step *= sizes[d];
    }
    void *at = words ? (void *)(uintptr_t)words[i * (2 + 2 * e->rank)] : NULL;
    o->tensor[i] = (loom_kernel_tensor_v1){.size = sizeof o->tensor[i], .version = LOOM_KERNEL_ABI, .allocated = at, .aligned = at, .offset = words ? words[i * (2 + 2 * e->rank) + 1] : 0,
                                           .rank = e->rank, .dtype = e->types[i], .sizes = sizes, .strides = words ? sizes + e->rank : dense[i],
                                           .flags = i < 2 ? LOOM_KERNEL_READ : e->mode == LOOM_KERNEL_OVERWRITE ? LOOM_KERNEL_WRITE | LOOM_KERNEL_RESTRICT : LOOM_KERNEL_READ | LOOM_KERNEL_WRITE | LOOM_KERNEL_RESTRICT,
                                           .align = alignment_of((uintptr_t)at)};
    o->tensors[i] = &o->tensor[i];
  }
  o->call = (loom_kernel_call_v1){.size = sizeof o->call, .version = LOOM_KERNEL_ABI, .key = e->key, .mode = e->mode, .n_tensors = LINK_TENSORS, .tensors = o->tensors, .host = &l->set->host};
}

static void write_shapes(const link_offer *o, char *out, size_t room) {
  size_t n = 0;
  for (int i = 0; i < LINK_TENSORS; i++)
    for (int32_t d = 0; d < o->tensor[i].rank && n < room; d++)
      n += (size_t)snprintf(out + n, room - n, "%s%" PRId64, d ? "x" : i == 0 ? "" : i == 1 ? " by " : " into ", o->tensor[i].sizes[d]);
}

static void fail_with(provider_link *l, const link_entry *e, const char *by, loom_kernel_status status, const char *why, const link_offer *o) {
  pthread_mutex_lock(&l->lock);
  if (!l->failed.happened) {
    l->failed = (link_failure){.happened = true, .of = e, .provider = by, .status = status};
    snprintf(l->failed.why, sizeof l->failed.why, "%s", why);
    if (o)
      write_shapes(o, l->failed.shapes, sizeof l->failed.shapes);
  }
  pthread_mutex_unlock(&l->lock);
}

static void note(provider_link *l, link_entry *e, const char *why) {
  pthread_mutex_lock(&l->lock);
  snprintf(e->note, sizeof e->note, "%s", why);
  pthread_mutex_unlock(&l->lock);
}

static bool has_failed(provider_link *l) {
  pthread_mutex_lock(&l->lock);
  bool failed = l->failed.happened;
  pthread_mutex_unlock(&l->lock);
  return failed;
}

/* Copies C to or from `dense`. */
static void copy_result(const link_offer *o, const provider_product *p, char *dense, bool save) {
  const loom_kernel_tensor_v1 *c = &o->tensor[2];
  size_t bytes = provider_dtype_bytes(c->dtype);
  for (int64_t i = 0; i < p->batches; i++)
    for (int64_t r = 0; r < p->m; r++)
      for (int64_t s = 0; s < p->n; s++, dense += bytes) {
        char *at = (char *)c->aligned + (provider_matrix_offset(c, p, i) + r * c->strides[c->rank - 2] + s * c->strides[c->rank - 1]) * (int64_t)bytes;
        memcpy(save ? dense : at, save ? at : dense, bytes);
      }
}

static loom_kernel_status call_in_turn(provider_link *l, const provider_target *t, link_offer *o, char *why) {
  bool alone = !(t->provider->features & LOOM_KERNEL_REENTRANT) && t->provider->style == PROVIDER_LOOM;
  if (alone)
    pthread_mutex_lock(&l->in_turn);
  loom_kernel_status st = provider_call(t, &o->call, why);
  if (alone)
    pthread_mutex_unlock(&l->in_turn);
  return st;
}

static void count(provider_link *l, link_entry *e, const provider *by, int64_t ns, double flops) {
  pthread_mutex_lock(&l->lock);
  e->by = by;
  e->calls++;
  e->ns += ns;
  e->flops += flops;
  pthread_mutex_unlock(&l->lock);
}

/* The failure of a provider: with --on-kernel-error=fallback the generated code does it (1). */
static int32_t judge(provider_link *l, link_entry *e, const char *by, loom_kernel_status st, const char *why, const link_offer *o) {
  if (!l->set->o->fallback || e->is_required) {
    fail_with(l, e, by, st, why, o);
    return 0;
  }
  char said[PROVIDER_WHY_BYTES];
  snprintf(said, sizeof said, "%s failed: %s%s%.100s", by, provider_status_name(st), why[0] ? ": " : "", why);
  note(l, e, said);
  return 1;
}

int32_t loom_kernel_offer(provider_link *l, int64_t site, const int64_t *args) {
  link_entry *e = &l->entries.at[site];
  link_offer o;
  int64_t dense[LINK_TENSORS][PROVIDER_RANK_MAX];
  provider_target t;
  provider_product p;
  char why[PROVIDER_WHY_BYTES];
  if (has_failed(l))
    return 0;
  link_describe(l, e, args, dense, &o);
  if (!provider_choose(l->set, &o.call, &t, why)) {
    note(l, e, why);
    if (e->is_required)
      fail_with(l, e, NULL, LOOM_KERNEL_UNIMPLEMENTED, why, &o);
    return e->is_required ? 0 : 1;
  }
  o.call.workspace_bytes = provider_workspace(&t, &o.call);
  (void)provider_read_product(&o.call, &p, NULL);      /* it is one: who was chosen supports it */
  const bool keeps = l->set->o->fallback && e->mode == LOOM_KERNEL_ACCUMULATE;
  size_t kept_bytes = keeps ? (size_t)(p.batches * p.m * p.n) * provider_dtype_bytes(e->types[2]) : 0;
  link_workspace *w = o.call.workspace_bytes ? take_workspace(l, o.call.workspace_bytes) : NULL, *kept = kept_bytes ? take_workspace(l, kept_bytes) : NULL;
  if ((o.call.workspace_bytes && !w) || (kept_bytes && !kept)) {
    give_workspace(l, w);
    give_workspace(l, kept);
    return judge(l, e, t.provider->name, LOOM_KERNEL_RESOURCE_EXHAUSTED, "no memory for its workspace", &o);
  }
  o.call.workspace = w ? bytes_of(w) : NULL;
  if (kept)
    copy_result(&o, &p, bytes_of(kept), true);
  int64_t started = clock_ns();
  loom_kernel_status st = call_in_turn(l, &t, &o, why);
  if (st == LOOM_KERNEL_OK)
    count(l, e, t.provider, clock_ns() - started, 2.0 * (double)p.batches * (double)p.m * (double)p.n * (double)p.k);
  else if (kept)
    copy_result(&o, &p, bytes_of(kept), false);
  give_workspace(l, w);
  give_workspace(l, kept);
  return st == LOOM_KERNEL_OK ? 0 : judge(l, e, t.provider->name, st, why, &o);
}

/* ---- imports ---- */
int32_t loom_kernel_kind(provider_link *l, int64_t import) {
  const provider_function *f = &l->entries.at[import].function;
  if (f->address && !f->is_packed)
    count(l, &l->entries.at[import], l->entries.at[import].by, 0, 0);
  return !f->address ? 0 : f->is_packed ? 2 : 1;
}

void *loom_kernel_function(provider_link *l, int64_t import) { return l->entries.at[import].function.address; }

int32_t loom_kernel_packed(provider_link *l, int64_t import, void *params) {
  link_entry *e = &l->entries.at[import];
  iree_import_fn *fn;
  if (has_failed(l))
    return 0;
  memcpy(&fn, &e->function.address, sizeof fn);
  int64_t started = clock_ns();
  int st = fn(params, e->function.context, NULL);
  count(l, e, e->by, clock_ns() - started, 0);
  return st ? judge(l, e, e->by->name, st > 0 && st <= LOOM_KERNEL_UNAUTHENTICATED ? st : LOOM_KERNEL_UNKNOWN, "", NULL) : 0;
}
