# Strings, hashes, threads, fibers, garbage, native extensions, a child, an error.
cat >work.rb <<'END'
require 'digest'; require 'json'; require 'zlib'; require 'socket'; require 'fiddle'; require 'bigdecimal'; require 'open3'
words = Hash.new { |h, k| h[k] = +'' }
200_000.times { |i| words[i * 7919 % 10007] << (97 + i % 26).chr }
puts Digest::SHA256.hexdigest(JSON.generate(words.sort))
puts Zlib.crc32(Zlib::Deflate.deflate('x' * 100_000)), BigDecimal('1') / 3
puts Array.new(20) { |i| Thread.new { Array.new(1000) { |j| (i * j).to_s }.join.size } }.map(&:value).sum
fiber = Fiber.new { 1000.times { |i| Fiber.yield i * i }; :done }
puts 1000.times.sum { fiber.resume }, fiber.resume
puts Fiddle::Function.new(Fiddle.dlopen(nil)['abs'], [Fiddle::TYPE_INT], Fiddle::TYPE_INT).call(-5)
left, right = UNIXSocket.pair; left.puts 'hello'; puts right.gets
puts Open3.capture2('cat', stdin_data: 'child').first
GC.start; GC.compact if GC.respond_to?(:compact)
pid = fork { exit 7 }; Process.wait(pid); puts $?.exitstatus
def down(n) n.zero? ? 0 : 1 + down(n - 1) end
puts begin; down(1_000_000); rescue SystemStackError; 'too deep'; end
raise 'the end'
END
ruby work.rb
