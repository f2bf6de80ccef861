/* Compressed instructions as the ones of four bytes they stand for (the C extension of RV64 with F and D). */
#include "sim/rvv/rvv_private.h"

static uint32_t bits(uint32_t c, int at, int n) { return c >> at & ((1u << n) - 1); }
static uint32_t extend(uint32_t v, int n) { return (uint32_t)((int32_t)(v << (32 - n)) >> (32 - n)); }
/* `n` bits of c from `from` on as bits of an immediate from `to` on. */
#define PART(from, n, to) (bits(c, from, n) << (to))

static uint32_t i_type(uint32_t imm, uint32_t rs1, uint32_t funct3, uint32_t rd, uint32_t opcode) { return imm << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode; }
static uint32_t s_type(uint32_t imm, uint32_t rs2, uint32_t rs1, uint32_t funct3, uint32_t opcode) {
  return bits(imm, 5, 7) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | bits(imm, 0, 5) << 7 | opcode;
}
static uint32_t r_type(uint32_t funct7, uint32_t rs2, uint32_t rs1, uint32_t funct3, uint32_t rd, uint32_t opcode) {
  return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}
static uint32_t b_type(uint32_t imm, uint32_t rs1, uint32_t funct3) {
  return bits(imm, 12, 1) << 31 | bits(imm, 5, 6) << 25 | rs1 << 15 | funct3 << 12 | bits(imm, 1, 4) << 8 | bits(imm, 11, 1) << 7 | 0x63;
}
static uint32_t j_type(uint32_t imm, uint32_t rd) {
  return bits(imm, 20, 1) << 31 | bits(imm, 1, 10) << 21 | bits(imm, 11, 1) << 20 | bits(imm, 12, 8) << 12 | rd << 7 | 0x6f;
}

static uint32_t quadrant0(uint32_t c) {
  uint32_t rd = 8 + bits(c, 2, 3), rs1 = 8 + bits(c, 7, 3), word = PART(10, 3, 3) | PART(6, 1, 2) | PART(5, 1, 6), twice = PART(10, 3, 3) | PART(5, 2, 6);
  uint32_t frame = PART(11, 2, 4) | PART(7, 4, 6) | PART(6, 1, 2) | PART(5, 1, 3);
  switch (bits(c, 13, 3)) {
  case 0: return frame ? i_type(frame, 2, 0, rd, 0x13) : 0;
  case 1: return i_type(twice, rs1, 3, rd, 0x07);
  case 2: return i_type(word, rs1, 2, rd, 0x03);
  case 3: return i_type(twice, rs1, 3, rd, 0x03);
  case 5: return s_type(twice, rd, rs1, 3, 0x27);
  case 6: return s_type(word, rd, rs1, 2, 0x23);
  case 7: return s_type(twice, rd, rs1, 3, 0x23);
  default: return 0;
  }
}

static uint32_t arithmetic(uint32_t c) {
  static const uint32_t funct3[] = {0, 4, 6, 7};
  uint32_t rd = 8 + bits(c, 7, 3), rs2 = 8 + bits(c, 2, 3), amount = PART(12, 1, 5) | PART(2, 5, 0), which = bits(c, 5, 2);
  switch (bits(c, 10, 2)) {
  case 0: return i_type(amount, rd, 5, rd, 0x13);
  case 1: return i_type(0x400 | amount, rd, 5, rd, 0x13);
  case 2: return i_type(extend(amount, 6), rd, 7, rd, 0x13);
  default:
    if (!bits(c, 12, 1))
      return r_type(which == 0 ? 0x20 : 0, rs2, rd, funct3[which], rd, 0x33);
    return which > 1 ? 0 : r_type(which == 0 ? 0x20 : 0, rs2, rd, 0, rd, 0x3b);
  }
}

static uint32_t quadrant1(uint32_t c) {
  uint32_t rd = bits(c, 7, 5), small = extend(PART(12, 1, 5) | PART(2, 5, 0), 6);
  uint32_t frame = extend(PART(12, 1, 9) | PART(6, 1, 4) | PART(5, 1, 6) | PART(3, 2, 7) | PART(2, 1, 5), 10);
  uint32_t jump = extend(PART(12, 1, 11) | PART(11, 1, 4) | PART(9, 2, 8) | PART(8, 1, 10) | PART(7, 1, 6) | PART(6, 1, 7) | PART(3, 3, 1) | PART(2, 1, 5), 12);
  uint32_t branch = extend(PART(12, 1, 8) | PART(10, 2, 3) | PART(5, 2, 6) | PART(3, 2, 1) | PART(2, 1, 5), 9);
  switch (bits(c, 13, 3)) {
  case 0: return i_type(small, rd, 0, rd, 0x13);
  case 1: return rd ? i_type(small, rd, 0, rd, 0x1b) : 0;
  case 2: return i_type(small, 0, 0, rd, 0x13);
  case 3:
    if (rd == 2)
      return frame ? i_type(frame, 2, 0, 2, 0x13) : 0;
    return small ? small << 12 | rd << 7 | 0x37 : 0;
  case 4: return arithmetic(c);
  case 5: return j_type(jump, 0);
  case 6: return b_type(branch, 8 + bits(c, 7, 3), 0);
  default: return b_type(branch, 8 + bits(c, 7, 3), 1);
  }
}

static uint32_t registers(uint32_t c) {
  uint32_t rd = bits(c, 7, 5), rs2 = bits(c, 2, 5);
  if (!bits(c, 12, 1))
    return rs2 ? r_type(0, rs2, 0, 0, rd, 0x33) : rd ? i_type(0, rd, 0, 0, 0x67) : 0;
  return rs2 ? r_type(0, rs2, rd, 0, rd, 0x33) : rd ? i_type(0, rd, 0, 1, 0x67) : 0x00100073;
}

static uint32_t quadrant2(uint32_t c) {
  uint32_t rd = bits(c, 7, 5), rs2 = bits(c, 2, 5), twice = PART(12, 1, 5) | PART(5, 2, 3) | PART(2, 3, 6), word = PART(12, 1, 5) | PART(4, 3, 2) | PART(2, 2, 6);
  uint32_t store_twice = PART(10, 3, 3) | PART(7, 3, 6), store_word = PART(9, 4, 2) | PART(7, 2, 6);
  switch (bits(c, 13, 3)) {
  case 0: return i_type(PART(12, 1, 5) | rs2, rd, 1, rd, 0x13);
  case 1: return i_type(twice, 2, 3, rd, 0x07);
  case 2: return rd ? i_type(word, 2, 2, rd, 0x03) : 0;
  case 3: return rd ? i_type(twice, 2, 3, rd, 0x03) : 0;
  case 4: return registers(c);
  case 5: return s_type(store_twice, rs2, 2, 3, 0x27);
  case 6: return s_type(store_word, rs2, 2, 2, 0x23);
  default: return s_type(store_twice, rs2, 2, 3, 0x23);
  }
}

uint32_t rvv_expand(uint16_t c) {
  switch (c & 3) {
  case 0: return c ? quadrant0(c) : 0;
  case 1: return quadrant1(c);
  default: return quadrant2(c);
  }
}
