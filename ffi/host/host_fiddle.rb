# SPDX-License-Identifier: MIT
# host_fiddle.rb - the C hosts' twin in Ruby, through fiddle, which knows no struct by value.
#
# What the x86-64 ABI makes of a struct of 24 bytes can be said in words that fiddle knows: it is
# returned in memory whose address goes in as a first argument of its own, and it is passed as three
# words on the stack, behind six arguments that fill the registers. A struct of 16 bytes comes back
# in two registers, of which fiddle gives one: calculator_process() cannot be called.
#
# Options are those of host_dlopen, as far as the table below goes; the line of JSON is its too.
# There is one thread, and messages are encoded by hand. Begin at the end.
require "fiddle"
require "json"

FILLERS = [0] * 6 # what stands in the registers when the struct is on the stack
WORD = -Fiddle::TYPE_LONG_LONG # unsigned
# The names of what the service counts about itself, in the order of its struct.
ROWS = File.read("#{__dir__}/memory_stats.def").scan(/^FSC_SERVICE_(COUNTER|DELAY)\((\w+)/)
STATS = ROWS.flat_map do |kind, name|
  (kind == "COUNTER" ? [""] : %w[_planned_ns _elapsed_ns _count _median_ns]).map { |tail| name + tail }
end

# Messages (service.proto): a key is field * 8 + wire type; 1 is 8 bytes, 2 has a length.
module Message
  def self.fixed64(field, number)
    [field * 8 + 1, number].pack("CQ<")
  end

  # Texts and messages of less than 128 bytes: the length is one byte.
  def self.text(field, bytes)
    [field * 8 + 2, bytes.bytesize].pack("CC") + bytes
  end

  # A number, and where it ends.
  def self.varint(bytes, at)
    value = shift = 0
    loop do
      byte = bytes.getbyte(at)
      value |= (byte & 127) << shift
      at += 1
      return value, at if byte < 128
      shift += 7
    end
  end

  # Is it a message at all: do its fields end where it ends?
  def self.decodes?(bytes)
    at = 0
    while at < bytes.bytesize
      key, at = varint(bytes, at)
      case key & 7
      when 0 then _, at = varint(bytes, at)
      when 1 then at += 8
      when 2
        length, at = varint(bytes, at)
        at += length
      else return false
      end
    end
    at == bytes.bytesize
  end
end

# Option: entry point, and how a request is encoded; mixed takes the first five.
ENTRIES = {
  "hello" => ["proto2ffi_say_hello", ->(i, _) { Message.text(1, format("host %08d", i)) }],
  "user" => ["proto2ffi_get_user", ->(i, _) { Message.fixed64(1, i) }],
  "post" => ["proto2ffi_get_post", ->(i, _) { Message.fixed64(1, i) }],
  "batch" => ["proto2ffi_process_batch",
              ->(i, size) { (0...size).map { |k| Message.text(1, Message.fixed64(1, i + k)) }.join }],
  "noop" => ["proto2ffi_noop"],
  "add" => ["proto2ffi_add"],
  "user_raw" => ["proto2ffi_get_user_raw"],
  "post_raw" => ["proto2ffi_get_post_raw"]
}.freeze
MIXED = ENTRIES.keys.first(5)

def parse_options(words)
  options = { "requests" => 1000, "entry" => "hello", "batch" => 10, "leak-every" => 0, "free-twice-at" => 0,
              "wrong-length-at" => 0, "plain-free-at" => 0, "library" => "#{__dir__}/libffiscope_service.so" }
  words.each_slice(2) do |word, value|
    name = word.delete_prefix("--")
    abort "no option '#{word}', or no value" unless options.key?(name) && value
    options[name] = options[name].is_a?(Integer) ? Integer(value) : value
  end
  abort "no entry '#{options["entry"]}'" unless options["entry"] == "mixed" || ENTRIES.key?(options["entry"])
  options
end

class Host
  attr_reader :misuse

  def initialize(options)
    @options = options
    @rows = {}
    @misuse = { leaked: 0, leaked_bytes: 0, freed_twice: 0, freed_wrong_length: 0, freed_plain: 0, failed: 0 }
    @library = Fiddle.dlopen(options["library"])
    @functions = ENTRIES.values.to_h { |name, encode| [name, function(name, encode ? response_arguments : [])] }
    @functions["proto2ffi_add"] = function("proto2ffi_add", [WORD, WORD], WORD)
    %w[proto2ffi_get_user_raw proto2ffi_get_post_raw].each do |name|
      @functions[name] = function(name, [Fiddle::TYPE_VOIDP, WORD])
    end
    @free_buffer = function("proto2ffi_free_byte_buffer", [WORD] * 9)
    @free = Fiddle::Function.new(Fiddle::Handle::DEFAULT["free"], [WORD], Fiddle::TYPE_VOID)
    plant
  end

  def response_arguments
    [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T]
  end

  def function(name, arguments, result = Fiddle::TYPE_VOID)
    Fiddle::Function.new(@library[name], arguments, result)
  end

  def plant
    function("init_service", []).call
    return if @options.values_at("free-twice-at", "wrong-length-at", "plain-free-at").all?(&:zero?)
    # The service survives wrong frees.
    function("ffi_service_set", [Fiddle::TYPE_VOIDP, WORD]).call("REGISTRY", 1)
  end

  def give_back(row, pointer, length, capacity)
    row[:frees] += 1
    @free_buffer.call(*FILLERS, pointer, length, capacity)
  end

  # End the response, in the way that the options planted for this request.
  def finish(row, response, number)
    if @options["leak-every"].positive? && (number % @options["leak-every"]).zero?
      @misuse[:leaked] += 1
      @misuse[:leaked_bytes] += response[1]
    elsif number == @options["plain-free-at"]
      @misuse[:freed_plain] += 1
      @free.call(response[0])
    elsif number == @options["wrong-length-at"]
      @misuse[:freed_wrong_length] += 1
      give_back(row, response[0], response[1] - 1, response[2] - 1)
    else
      give_back(row, *response)
      return unless number == @options["free-twice-at"]
      @misuse[:freed_twice] += 1
      give_back(row, *response)
    end
  end

  def request_with_buffers(row, encoded, number)
    buffer = "\0" * 24 # pointer, length, capacity
    @functions[row[:name]].call(buffer, encoded, encoded.bytesize)
    response = buffer.unpack("Q3")
    row[:request_bytes] += encoded.bytesize
    row[:response_bytes] += response[1]
    return @misuse[:failed] += 1 if response[0].zero?
    @misuse[:failed] += 1 unless Message.decodes?(Fiddle::Pointer.new(response[0])[0, response[1]])
    finish(row, response, number)
  end

  def request(entry, number)
    name, encode = ENTRIES[entry]
    row = @rows[entry] ||= { name: name, calls: 0, request_bytes: 0, response_bytes: 0, frees: 0 }
    row[:calls] += 1
    return request_with_buffers(row, encode.call(number, @options["batch"]), number) if encode
    case entry
    when "add" then @functions[name].call(number, 1)
    when "noop" then @functions[name].call
    else @functions[name].call("\0" * (entry == "user_raw" ? 1200 : 4480), number)
    end
  end

  def run
    entry = @options["entry"]
    (1..@options["requests"]).each { |i| request(entry == "mixed" ? MIXED[(i - 1) % MIXED.size] : entry, i) }
  end

  def report(wall_ns)
    stats = "\0" * (8 * STATS.size)
    function("proto2ffi_memory_stats", [Fiddle::TYPE_VOIDP]).call(stats)
    puts JSON.generate({ program: "host_fiddle.rb", entry: @options["entry"], requests: @options["requests"],
                         threads: 1, wall_ns: wall_ns, entry_points: @rows.values, **@misuse,
                         host: { delay_in_codec: false }, service: STATS.zip(stats.unpack("Q*")).to_h })
  end
end

def now_ns
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

host = Host.new(parse_options(ARGV))
start = now_ns
host.run
host.report(now_ns - start)
exit host.misuse[:failed].zero?
