#!/bin/sh
# Fails when a function of the hot path of libffiscope.so uses a vector or x87 register, or calls
# anything that is not itself checked here (fsc_arch_call_outside saves the registers).
set -eu
library=$1
hot='fsc_call_[a-z_]*|fsc_buffer_[a-z_]*|fsc_ledger_[a-z_]*|enter_[a-z_]*|leave_[a-z_]*|record_(wide|call|allocations|freed|request_buffer)|fsc_record_(begin|commit|readable|readable_range)|pass_unseen|ready|window[a-z_]*|find_frame|guess_style|looks_hidden|words_at|word_at|made|given_back|judge|tie_request|find_request|allocated_inside|find_way|claim|move_state|store|reuse|give_to_parent_call|load|argument|add_totals|set_allocation_mode|newest_frame|grow|make_ready|close_frame|is_buffer|learn|in_block|ledger_now|begin_call|start_frame|finish_call|may_carry|is_plain|set_flags|struct_in_memory|owned|take_by_pointer|publish_flags|was_buffer|fsc_live_lose|fsc_sites_skipped|places_of|make_anew|take_live'
disassembly=$(objdump -d --no-show-raw-insn "$library")
bad=$(printf '%s\n' "$disassembly" | awk -v hot="^<($hot)([.][a-z0-9.]*)?>$" '
	/^[0-9a-f]+ <.*>:$/ { name = $2; sub(/:$/, "", name); inside = name ~ hot && name !~ /plain_free/ }
	inside && /%(x|y|z)mm[0-9]|%st|%mm[0-7]/ { print name, $0 }
	inside && /[ \t]call[ \t]/ {
		target = $NF
		if (target !~ hot && target !~ /^<(fsc_arch_call_outside|fsc_arch_system_ticks)>$/)
			print name, "calls", target
	}')
if [ -n "$bad" ]; then
	echo "the hot path must use general registers only:" >&2
	printf '%s\n' "$bad" >&2
	exit 1
fi
