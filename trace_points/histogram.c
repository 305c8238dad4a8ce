/* SPDX-License-Identifier: MIT */
/*
 * Buckets by table: the leading bit gives the octave, a table of boundaries the place in it.
 * Integers only, because this also runs where floating-point registers belong to somebody else.
 */
#include "trace_points/histogram.h"

/*
 * lower[j] = floor(2^(63 + j/128)), then a guard. A value shifted up to 64 bits lies above
 * 2^(j/128) of its octave iff it is greater.
 */
static const uint64_t lower[FSC_HISTOGRAM_PER_OCTAVE + 1] = {
	0x8000000000000000ull, 0x80b1ed4fd999ab6cull, 0x8164d1f3bc030773ull,
	0x8218af4373fc25ebull, 0x82cd8698ac2ba1d7ull, 0x8383594eefb6ee36ull,
	0x843a28c3acde4046ull, 0x84f1f656379c1a29ull, 0x85aac367cc487b14ull,
	0x8664915b923fba03ull, 0x871f61969e8d1010ull, 0x87db357ff698d791ull,
	0x88980e8092da8527ull, 0x8955ee03618e5fdcull, 0x8a14d575496efd9aull,
	0x8ad4c6452c728924ull, 0x8b95c1e3ea8bd6e6ull, 0x8c57c9c4646f4dddull,
	0x8d1adf5b7e5ba9e5ull, 0x8ddf042022e69cd5ull, 0x8ea4398b45cd53c0ull,
	0x8f6a8117e6c8e5c4ull, 0x9031dc431466b1dcull, 0x90fa4c8beee4b12aull,
	0x91c3d373ab11c336ull, 0x928e727d9531f9acull, 0x935a2b2f13e6e92bull,
	0x9426ff0fab1c04b6ull, 0x94f4efa8fef70961ull, 0x95c3fe86d6cc7feeull,
	0x96942d3720185a00ull, 0x97657d49f17ab08eull, 0x9837f0518db8a96full,
	0x990b87e266c189a9ull, 0x99e0459320b7fa64ull, 0x9ab62afc94ff864aull,
	0x9b8d39b9d54e5538ull, 0x9c6573682ec32c2dull, 0x9d3ed9a72cffb750ull,
	0x9e196e189d472420ull, 0x9ef5326091a111adull, 0x9fd228256400dd05ull,
	0xa0b0510fb9714fc2ull, 0xa18faeca8544b6e3ull, 0xa27043030c496818ull,
	0xa3520f68e802bb92ull, 0xa43515ae09e6809eull, 0xa5195786be9ef339ull,
	0xa5fed6a9b15138eaull, 0xa6e594cfeee86b1dull, 0xa7cd93b4e9653569ull,
	0xa8b6d5167b320e08ull, 0xa9a15ab4ea7c0ef8ull, 0xaa8d2652ec907629ull,
	0xab7a39b5a93ed337ull, 0xac6896a4be3fe929ull, 0xad583eea42a14ac6ull,
	0xae493452ca35b80eull, 0xaf3b78ad690a4374ull, 0xb02f0dcbb6e04583ull,
	0xb123f581d2ac258full, 0xb21a31a66618fe3bull, 0xb311c412a9112489ull,
	0xb40aaea2654b9840ull, 0xb504f333f9de6484ull, 0xb60093a85ed5f76bull,
	0xb6fd91e328d17791ull, 0xb7fbefca8ca41e7cull, 0xb8fbaf4762fb9ee9ull,
	0xb9fcd2452c0b9deaull, 0xbaff5ab2133e45fbull, 0xbc034a7ef2e9fb0cull,
	0xbd08a39f580c36beull, 0xbe0f6809860993e2ull, 0xbf1799b67a731082ull,
	0xc0213aa1f0d08db0ull, 0xc12c4cca66709456ull, 0xc238d2311e3d6672ull,
	0xc346ccda24976407ull, 0xc4563ecc5334cb32ull, 0xc5672a115506daddull,
	0xc67990b5aa245f79ull, 0xc78d74c8abb9b15cull, 0xc8a2d85c8ffe2c45ull,
	0xc9b9bd866e2f27a2ull, 0xcad2265e4290774dull, 0xcbec14fef2727c5cull,
	0xcd078b86503dcdd1ull, 0xce248c151f8480e3ull, 0xcf4318cf191918c1ull,
	0xd06333daef2b2594ull, 0xd184df6251699ac6ull, 0xd2a81d91f12ae45aull,
	0xd3ccf099859ac379ull, 0xd4f35aabcfedfa1full, 0xd61b5dfe9f9bce06ull,
	0xd744fccad69d6af4ull, 0xd870394c6db32c84ull, 0xd99d15c278afd7b5ull,
	0xdacb946f2ac9cc71ull, 0xdbfbb797daf23755ull, 0xdd2d818508324c20ull,
	0xde60f4825e0e9123ull, 0xdf9612deb8f04420ull, 0xe0ccdeec2a94e111ull,
	0xe2055afffe83d368ull, 0xe33f8972be8a5a51ull, 0xe47b6ca0373da88dull,
	0xe5b906e77c8348a8ull, 0xe6f85aaaee1fce22ull, 0xe8396a503c4bdc68ull,
	0xe97c38406c4f8c56ull, 0xeac0c6e7dd24392eull, 0xec0718b64c1cbddcull,
	0xed4f301ed9942b84ull, 0xee990f980da3025bull, 0xefe4b99bdcdaf5cbull,
	0xf13230a7ad094509ull, 0xf281773c59ffb139ull, 0xf3d28fde3a641a5aull,
	0xf5257d152486cc2cull, 0xf67a416c733f846dull, 0xf7d0df730ad13bb8ull,
	0xf92959bb5dd4ba74ull, 0xfa83b2db722a033aull, 0xfbdfed6ce5f09c48ull,
	0xfd3e0c0cf486c174ull, 0xfe9e115c7b8f884bull, UINT64_MAX,
};

/* middle[j] = round(2^(63 + (j + 1/2)/128)): the geometric middle. */
static const uint64_t middle[FSC_HISTOGRAM_PER_OCTAVE] = {
	0x8058d7d2d5e5f6b1ull, 0x810b40a1d81406d4ull, 0x81bea1708dde6056ull, 0x8272fb97b2a5894cull,
	0x83285071e0fc4547ull, 0x83dea15b9541b132ull, 0x8495efb3303efd30ull, 0x854e3cd8f9c8c95dull,
	0x86078a2f23642a9full, 0x86c1d919caef5c88ull, 0x877d2afefd4e256cull, 0x88398146b919f1d4ull,
	0x88f6dd5af155ac6bull, 0x89b540a7902557a4ull, 0x8a74ac9a79896e47ull, 0x8b3522a38e1e1032ull,
	0x8bf6a434adde0085ull, 0x8cb932c1bae97a95ull, 0x8d7ccfc09c50e2f8ull, 0x8e417ca940e35a01ull,
	0x8f073af5a2013520ull, 0x8fce0c21c6726481ull, 0x9095f1abc540ca6bull, 0x915eed13c89689d3ull,
	0x9228ffdc10a051adull, 0x92f42b88f673aa7cull, 0x93c071a0eef94bc1ull, 0x948dd3ac8ddb7ed3ull,
	0x955c5336887894d5ull, 0x962bf1cbb8d97560ull, 0x96fcb0fb20ac4ba3ull, 0x97ce9255ec4357abull,
	0x98a1976f7597e996ull, 0x9975c1dd47518c77ull, 0x9a4b13371fd166caull, 0x9b218d16f441d63dull,
	0x9bf93118f3aa4cc1ull, 0x9cd200db8a0774cbull, 0x9dabfdff6367a2aaull, 0x9e872a276f0b98ffull,
	0x9f6386f8e28ba651ull, 0xa041161b3d0121beull, 0xa11fd9384a344cf7ull, 0xa1ffd1fc25cea188ull,
	0xa2e102153e918f9eull, 0xa3c36b345991b47cull, 0xa4a70f0c95768ec5ull, 0xa58bef536dbeb6eeull,
	0xa6720dc0be08a20cull, 0xa7596c0ec55ff55bull, 0xa8420bfa298f70d1ull, 0xa92bef41fa77771bull,
	0xaa1717a7b5693979ull, 0xab0386ef48868de1ull, 0xabf13edf162675e9ull, 0xace0413ff83e5d04ull,
	0xadd08fdd43d01491ull, 0xaec22c84cc5c9465ull, 0xafb51906e75b8661ull, 0xb0a957366fb7a3c9ull,
	0xb19ee8e8c94feb09ull, 0xb295cff5e47db4a4ull, 0xb38e0e38419fae18ull, 0xb487a58cf4a9c180ull,
	0xb58297d3a8b9f0d2ull, 0xb67ee6eea3b22b8full, 0xb77c94c2c9d725e9ull, 0xb87ba337a1743834ull,
	0xb97c143756844dbfull, 0xba7de9aebe5fea09ull, 0xbb81258d5b704b6full, 0xbc85c9c560e7b269ull,
	0xbd8bd84bb67ed483ull, 0xbe935317fc378238ull, 0xbf9c3c248e2486f8ull, 0xc0a6956e8836ca8dull,
	0xc1b260f5ca0fbb33ull, 0xc2bfa0bcfad907c9ull, 0xc3ce56c98d21b15dull, 0xc4de8523c2c07baaull,
	0xc5f02dd6b0bbc3d9ull, 0xc70352f04336c51eull, 0xc817f681416452b2ull, 0xc92e1a9d517f0eccull,
	0xca45c15afcc72624ull, 0xcb5eecd3b38597c9ull, 0xcc799f23d11510e5ull, 0xcd95da6a9ff06445ull,
	0xceb3a0ca5dc6a55dull, 0xcfd2f4683f94eeb5ull, 0xd0f3d76c75c5db8dull, 0xd2164c023056bcabull,
	0xd33a5457a3029054ull, 0xd45ff29e0972c561ull, 0xd5872909ab75d18aull, 0xd6aff9d1e13ba2feull,
	0xd7da67311797f56aull, 0xd9067364d44a929cull, 0xda3420adba4d8704ull, 0xdb63714f8e295255ull,
	0xdc9467913a4f1c92ull, 0xddc705bcd378f7f0ull, 0xdefb4e1f9d1037f2ull, 0xe031430a0d99e627ull,
	0xe168e6cfd3295d23ull, 0xe2a23bc7d7d91226ull, 0xe3dd444c46499619ull, 0xe51a02ba8e26d681ull,
	0xe658797368b3a717ull, 0xe798aadadd5b9cbfull, 0xe8da9958464b42abull, 0xea1e4756550eb27bull,
	0xeb63b74317369840ull, 0xecaaeb8ffb03ab41ull, 0xedf3e6b1d418a491ull, 0xef3eab20e032bc6bull,
	0xf08b3b58cbe8b76aull, 0xf1d999d8b7708cc1ull, 0xf329c9233b6bae9cull, 0xf47bcbbe6db9fddfull,
	0xf5cfa433e6537290ull, 0xf7255510c4288239ull, 0xf87ce0e5b2094d9cull, 0xf9d64a46eb939f35ull,
	0xfb3193cc4227c3f4ull, 0xfc8ec01121e447bbull, 0xfdedd1b496a89f35ull, 0xff4ecb59511ec8a5ull,
};

/* How many boundaries lie below every value whose 7 bits after the leading one are the index. */
static const uint8_t below[FSC_HISTOGRAM_PER_OCTAVE] = {
	0,   2,	  3,   5,   6,	 8,   9,   10,	12,  13,  14,  16,  17,	 18,  20,  21,
	22,  24,  25,  26,  27,	 29,  30,  31,	32,  33,  35,  36,  37,	 38,  39,  41,
	42,  43,  44,  45,  46,	 47,  49,  50,	51,  52,  53,  54,  55,	 56,  57,  58,
	59,  60,  61,  62,  63,	 64,  65,  67,	68,  69,  70,  71,  71,	 72,  73,  74,
	75,  76,  77,  78,  79,	 80,  81,  82,	83,  84,  85,  86,  87,	 87,  88,  89,
	90,  91,  92,  93,  94,	 95,  95,  96,	97,  98,  99,  100, 101, 101, 102, 103,
	104, 105, 105, 106, 107, 108, 109, 110, 110, 111, 112, 113, 113, 114, 115, 116,
	117, 117, 118, 119, 120, 120, 121, 122, 123, 123, 124, 125, 126, 126, 127, 128,
};

uint32_t fsc_histogram_bucket(uint64_t value)
{
	uint32_t octave, place;
	uint64_t shifted;

	if (value <= 1)
		return 0;
	octave = 63 - (uint32_t)__builtin_clzll(value);
	shifted = value << (63 - octave);
	place = below[shifted >> 56 & 127];
	/* 128 steps of the index meet 128 boundaries: never more than two within one step. */
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
