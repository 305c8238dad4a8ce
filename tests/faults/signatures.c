/* SPDX-License-Identifier: MIT */
/*
 * Every way in which the x86-64 ABI passes and returns values. Built twice: as the library
 * (LIBRARY) and as the program, from one list of definitions. Results go to stdout as hexadecimal
 * bytes.
 */
#include "faults.h"

#include <complex.h>
#include <immintrin.h>
#include <stdarg.h>

struct s24 {
	long a, b, c;
};
struct s40 {
	double a;
	long b[3];
	int c;
};
struct s16 {
	double a;
	long b;
};
struct s16d {
	double a, b;
};
struct s12 {
	float a, b, c;
};
struct s1 {
	char a;
};
struct s200 {
	long a[25];
};
struct s600 {
	long a[75];
};
struct ld {
	long double a;
};
struct aligned32 {
	_Alignas(32) long a[4];
};
struct aligned64 {
	_Alignas(64) long a[8];
};
union u {
	double a;
	long b;
};

#define AVX    __attribute__((target("avx")))
#define AVX512 __attribute__((target("avx512f")))
#pragma GCC diagnostic ignored "-Wpsabi"

#ifdef LIBRARY
#define DEFINE(attributes, result, name, parameters, ...) \
	attributes result name parameters __VA_ARGS__
#define ALIGNED(pointer, n) ((uintptr_t)(pointer) % (n) == 0)
#else
#define DEFINE(attributes, result, name, parameters, ...) static result(*name) parameters;
#endif
#define NONE

/* clang-format off */
DEFINE(NONE, long, sig_none, (void), { return 0x123456789abcdef; })
DEFINE(NONE, void, sig_void, (long *out), { *out = 5; })
DEFINE(NONE, long, sig_ints14,
       (int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l, int m,
	int n),
       { return a + 2L * b + 3L * c + 5L * d + 7L * e + 11L * f + 13L * g + 17L * h + 19L * i +
		23L * j + 29L * k + 31L * l + 37L * m + 41L * n; })
DEFINE(NONE, signed char, sig_narrow, (signed char a, unsigned short b, _Bool c, char d),
       { return (signed char)(a + b + c + d); })
DEFINE(NONE, float, sig_float, (float a, int b, float c), { return a * (float)b - c; })
DEFINE(NONE, double, sig_doubles,
       (double a, double b, double c, double d, double e, double f, double g, double h, double i,
	double j, double k, double l),
       { return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * g + 17 * h + 19 * i + 23 * j +
		29 * k + 31 * l; })
DEFINE(NONE, double, sig_mixed,
       (int a, double b, long c, float d, char e, double f, short g, double h, long i, long j,
	double k, double l, double m, double n, double o),
       { return a + b + (double)c + d + e + f + g + h + (double)i * 2 + (double)j * 3 + k * 4 +
		l * 5 + m * 6 + n * 7 + o * 8; })
DEFINE(NONE, struct s24, sig_s24, (struct s24 a, long b),
       { return (struct s24){ a.c + b, a.a, a.b }; })
DEFINE(NONE, struct s40, sig_s40, (struct s40 a, int b, struct s40 c),
       { return (struct s40){ a.a * c.a, { a.b[2], c.b[1], b }, a.c + c.c }; })
DEFINE(NONE, struct s16, sig_s16, (struct s16 a), { return (struct s16){ (double)a.b, (long)a.a }; })
DEFINE(NONE, struct s16d, sig_s16d, (struct s16d a), { return (struct s16d){ a.b, a.a }; })
DEFINE(NONE, struct s12, sig_s12, (struct s12 a), { return (struct s12){ a.c, a.a, a.b }; })
DEFINE(NONE, struct s1, sig_s1, (struct s1 a), { return (struct s1){ (char)(a.a + 1) }; })
DEFINE(NONE, union u, sig_union, (union u a), { return (union u){ .b = a.b + 1 }; })
DEFINE(NONE, struct s200, sig_s200, (long b, struct s200 a),
       {
	       struct s200 result;
	       for (int i = 0; i < 25; i++)
		       result.a[i] = a.a[24 - i] + b;
	       return result;
       })
DEFINE(NONE, struct s600, wide_s600, (long b, struct s600 a),
       {
	       struct s600 result;
	       for (int i = 0; i < 75; i++)
		       result.a[i] = a.a[74 - i] + b;
	       return result;
       })
DEFINE(NONE, long double, sig_long_double, (long double a, int b, long double c),
       { return a / c + b; })
DEFINE(NONE, struct ld, sig_ld, (struct ld a), { return (struct ld){ a.a * 3 }; })
DEFINE(NONE, _Complex float, sig_cfloat, (_Complex float a), { return a * a; })
DEFINE(NONE, _Complex double, sig_cdouble, (_Complex double a, _Complex double b), { return a * b; })
DEFINE(NONE, _Complex long double, sig_clong, (_Complex long double a), { return a * a; })
DEFINE(NONE, __float128, sig_float128, (__float128 a, double b), { return a * b; })
DEFINE(NONE, __int128, sig_int128, (__int128 a, char b, __int128 c, long d, __int128 e),
       { return a * c + b + d - e; })
DEFINE(NONE, __m128, sig_m128, (__m128 a, __m128 b), { return _mm_sub_ps(a, b); })
DEFINE(NONE, __m64, sig_m64, (__m64 a), { return (__m64)((long)a + 1); })
DEFINE(NONE, long, sig_aligned32, (long b, struct aligned32 a),
       { return ALIGNED(&a, 32) * 1000 + a.a[0] + a.a[3] + b; })
DEFINE(NONE, long, sig_aligned64, (long b, struct aligned64 a),
       { return ALIGNED(&a, 64) * 1000 + a.a[0] + a.a[7] + b; })
DEFINE(AVX, __m256, sig_m256, (__m256 a, __m256 b, double c, __m256 d),
       { return _mm256_add_ps(_mm256_mul_ps(a, b), _mm256_mul_ps(d, _mm256_set1_ps((float)c))); })
DEFINE(AVX, __m256d, sig_m256d10,
       (__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f, __m256d g, __m256d h,
	__m256d i, __m256d j),
       {
	       __m256d sum = _mm256_add_pd(_mm256_add_pd(a, b), _mm256_add_pd(c, d));
	       sum = _mm256_add_pd(sum, _mm256_add_pd(_mm256_add_pd(e, f), _mm256_add_pd(g, h)));
	       return _mm256_add_pd(sum, _mm256_sub_pd(i, j));
       })
DEFINE(AVX512, __m512d, sig_m512, (__m512d a, __m512d b), { return _mm512_sub_pd(a, b); })
DEFINE(NONE, double, sig_variadic, (int count, ...),
       {
	       double sum = 0;
	       va_list list;
	       va_start(list, count);
	       for (int i = 0; i < count; i++) {
		       sum += va_arg(list, double) * (i + 1);
		       sum += va_arg(list, int);
	       }
	       va_end(list);
	       return sum;
       })
DEFINE(NONE, int, sig_print, (char *out, const char *format, ...),
       {
	       int length;
	       va_list list;
	       va_start(list, format);
	       length = vsprintf(out, format, list);
	       va_end(list);
	       return length;
       })
DEFINE(NONE, double, sig_callback, (double (*f)(double, long, struct s24), double a),
       { return f(a, 3, (struct s24){ 1, 2, 3 }) + 1; })

/* clang-format on */

#ifndef LIBRARY
static void say(const char *name, const void *bytes, size_t size)
{
	printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)bytes)[i]);
	puts("");
}

static bool quiet;

/* Long doubles have 10 bytes that count. */
#define TRY_BYTES(bytes, name, ...)                                         \
	do {                                                                \
		__typeof__(name(__VA_ARGS__)) result = name(__VA_ARGS__);   \
		static __typeof__(result) first;                            \
		if (!quiet) {                                               \
			memcpy(&first, &result, sizeof(first));             \
			say(#name, &result, bytes);                         \
		} else if (memcmp(&first, &result, bytes)) {                \
			say("other than at first: " #name, &result, bytes); \
		}                                                           \
	} while (0)
#define TRY(name, ...) TRY_BYTES(sizeof(name(__VA_ARGS__)), name, __VA_ARGS__)

static double back(double a, long b, struct s24 c)
{
	return a * (double)b + (double)(c.a + c.b + c.c);
}

static AVX void try_avx(void)
{
	__m256 a = _mm256_setr_ps(1, 2, 3, 4, 5, 6, 7, 8);
	__m256 b = _mm256_setr_ps(8, 7, 6, 5, 4, 3, 2, 1.5);
	__m256d d[10];

	for (int i = 0; i < 10; i++)
		d[i] = _mm256_setr_pd(i, i * 10, i * 100, i * 1000);
	TRY(sig_m256, a, b, 2.5, a);
	TRY(sig_m256d10, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9]);
}

static AVX512 void try_avx512(void)
{
	__m512d a = _mm512_setr_pd(1, 2, 3, 4, 5, 6, 7, 8), b = _mm512_set1_pd(0.5);

	TRY(sig_m512, a, b);
}

static void try_all(void)
{
	struct s24 a24 = { 1, 2, 3 };
	struct s40 a40 = { 1.5, { 10, 20, 30 }, 7 }, b40 = { 2.5, { 11, 21, 31 }, 8 };
	struct s200 a200;
	struct s600 a600;
	struct aligned32 a32 = { { 1, 2, 3, 4 } };
	struct aligned64 a64 = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
	char text[300];
	long out = 0;
	int length;

	for (int i = 0; i < 25; i++)
		a200.a[i] = i * i;
	for (int i = 0; i < 75; i++)
		a600.a[i] = i * i;
	TRY(sig_none);
	sig_void(&out);
	EXPECT(out == 5);
	TRY(sig_ints14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
	TRY(sig_narrow, -5, 65535, 1, 'x');
	TRY(sig_float, 1.25F, 3, 0.5F);
	TRY(sig_doubles, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	TRY(sig_mixed, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	TRY(sig_s24, a24, 9);
	TRY_BYTES(36, sig_s40, a40, 5, b40);
	TRY(sig_s16, ((struct s16){ 6, 7 }));
	TRY(sig_s16d, ((struct s16d){ 6, 7 }));
	TRY(sig_s12, ((struct s12){ 6, 7, 8 }));
	TRY(sig_s1, ((struct s1){ 6 }));
	TRY(sig_union, ((union u){ .a = 6.5 }));
	TRY_BYTES(10, sig_long_double, 1.5L, 3, 7.25L);
	TRY_BYTES(10, sig_ld, ((struct ld){ 1.1L }));
	TRY(sig_cfloat, 1.5F + 2 * I);
	TRY(sig_cdouble, 1.5 + 2 * I, 2.5 - I);
	TRY_BYTES(10, sig_clong, 1.5L + 2 * I);
	TRY_BYTES(10, cimagl, sig_clong(1.5L + 2 * I));
	TRY(sig_float128, (__float128)1.7, 3);
	TRY(sig_int128, (__int128)1 << 100, 'a', 7, 8, (__int128)5 << 70);
	TRY(sig_m128, _mm_setr_ps(1, 2, 3, 4), _mm_set1_ps(0.25F));
	TRY(sig_m64, (__m64)41L);
	_mm_empty();
	TRY(sig_aligned32, 3, a32);
	TRY(sig_aligned64, 3, a64);
	TRY(sig_variadic, 2, 1.5, 2, 3.5, 4);
	TRY(sig_variadic, 9, 1., 1, 2., 2, 3., 3, 4., 4, 5., 5, 6., 6, 7., 7, 8., 8, 9., 9);
	TRY(sig_variadic, 0);
	length = sig_print(text, "%d %s %g %Lg %ld %g %g %g %g %g %g %g %g %c", 1, "two", 3.5,
			   4.25L, 5L, 6., 7., 8., 9., 10., 11., 12., 13., 'c');
	if (!quiet)
		printf("%d %s\n", length, text);
	TRY(sig_callback, back, 2.5);
	if (wide_s600) { /* these need a window of their own */
		TRY(sig_s200, 4, a200);
		TRY(wide_s600, 4, a600);
	}
	if (__builtin_cpu_supports("avx"))
		try_avx();
	if (__builtin_cpu_supports("avx512f"))
		try_avx512();
}

static void *again(void *unused)
{
	quiet = true;
	for (int i = 0; i < 5000; i++)
		try_all();
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	library = open_library(argv[1], RTLD_NOW);
	GET(sig_none), GET(sig_void), GET(sig_ints14), GET(sig_narrow), GET(sig_float);
	GET(sig_doubles), GET(sig_mixed), GET(sig_s24), GET(sig_s40), GET(sig_s16), GET(sig_s16d);
	GET(sig_s12), GET(sig_s1), GET(sig_union), GET(sig_s200), GET(sig_long_double), GET(sig_ld);
	GET(sig_cfloat), GET(sig_cdouble), GET(sig_clong), GET(sig_float128), GET(sig_int128);
	GET(sig_m128), GET(sig_m64), GET(sig_aligned32), GET(sig_aligned64), GET(sig_m256);
	GET(sig_m256d10), GET(sig_m512), GET(sig_variadic), GET(sig_print), GET(sig_callback);
	if (argv[2])
		GET(wide_s600);
	try_all();
	pthread_create(&thread, NULL, again, NULL);
	pthread_join(thread, NULL);
	return 0;
}
#endif
