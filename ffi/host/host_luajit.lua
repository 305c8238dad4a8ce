-- SPDX-License-Identifier: MIT
-- host_luajit.lua - the C hosts' twin in Lua: structs by value through LuaJIT's ffi.
--
-- Options are those of host_dlopen, as far as the table below goes; the line of JSON is its too.
-- There is one thread, and messages are encoded by hand. --finalizer 1 lets the garbage collector
-- free the responses, in its own order. Begin at the end.
local ffi = require("ffi")
local bit = require("bit")

local here = arg[0]:match("^(.*)/") or "."
local options = { requests = 1000, entry = "hello", batch = 10, ["leak-every"] = 0, ["free-twice-at"] = 0,
  ["wrong-length-at"] = 0, ["plain-free-at"] = 0, library = here .. "/libffiscope_service.so", finalizer = 0 }

-- The names of what the service counts about itself, in the order of its struct.
local function stats_names()
  local names = {}
  for line in io.lines(here .. "/memory_stats.def") do
    local kind, name = line:match("^FSC_SERVICE_(%u+)%(([%w_]+)")
    for _, tail in ipairs(kind == "COUNTER" and { "" } or kind == "DELAY" and
                          { "_planned_ns", "_elapsed_ns", "_count", "_median_ns" } or {}) do
      names[#names + 1] = name .. tail
    end
  end
  return names
end

ffi.cdef([[
typedef struct { uint8_t *ptr; size_t len, cap; } ByteBuffer;
typedef struct { uint8_t *ptr; size_t len; } ByteSlice;
typedef struct { uint64_t ]] .. table.concat(stats_names(), ", ") .. [[; } MemoryStats;
void init_service(void);
void ffi_service_set(const char *name, uint64_t value);
ByteBuffer proto2ffi_say_hello(const uint8_t *data, size_t len);
ByteBuffer proto2ffi_get_user(const uint8_t *data, size_t len);
ByteBuffer proto2ffi_get_post(const uint8_t *data, size_t len);
ByteBuffer proto2ffi_process_batch(const uint8_t *data, size_t len);
ByteSlice calculator_process(const uint8_t *data, size_t len);
void proto2ffi_noop(void);
uint64_t proto2ffi_add(uint64_t a, uint64_t b);
void proto2ffi_get_user_raw(void *out, uint64_t id);
void proto2ffi_get_post_raw(void *out, uint64_t id);
void proto2ffi_free_byte_buffer(ByteBuffer buffer);
void calculator_free_buffer(ByteSlice buffer);
MemoryStats proto2ffi_memory_stats(void);
void free(void *block);
struct timespec { long seconds, nanoseconds; };
int clock_gettime(int clock, struct timespec *time);
]])

-- Messages (service.proto): a key is field * 8 + wire type; 1 is 8 bytes, 2 has a length.

local function double(field, number)
  return string.char(field * 8 + 1) .. ffi.string(ffi.new("double[1]", number), 8)
end

local function fixed64(field, number)
  return string.char(field * 8 + 1) .. ffi.string(ffi.new("uint64_t[1]", number), 8)
end

-- Texts and messages of less than 128 bytes: the length is one byte.
local function text(field, bytes)
  return string.char(field * 8 + 2, #bytes) .. bytes
end

local function varint(bytes, at)
  local value, scale, byte = 0, 1, nil
  repeat
    byte = bytes[at]
    value = value + bit.band(byte, 127) * scale
    scale = scale * 128
    at = at + 1
  until byte < 128
  return value, at
end

-- Is it a message at all: do its fields end where it ends?
local function decodes(bytes, length)
  local at = 0
  while at < length do
    local key, skip
    key, at = varint(bytes, at)
    local kind = bit.band(key, 7)
    if kind > 2 then return false end
    if kind == 1 then
      at = at + 8
    else
      skip, at = varint(bytes, at) -- a number, or a length
      if kind == 2 then at = at + skip end
    end
  end
  return at == length
end

local function batch(number)
  local parts = {}
  for i = 1, options.batch do parts[i] = text(1, fixed64(1, number + i - 1)) end
  return table.concat(parts)
end

-- Option: entry point and how a request is encoded, or how it is called; mixed takes the first six.
local names = { "hello", "user", "post", "batch", "calculator", "noop", "add", "user_raw", "post_raw" }
local entries = {
  hello = { name = "proto2ffi_say_hello", encode = function(i) return text(1, ("host %08d"):format(i)) end },
  user = { name = "proto2ffi_get_user", encode = function(i) return fixed64(1, i) end },
  post = { name = "proto2ffi_get_post", encode = function(i) return fixed64(1, i) end },
  batch = { name = "proto2ffi_process_batch", encode = batch },
  calculator = { name = "calculator_process", slice = true,
    encode = function(i) return text(1, "add") .. double(2, i) .. double(3, 1) end },
  noop = { name = "proto2ffi_noop", plain = function(call) call() end },
  add = { name = "proto2ffi_add", plain = function(call, i) call(i, 1) end },
  user_raw = { name = "proto2ffi_get_user_raw", plain = function(call, i) call(ffi.new("char[1200]"), i) end },
  post_raw = { name = "proto2ffi_get_post_raw", plain = function(call, i) call(ffi.new("char[4480]"), i) end },
}

local service -- the library; reading a field of it is a lookup, once
local misuse = { leaked = 0, leaked_bytes = 0, freed_twice = 0, freed_wrong_length = 0, freed_plain = 0,
  failed = 0 }

local function give_back(entry, response)
  entry.frees = entry.frees + 1
  if entry.slice then
    service.calculator_free_buffer(response)
  else
    service.proto2ffi_free_byte_buffer(response)
  end
end

-- End the response, in the way that the options planted for this request.
local function finish(entry, response, number)
  if options["leak-every"] > 0 and number % options["leak-every"] == 0 then
    misuse.leaked = misuse.leaked + 1
    misuse.leaked_bytes = misuse.leaked_bytes + tonumber(response.len)
  elseif number == options["plain-free-at"] then
    misuse.freed_plain = misuse.freed_plain + 1
    ffi.C.free(response.ptr)
  elseif number == options["wrong-length-at"] then
    misuse.freed_wrong_length = misuse.freed_wrong_length + 1
    response.len = response.len - 1
    if not entry.slice then response.cap = response.cap - 1 end
    give_back(entry, response)
  elseif options.finalizer > 0 then
    ffi.gc(response, entry.finalizer)
  else
    give_back(entry, response)
    if number == options["free-twice-at"] then
      misuse.freed_twice = misuse.freed_twice + 1
      give_back(entry, response)
    end
  end
end

local function request(entry, number)
  entry.calls = entry.calls + 1
  if entry.plain then
    entry.plain(service[entry.name], number)
    return
  end
  local encoded = entry.encode(number)
  local response = service[entry.name](ffi.cast("const uint8_t *", encoded), #encoded)
  entry.request_bytes = entry.request_bytes + #encoded
  entry.response_bytes = entry.response_bytes + tonumber(response.len)
  if response.ptr == nil then
    misuse.failed = misuse.failed + 1
    return
  end
  if not decodes(response.ptr, tonumber(response.len)) then misuse.failed = misuse.failed + 1 end
  finish(entry, response, number)
end

local function now_ns()
  local time = ffi.new("struct timespec[1]")
  ffi.C.clock_gettime(1, time) -- CLOCK_MONOTONIC
  return tonumber(time[0].seconds) * 1e9 + tonumber(time[0].nanoseconds)
end

local function run()
  for i = 1, options.requests do
    request(entries[options.entry == "mixed" and names[(i - 1) % 6 + 1] or options.entry], i)
  end
  collectgarbage() -- what has a finalizer and is not in use any more
  collectgarbage()
end

local function member(name, value)
  return type(value) == "string" and ('"%s":"%s"'):format(name, value) or ('"%s":%d'):format(name, value)
end

local function report(wall_ns)
  local stats, counts, rows, wrong = service.proto2ffi_memory_stats(), {}, {}, {}
  for i, name in ipairs(stats_names()) do counts[i] = member(name, tonumber(stats[name])) end
  for _, name in ipairs(names) do
    local row = {}
    for i, key in ipairs({ "name", "calls", "request_bytes", "response_bytes", "frees" }) do
      row[i] = member(key, entries[name][key])
    end
    if entries[name].calls > 0 then rows[#rows + 1] = "{" .. table.concat(row, ",") .. "}" end
  end
  for name, value in pairs(misuse) do wrong[#wrong + 1] = member(name, value) end
  print(('{"program":"host_luajit.lua","entry":"%s","requests":%d,"threads":1,"wall_ns":%d,"entry_points":[%s],' ..
         '%s,"host":{"delay_in_codec":false},"service":{%s}}'):format(options.entry, options.requests, wall_ns,
         table.concat(rows, ","), table.concat(wrong, ","), table.concat(counts, ",")))
end

for i = 1, #arg, 2 do
  local name = arg[i]:gsub("^%-%-", "")
  assert(options[name] and arg[i + 1], "no such option, or no value: " .. arg[i])
  options[name] = type(options[name]) == "number" and tonumber(arg[i + 1]) or arg[i + 1]
end
assert(options.entry == "mixed" or entries[options.entry], "no such entry: " .. options.entry)
for _, entry in pairs(entries) do
  entry.calls, entry.request_bytes, entry.response_bytes, entry.frees = 0, 0, 0, 0
  entry.finalizer = function(response) give_back(entry, response) end
end
service = ffi.load(options.library)
service.init_service()
if options["free-twice-at"] + options["wrong-length-at"] + options["plain-free-at"] > 0 then
  service.ffi_service_set("REGISTRY", 1) -- the service survives wrong frees
end
local start = now_ns()
run()
report(now_ns() - start)
os.exit(misuse.failed > 0 and 1 or 0, true)
