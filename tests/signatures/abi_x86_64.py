# SPDX-License-Identifier: MIT
"""abi_x86_64.py - where the System V AMD64 psABI puts arguments and results.

What generate.py asks of an architecture: the scalars it has, the features a vector needs, and how
many bytes of arguments a call puts on the stack. Source: psABI 1.0, section 3.2.3, and what GCC
does where the text is silent (packed structs, alignment of unnamed arguments).
"""
from layout import Scalar

INTEGER, SSE, SSEUP, X87, X87UP, COMPLEX, MEMORY = "I", "S", "U", "X", "x", "C", "M"
INTEGER_REGISTERS = 6
VECTOR_REGISTERS = 8

# Level of a function: what the processor must have. The name for __builtin_cpu_supports() and the
# target attribute, None for the baseline.
LEVELS = [None, "avx2", "avx512f"]


def _integers():
    for name, text, size in (("i8", "signed char", 1), ("u8", "unsigned char", 1),
                             ("i16", "short", 2), ("u16", "unsigned short", 2),
                             ("i32", "int", 4), ("u32", "unsigned int", 4),
                             ("i64", "long", 8), ("u64", "unsigned long long", 8),
                             ("pointer", "void *", 8)):
        yield Scalar(name, text, size, classes=INTEGER, variadic=size >= 4)
    yield Scalar("boolean", "_Bool", 1, kind="bool", classes=INTEGER)
    yield Scalar("i128", "__int128", 16, classes=INTEGER + INTEGER, variadic=True)


def _floats():
    yield Scalar("f32", "float", 4, kind="float", classes=SSE)
    yield Scalar("f64", "double", 8, kind="double", classes=SSE, variadic=True)
    yield Scalar("f80", "long double", 16, kind="extended", classes=X87 + X87UP, variadic=True)
    yield Scalar("f128", "__float128", 16, classes=SSE + SSEUP, variadic=True)
    yield Scalar("c32", "float _Complex", 8, align=4, kind="float", count=2, classes=SSE,
                 pieces=2, variadic=True)
    yield Scalar("c64", "double _Complex", 16, align=8, kind="double", count=2, classes=SSE + SSE,
                 pieces=2, variadic=True)
    yield Scalar("c80", "long double _Complex", 32, align=16, kind="extended", count=2,
                 classes=COMPLEX * 4, variadic=True)


def _vectors():
    for size, level in ((8, 0), (16, 0), (32, 1), (64, 2)):
        for element, text, kind, bytes_each in (("f32", "float", "float", 4),
                                                ("f64", "double", "double", 8),
                                                ("i32", "int", "bits", 4),
                                                ("i8", "char", "bits", 1),
                                                ("i64", "long", "bits", 8)):
            count = size // bytes_each
            if count < 2:
                continue
            yield Scalar(f"v{count}{element}", text, size, kind=kind, count=count, level=level,
                         classes=SSE + SSEUP * (size // 8 - 1), vector=True, variadic=True)


INTEGERS = list(_integers())
FLOATS = list(_floats())
VECTORS = list(_vectors())


def _merge(one, two):
    if one == two or not two:
        return one
    if not one:
        return two
    for strongest in (MEMORY, INTEGER):
        if strongest in (one, two):
            return strongest
    return MEMORY if {one, two} & {X87, X87UP, COMPLEX} else SSE


def classes(type_):
    """The class of each eightbyte, or [MEMORY]."""
    if type_.size > 64:
        return [MEMORY]
    found = [""] * ((type_.size + 7) // 8)
    for offset, scalar in type_.leaves():
        if offset % scalar.align:
            return [MEMORY]
        each = scalar.size // scalar.pieces
        for piece in range(scalar.pieces):
            start = offset + piece * each
            wanted = scalar.classes if scalar.pieces == 1 else SSE
            for index, class_ in enumerate(wanted):
                at = start // 8 + index
                found[at] = _merge(found[at], class_)
    if MEMORY in found:
        return [MEMORY]
    if type_.is_struct and len(found) > 2 and (found[0] != SSE or set(found[1:]) != {SSEUP}):
        return [MEMORY]
    for index, class_ in enumerate(found):
        before = found[index - 1] if index else ""
        if class_ == SSEUP and before not in (SSE, SSEUP):
            found[index] = SSE
        if class_ == X87UP and before != X87:
            return [MEMORY]
    return found


def argument_align(type_):
    """What a callee finds an argument aligned to."""
    return type_.align


def in_memory(type_):
    """Is it returned through the hidden pointer?"""
    return MEMORY in classes(type_)


def returned_in(type_):
    """A word for where a result comes back."""
    if type_ is None:
        return "void"
    found = classes(type_)
    if MEMORY in found:
        return "memory"
    if COMPLEX in found:
        return "st0 and st1"
    if X87 in found:
        return "st0"
    registers = [class_ for class_ in found if class_ in (INTEGER, SSE)]
    return " and ".join({INTEGER: "integer", SSE: "vector"}[class_] for class_ in registers)


def stack_bytes(result, arguments, named):
    """Bytes of arguments on the stack, padding between them included; the first `named` have names."""
    integers = INTEGER_REGISTERS - (result is not None and in_memory(result))
    vectors = VECTOR_REGISTERS
    offset = 0
    for index, type_ in enumerate(arguments):
        found = classes(type_)
        need_integers, need_vectors = found.count(INTEGER), found.count(SSE)
        memory = bool({MEMORY, X87, COMPLEX} & set(found))
        memory = memory or (index >= named and SSE in found and type_.size > 16)
        if not memory and need_integers <= integers and need_vectors <= vectors:
            integers -= need_integers
            vectors -= need_vectors
            continue
        align = max(8, type_.align)
        offset = (offset + align - 1) // align * align
        offset += (type_.size + 7) // 8 * 8
    return offset


def ends_in_address(result, arguments, named):
    """Is the last word on the stack one that the callee follows? Structs lie there themselves."""
    return False
