# Compiled loops, foreign functions and callbacks, coroutines, an error.
cat >work.lua <<'END'
local ffi = require 'ffi'
ffi.cdef [[ int abs(int); double cos(double); void qsort(void *, size_t, size_t, int (*)(const void *, const void *)); int printf(const char *, ...); int fflush(void *); ]]
local sum = 0
for i = 1, 5000000 do sum = sum + ffi.C.abs(-i % 7) end
print(sum, string.format('%.6f', ffi.C.cos(1)))
local array = ffi.new('int[1000]')
for i = 0, 999 do array[i] = i * 7919 % 1009 end
local compare = ffi.cast('int (*)(const void *, const void *)', function(a, b)
    return ffi.cast('const int *', a)[0] - ffi.cast('const int *', b)[0] end)
ffi.C.qsort(array, 1000, 4, compare)
print(array[0], array[500], array[999])
local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end return 'done' end)
for i = 1, 100 do co() end
print(co())
io.stdout:flush()
ffi.C.printf('%d %s %.3f %lld\n', ffi.new('int', 1), 'two', 3.0, 4LL)
ffi.C.fflush(nil)
print(pcall(error, 'inside'))
error('the end', 0)
END
luajit work.lua
