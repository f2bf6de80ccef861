/* Faults in the machine code of NPUs; included by compile_npu_faults.h only. */
#ifndef LOOM_COMPILE_NPU_FAULTS_CODE_H
#define LOOM_COMPILE_NPU_FAULTS_CODE_H
#include "compile_npu_fault_site.h"

enum { OP_VECTOR_LOAD = 0x07, OP_CUSTOM_1 = 0x2b, OP_IMM = 0x13, OP_VECTOR_STORE = 0x27, OP_LUI = 0x37, OP_VECTOR = 0x57, OP_VC = 0x5b, WORD_NOP = 0x13 };

typedef struct code_section { const uint8_t *head; uint64_t at, size; } code_section;
static inline uint64_t little(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++)
    v |= (uint64_t)p[i] << (8 * i);
  return v;
}

/* Section of ELF64 by type and, of progbits, by being code. */
static inline bool find_section(const uint8_t *o, uint32_t type, bool is_code, code_section *out) {
  const uint8_t *heads = o + little(o + 40, 8);
  for (uint64_t i = 0, size = little(o + 58, 2), n = little(o + 60, 2); i < n; i++) {
    const uint8_t *h = heads + i * size;
    *out = (code_section){h, little(h + 24, 8), little(h + 32, 8)};
    if (little(h + 4, 4) == type && (!is_code || little(h + 8, 8) & 4) && out->size)
      return true;
  }
  return false;
}

/* The loader writes what a relocation is about. */
static inline bool is_relocated(const uint8_t *o, uint64_t at) {
  enum { RELA = 4, RELA_BYTES = 24 };
  const uint8_t *heads = o + little(o + 40, 8);
  for (uint64_t i = 0, size = little(o + 58, 2), n = little(o + 60, 2); i < n; i++) {
    const uint8_t *h = heads + i * size;
    for (uint64_t k = 0; little(h + 4, 4) == RELA && k + RELA_BYTES <= little(h + 32, 8); k += RELA_BYTES)
      if (little(o + little(h + 24, 8) + k, 8) == at)
        return true;
  }
  return false;
}

/* A function of the code section: to its last return before the next one begins. */
typedef struct code_span { const char *name; uint64_t from, to; bool moves; } code_span;

static inline int list_functions(const uint8_t *o, const code_section *code, code_span *out, int most) {
  enum { SYMTAB = 2, SYMBOL_BYTES = 24, FUNCTION = 2 };
  code_section symbols;
  int n = 0;
  if (!find_section(o, SYMTAB, false, &symbols))
    return 0;
  const uint8_t *names = o + little(o + little(o + 40, 8) + little(symbols.head + 40, 4) * little(o + 58, 2) + 24, 8);
  for (uint64_t i = 0; i + SYMBOL_BYTES <= symbols.size && n < most; i += SYMBOL_BYTES) {
    const uint8_t *s = o + symbols.at + i;
    if ((s[4] & 15) != FUNCTION || !strstr((const char *)names + little(s, 4), "_node_"))      /* the driver calls the nodes; the simulator does that itself */
      continue;
    code_span f = {(const char *)names + little(s, 4), little(s + 8, 8), little(s + 8, 8) + little(s + 16, 8), false};
    for (uint64_t at = f.from; at < f.to;) {
      const uint8_t *p = o + code->at + at;
      bool is_long = (p[0] & 3) == 3;
      f.moves = f.moves || (is_long && (little(p, 4) & 0x7f) == OP_CUSTOM_1);
      at += is_long ? 4 : 2;
    }
    out[n++] = f;
  }
  return n;
}

typedef struct code_place { uint8_t *word; const code_span *function; } code_place;

/* A word of a node's function, of transfers' alone where that is asked for. */
static inline bool draw_word(fault_site *f, bool (*is)(uint32_t), bool of_transfers, uint8_t **out) {
  enum { PROGBITS = 1, FUNCTIONS_MAX = 256 };
  uint8_t *o = (uint8_t *)(uintptr_t)f->n->code.object;
  static code_place places[PLACES_MAX];
  code_section code;
  code_span functions[FUNCTIONS_MAX];
  int n = 0, n_functions = find_section(o, PROGBITS, true, &code) ? list_functions(o, &code, functions, FUNCTIONS_MAX) : 0;
  for (int i = 0; i < n_functions; i++)
    for (uint64_t at = functions[i].from; at < functions[i].to;) {
      uint8_t *p = o + code.at + at;
      bool is_long = (p[0] & 3) == 3;
      if (is_long && n < PLACES_MAX && (functions[i].moves || !of_transfers) && is((uint32_t)little(p, 4)) && !is_relocated(o, at))
        places[n++] = (code_place){p, &functions[i]};
      at += is_long ? 4 : 2;
    }
  if (!n)
    return false;
  const code_place *place = &places[draw(f, 0, n - 1)];
  f->is_in_transfer = place->function->moves;
  f->function = place->function->name;
  *out = place->word;
  return true;
}

static inline void put_word(fault_site *f, uint8_t *p, uint32_t word) {
  TELL(f, "0x%08x becomes 0x%08x at byte %zd of the object", (unsigned)little(p, 4), (unsigned)word, (ssize_t)(p - (const uint8_t *)f->n->code.object));
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t)(word >> (8 * i));
}

static inline bool word_is_vc(uint32_t w) { return (w & 0x7f) == OP_VC; }
static inline bool word_makes_constant(uint32_t w) { return (w & 0x7f) == OP_LUI || ((w & 0x7f) == OP_IMM && (w >> 12 & 7) == 0); }
static inline bool word_moves(uint32_t w) { return (w & 0x7f) == OP_CUSTOM_1; }
/* vsetvli may say what is so already; vmfeq.vv v, v asks whether a number is NaN and vmerge.vvm takes it then, but there is none; vfadd.vf
 * adds the zero that a sum begins with. */
static inline bool word_works(uint32_t w) {
  enum { VMFEQ_VV = 0x60001057, VMERGE_VVM = 0x5c000057, VFADD_VF = 0x00005057, OPERATION = 0xfc00707f };
  uint32_t op = w & 0x7f;
  if ((w & OPERATION) == VMERGE_VVM || (w & OPERATION) == VFADD_VF || ((w & OPERATION) == VMFEQ_VV && (w >> 15 & 31) == (w >> 20 & 31)))
    return false;
  return op == OP_VECTOR_LOAD || op == OP_VECTOR_STORE || op == OP_VC || op == OP_CUSTOM_1 || (op == OP_VECTOR && (w >> 12 & 7) != 7);
}

static inline bool code_vc_immediate(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_is_vc, false, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 15, 19));
  return true;
}

static inline bool code_vc_opcode(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_is_vc, false, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 26, 27));
  return true;
}

static inline bool code_dma_word(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_moves, true, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 25, 28));
  return true;
}

static inline bool code_constant(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_makes_constant, true, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 20, 30));
  return true;
}

/* Does the node write a tile that no other node uses?  What it takes of that comes out of registers, and the store is for nobody. */
static inline bool writes_for_itself(const tile_graph *g, const char *function) {
  for (size_t i = 0; i < g->nodes.n; i++)
    for (size_t u = 0; text_eq(g->nodes.at[i].function, function) && u < g->nodes.at[i].uses.n; u++) {
      bool is_used = g->nodes.at[i].uses.at[u].access == TILE_READ;
      for (size_t k = 0; k < g->nodes.n; k++)
        for (size_t w = 0; k != i && w < g->nodes.at[k].uses.n; w++)
          is_used = is_used || g->nodes.at[k].uses.at[w].buffer == g->nodes.at[i].uses.at[u].buffer;
      if (!is_used)
        return true;
    }
  return false;
}

static inline bool code_nop(fault_site *f) {
  uint8_t *p;
  if (!f->is_even || !draw_word(f, word_works, false, &p) || ((little(p, 4) & 0x7f) == OP_VECTOR_STORE && writes_for_itself(f->n->graph, f->function)))
    return false;
  put_word(f, p, WORD_NOP);
  return true;
}
#endif
