# SPDX-License-Identifier: MIT
"""abi_i386.py - where the System V i386 ABI puts arguments and results.

What generate.py asks of an architecture: the scalars it has, the features a vector needs, and how
many bytes of arguments a call puts on the stack. Source: psABI 1.1, section 2.2.3, and what GCC does
where the text is silent: alignment on the stack, __float128, variadic functions.

Vectors of 8 bytes travel in MMX registers, after which the caller would have to clear the x87 stack
(emms) before it uses a float again; compilers leave that to the programmer. probe_i386.S has them.
"""
from layout import Scalar

WORD = 4
VECTOR_REGISTERS = 3

# Level of a function: what the processor must have. The name for __builtin_cpu_supports() and the
# target attribute, None for the baseline.
LEVELS = [None, "avx2", "avx512f"]


def _integers():
    for name, text, size in (("i8", "signed char", 1), ("u8", "unsigned char", 1),
                             ("i16", "short", 2), ("u16", "unsigned short", 2),
                             ("i32", "int", 4), ("u32", "unsigned long", 4),
                             ("i64", "long long", 8), ("u64", "unsigned long long", 8),
                             ("pointer", "void *", 4)):
        yield Scalar(name, text, size, align=min(size, WORD), classes="integer",
                     variadic=size >= 4)
    yield Scalar("boolean", "_Bool", 1, kind="bool", classes="integer")


def _floats():
    yield Scalar("f32", "float", 4, kind="float", classes="st0")
    yield Scalar("f64", "double", 8, align=WORD, kind="double", classes="st0", variadic=True)
    yield Scalar("f80", "long double", 12, align=WORD, kind="extended", classes="st0",
                 variadic=True)
    yield Scalar("f128", "__float128", 16, classes="memory", variadic=True)
    yield Scalar("c32", "float _Complex", 8, align=WORD, kind="float", count=2,
                 classes="integer", pieces=2, variadic=True)
    yield Scalar("c64", "double _Complex", 16, align=WORD, kind="double", count=2,
                 classes="memory", pieces=2, variadic=True)
    yield Scalar("c80", "long double _Complex", 24, align=WORD, kind="extended", count=2,
                 classes="memory", variadic=True)


def _vectors():
    for size, level in ((16, 0), (32, 1), (64, 2)):
        for element, text, kind, bytes_each in (("f32", "float", "float", 4),
                                                ("f64", "double", "double", 8),
                                                ("i32", "int", "bits", 4),
                                                ("i8", "char", "bits", 1),
                                                ("i64", "long long", "bits", 8)):
            yield Scalar(f"v{size // bytes_each}{element}", text, size, kind=kind,
                         count=size // bytes_each, level=level, classes="vector", vector=True,
                         variadic=True)


INTEGERS = list(_integers())
FLOATS = list(_floats())
VECTORS = list(_vectors())


def returned_in(type_):
    """A word for where a result comes back."""
    if type_ is None:
        return "void"
    return "memory" if type_.is_struct else type_.classes


def argument_align(type_):
    """What a callee finds an argument aligned to: where it lies on the stack, or its copy of it."""
    return type_.align


def ends_in_address(result, arguments, named):
    """Is the last word on the stack one that the callee follows? Structs lie there themselves."""
    return False


def _needs_alignment(type_):
    """Is there something of 16 bytes or more in it that asks for its alignment?"""
    if type_.align < 16:
        return False
    if not type_.is_struct:
        return True
    return any(_needs_alignment(field.type) for field in type_.fields)


def stack_bytes(result, arguments, named):
    """Bytes of arguments on the stack, padding between them included; the first `named` have names."""
    vectors = VECTOR_REGISTERS if named == len(arguments) else 0
    offset = WORD if returned_in(result) == "memory" else 0
    for type_ in arguments:
        if not type_.is_struct and type_.vector and vectors:
            vectors -= 1
            continue
        align = type_.align if _needs_alignment(type_) else WORD
        offset = (offset + align - 1) // align * align
        offset += (type_.size + WORD - 1) // WORD * WORD
    return offset
