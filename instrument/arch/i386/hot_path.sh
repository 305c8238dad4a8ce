# What check_hot_path.sh looks for in objdump's text: regular expressions of awk.
branch='^(call|jmp|j[a-z]+)l?$'
relocation='R_386_(PLT32|PC32)'
vector='%[xyz]mm|%st|%mm[0-7]'
pointer_call='call[l ]+ *[*]'
