# What the compiler is told for this processor: FSC_ARCH_OPTIONS for all that runs inside a program,
# FSC_ARCH_HOT_OPTIONS for what runs between a call's readings and its registers.
# FSC_ARCH_HOT_SOURCES is what this folder has of it.
# i686 is what Debian's i386 asks of a processor: no SSE. Old programs align their stack to 4 bytes only.
set(FSC_ARCH_OPTIONS -march=i686 -mtune=generic -mstackrealign)
set(FSC_ARCH_HOT_OPTIONS -mgeneral-regs-only -ffreestanding -O2 -mno-stackrealign)
set(FSC_ARCH_HOT_SOURCES arguments.c atomics.c)
# Debian's C library for 32-bit programs on amd64 says lib32 for $LIB.
file(CREATE_LINK lib/i386-linux-gnu ${PROJECT_SOURCE_DIR}/build/lib32 SYMBOLIC)
