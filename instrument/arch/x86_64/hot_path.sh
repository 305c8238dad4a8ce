# What check_hot_path.sh looks for in objdump's text: regular expressions of awk.
branch='^(call|jmp|j[a-z]+)q?$'
relocation='R_X86_64_(PLT32|PC32|GOTPCRELX?)'
vector='%[xyz]mm|%st|%mm[0-7]'
pointer_call='call[q ]+ *[*]'
