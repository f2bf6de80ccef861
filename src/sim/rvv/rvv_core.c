/* A core: its registers and memory, faults, and calls. */
#include "sim/rvv/rvv_private.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>

const char *rvv_fault_name(rvv_fault_kind k) {
  static const char *const names[] = {"fine",
#define X(name, printed, text) printed,
                                      RVV_FAULT_LIST(X)
#undef X
  };
  return names[k];
}

static const char *const fault_texts[] = {"",
#define X(name, printed, text) text,
                                          RVV_FAULT_LIST(X)
#undef X
};

static const rvv_function *function_of(const rvv_image *m, uint64_t address) {
  const rvv_function *found = NULL;
  for (size_t i = 0; i < m->functions.n && m->functions.at[i].address <= address; i++)
    found = &m->functions.at[i];
  return found;
}

bool rvv_fail(rvv_core *c, rvv_fault_kind kind, const char *fmt, ...) {
  if (c->fault.kind != RVV_FINE)
    return false;
  rvv_fault *f = &c->fault;
  const rvv_function *in = function_of(c->image, c->pc);
  char name[32] = "no instruction", what[160];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  *f = (rvv_fault){.kind = kind, .function = in ? in->name : NULL, .offset = in ? c->pc - in->address : 0, .address = c->pc, .word = c->op ? c->op->word : 0};
  if (c->op)
    rvv_op_name(c->op, name);
  if (in)
    snprintf(f->text, sizeof f->text, "%s: %s; %s (0x%08x) at %.60s+0x%" PRIx64, fault_texts[kind], what, name, f->word, in->name, f->offset);
  else
    snprintf(f->text, sizeof f->text, "%s: %s; %s (0x%08x) at 0x%" PRIx64, fault_texts[kind], what, name, f->word, c->pc);
  return false;
}

/* ---- memory ---- */

static bool lies_in(uint64_t address, uint64_t size, uint64_t from, uint64_t bytes) { return address >= from && address - from <= bytes && bytes - (address - from) >= size; }

static bool find_image(rvv_core *c, uint64_t at, uint64_t size, rvv_memory *out) {
  const rvv_image *m = c->image;
  if (lies_in(at, size, m->data_at, m->data_end - m->data_at))
    *out = (rvv_memory){.bytes = c->data, .at = at - m->data_at, .may_write = true};
  else if (lies_in(at, size, 0, m->size))
    *out = (rvv_memory){.bytes = m->bytes, .at = at};
  else
    return false;
  return true;
}

bool rvv_find_memory(rvv_core *c, uint64_t address, uint64_t size, bool is_write, rvv_memory *out) {
  *out = (rvv_memory){0};
  for (int i = 0; i < c->job->n_windows; i++) {
    const rvv_window *w = &c->job->windows[i];
    if (lies_in(address, size, w->address, w->lane_bytes)) {
      *out = (rvv_memory){.words = w->words, .at = address - w->address, .may_write = !w->is_read_only};
      return !is_write || out->may_write ? true : rvv_fail(c, RVV_READ_ONLY, "a tile that is read only, at 0x%" PRIx64, address);
    }
  }
  if (lies_in(address, size, RVV_STACK_ADDRESS, (uint64_t)c->image->config.stack_bytes)) {
    *out = (rvv_memory){.words = c->stack, .at = address - RVV_STACK_ADDRESS, .may_write = true};
    return true;
  }
  if (address >= RVV_IMAGE_ADDRESS && find_image(c, address - RVV_IMAGE_ADDRESS, size, out))
    return !is_write || out->may_write ? true : rvv_fail(c, RVV_READ_ONLY, "%" PRIu64 " bytes at 0x%" PRIx64, size, address);
  if (address < RVV_STACK_ADDRESS && RVV_STACK_ADDRESS - address <= RVV_STACK_BYTES_MAX)
    return rvv_fail(c, RVV_STACK, "%" PRIu64 " bytes below the stack of %d", RVV_STACK_ADDRESS - address, c->image->config.stack_bytes);
  for (int i = 0; i < c->job->n_tensors; i++)
    if (lies_in(address, 1, c->job->tensors[i].address, c->job->tensors[i].bytes))
      return rvv_fail(c, RVV_NO_MEMORY, "0x%" PRIx64 " is in a tensor, which only transfers reach", address);
  return rvv_fail(c, RVV_NO_MEMORY, "%" PRIu64 " bytes at 0x%" PRIx64, size, address);
}

static bool check_alignment(rvv_core *c, uint64_t address, int bytes) {
  return address % (uint64_t)bytes == 0 ? true : rvv_fail(c, RVV_MISALIGNED, "%d bytes at 0x%" PRIx64, bytes, address);
}

bool rvv_load_scalar(rvv_core *c, uint64_t address, int bytes, uint64_t *out) {
  rvv_memory m;
  if (!check_alignment(c, address, bytes) || !rvv_find_memory(c, address, (uint64_t)bytes, false, &m))
    return false;
  *out = 0;
  if (m.bytes) {
    memcpy(out, m.bytes + m.at, (size_t)bytes);
    return true;
  }
  rvv_row_get(c, m.words, m.at, bytes, c->row[0]);
  return rvv_row_agrees(c, c->row[0], bytes, out);
}

bool rvv_store_scalar(rvv_core *c, uint64_t address, int bytes, uint64_t value) {
  rvv_memory m;
  if (!check_alignment(c, address, bytes) || !rvv_find_memory(c, address, (uint64_t)bytes, true, &m))
    return false;
  if (m.bytes) {
    memcpy(m.bytes + m.at, &value, (size_t)bytes);
    return true;
  }
  rvv_row_splat(c, value, bytes, c->row[0]);
  rvv_row_put(c, m.words, m.at, bytes, c->row[0]);
  return true;
}

/* ---- calls ---- */

rvv_core *rvv_core_new(arena *mem, const rvv_image *image) {
  rvv_core *c = ARENA_NEW(mem, rvv_core);
  c->image = image;
  c->lanes = image->config.lanes;
  c->vlen_bits = image->config.vlen_bits;
  c->v = ARENA_NEW_N(mem, uint32_t, (size_t)32 * (size_t)(c->vlen_bits / 32) * (size_t)c->lanes);
  c->stack = ARENA_NEW_N(mem, uint32_t, (size_t)(image->config.stack_bytes / 4) * (size_t)c->lanes);
  c->data = arena_alloc(mem, image->data_end - image->data_at);
  memcpy(c->data, image->bytes + image->data_at, image->data_end - image->data_at);
  for (int i = 0; i < RVV_SCRATCH_ROWS; i++)
    c->row[i] = ARENA_NEW_N(mem, uint64_t, c->lanes);
  c->mask = ARENA_NEW_N(mem, uint8_t, c->lanes);
  return c;
}

int64_t rvv_result(const rvv_core *core) { return (int64_t)core->x[10]; }

/* The first eight in registers, the others on the stack (the C calling convention). */
static bool pass_arguments(rvv_core *c, const rvv_job *job) {
  int on_stack = job->n_args > 8 ? job->n_args - 8 : 0;
  uint64_t sp = RVV_STACK_ADDRESS + (uint64_t)c->image->config.stack_bytes - (uint64_t)((on_stack + 1) / 2 * 16);
  if (job->n_args > RVV_ARGS_MAX || on_stack * 8 + 16 > c->image->config.stack_bytes)
    return rvv_fail(c, RVV_NO_MEMORY, "%d arguments", job->n_args);
  c->x[1] = RVV_RETURN_ADDRESS;
  c->x[2] = sp;
  for (int i = 0; i < job->n_args; i++) {
    if (i < 8)
      c->x[10 + i] = (uint64_t)job->args[i];
    else if (!rvv_store_scalar(c, sp + (uint64_t)(i - 8) * 8, 8, (uint64_t)job->args[i]))
      return false;
  }
  return true;
}

static void reset(rvv_core *c, const rvv_job *job) {
  memset(c->x, 0, sizeof c->x);
  memset(c->f, 0xff, sizeof c->f);
  memset(c->v, 0xff, (size_t)32 * (size_t)(c->vlen_bits / 8) * (size_t)c->lanes);
  c->vl = 0;
  c->sew = c->lmul = 0;
  c->vtype = UINT64_C(1) << 63;
  c->vxrm = c->vxsat = c->frm = c->fflags = 0;
  c->dma = (isa_dma){0};
  c->dma_seen = 0;
  c->has_reservation = false;
  c->job = job;
  c->left = job->budget > 0 ? job->budget : INT64_MAX;
  c->op = NULL;
  c->pc = job->entry;
  c->report = (rvv_report){0};
  c->fault = (rvv_fault){0};
}

rvv_fault_kind rvv_call(rvv_core *c, const rvv_job *job, rvv_report *report, rvv_fault *out_fault) {
  reset(c, job);
  if (pass_arguments(c, job))
    rvv_run(c);
  if (c->fault.kind == RVV_FINE && c->dma_seen)
    rvv_fail(c, RVV_BAD_TRANSFER, "the function returns with CONFIG words that no move took");
  if (report)
    *report = c->report;
  *out_fault = c->fault;
  return c->fault.kind;
}
