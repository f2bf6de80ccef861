/* The table of plain numbers, and where whole numbers come from. */
#include "base/text.h"
#include "machine/machine_private.h"

const machine_field machine_fields[] = {
#define X(section, key, field, kind, least, greatest, unit) {section, key, offsetof(machine, field), MACHINE_##kind, least, greatest, unit},
    MACHINE_FIELD_LIST(X)
#undef X
};
const size_t machine_n_fields = sizeof machine_fields / sizeof *machine_fields;

const char *machine_field_path(arena *mem, const machine_field *f) {
  return *f->section ? arena_printf(mem, "%s.%s", f->section, f->key) : f->key;
}

const machine_number *machine_origin_find(const machine *m, const char *path) {
  for (size_t i = 0; i < m->origins.n; i++)
    if (text_eq(m->origins.at[i].path, path))
      return &m->origins.at[i].number;
  return NULL;
}

void machine_origin_add(arena *mem, machine *m, const char *path, machine_number number) {
  machine_origin o = {path, number};
  vec_push(mem, &m->origins, o);
}
