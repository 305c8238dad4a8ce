/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "trace_points/image_detail.h"

Test(image_detail, an_image_that_nobody_changed_records_all)
{
	struct fsc_image image = { 0 };
	struct fsc_image_detail detail;

	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.change, 0);
	cr_assert_eq(detail.one_in, 1);
}

Test(image_detail, what_was_written_is_read_with_a_new_number)
{
	struct fsc_image image = { 0 };
	struct fsc_image_detail detail;

	fsc_image_detail_write(&image, &(struct fsc_image_detail){ .one_in = 100 });
	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.one_in, 100);
	cr_assert_eq(detail.change, 2);
	fsc_image_detail_write(&image, &(struct fsc_image_detail){ .one_in = FSC_SAMPLE_NONE });
	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.one_in, FSC_SAMPLE_NONE);
	cr_assert_eq(detail.change, 4);
}

Test(image_detail, while_somebody_writes_nothing_is_read)
{
	struct fsc_image image = { .detail_change = 3, .sample_one_in = 10 };
	struct fsc_image_detail detail;

	cr_assert_not(fsc_image_detail_read(&image, &detail));
}

Test(image_detail, one_who_died_while_it_wrote_is_passed_over)
{
	struct fsc_image image = { .detail_change = 3, .sample_one_in = 10 };
	struct fsc_image_detail detail;

	fsc_image_detail_write(&image, &(struct fsc_image_detail){ .one_in = 7 });
	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.one_in, 7);
	cr_assert_gt(detail.change, 4);
}

Test(image_detail, nonsense_is_made_plausible)
{
	struct fsc_image image = { .detail_change = 2 };
	struct fsc_image_detail detail;

	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.one_in, 1);
	image.sample_one_in = FSC_SAMPLE_NONE - 1;
	cr_assert(fsc_image_detail_read(&image, &detail));
	cr_assert_eq(detail.one_in, FSC_SAMPLE_MOST);
}
