"""Where a line of C can be changed by one wrong token: sites of one-line mutants, found on clang's syntax tree.

A site is an expression or a statement of one line, with what stands there and what a mutant puts instead.  Types come from the compiler, so nearly every mutant
compiles; what is written in a macro's argument is a site, what a macro's body says is none.

Not sites, and by which rule (the names are printed by `draw --rules`): see SKIPPED.
"""
import ctypes
import re

import clang.cindex as ci
from clang.cindex import CursorKind as K, TypeKind as T

SKIPPED = {
    "diagnostic": "LOOM_FAIL, diag_*, faults and records of the simulators, and their arguments: texts for people",
    "refusal": "the condition of an if whose branch is LOOM_FAIL or a diagnostic: it says what is refused, not what is computed",
    "check": "functions with check, verify, expect, refuse, limit or why in their names, and dropped calls of them: they refuse, they compute nothing",
    "commutative": "the arguments of functions that commute: add, mul, eq, equal, min, max, same, and, or; and of calls that build such an operation",
    "assertion": "assert and what leads to LOOM_EBUG",
    "memory": "calls that only give back or reserve memory (done, close, free, destroy, reserve), sizes given to ARENA_NEW_N, sizeof",
    "constant": "case labels, sizes of arrays, enumerators, tables with static storage: C has no run-time choice there",
    "address": "operands of &, left sides of assignments: a choice of two values is no place",
    "printing": "functions that print for people: names with describe, explain, tell, note, dump, debug, comment, readme, summary",
    "first value": "dropping the first assignment of a variable without an initializer: the rest would be undefined",
}
OPERATORS = {
    "relation": "< and <=, > and >=, == and != exchanged",
    "arithmetic": "+ and -, * and +, / and *, % and / exchanged",
    "constant": "an integer one more or one less",
    "negate": "a condition negated",
    "logic": "&& and || exchanged",
    "boolean": "true and false exchanged",
    "drop": "a statement left out",
    "arguments": "two neighbouring arguments of one type exchanged",
    "operands": "the operands of -, / or % exchanged",
    "enumerator": "a neighbour in its enumeration",
    "sibling": "a function of the same type whose name has the other word (ceil floor, min max, first last, lower upper, mul add, ..)",
    "field": "another field of the same type",
    "index": "the index before",
    "parameter": "another parameter of the same type",
    "word": "another word in an emitted text (addf subf, slt sle, maxnumf minnumf, ..)",
}
RELATION = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/"}
WORDS = [("ceil", "floor"), ("min", "max"), ("first", "last"), ("lower", "upper"), ("mul", "add"), ("sub", "add"), ("and", "or"), ("row", "col"), ("lhs", "rhs"), ("begin", "end"),
         ("front", "back"), ("before", "after"), ("src", "dst"), ("from", "to"), ("load", "store"), ("in", "out"), ("div", "mod"), ("floordiv", "ceildiv"), ("rows", "cols"),
         ("operand", "result"), ("size", "stride"), ("offset", "size"), ("read", "write"), ("left", "right"), ("send", "receive")]
TEXT_WORDS = [("addf", "subf"), ("addi", "subi"), ("muli", "addi"), ("mulf", "addf"), ("divf", "mulf"), ("slt", "sle"), ("sgt", "sge"), ("ult", "ule"), ("olt", "ole"), ("ogt", "oge"),
              ("oeq", "one"), ("eq", "ne"), ("maxnumf", "minnumf"), ("maximumf", "minimumf"), ("maxsi", "minsi"), ("maxui", "minui"), ("andi", "ori"), ("shli", "shrui"), ("shrsi", "shrui"),
              ("divsi", "divui"), ("remsi", "remui"), ("floordivsi", "ceildivsi"), ("extsi", "extui"), ("sitofp", "uitofp"), ("fptosi", "fptoui"), ("ceildiv", "floordiv"),
              ("exp", "exp2"), ("log", "log2"), ("sin", "cos"), ("sqrt", "rsqrt"), ("min", "max"), ("affine.min", "affine.max"), ("scf.for", "scf.forall"), ("ceil", "floor"),
              ("parallel", "reduction"), ("reader", "writer"), ("push_back", "pop_front"), ("reserve_back", "wait_front"), ("read", "write"), ("vadd", "vsub"), ("vfadd", "vfsub"), ("vmul", "vadd"),
              ("add", "sub"), ("mul", "add"), ("fadd", "fsub"), ("fmul", "fadd"), ("false", "true"), ("0", "1"), ("<", "<="), ("+", "-"), ("*", "+")]
INTEGERS = {T.BOOL, T.CHAR_S, T.SCHAR, T.UCHAR, T.SHORT, T.USHORT, T.INT, T.UINT, T.LONG, T.ULONG, T.LONGLONG, T.ULONGLONG, T.ENUM}
NUMBERS = INTEGERS | {T.FLOAT, T.DOUBLE}
DIAGNOSTIC = re.compile(r"^(LOOM_FAIL|LOOM_EBUG|diag_\w+|\w*_fail|\w*refuse\w*|\w*_error|\w*_tell|\w*_warn\w*|sim_fault\w*|\w*_record\w*|note_\w+)$")
MEMORY = re.compile(r"(_done|_close|_free|_destroy|_reserve|_close_module|munmap|^free|fclose)$")
PRINTING = re.compile(r"(describe|explain|tell|_note|dump|debug|comment|readme|summary)")
ASSERTS = re.compile(r"^(assert|static_assert|_Static_assert)$")
FAILING = re.compile(r"\b(LOOM_FAIL|LOOM_EBUG|diag_error|\w+_fail|\w*refuse\w*)\b")
CHECKS = re.compile(r"(^|_)(check|verify|refuse|why|expect|limit)(_|$)")
COMMUTE = re.compile(r"(^|_)(add|mul|eq|equal|min|max|same|and|or|is_same)\d*$")
KEYWORDS = {K.IF_STMT: "if", K.FOR_STMT: "for", K.WHILE_STMT: "while", K.DO_STMT: "do", K.SWITCH_STMT: "switch"}
LITERAL = re.compile(r"^(0|[1-9][0-9]*)$")


class Site:
    __slots__ = ("path", "line", "start", "end", "original", "mutated", "operator", "kind", "pure")

    def __init__(self, path, line, start, end, original, mutated, operator, kind="value", pure=False):
        self.path, self.line, self.start, self.end = path, line, start, end   # columns of the line, in bytes
        self.original, self.mutated, self.operator = original, mutated, operator
        self.kind = kind      # value: an expression; drop: a statement
        self.pure = pure      # both values may be computed, and nothing else happens: a run can tell whether they ever differ

    def key(self):
        return (self.path, self.line, self.start, self.end, self.operator, self.mutated)


class Source:
    """One translation unit and the text of its file."""

    def __init__(self, root, path, flags):
        self.root, self.path = root, path
        full = f"{root}/{path}"
        self.text = open(full, "rb").read()
        self.starts = [0] + [m.end() for m in re.finditer(rb"\n", self.text)]
        self.tu = ci.Index.create().parse(full, args=flags)
        self.full = full
        lib = ci.conf.lib
        lib.clang_getFileLocation.argtypes = [ci.SourceLocation, ctypes.POINTER(ci.c_object_p), ctypes.POINTER(ctypes.c_uint), ctypes.POINTER(ctypes.c_uint),
                                              ctypes.POINTER(ctypes.c_uint)]
        lib.clang_getFileLocation.restype = None
        self.lib = lib
        self.found = {}

    def place(self, location):
        f, line, column, offset = ci.c_object_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
        self.lib.clang_getFileLocation(location, ctypes.byref(f), ctypes.byref(line), ctypes.byref(column), ctypes.byref(offset))
        return offset.value

    def span(self, cursor):
        e = cursor.extent
        return self.place(e.start), self.place(e.end)

    def read(self, a, b):
        return self.text[a:b].decode("utf-8", "replace")

    def line_of(self, offset):
        lo, hi = 0, len(self.starts)
        while hi - lo > 1:
            mid = (lo + hi) // 2
            lo, hi = (mid, hi) if self.starts[mid] <= offset else (lo, mid)
        return lo

    def add(self, a, b, mutated, operator, kind="value", pure=False):
        line = self.line_of(a)
        original = self.read(a, b)
        if b <= a or "\n" in original or line != self.line_of(b - 1) or original == mutated or not is_balanced(original) or "//" in original or "/*" in original:
            return
        row = self.read(self.starts[line], self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text))
        if row.lstrip().startswith(("#", "*", "/*")) or row.rstrip().endswith("\\"):
            return
        s = Site(self.path, line, a - self.starts[line], b - self.starts[line], original, mutated, operator, kind, pure)
        self.found.setdefault(s.key(), s)

    def sites(self):
        for c in self.tu.cursor.get_children():
            if c.kind == K.FUNCTION_DECL and c.is_definition() and c.location.file and c.location.file.name == self.full and not PRINTING.search(c.spelling) and not CHECKS.search(c.spelling):
                Walk(self, c).function()
        return sorted(self.found.values(), key=lambda s: (s.line, s.start, s.end, s.operator, s.mutated))


def is_balanced(text):
    depth = []
    for ch in re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', "", text):
        if ch in "([{":
            depth.append(ch)
        elif ch in ")]}":
            if not depth or {")": "(", "]": "[", "}": "{"}[ch] != depth.pop():
                return False
    return not depth


def bare(c):
    """The expression without parentheses and conversions that nobody wrote."""
    while c.kind in (K.UNEXPOSED_EXPR, K.PAREN_EXPR):
        inside = list(c.get_children())
        if len(inside) != 1:
            break
        c = inside[0]
    return c


def kind_of(c):
    return c.type.get_canonical().kind


def same_type(a, b):
    a, b = a.get_canonical(), b.get_canonical()
    return a == b and a.kind not in (T.INVALID, T.CONSTANTARRAY, T.INCOMPLETEARRAY)


class Walk:
    def __init__(self, source, function):
        self.s, self.f = source, function
        self.parameters = [a for a in function.get_arguments()]
        self.uninitialised = set()

    def function(self):
        self.skipped_calls = self.macro_spans()
        for c in self.f.get_children():
            if c.kind == K.COMPOUND_STMT:
                self.statements(c)

    def macro_spans(self):
        """Calls, of functions or macros, whose arguments are none of ours."""
        a, b = self.s.span(self.f)
        text, out = self.s.read(a, b), []
        for m in re.finditer(r"\b([A-Za-z_]\w*)\s*\(", text):
            name = m.group(1)
            if DIAGNOSTIC.match(name) or ASSERTS.match(name) or name in ("ARENA_NEW_N", "sizeof", "offsetof", "LOOM_EBUG", "va_start", "va_end", "vec_reserve"):
                depth, i = 0, m.end() - 1
                while i < len(text):
                    depth += {"(": 1, ")": -1}.get(text[i], 0)
                    i += 1
                    if depth == 0:
                        break
                out.append((a + m.start(), a + i))
        return out

    def is_skipped(self, a, b):
        return any(x <= a and b <= y for x, y in self.skipped_calls)

    # ---- statements ----

    def statements(self, c):
        for s in c.get_children():
            self.statement(s)

    def statement(self, c):
        if c.kind == K.COMPOUND_STMT:
            self.statements(c)
            return
        if c.kind == K.IF_STMT and not self.is_macro(c):
            self.if_statement(c)
            return
        if self.is_macro(c):
            self.drop(c)
            self.visit_all(c)
            return
        if c.kind in (K.FOR_STMT, K.WHILE_STMT, K.DO_STMT, K.SWITCH_STMT):
            for x in c.get_children():
                if x.kind.is_expression():
                    self.visit(x, None)
                else:
                    self.statement(x)
            return
        if c.kind in (K.CASE_STMT, K.DEFAULT_STMT):
            parts = list(c.get_children())
            self.statement(parts[-1])
            return
        if c.kind == K.DECL_STMT:
            for d in c.get_children():
                self.declaration(d)
            return
        self.drop(c)
        self.visit(c, None)

    def is_macro(self, c):
        """A statement that a macro writes: only what stands in its arguments is in the file."""
        return c.kind in KEYWORDS and not self.s.read(*self.s.span(c)).startswith(KEYWORDS[c.kind])

    def visit_all(self, c):
        for x in c.get_children():
            if x.kind.is_expression():
                self.visit(x, None)
            else:
                self.visit_all(x)

    def declaration(self, d):
        if d.kind != K.VAR_DECL or d.storage_class == ci.StorageClass.STATIC:
            return
        values = [x for x in d.get_children() if x.kind.is_expression()]
        if d.type.kind in (T.CONSTANTARRAY, T.VARIABLEARRAY) and values and values[-1].kind != K.INIT_LIST_EXPR:
            values = []
        if not values:
            self.uninitialised.add(d.spelling)
        for x in values[-1:]:
            self.visit(x, d)

    def if_statement(self, c):
        parts = list(c.get_children())
        if len(parts) < 2:
            return
        condition, branches = parts[0], parts[1:]
        a, b = self.s.span(branches[0])
        guarded = self.s.read(a, b)
        end = self.s.text.find(b"\n", b)
        refuses = FAILING.search(guarded) and guarded.count(";") <= 2 or FAILING.search(self.s.read(a, end)) and guarded.count(";") <= 1
        if not refuses:
            self.condition(condition)
            self.visit(condition, None)
        for x in branches:
            self.statement(x)

    def condition(self, c):
        a, b = self.s.span(c)
        if not self.is_skipped(a, b) and not self.s.read(a, b).startswith("LOOM_"):
            self.s.add(a, b, f"!({self.s.read(a, b)})", "negate")

    def drop(self, c):
        a, b = self.s.span(c)
        text = self.s.read(a, b)
        after = self.s.text[b:b + 1]
        if text.endswith(";"):
            b -= 1
        elif after != b";":
            return
        if self.is_skipped(a, b) or "\n" in text or FAILING.search(text) or CHECKS.search(re.sub(r"\(.*", "", text.replace("LOOM_TRY(", "", 1))) or text.lstrip().startswith(("return", "break", "continue", "goto", "(void)", "va_")):
            return
        x = bare(c)
        if x.kind == K.BINARY_OPERATOR:
            left = bare(next(iter(x.get_children())))
            if left.kind == K.DECL_REF_EXPR and left.spelling in self.uninitialised:
                return
        elif x.kind == K.CALL_EXPR:
            if DIAGNOSTIC.match(x.spelling or "") or MEMORY.search(x.spelling or "") or PRINTING.search(x.spelling or "") or DIAGNOSTIC.match(x.spelling or ""):
                return
            if re.search(r"&\w+\)*$", text) and not x.type.kind == T.VOID:      # what the call leaves in a variable would be undefined
                return
        elif x.kind in (K.COMPOUND_ASSIGNMENT_OPERATOR, K.UNARY_OPERATOR):
            pass
        elif text.startswith("LOOM_TRY("):
            if re.search(r"&[a-z_]\w*\s*[,)]", text) or MEMORY.search(text):
                return
        elif text.startswith(("vec_push(",)):
            pass
        else:
            return
        self.s.add(a, b, "", "drop", kind="drop")

    # ---- expressions ----

    def visit(self, c, parent, constant=False):
        kind = c.kind
        if kind in (K.COMPOUND_STMT, K.IF_STMT, K.FOR_STMT, K.WHILE_STMT, K.DO_STMT, K.SWITCH_STMT, K.DECL_STMT, K.CASE_STMT, K.DEFAULT_STMT):
            self.statement(c)
            return
        if kind == K.CXX_UNARY_EXPR:      # sizeof
            return
        a, b = self.s.span(c)
        skipped = self.is_skipped(a, b)
        children = list(c.get_children())
        if not skipped:
            self.expression(c, children, a, b)
        if kind == K.UNARY_OPERATOR and self.s.text[a:a + 1] in (b"&",) or kind == K.UNARY_OPERATOR and (self.s.text[a:a + 2] in (b"++", b"--") or self.s.text[b - 2:b] in (b"++", b"--")):
            for x in children:
                self.place_only(x)
            return
        if kind in (K.COMPOUND_ASSIGNMENT_OPERATOR, ) or kind == K.BINARY_OPERATOR and self.operator(children) == "=":
            self.place_only(children[0])
            self.visit(children[1], c)
            return
        if kind == K.CONDITIONAL_OPERATOR and not skipped:
            self.condition(children[0])
        for x in children:
            self.visit(x, c)

    def place_only(self, c):
        """An expression whose place is meant: only what stands inside its brackets is a value."""
        x = bare(c)
        children = list(x.get_children())
        if x.kind == K.ARRAY_SUBSCRIPT_EXPR and len(children) == 2:
            self.place_only(children[0])
            self.visit(children[1], None)
            self.index(children[1])
        elif x.kind == K.MEMBER_REF_EXPR and children:
            self.place_only(children[0])
        elif x.kind == K.UNARY_OPERATOR and children:
            self.place_only(children[0])
        elif x.kind == K.COMPOUND_LITERAL_EXPR:
            for y in children:
                self.visit(y, None)

    def operator(self, children):
        if len(children) != 2:
            return None
        a, b = self.s.span(children[0])[1], self.s.span(children[1])[0]
        return self.s.read(a, b).strip() if a < b else None

    def is_quiet(self, c):
        """No calls, no changes; so it may be computed again."""
        for x in c.walk_preorder():
            if x.kind in (K.CALL_EXPR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.StmtExpr) or x.kind == K.UNARY_OPERATOR and re.search(r"\+\+|--", self.s.read(*self.s.span(x))):
                return False
            if x.kind == K.BINARY_OPERATOR and self.operator(list(x.get_children())) == "=":
                return False
        return True

    def is_safe(self, c):
        """Quiet, and may be computed where it was not meant to be."""
        return self.is_quiet(c) and not any(x.kind in (K.ARRAY_SUBSCRIPT_EXPR, K.MEMBER_REF_EXPR) or x.kind == K.UNARY_OPERATOR and self.s.read(*self.s.span(x)).startswith("*")
                                            or x.kind == K.BINARY_OPERATOR and self.operator(list(x.get_children())) in ("/", "%") for x in c.walk_preorder())

    def expression(self, c, children, a, b):
        s, kind = self.s, c.kind
        if kind == K.BINARY_OPERATOR and len(children) == 2:
            self.binary(c, children, a, b)
        elif kind == K.INTEGER_LITERAL and LITERAL.match(s.read(a, b)):
            v = int(s.read(a, b))
            for w in ([v + 1, v - 1] if v > 0 else [1]):
                s.add(a, b, str(w), "constant")
        elif s.read(a, b) in ("true", "false") and kind in (K.INTEGER_LITERAL, K.UNEXPOSED_EXPR, K.CXX_BOOL_LITERAL_EXPR, K.PAREN_EXPR):
            s.add(a, b, "false" if s.read(a, b) == "true" else "true", "boolean")
        elif kind == K.CALL_EXPR:
            self.call(c, a, b)
        elif kind == K.DECL_REF_EXPR:
            self.reference(c, a, b)
        elif kind == K.MEMBER_REF_EXPR:
            self.field(c, children, a, b)
        elif kind == K.ARRAY_SUBSCRIPT_EXPR and len(children) == 2:
            self.index(children[1])
        elif kind == K.STRING_LITERAL:
            self.word(a, b)

    def binary(self, c, children, a, b):
        s, op = self.s, self.operator(children)
        left, right = s.span(children[0]), s.span(children[1])
        if op is None or left[0] != a or right[1] != b:
            return
        l, r = s.read(*left), s.read(*right)
        numbers = kind_of(children[0]) in NUMBERS and kind_of(children[1]) in NUMBERS
        quiet = self.is_quiet(c)
        if op in RELATION and (numbers or op in ("==", "!=")):
            s.add(a, b, f"{l} {RELATION[op]} {r}", "relation", pure=quiet and numbers)
        elif op in ARITHMETIC and numbers:
            if not (op == "/" and kind_of(c) not in NUMBERS):
                s.add(a, b, f"{l} {ARITHMETIC[op]} {r}", "arithmetic", pure=quiet and kind_of(c) in NUMBERS)
            if op in ("-", "/", "%"):
                s.add(a, b, f"({r}) {op} ({l})", "operands", pure=quiet and op == "-")
        elif op in ("&&", "||"):
            other = "||" if op == "&&" else "&&"
            # The other operator binds otherwise: operands that are of its kind get parentheses.
            s.add(a, b, f"({l}) {other} ({r})", "logic", pure=self.is_safe(c))

    def call(self, c, a, b):
        s = self.s
        arguments = list(c.get_arguments())
        spans = [s.span(x) for x in arguments]
        name = c.spelling
        head = s.read(a, a + len(name or ""))
        if not name or head != name or DIAGNOSTIC.match(name) or MEMORY.search(name):
            return
        commutes = COMMUTE.search(name) or re.search(r"\bSYM_(ADD|MUL|AND|OR|EQ|NE|MIN|MAX)\b", s.read(a, b)) or re.search(r'"\w+\.(add|mul|and|or|xor|max|min)\w*"', s.read(a, b))
        for i in range(len(arguments) if commutes else 0, len(arguments) - 1):
            x, y = arguments[i], arguments[i + 1]
            if not (x and y) or not same_type(x.type, y.type) or spans[i][1] > spans[i + 1][0]:
                continue
            tx, ty = s.read(*spans[i]), s.read(*spans[i + 1])
            if tx == ty or bare(x).kind == K.STRING_LITERAL and bare(y).kind == K.STRING_LITERAL:
                continue
            s.add(a, b, s.read(a, spans[i][0]) + ty + s.read(spans[i][1], spans[i + 1][0]) + tx + s.read(spans[i + 1][1], b), "arguments")
        for other in self.siblings(c.referenced):
            s.add(a, b, other + s.read(a + len(name), b), "sibling")

    def siblings(self, f):
        if f is None or f.kind != K.FUNCTION_DECL:
            return []
        names = functions_of(self.s)
        out, words = [], f.spelling.split("_")
        for i, w in enumerate(words):
            for x, y in WORDS:
                for old, new in ((x, y), (y, x)):
                    if w == old:
                        other = names.get("_".join(words[:i] + [new] + words[i + 1:]))
                        if other is not None and other.type.get_canonical() == f.type.get_canonical():
                            out.append(other.spelling)
        return out

    def reference(self, c, a, b):
        s, d = self.s, c.referenced
        if d is None or s.read(a, b) != c.spelling:
            return
        if d.kind == K.ENUM_CONSTANT_DECL:
            all_of = [x for x in d.semantic_parent.get_children() if x.kind == K.ENUM_CONSTANT_DECL]
            if len(all_of) < 2 or re.search(r"_(MAX|N|COUNT)$", d.spelling) or "LOOM_" in d.spelling:
                return
            at = [x.spelling for x in all_of].index(d.spelling)
            for i in (at - 1, at + 1):
                if 0 <= i < len(all_of) and all_of[i].enum_value != d.enum_value:
                    s.add(a, b, all_of[i].spelling, "enumerator")
        elif d.kind == K.PARM_DECL and kind_of(c) not in (T.RECORD,):
            for p in self.parameters:
                if p.spelling != d.spelling and same_type(p.type, d.type) and p.type.get_canonical().kind in NUMBERS | {T.POINTER}:
                    s.add(a, b, p.spelling, "parameter", pure=p.type.get_canonical().kind in NUMBERS)

    def field(self, c, children, a, b):
        s, d = self.s, c.referenced
        if d is None or d.kind != K.FIELD_DECL or not s.read(a, b).endswith(c.spelling) or kind_of(c) not in NUMBERS | {T.POINTER}:
            return
        fields = [f for f in d.semantic_parent.get_children() if f.kind == K.FIELD_DECL and same_type(f.type, d.type) and f.spelling != d.spelling]
        for f in fields[:4]:
            s.add(a, b, s.read(a, b - len(c.spelling)) + f.spelling, "field", pure=kind_of(c) in NUMBERS and self.is_quiet(c))

    def index(self, c):
        x = bare(c)
        a, b = self.s.span(c)
        if x.kind == K.DECL_REF_EXPR and kind_of(x) in INTEGERS and self.s.read(a, b) == x.spelling and x.referenced is not None and x.referenced.kind in (K.VAR_DECL, K.PARM_DECL):
            self.s.add(a, b, f"{x.spelling} - ({x.spelling} > 0)", "index", pure=True)

    def word(self, a, b):
        text = self.s.read(a, b)
        if not re.match(r'^"[^"]*"$', text):
            return
        for x, y in TEXT_WORDS:
            for old, new in ((x, y), (y, x)):
                for m in re.finditer(r"(?<![\w.%])" + re.escape(old) + r"(?![\w])" if old[0].isalnum() else r"(?<= )" + re.escape(old) + r"(?= )", text):
                    self.s.add(a, b, text[:m.start()] + new + text[m.end():], "word")
                for m in re.finditer(r"(?<=\.)" + re.escape(old) + r"(?![\w])" if old[0].isalpha() else r"(?!)", text):
                    self.s.add(a, b, text[:m.start()] + new + text[m.end():], "word")


def functions_of(source):
    if not hasattr(source, "names"):
        source.names = {c.spelling: c for c in source.tu.cursor.get_children() if c.kind == K.FUNCTION_DECL}
    return source.names


def flags_of(root, build):
    prefix = "/usr/lib/llvm-22"
    return ["-std=c11", "-D_GNU_SOURCE", '-DLOOM_VERSION="0"', f"-I{root}/src", f"-I{root}/include", f"-I{build}/gen", f"-I{prefix}/include", "-I/usr/include/python3.11",
            "-resource-dir", f"{prefix}/lib/clang/22"]
