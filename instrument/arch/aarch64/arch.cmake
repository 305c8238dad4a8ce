# What the compiler is told for this processor: FSC_ARCH_OPTIONS for all that runs inside a program,
# FSC_ARCH_HOT_OPTIONS for what runs between a call's readings and its registers.
#
# Atomics are written out as exclusive loads and stores, which every processor has: libgcc's choice
# at run time would be a call. Landing pads for BTI are no-ops where there is none.
set(FSC_ARCH_OPTIONS -mno-outline-atomics -mbranch-protection=bti)
set(FSC_ARCH_HOT_OPTIONS -mgeneral-regs-only -ffreestanding -O2)
