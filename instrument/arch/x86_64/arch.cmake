# What the compiler is told for this processor: FSC_ARCH_OPTIONS for all that runs inside a program,
# FSC_ARCH_HOT_OPTIONS for what runs between a call's readings and its registers.
set(FSC_ARCH_OPTIONS)
# prefetchw, which every 64-bit processor takes, at worst as a no-op; a prefetch for reading would
# leave the line with the other processor.
set(FSC_ARCH_HOT_OPTIONS -mgeneral-regs-only -ffreestanding -O2 -mprfchw)
