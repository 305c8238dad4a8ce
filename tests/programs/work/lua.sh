# The plain interpreter: longjmp for errors, coroutines, pattern matching, files.
cat >work.lua <<'END'
local words = {}
for i = 1, 200000 do local k = i * 7919 % 10007; words[k] = (words[k] or '') .. string.char(97 + i % 26) end
local n = 0; for k, v in pairs(words) do n = n + #v * k end
print(n, select(2, ('ab'):rep(5000):gsub('a%f[b]', '')))
for i = 1, 1000 do assert(not pcall(error, {i})) end
local co = coroutine.wrap(function() for i = 1, 100 do pcall(coroutine.yield, i) end end)
for i = 1, 100 do co() end
print(pcall(string.rep, 'x', -1), #io.popen('echo child; exit 3'):read('a'))
print((xpcall(function() local function f() return 1 + f() end return f() end, function() return 'deep' end)))
os.exit(7)
END
lua5.4 work.lua
