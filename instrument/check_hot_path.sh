#!/bin/sh
# check_hot_path.sh OBJDUMP ARCH OBJECT...: what runs between a call's readings touches no vector
# register, and calls nothing beyond these objects but fsc_arch_call_outside, which saves them.
# Functions named *_outside are only handed to that one, and may call anything. ARCH is a folder of
# arch/: its hot_path.sh says how things look there.
set -eu
objdump=$1
. "$2/hot_path.sh"
shift 2
"$objdump" -dr --no-show-raw-insn "$@" | awk -v branch_word="$branch" -v relocation="$relocation" \
	-v vector="$vector" -v pointer_call="$pointer_call" '
	/^[0-9a-f]+ <.*>:$/ {
		name = $2
		gsub(/[<>:]/, "", name)
		outside = name ~ /_outside/
		functions++
		base = name
		sub(/[.].*/, "", base)
		defined[base] = 1
		branch = 0
		next
	}
	$0 ~ relocation {
		if (branch && !outside) {
			target = $NF
			sub(/[-+]0x[0-9a-f]+$/, "", target)
			sub(/@.*/, "", target)
			called[target] = name
		}
		branch = 0
		next
	}
	{
		branch = $2 ~ branch_word
		if (!outside && !branch && $0 ~ vector)
			print "hot path touches a vector register: " name ": " $0
		if (!outside && $0 ~ pointer_call)
			print "hot path calls through a pointer: " name ": " $0
	}
	END {
		for (target in called) {
			base = target
			sub(/[.].*/, "", base)
			if (!(base in defined) && target !~ /^[.]text/ && target != "fsc_arch_call_outside")
				print "hot path calls " target " from " called[target]
		}
		if (functions < 20)
			print "only " functions + 0 " functions to check"
		print "all checked"
	}
' | {
	said=$(cat) # nothing when awk gave up
	[ "$said" = "all checked" ] || { printf '%s\n' "$said" >&2; exit 1; }
}
