# SPDX-License-Identifier: MIT
"""generate.py - some thousand functions, each with a signature of its own, as C sources.

    generate.py FOLDER SEED COUNT UNITS

writes types.h, and per unit library_N.c (the functions) and host_N.c (their calls), and table.c.
The same seed gives the same text. What is known of the architecture stands in abi_<machine>.py;
what the sources need to run stands in signatures.h. Begin at write().
"""
import importlib
import os
import random
import sys

from layout import Field, Struct

STRUCT_SIZES = 128        # there is a struct of each size up to this
MORE_STRUCTS = 160        # with whatever stands in a struct
ARGUMENTS_MAX = 24
STRUCT_ALIGNS = (16, 32, 64, 128)


class Function:
    def __init__(self, number, result, arguments, named, abi):
        self.number = number
        self.result = result        # None: void
        self.arguments = arguments
        self.named = named          # fewer than there are arguments: variadic
        self.stack = abi.stack_bytes(result, arguments, named)
        self.followed = abi.ends_in_address(result, arguments, named)
        self.level = max([type_.level for type_ in arguments + ([result] if result else [])] + [0])
        self.target = abi.LEVELS[self.level]
        self.where = abi.returned_in(result)
        self.name = self._name()

    def _name(self):
        """The name says the size of the stack arguments, for the rows of a boundary file. Some
        names are those of the built-in rows: there a hook looks at arguments and results too. Where
        a word that is missing would be followed, the name ends otherwise."""
        number = f"{self.number:04}_s{self.stack}"
        if self.number % 16 == 5:
            return f"proto2ffi_{number}_{'copied' if self.followed else 'value'}"
        if self.followed:
            return f"sig_{number}_copied"
        if self.number % 64 == 7:
            return f"sig_{number}_free_byte_buffer"
        return f"sig_{number}_value"

    @property
    def variadic(self):
        return self.named < len(self.arguments)

    def result_text(self):
        return self.result.name if self.result else "void"

    def parameters(self, names):
        """The list between the parentheses."""
        listed = [type_.name + (f" a{index}" if names else "")
                  for index, type_ in enumerate(self.arguments[:self.named])]
        return ", ".join(listed + (["..."] if self.variadic else [])) or "void"

    def attribute(self):
        return f'__attribute__((target("{self.target}"))) ' if self.target else ""


# --- Types ---------------------------------------------------------------------------------------

def exact_struct(rng, abi, size):
    """A struct of that size without padding."""
    widest = rng.choice([align for align in (1, 2, 4, 8, 16) if size % align == 0])
    scalars = [scalar for scalar in abi.INTEGERS + abi.FLOATS if scalar.align <= widest]
    fields, offset = [], 0
    while offset < size:
        fitting = [scalar for scalar in scalars
                   if offset % scalar.align == 0 and offset + scalar.size <= size]
        scalar = rng.choice(fitting)
        most = (size - offset) // scalar.size
        count = rng.randint(1, most) if rng.random() < 0.4 else 1
        fields.append(Field(scalar, count))
        offset += scalar.size * count
    return Struct(f"exact{size}", fields)


def random_union(rng, abi, name):
    cover = rng.choice([scalar for scalar in abi.INTEGERS if scalar.kind == "bits"])
    others = [scalar for scalar in abi.INTEGERS + abi.FLOATS if scalar.size == cover.size and
              scalar is not cover]
    return Struct(name, [Field(cover), Field(rng.choice(others or [cover]))], union=True)


def random_struct(rng, abi, name, made):
    """Mixed fields, arrays, structs and unions inside, packed or aligned more than it needs."""
    while True:
        pool = list(abi.INTEGERS) + abi.FLOATS * 2
        if rng.random() < 0.3:
            pool = list(abi.FLOATS[:2])  # floats alone travel in vector registers
        if rng.random() < 0.3:
            pool += abi.VECTORS
        if rng.random() < 0.3:
            pool += made
        fields = [Field(rng.choice(pool), rng.choice((1, 1, 1, 1, 2, 3, 5)))
                  for _ in range(rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8)))]
        packed = rng.random() < 0.15
        align = rng.choice(STRUCT_ALIGNS) if rng.random() < 0.15 else 1
        struct = Struct(name, fields, packed, align)
        if struct.size <= STRUCT_SIZES:
            return struct


def structs_of(rng, abi):
    made = [exact_struct(rng, abi, size) for size in range(1, STRUCT_SIZES + 1)]
    for vector in abi.VECTORS:  # a lone vector in a struct is passed as that vector
        made.append(Struct(f"lone_{vector.name}", [Field(vector)]))
    for index in range(12):
        made.append(random_union(rng, abi, f"either{index}"))
    for index in range(MORE_STRUCTS):
        made.append(random_struct(rng, abi, f"mixed{index}", made))
    return made


# --- Functions -----------------------------------------------------------------------------------

def pick(rng, abi, structs, level, variadic=False, result=False):
    """A type that such a function may have."""
    pools = ((30, abi.INTEGERS), (22, abi.FLOATS), (14, abi.VECTORS), (34, structs))
    if result:
        pools = ((22, abi.INTEGERS), (28, abi.FLOATS), (15, abi.VECTORS), (35, structs))
    pool = rng.choices([pool for _, pool in pools], [weight for weight, _ in pools])[0]
    if pool is abi.VECTORS and level and rng.random() < 0.6:
        pool = [type_ for type_ in pool if type_.level == level]
    if pool is structs and rng.random() < 0.6:
        pool = [type_ for type_ in pool if type_.size <= 16]
    return rng.choice([type_ for type_ in pool
                       if type_.level <= level and (type_.variadic or not variadic)])


def random_function(rng, abi, structs, number):
    level = rng.choices(range(len(abi.LEVELS)), [75] + [25 / (len(abi.LEVELS) - 1)] *
                        (len(abi.LEVELS) - 1) if len(abi.LEVELS) > 1 else [1])[0]
    result = None if rng.random() < 0.06 else pick(rng, abi, structs, level, result=True)
    count = rng.choice((rng.randint(0, 6), rng.randint(0, 6), rng.randint(3, 14),
                        rng.randint(3, 14), rng.randint(10, ARGUMENTS_MAX)))
    named = count
    if count > 1 and rng.random() < 0.12:
        named = rng.randint(1, min(count - 1, 4))
    arguments = [pick(rng, abi, structs, level, variadic=index >= named)
                 for index in range(count)]
    return Function(number, result, arguments, named, abi)


class Set:
    """All that one seed gives."""

    def __init__(self, seed, count, machine):
        self.abi = importlib.import_module(f"abi_{machine}")
        rng = random.Random(seed)
        self.structs = structs_of(rng, self.abi)
        self.scalars = self.abi.INTEGERS + self.abi.FLOATS + self.abi.VECTORS
        self.functions = [random_function(rng, self.abi, self.structs, number)
                          for number in range(count)]


# --- C -------------------------------------------------------------------------------------------

def types_header(made):
    """A wide vector's type is what the processor has while it is declared."""
    lines = ['#include "signatures.h"', ""]
    for type_ in made.scalars + made.structs:
        target = made.abi.LEVELS[type_.level]
        if target:
            lines += ["#pragma GCC push_options", f'#pragma GCC target("{target}")']
        lines += [type_.declaration(),
                  f'_Static_assert(sizeof({type_.name}) == {type_.size}, "size");',
                  f'_Static_assert(_Alignof({type_.name}) == {type_.align}, "alignment");']
        if target:
            lines.append("#pragma GCC pop_options")
        lines.append(f"extern const struct sig_type type_{type_.name};")
    return lines


def types_source(made):
    """Built into the library and into the host."""
    lines = ['#include "types.h"', ""]
    for type_ in made.scalars + made.structs:
        rows = type_.rows()
        lines += [f"static const struct sig_field fields_{type_.name}[] = {{"]
        lines += [f"\t{{ {offset}, {size}, {count}, SIG_{kind.upper()} }},"
                  for offset, size, count, kind in rows]
        lines += ["};", f"const struct sig_type type_{type_.name} = {{ {type_.size}, "
                        f"{made.abi.argument_align(type_)}, {len(rows)}, fields_{type_.name} }};"]
    return lines


def definition(function):
    """One function of the library, and the hidden name by which the table knows it."""
    lines = [f"{function.attribute()}{function.result_text()} {function.name}"
             f"({function.parameters(True)})", "{",
             f"\tstruct sig_fold fold = sig_enter({function.number}, SIG_FRAME());"]
    if function.result:
        lines.append(f"\t{function.result.name} result;")
    if function.variadic:
        lines.append("\tva_list list;")
        lines.append(f"\tva_start(list, a{function.named - 1});")
    for index, type_ in enumerate(function.arguments[:function.named]):
        lines.append(f"\tsig_fold(&fold, &type_{type_.name}, &a{index});")
    for index, type_ in enumerate(function.arguments[function.named:], function.named):
        lines.append(f"\t{type_.name} a{index} = va_arg(list, {type_.name});")
        lines.append(f"\tsig_fold_copy(&fold, &type_{type_.name}, &a{index});")
    if function.variadic:
        lines.append("\tva_end(list);")
    if function.result:
        lines += [f"\tsig_leave(&fold, &type_{function.result.name}, &result);",
                  "\treturn result;"]
    else:
        lines.append("\tsig_leave(&fold, NULL, NULL);")
    lines += ["}", f"SIG_DIRECT({function.result_text()}, {function.number:04}, {function.name}, "
                   f"({function.parameters(False)}))", ""]
    return lines


def call(function):
    """One call of the host: both ways, compared with what must come out."""
    lines = [f"{function.attribute()}void call_{function.number:04}(struct sig_call *call)", "{"]
    lines += [f"\t{type_.name} a{index};" for index, type_ in enumerate(function.arguments)]
    lines += [f"\tsig_give(call, &type_{type_.name}, &a{index});"
              for index, type_ in enumerate(function.arguments)]
    lines.append("\tfor (int way = 0; way < SIG_WAYS; way++) {")
    arguments = ", ".join(f"a{index}" for index in range(len(function.arguments)))
    called = (f"(({function.result_text()} (*)({function.parameters(False)}))"
              f"call->ways[way])({arguments})")
    if function.result:
        lines += [f"\t\t{function.result.name} result = {called};",
                  f"\t\tsig_check(call, way, &type_{function.result.name}, &result);"]
    else:
        lines += [f"\t\t{called};", "\t\tsig_check(call, way, NULL, NULL);"]
    lines += ["\t}", "}", ""]
    return lines


def library_table(functions):
    """Addresses that nobody looked up: relocations without a symbol."""
    lines = ['#include "signatures.h"', ""]
    lines += [f"extern const char direct_{function.number:04}[] SIG_HIDDEN;"
              for function in functions]
    lines += ["SIG_EXPORT const void *const sig_direct[] = {"]
    lines += [f"\tdirect_{function.number:04}," for function in functions]
    return lines + ["};"]


def host_table(functions):
    lines = ['#include "signatures.h"', ""]
    lines += [f"void call_{function.number:04}(struct sig_call *);" for function in functions]
    lines += ["const struct sig_entry sig_entries[] = {"]
    lines += [f'\t{{ "{function.name}", {function.stack}, {function.level}, '
              f"call_{function.number:04} }}," for function in functions]
    return lines + ["};", f"const unsigned int sig_entry_count = {len(functions)};"]


def write(folder, made, units):
    """All sources; the names of (the library's, the host's)."""
    def put(name, lines):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        return name

    put("types.h", types_header(made))
    types = put("types.c", types_source(made))
    library = [types, put("library_table.c", library_table(made.functions))]
    host = [types, put("host_table.c", host_table(made.functions))]
    for unit in range(units):
        mine = made.functions[unit::units]
        head = ['#include "types.h"', ""]
        library.append(put(f"library_{unit}.c", head + [line for function in mine
                                                        for line in definition(function)]))
        host.append(put(f"host_{unit}.c", head + [line for function in mine
                                                  for line in call(function)]))
    return library, host


if __name__ == "__main__":
    write(sys.argv[1], Set(int(sys.argv[2]), int(sys.argv[3]), os.uname().machine),
          int(sys.argv[4]))
