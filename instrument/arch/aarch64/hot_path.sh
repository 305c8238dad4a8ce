# What check_hot_path.sh looks for in objdump's text: regular expressions of awk.
branch='^(bl|b|b[.][a-z]+|cbn?z|tbn?z)$'
relocation='R_AARCH64_(CALL26|JUMP26|CONDBR19|TSTBR14)'
vector='[\t ,{][vqdshbzp][0-9]+([], .}\t]|$)'
pointer_call='\tblr\t'
