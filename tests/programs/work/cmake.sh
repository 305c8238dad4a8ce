# A project in C and C++ with a shared library, built by ninja and tested by ctest.
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(sample C CXX)
enable_testing()
find_package(Threads REQUIRED)
add_library(part SHARED part.cpp)
add_executable(sample main.c)
target_link_libraries(sample PRIVATE part Threads::Threads)
add_test(NAME good COMMAND sample)
add_test(NAME bad COMMAND sample fail)
END
cat >part.cpp <<'END'
#include <map>
#include <stdexcept>
#include <string>
extern "C" int part(const char *text)
try {
	std::map<std::string, int> numbers{{"one", 1}};
	return numbers.at(text);
} catch (const std::out_of_range &) {
	return -1;
}
END
echo 'int part(const char *); int main(int c, char **v) { (void)v; return part(c > 1 ? "two" : "one") - 1; }' >main.c
cmake -G Ninja -B out -S . >configured 2>&1
echo "configured: $?"
sed -n '/^-- Build files/p; /identification/p' configured
ninja -C out -j 2 >built
echo "built: $?"
ctest --test-dir out
echo "tested: $?"
cat out/Testing/Temporary/LastTestsFailed.log
