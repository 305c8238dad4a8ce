/* SPDX-License-Identifier: MIT */
#include "trace_points/machine.h"

#include <criterion/criterion.h>
#include <sys/utsname.h>

Test(machine, has_the_name_that_uname_says)
{
	struct utsname names;

	cr_assert_eq(uname(&names), 0);
	cr_assert_str_eq(fsc_machine_name(FSC_MACHINE_OWN), names.machine);
}

Test(machine, an_unknown_one_has_no_name_and_no_counter)
{
	cr_assert_null(fsc_machine_name(EM_NONE));
	cr_assert_not(fsc_machine_shares_counter(EM_NONE));
}

Test(machine, a_width_shares_the_counter_with_the_other_and_not_with_another_processor)
{
	cr_assert(fsc_machine_shares_counter(FSC_MACHINE_OWN));
	cr_assert_eq(fsc_machine_shares_counter(EM_386), fsc_machine_shares_counter(EM_X86_64));
	cr_assert_neq(fsc_machine_shares_counter(EM_AARCH64),
		      fsc_machine_shares_counter(EM_X86_64));
}
