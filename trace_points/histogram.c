/* SPDX-License-Identifier: MIT */
/*
 * Buckets by table: the leading bit gives the octave, a table of boundaries the place in it.
 * Integers only, because this also runs where floating-point registers belong to somebody else.
 */
#include "trace_points/histogram.h"

/*
 * lower[j] = floor(2^(63 + j/64)), then a guard. A value shifted up to 64 bits lies above 2^(j/64)
 * of its octave iff it is greater.
 */
static const uint64_t lower[FSC_HISTOGRAM_PER_OCTAVE + 1] = {
	0x8000000000000000ull,
	0x8164d1f3bc030773ull,
	0x82cd8698ac2ba1d7ull,
	0x843a28c3acde4046ull,
	0x85aac367cc487b14ull,
	0x871f61969e8d1010ull,
	0x88980e8092da8527ull,
	0x8a14d575496efd9aull,
	0x8b95c1e3ea8bd6e6ull,
	0x8d1adf5b7e5ba9e5ull,
	0x8ea4398b45cd53c0ull,
	0x9031dc431466b1dcull,
	0x91c3d373ab11c336ull,
	0x935a2b2f13e6e92bull,
	0x94f4efa8fef70961ull,
	0x96942d3720185a00ull,
	0x9837f0518db8a96full,
	0x99e0459320b7fa64ull,
	0x9b8d39b9d54e5538ull,
	0x9d3ed9a72cffb750ull,
	0x9ef5326091a111adull,
	0xa0b0510fb9714fc2ull,
	0xa27043030c496818ull,
	0xa43515ae09e6809eull,
	0xa5fed6a9b15138eaull,
	0xa7cd93b4e9653569ull,
	0xa9a15ab4ea7c0ef8ull,
	0xab7a39b5a93ed337ull,
	0xad583eea42a14ac6ull,
	0xaf3b78ad690a4374ull,
	0xb123f581d2ac258full,
	0xb311c412a9112489ull,
	0xb504f333f9de6484ull,
	0xb6fd91e328d17791ull,
	0xb8fbaf4762fb9ee9ull,
	0xbaff5ab2133e45fbull,
	0xbd08a39f580c36beull,
	0xbf1799b67a731082ull,
	0xc12c4cca66709456ull,
	0xc346ccda24976407ull,
	0xc5672a115506daddull,
	0xc78d74c8abb9b15cull,
	0xc9b9bd866e2f27a2ull,
	0xcbec14fef2727c5cull,
	0xce248c151f8480e3ull,
	0xd06333daef2b2594ull,
	0xd2a81d91f12ae45aull,
	0xd4f35aabcfedfa1full,
	0xd744fccad69d6af4ull,
	0xd99d15c278afd7b5ull,
	0xdbfbb797daf23755ull,
	0xde60f4825e0e9123ull,
	0xe0ccdeec2a94e111ull,
	0xe33f8972be8a5a51ull,
	0xe5b906e77c8348a8ull,
	0xe8396a503c4bdc68ull,
	0xeac0c6e7dd24392eull,
	0xed4f301ed9942b84ull,
	0xefe4b99bdcdaf5cbull,
	0xf281773c59ffb139ull,
	0xf5257d152486cc2cull,
	0xf7d0df730ad13bb8ull,
	0xfa83b2db722a033aull,
	0xfd3e0c0cf486c174ull,
	UINT64_MAX,
};

/* middle[j] = round(2^(63 + (j + 1/2)/64)): the geometric middle. */
static const uint64_t middle[FSC_HISTOGRAM_PER_OCTAVE] = {
	0x80b1ed4fd999ab6cull, 0x8218af4373fc25ecull, 0x8383594eefb6ee37ull, 0x84f1f656379c1a29ull,
	0x8664915b923fba04ull, 0x87db357ff698d792ull, 0x8955ee03618e5fddull, 0x8ad4c6452c728924ull,
	0x8c57c9c4646f4ddeull, 0x8ddf042022e69cd6ull, 0x8f6a8117e6c8e5c4ull, 0x90fa4c8beee4b12bull,
	0x928e727d9531f9acull, 0x9426ff0fab1c04b6ull, 0x95c3fe86d6cc7fefull, 0x97657d49f17ab08eull,
	0x990b87e266c189aaull, 0x9ab62afc94ff864aull, 0x9c6573682ec32c2dull, 0x9e196e189d472420ull,
	0x9fd228256400dd06ull, 0xa18faeca8544b6e4ull, 0xa3520f68e802bb93ull, 0xa5195786be9ef339ull,
	0xa6e594cfeee86b1eull, 0xa8b6d5167b320e09ull, 0xaa8d2652ec907629ull, 0xac6896a4be3fe929ull,
	0xae493452ca35b80eull, 0xb02f0dcbb6e04584ull, 0xb21a31a66618fe3bull, 0xb40aaea2654b9841ull,
	0xb60093a85ed5f76cull, 0xb7fbefca8ca41e7cull, 0xb9fcd2452c0b9debull, 0xbc034a7ef2e9fb0dull,
	0xbe0f6809860993e2ull, 0xc0213aa1f0d08db0ull, 0xc238d2311e3d6673ull, 0xc4563ecc5334cb33ull,
	0xc67990b5aa245f79ull, 0xc8a2d85c8ffe2c45ull, 0xcad2265e4290774eull, 0xcd078b86503dcdd2ull,
	0xcf4318cf191918c1ull, 0xd184df6251699ac6ull, 0xd3ccf099859ac379ull, 0xd61b5dfe9f9bce07ull,
	0xd870394c6db32c84ull, 0xdacb946f2ac9cc72ull, 0xdd2d818508324c20ull, 0xdf9612deb8f04420ull,
	0xe2055afffe83d369ull, 0xe47b6ca0373da88dull, 0xe6f85aaaee1fce22ull, 0xe97c38406c4f8c57ull,
	0xec0718b64c1cbddcull, 0xee990f980da3025bull, 0xf13230a7ad094509ull, 0xf3d28fde3a641a5bull,
	0xf67a416c733f846eull, 0xf92959bb5dd4ba74ull, 0xfbdfed6ce5f09c49ull, 0xfe9e115c7b8f884cull,
};

/* How many boundaries lie below every value whose 6 bits after the leading one are the index. */
static const uint8_t below[64] = {
	0,  2,	3,  5,	6,  7,	9,  10, 11, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 25, 26, 27,
	28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 44, 45, 46, 47, 48,
	49, 50, 51, 51, 52, 53, 54, 55, 55, 56, 57, 58, 59, 59, 60, 61, 62, 62, 63, 64,
};

uint32_t fsc_histogram_bucket(uint64_t value)
{
	uint32_t octave, place;
	uint64_t shifted;

	if (value <= 1)
		return 0;
	octave = 63 - (uint32_t)__builtin_clzll(value);
	shifted = value << (63 - octave);
	place = below[shifted >> 57 & 63];
	/* 64 steps of the index meet 64 boundaries: never more than two within one step. */
	place += shifted > lower[place];
	place += shifted > lower[place];
	/* A power of two is the closed upper end of the octave before it. */
	return octave * FSC_HISTOGRAM_PER_OCTAVE + place - 1;
}

uint64_t fsc_histogram_bucket_value(uint32_t bucket)
{
	uint32_t octave = bucket / FSC_HISTOGRAM_PER_OCTAVE;
	uint64_t value = middle[bucket % FSC_HISTOGRAM_PER_OCTAVE];

	if (octave >= 63)
		return value;
	return (value >> (63 - octave)) + (value >> (62 - octave) & 1);
}
