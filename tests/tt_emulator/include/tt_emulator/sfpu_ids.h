// Numbers of the vector unit's ops and of their inits, from the table.
#pragma once
enum tte_sfpu_op {
#define TTE_INIT(name)
#define TTE_OP(kind, name, init, value) TTE_SFPU_##name,
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
  TTE_SFPU_copy_dest, TTE_SFPU_typecast, TTE_SFPU_mask, TTE_SFPU_mask_posinf, TTE_SFPU_COUNT
};
enum tte_sfpu_init {
  TTE_INIT_none,
#define TTE_INIT(name) TTE_INIT_##name,
#define TTE_OP(kind, name, init, value)
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
  TTE_INIT_COUNT
};
