# Its own tests of the language are not packaged: closures, generators, regular expressions, FFI, fibers.
cat >work.php <<'END'
<?php
$words = [];
for ($i = 0; $i < 200000; $i++) $words[$i * 7919 % 10007] = ($words[$i * 7919 % 10007] ?? '') . chr(97 + $i % 26);
ksort($words);
echo hash('sha256', json_encode($words)), "\n";
function numbers() { for ($i = 0; $i < 1000; $i++) yield $i => $i * $i; }
echo array_sum(iterator_to_array(numbers())), "\n";
echo preg_match_all('/(a)(?=b)/', str_repeat('ab', 5000)), "\n";
$fiber = new Fiber(function ($x) { for (;;) $x = Fiber::suspend(FFI::cdef('int abs(int);')->abs($x)); });
echo $fiber->start(-5), ' ', $fiber->resume(-7), "\n";
echo strlen(serialize($words)), ' ', crc32(serialize($words)), ' ', intdiv(7, 2), "\n";
echo shell_exec('echo child');
throw new LogicException('the end');
END
php -d ffi.enable=1 -d display_errors=stderr work.php
