/* What messages call the constructs of Python that a kernel cannot have, and what to write instead. */
#include "frontend/helion/helion_rules.h"

static const struct { const char *class_name; helion_words words; } constructs[] = {
    {"With", {"`with`", "leave it out: the code of a kernel needs no context"}},
    {"AsyncWith", {"`async with`", "leave it out: the code of a kernel needs no context"}},
    {"AsyncFor", {"`async for`", "write `for tile in hl.tile(...):`"}},
    {"AsyncFunctionDef", {"`async def`", "write it with def, at the top of the file"}},
    {"Try", {"`try`", "nothing in a kernel raises: refuse arguments with assert"}},
    {"TryStar", {"`try`", "nothing in a kernel raises: refuse arguments with assert"}},
    {"Match", {"`match`", "write it with if and elif"}},
    {"Global", {"`global`", "a kernel changes no variable of the file: return the value"}},
    {"Nonlocal", {"`nonlocal`", "a kernel changes no variable of another function: return the value"}},
    {"TypeAlias", {"`type`", "write it at the top of the file"}},
    {"Set", {"a set", "use a tuple"}},
    {"SetComp", {"a set comprehension", "use a list comprehension"}},
    {"DictComp", {"a dict comprehension", "write the dict out, or use a list comprehension"}},
    {"Await", {"`await`", "a kernel calls its functions directly"}},
    {"Yield", {"`yield`", "store to a tensor that is made before the loops, and return it"}},
    {"YieldFrom", {"`yield from`", "store to a tensor that is made before the loops, and return it"}},
    {"Starred", {"`*`", "write the values out"}},
    {"TemplateStr", {"a template string", "use an f-string in print and assert, nowhere else"}},
    {"Attribute", {"an attribute", NULL}},
    {"Subscript", {"a part of a value", NULL}},
    {"Tuple", {"a tuple", NULL}},
    {"List", {"a list", NULL}},
    {"Call", {"a call", NULL}},
};

const helion_words *helion_construct(helion_reader *r, const syn_node *n) {
  for (size_t i = 0; i < sizeof constructs / sizeof *constructs; i++)
    if (text_eq(constructs[i].class_name, n->class_name))
      return &constructs[i].words;
  helion_words *w = ARENA_NEW(r->mem, helion_words);
  *w = (helion_words){n->class_name, NULL};
  return w;
}
