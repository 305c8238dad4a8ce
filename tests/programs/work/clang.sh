# A large C++ program with a stack of its own; undefined behaviour told at run time.
echo '#include <cstdio>
#include <vector>
int main(int c, char **) { std::vector<int> v(10); for (auto &x : v) x = c; try { v.at(10); } catch (...) { puts("caught"); } return 0x7fffffff + c == 0; }' >a.cpp
clang++ -O1 -fsanitize=undefined -o a a.cpp && ./a 2>&1 | sed 's/.*runtime error/runtime error/'
clang -fsyntax-only -x c - <<'END'
int main(void) { retrun 0; }
END
echo "status $?"
