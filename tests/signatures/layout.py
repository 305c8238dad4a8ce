# SPDX-License-Identifier: MIT
"""layout.py - C types as the generator knows them: scalars, structs, unions, and where fields lie.

The C sources check each layout with _Static_assert, so that what is said here is what the compiler
does.
"""


class Scalar:
    """Anything but a struct: an integer, a float, a complex, a vector."""
    is_struct = False

    def __init__(self, name, text, size, align=None, kind="bits", count=1, classes="", pieces=1,
                 level=0, vector=False, variadic=False):
        self.name = name
        self.text = text          # in C; of one element, for a vector
        self.size = size
        self.align = align or size
        self.kind = kind          # of each element: bits, bool, float, double, extended
        self.count = count        # elements
        self.classes = classes    # the architecture's own word
        self.pieces = pieces      # parts that are classified each for itself
        self.level = level        # index into the architecture's LEVELS
        self.vector = vector
        self.variadic = variadic  # may be passed to `...`: no promotion changes it

    def leaves(self):
        return [(0, self)]

    def rows(self):
        """(offset, bytes of an element, elements, kind)"""
        return [(0, self.size // self.count, self.count, self.kind)]

    def declaration(self):
        if self.vector:
            return f"typedef {self.text} {self.name} __attribute__((vector_size({self.size})));"
        return f"typedef {self.text} {self.name};"


class Field:
    def __init__(self, type_, count=1):
        self.type = type_
        self.count = count  # of an array; 1: none
        self.offset = 0


class Struct:
    """A struct, or a union whose first member covers all others."""
    is_struct = True
    variadic = True

    def __init__(self, name, fields, packed=False, align=1, union=False):
        self.name = name
        self.fields = fields
        self.packed = packed
        self.forced_align = align
        self.union = union
        self.level = max(field.type.level for field in fields)
        self._lay_out()

    def _lay_out(self):
        offset = end = 0
        self.align = self.forced_align
        for field in self.fields:
            align = 1 if self.packed else field.type.align
            field.offset = 0 if self.union else (offset + align - 1) // align * align
            offset = field.offset + field.type.size * field.count
            end = max(end, offset)
            self.align = max(self.align, align)
        self.size = (end + self.align - 1) // self.align * self.align

    def leaves(self):
        return [(field.offset + index * field.type.size + offset, scalar)
                for field in self.fields for index in range(field.count)
                for offset, scalar in field.type.leaves()]

    def rows(self):
        result = []
        for field in self.fields[:1] if self.union else self.fields:
            for index in range(field.count):
                base = field.offset + index * field.type.size
                result += [(base + offset, *rest) for offset, *rest in field.type.rows()]
        return result

    def declaration(self):
        attributes = []
        if self.packed:
            attributes.append("packed")
        if self.forced_align > 1:
            attributes.append(f"aligned({self.forced_align})")
        attribute = f" __attribute__(({', '.join(attributes)}))" if attributes else ""
        lines = [f"typedef {'union' if self.union else 'struct'} {{"]
        for index, field in enumerate(self.fields):
            array = f"[{field.count}]" if field.count > 1 else ""
            lines.append(f"\t{field.type.name} f{index}{array};")
        lines.append(f"}}{attribute} {self.name};")
        for index, field in enumerate(self.fields):
            lines.append(f"_Static_assert(__builtin_offsetof({self.name}, f{index}) == "
                         f'{field.offset}, "layout");')
        return "\n".join(lines)
