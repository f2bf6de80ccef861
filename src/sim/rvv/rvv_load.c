/* An object in place: its sections behind each other, its symbols' addresses, its code decoded. */
#include "sim/rvv/rvv_object.h"
#include "base/text.h"
#include <stdlib.h>

static uint64_t align_up(uint64_t v, uint64_t to) { return (v + to - 1) / to * to; }

/* ---- symbols ---- */

static int by_name(const void *a, const void *b) { return strcmp(((const rvv_symbol *)a)->name, ((const rvv_symbol *)b)->name); }

loom_status rvv_undefined(loom_ctx *ctx, const char *path, const void *bytes, size_t size, const char *const **out_names, size_t *out_n) {
  rvv_object o;
  VEC_OF(const char *) names = {0};
  LOOM_TRY(rvv_object_open(ctx, path, bytes, size, &o));
  for (uint64_t i = 1; i < o.n_symbols; i++)
    if (rvv_symbol_is_undefined(&o, i, rvv_object_symbol(&o, i)))
      vec_push(&ctx->mem, &names, arena_strdup(&ctx->mem, rvv_object_name(&o, i)));
  *out_names = (const char *const *)names.at;
  *out_n = names.n;
  return LOOM_OK;
}

static loom_status check_symbols(const rvv_object *o, const rvv_symbol *symbols, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (symbols[i].address >= RVV_RETURN_ADDRESS && symbols[i].address < RVV_STACK_ADDRESS + RVV_STACK_BYTES_MAX)
      return diag_error(o->ctx, LOOM_NOSPAN, LOOM_EBUG, "%s is at 0x%" PRIx64 ", where code, data and the stack of an object are", symbols[i].name, symbols[i].address);
  return LOOM_OK;
}

static loom_status give_values(rvv_object *o, const rvv_symbol *symbols, size_t n) {
  rvv_symbol *sorted = ARENA_NEW_N(&o->ctx->mem, rvv_symbol, n);
  text missing = text_new(&o->ctx->mem);
  if (n) {
    memcpy(sorted, symbols, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_name);
  }
  o->values = ARENA_NEW_N(&o->ctx->mem, uint64_t, o->n_symbols);
  for (uint64_t i = 1; i < o->n_symbols; i++) {
    Elf64_Sym s = rvv_object_symbol(o, i);
    if (rvv_symbol_is_undefined(o, i, s)) {
      rvv_symbol key = {rvv_object_name(o, i), 0};
      const rvv_symbol *found = n ? bsearch(&key, sorted, n, sizeof key, by_name) : NULL;
      if (found)
        o->values[i] = found->address;
      else
        text_addf(&missing, "%s%s", missing.size ? ", " : "", key.name);
    } else if (s.st_shndx == SHN_COMMON) {
      return rvv_object_broken(o, "%s is a common symbol", rvv_object_name(o, i));
    } else if (s.st_shndx == SHN_ABS) {
      o->values[i] = s.st_value;
    } else if (s.st_shndx < o->head.e_shnum && o->sections[s.st_shndx].address) {
      o->values[i] = o->sections[s.st_shndx].address + s.st_value;
    }
  }
  if (missing.size) {
    diag_error(o->ctx, diag_file_span(o->ctx, o->path), LOOM_EUNSUP, "the object needs what is not there: %s", text_str(&missing));
    diag_help(o->ctx, "code of an NPU core may use its scratchpad tiles and tensors, and no library");
    return LOOM_EUNSUP;
  }
  return LOOM_OK;
}

/* ---- sections ---- */

typedef enum part { PART_CODE, PART_CONSTANT, PART_DATA, PARTS } part;

static bool is_placed(const Elf64_Shdr *s) { return (s->sh_flags & SHF_ALLOC) && !(s->sh_flags & SHF_TLS) && (s->sh_type == SHT_PROGBITS || s->sh_type == SHT_NOBITS); }
static part part_of(const Elf64_Shdr *s) { return s->sh_flags & SHF_EXECINSTR ? PART_CODE : s->sh_flags & SHF_WRITE ? PART_DATA : PART_CONSTANT; }

/* Places the sections of one part from *end on. */
static loom_status place_part(rvv_object *o, part p, uint64_t *end) {
  for (size_t i = 0; i < o->head.e_shnum; i++) {
    rvv_section *s = &o->sections[i];
    uint64_t alignment = s->head.sh_addralign ? s->head.sh_addralign : 1;
    if (!is_placed(&s->head) || part_of(&s->head) != p)
      continue;
    if ((alignment & (alignment - 1)) || alignment > 4096)
      return rvv_object_broken(o, "section %zu is aligned to %" PRIu64, i, alignment);
    *end = align_up(*end, alignment);
    s->address = RVV_IMAGE_ADDRESS + *end;
    if (s->head.sh_size > RVV_IMAGE_BYTES_MAX || *end + s->head.sh_size > RVV_IMAGE_BYTES_MAX)
      return rvv_object_broken(o, "it needs more than %" PRIu64 " MiB", RVV_IMAGE_BYTES_MAX >> 20);
    *end += s->head.sh_size;
  }
  return LOOM_OK;
}

/* Addresses of symbols that code asks for, behind all else: which are asked for is known once sections have a place. */
static loom_status place_got(rvv_object *o, uint64_t *end) {
  bool *needs = ARENA_NEW_N(&o->ctx->mem, bool, o->n_symbols);
  o->got = ARENA_NEW_N(&o->ctx->mem, uint64_t, o->n_symbols);
  LOOM_TRY(rvv_object_got_needs(o, needs));
  *end = align_up(*end, 8);
  for (uint64_t i = 0; i < o->n_symbols; i++)
    if (needs[i]) {
      o->got[i] = RVV_IMAGE_ADDRESS + *end;
      *end += 8;
    }
  return *end <= RVV_IMAGE_BYTES_MAX ? LOOM_OK : rvv_object_broken(o, "it needs more than %" PRIu64 " MiB", RVV_IMAGE_BYTES_MAX >> 20);
}

static loom_status place(rvv_object *o, rvv_image *m) {
  uint64_t end = 0;
  LOOM_TRY(place_part(o, PART_CODE, &end));
  m->code_bytes = end = align_up(end, 4);
  LOOM_TRY(place_part(o, PART_CONSTANT, &end));
  m->data_at = end;
  LOOM_TRY(place_part(o, PART_DATA, &end));
  m->data_end = end;
  LOOM_TRY(place_got(o, &end));
  m->size = end;
  m->bytes = arena_alloc(&o->ctx->mem, end);
  return LOOM_OK;
}

static void copy_sections(const rvv_object *o, rvv_image *m) {
  for (size_t i = 0; i < o->head.e_shnum; i++) {
    const rvv_section *s = &o->sections[i];
    if (s->address && s->head.sh_type == SHT_PROGBITS && s->head.sh_size)
      memcpy(m->bytes + (s->address - RVV_IMAGE_ADDRESS), o->at + s->head.sh_offset, s->head.sh_size);
  }
  for (uint64_t i = 0; i < o->n_symbols; i++)
    if (o->got[i])
      memcpy(m->bytes + (o->got[i] - RVV_IMAGE_ADDRESS), &o->values[i], 8);
}

/* ---- code ---- */

static int by_address(const void *a, const void *b) {
  const rvv_function *x = a, *y = b;
  return x->address != y->address ? (x->address > y->address) - (x->address < y->address) : strcmp(x->name, y->name);
}

static void list_functions(const rvv_object *o, rvv_image *m) {
  for (uint64_t i = 1; i < o->n_symbols; i++) {
    Elf64_Sym s = rvv_object_symbol(o, i);
    int kind = ELF64_ST_TYPE(s.st_info);
    uint64_t at = o->values[i];
    bool is_named = kind == STT_FUNC || (kind == STT_NOTYPE && ELF64_ST_BIND(s.st_info) == STB_GLOBAL);
    if (is_named && s.st_shndx != SHN_UNDEF && at >= RVV_IMAGE_ADDRESS && at - RVV_IMAGE_ADDRESS < m->code_bytes && !(at & 1) && *rvv_object_name(o, i))
      vec_push(&o->ctx->mem, &m->functions, ((rvv_function){arena_strdup(&o->ctx->mem, rvv_object_name(o, i)), at}));
  }
  if (m->functions.n)
    qsort(m->functions.at, m->functions.n, sizeof *m->functions.at, by_address);
}

/* Every second byte is decoded, whether an instruction begins there or not. */
static void decode_all(loom_ctx *ctx, rvv_image *m) {
  m->ops = ARENA_NEW_N(&ctx->mem, rvv_op, m->code_bytes / 2);
  for (uint64_t at = 0; at < m->code_bytes; at += 2) {
    uint16_t low, high = 0;
    memcpy(&low, m->bytes + at, 2);
    bool is_short = (low & 3) != 3, is_cut = !is_short && at + 4 > m->code_bytes;
    if (!is_short && !is_cut)
      memcpy(&high, m->bytes + at + 2, 2);
    rvv_op op = is_short ? rvv_decode(rvv_expand(low)) : is_cut ? (rvv_op){.code = RVV_OP_BAD} : rvv_decode((uint32_t)high << 16 | low);
    op.length = is_short ? 2 : 4;
    op.word = is_short ? low : (uint32_t)high << 16 | low;
    m->ops[at / 2] = op;
  }
}

static loom_status check_config(loom_ctx *ctx, const rvv_config *c) {
  bool is_power = c->vlen_bits > 0 && (c->vlen_bits & (c->vlen_bits - 1)) == 0;
  if (c->lanes < 1 || c->lanes > RVV_LANES_MAX || !is_power || c->vlen_bits < 64 || c->vlen_bits > RVV_VLEN_BITS_MAX || c->stack_bytes < 0 || c->stack_bytes % 16 ||
      c->stack_bytes > RVV_STACK_BYTES_MAX)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "no core has %d lanes of %d bits and %d bytes of stack; expected 1..%d lanes, a power of two in 64..%d, a multiple of 16 up to %d", c->lanes,
                      c->vlen_bits, c->stack_bytes, RVV_LANES_MAX, RVV_VLEN_BITS_MAX, RVV_STACK_BYTES_MAX);
  return LOOM_OK;
}

loom_status rvv_load(loom_ctx *ctx, const char *path, const void *bytes, size_t size, const rvv_symbol *symbols, size_t n_symbols, const rvv_config *config, rvv_image **out) {
  rvv_object o;
  rvv_image *m = ARENA_NEW(&ctx->mem, rvv_image);
  LOOM_TRY(check_config(ctx, config));
  LOOM_TRY(rvv_object_open(ctx, path, bytes, size, &o));
  LOOM_TRY(check_symbols(&o, symbols, n_symbols));
  m->config = *config;
  if (!m->config.stack_bytes)
    m->config.stack_bytes = RVV_STACK_BYTES;
  m->kernels = rvv_kernels_best();
  LOOM_TRY(place(&o, m));
  LOOM_TRY(give_values(&o, symbols, n_symbols));
  copy_sections(&o, m);
  LOOM_TRY(rvv_relocate(&o, m));
  list_functions(&o, m);
  decode_all(ctx, m);
  *out = m;
  return LOOM_OK;
}

uint64_t rvv_find(const rvv_image *image, const char *name) {
  for (size_t i = 0; i < image->functions.n; i++)
    if (text_eq(image->functions.at[i].name, name))
      return image->functions.at[i].address;
  return 0;
}
