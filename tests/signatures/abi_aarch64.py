# SPDX-License-Identifier: MIT
"""abi_aarch64.py - where AAPCS64 puts arguments and results.

What generate.py asks of an architecture: the scalars it has, the features a vector needs, and how
many bytes of arguments a call puts on the stack. Source: Procedure Call Standard for the Arm 64-bit
Architecture, 5.9.5 (homogeneous aggregates), 6.8.2 (arguments), 6.9 (results), and what GCC does
where types are packed or aligned more than they need.
"""
from layout import Scalar

REGISTERS = 8           # of each kind
HOMOGENEOUS_MAX = 4     # elements

# One level: what is wider than 128 bits has a calling convention of its own and is not wrapped.
LEVELS = [None]


def _integers():
    for name, text, size in (("i8", "signed char", 1), ("u8", "unsigned char", 1),
                             ("i16", "short", 2), ("u16", "unsigned short", 2),
                             ("i32", "int", 4), ("u32", "unsigned int", 4),
                             ("i64", "long", 8), ("u64", "unsigned long long", 8),
                             ("pointer", "void *", 8)):
        yield Scalar(name, text, size, variadic=size >= 4)
    yield Scalar("boolean", "_Bool", 1, kind="bool")
    yield Scalar("i128", "__int128", 16, variadic=True)


def _floats():
    """classes: what makes two of them elements of one kind."""
    yield Scalar("f32", "float", 4, kind="float", classes="f4")
    yield Scalar("f64", "double", 8, kind="double", classes="f8", variadic=True)
    yield Scalar("f128", "long double", 16, classes="f16", variadic=True)
    yield Scalar("c32", "float _Complex", 8, align=4, kind="float", count=2, classes="f4",
                 pieces=2, variadic=True)
    yield Scalar("c64", "double _Complex", 16, align=8, kind="double", count=2, classes="f8",
                 pieces=2, variadic=True)
    yield Scalar("c128", "long double _Complex", 32, align=16, count=2, classes="f16", pieces=2,
                 variadic=True)


def _vectors():
    for size in (8, 16):
        for element, text, kind, bytes_each in (("f32", "float", "float", 4),
                                                ("f64", "double", "double", 8),
                                                ("i32", "int", "bits", 4),
                                                ("i8", "char", "bits", 1),
                                                ("i64", "long", "bits", 8)):
            count = size // bytes_each
            if count >= 2:
                yield Scalar(f"v{count}{element}", text, size, kind=kind, count=count,
                             classes=f"v{size}", vector=True, variadic=True)


INTEGERS = list(_integers())
FLOATS = list(_floats())
VECTORS = list(_vectors())


def homogeneous(type_):
    """How many vector registers it takes; 0: it is not made of one to four equal elements."""
    leaves = [scalar for _, scalar in type_.leaves()]
    classes = {scalar.classes for scalar in leaves}
    pieces = sum(scalar.pieces for scalar in leaves)
    if len(classes) != 1 or "" in classes or pieces > HOMOGENEOUS_MAX:
        return 0
    each = leaves[0].size // leaves[0].pieces
    return pieces if pieces * each == type_.size else 0


def natural_align(type_):
    """Of a struct that of its members: what it is aligned to itself does not count."""
    if not type_.is_struct:
        return type_.align
    return max(1 if type_.packed else field.type.align for field in type_.fields)


def argument_align(type_):
    """What a callee finds an argument aligned to."""
    return min(natural_align(type_), 16)


def in_memory(type_):
    """Is it returned through the hidden pointer, X8?"""
    return not homogeneous(type_) and type_.size > 16


def returned_in(type_):
    """A word for where a result comes back."""
    if type_ is None:
        return "void"
    if homogeneous(type_):
        return " and ".join(["vector"] * homogeneous(type_))
    return "memory" if in_memory(type_) else " and ".join(["integer"] * ((type_.size + 7) // 8))


def _on_stack(arguments):
    """(where it ends, is it the address of a copy) of each argument there. Unnamed ones go like
    others, and the hidden pointer takes the place of none."""
    integers = vectors = offset = 0
    for type_ in arguments:
        size, align = type_.size, natural_align(type_)
        elements = homogeneous(type_)
        copied = not elements and size > 16
        if elements:
            if vectors + elements <= REGISTERS:
                vectors += elements
                continue
            vectors = REGISTERS
        else:
            if copied:
                size = align = 8
            words = (size + 7) // 8
            if align >= 16:
                integers += integers % 2
            if integers + words <= REGISTERS:
                integers += words
                continue
            integers = REGISTERS
        align = 16 if align >= 16 else 8
        offset = (offset + align - 1) // align * align
        offset += (size + 7) // 8 * 8
        yield offset, copied


def stack_bytes(result, arguments, named):
    """Bytes of arguments on the stack, padding between them included."""
    return max((end for end, _ in _on_stack(arguments)), default=0)


def ends_in_address(result, arguments, named):
    """Is the last word on the stack one that the callee follows?"""
    return [False, *(copied for _, copied in _on_stack(arguments))][-1]
