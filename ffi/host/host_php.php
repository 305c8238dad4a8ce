<?php
// SPDX-License-Identifier: MIT
/*
 * host_php.php - the C hosts' twin in PHP: structs by value through the FFI extension.
 *
 * Run it with php -d ffi.enable=1. Options are those of host_dlopen, as far as the table below
 * goes; the line of JSON is its too. There is one thread, and messages are encoded by hand. Begin
 * at the end.
 */
declare(strict_types=1);

// The names of what the service counts about itself, in the order of its struct.
function stats_names(): array
{
    $names = [];
    $text = file_get_contents(__DIR__ . '/memory_stats.def');
    preg_match_all('/^FSC_SERVICE_(COUNTER|DELAY)\((\w+)/m', $text, $rows, PREG_SET_ORDER);
    foreach ($rows as [, $kind, $name])
        foreach ($kind === 'COUNTER' ? [''] : ['_planned_ns', '_elapsed_ns', '_count', '_median_ns'] as $end)
            $names[] = $name . $end;
    return $names;
}

function open_service(string $library): FFI
{
    return FFI::cdef('
        typedef struct { uint8_t *ptr; size_t len; size_t cap; } ByteBuffer;
        typedef struct { uint8_t *ptr; size_t len; } ByteSlice;
        typedef struct { uint64_t ' . implode('; uint64_t ', stats_names()) . '; } MemoryStats;
        void init_service(void);
        void ffi_service_set(const char *name, uint64_t value);
        ByteBuffer proto2ffi_say_hello(const char *data, size_t len);
        ByteBuffer proto2ffi_get_user(const char *data, size_t len);
        ByteBuffer proto2ffi_get_post(const char *data, size_t len);
        ByteBuffer proto2ffi_process_batch(const char *data, size_t len);
        ByteSlice calculator_process(const char *data, size_t len);
        void proto2ffi_noop(void);
        uint64_t proto2ffi_add(uint64_t a, uint64_t b);
        void proto2ffi_get_user_raw(void *out, uint64_t id);
        void proto2ffi_get_post_raw(void *out, uint64_t id);
        void proto2ffi_free_byte_buffer(ByteBuffer buffer);
        void calculator_free_buffer(ByteSlice buffer);
        MemoryStats proto2ffi_memory_stats(void);', $library);
}

// ---- messages (service.proto): a key is field * 8 + wire type; 1 is 8 bytes, 2 has a length ----

function fixed64(int $field, int $number): string
{
    return chr($field * 8 + 1) . pack('P', $number);
}

function double(int $field, float $number): string
{
    return chr($field * 8 + 1) . pack('e', $number);
}

// Texts and messages of less than 128 bytes: the length is one byte.
function text(int $field, string $bytes): string
{
    return chr($field * 8 + 2) . chr(strlen($bytes)) . $bytes;
}

function varint(string $bytes, int &$at): int
{
    $value = $shift = 0;
    do {
        $byte = ord($bytes[$at++]);
        $value |= ($byte & 127) << $shift;
        $shift += 7;
    } while ($byte & 128);
    return $value;
}

// Is it a message at all: do its fields end where it ends?
function decodes(string $bytes): bool
{
    for ($at = 0; $at < strlen($bytes);) {
        $type = varint($bytes, $at) & 7;
        $skip = $type === 1 ? 8 : varint($bytes, $at); // a number, or a length
        if ($type > 2)
            return false;
        if ($type > 0)
            $at += $skip;
    }
    return $at === strlen($bytes);
}

function batch(int $number, array $options): string
{
    $encoded = '';
    for ($i = 0; $i < $options['batch']; $i++)
        $encoded .= text(1, fixed64(1, $number + $i));
    return $encoded;
}

// Option: entry point, and how a request is encoded; mixed takes the first six.
function entries(): array
{
    return [
        'hello' => ['proto2ffi_say_hello', fn(int $i) => text(1, sprintf('host %08d', $i))],
        'user' => ['proto2ffi_get_user', fn(int $i) => fixed64(1, $i)],
        'post' => ['proto2ffi_get_post', fn(int $i) => fixed64(1, $i)],
        'batch' => ['proto2ffi_process_batch', batch(...)],
        'calculator' => ['calculator_process', fn(int $i) => text(1, 'add') . double(2, $i) . double(3, 1)],
        'noop' => ['proto2ffi_noop', null],
        'add' => ['proto2ffi_add', null],
        'user_raw' => ['proto2ffi_get_user_raw', null],
        'post_raw' => ['proto2ffi_get_post_raw', null],
    ];
}

function parse_options(array $words): array
{
    $options = ['requests' => 1000, 'entry' => 'hello', 'batch' => 10, 'leak-every' => 0, 'free-twice-at' => 0,
                'wrong-length-at' => 0, 'plain-free-at' => 0, 'library' => __DIR__ . '/libffiscope_service.so'];
    foreach (array_chunk($words, 2) as $pair) {
        $name = preg_replace('/^--/', '', $pair[0]);
        if (!isset($options[$name], $pair[1]))
            exit("no option '$pair[0]', or no value\n");
        $options[$name] = is_int($options[$name]) ? (int)$pair[1] : $pair[1];
    }
    if ($options['entry'] !== 'mixed' && !isset(entries()[$options['entry']]))
        exit("no entry '$options[entry]'\n");
    return $options;
}

class Host
{
    private FFI $service, $libc;
    private array $rows = [];
    public array $misuse = ['leaked' => 0, 'leaked_bytes' => 0, 'freed_twice' => 0, 'freed_wrong_length' => 0,
                            'freed_plain' => 0, 'failed' => 0];

    public function __construct(private array $options)
    {
        $this->service = open_service($options['library']);
        $this->libc = FFI::cdef('void free(void *block);');
        $this->service->init_service();
        if ($options['free-twice-at'] || $options['wrong-length-at'] || $options['plain-free-at'])
            $this->service->ffi_service_set('REGISTRY', 1); // the service survives wrong frees
    }

    private function give_back(array &$row, FFI\CData $response): void
    {
        $row['frees']++;
        if ($row['name'] === 'calculator_process')
            $this->service->calculator_free_buffer($response);
        else
            $this->service->proto2ffi_free_byte_buffer($response);
    }

    // End the response, in the way that the options planted for this request.
    private function finish(array &$row, FFI\CData $response, int $number): void
    {
        if ($this->options['leak-every'] && $number % $this->options['leak-every'] === 0) {
            $this->misuse['leaked']++;
            $this->misuse['leaked_bytes'] += $response->len;
        } elseif ($number === $this->options['plain-free-at']) {
            $this->misuse['freed_plain']++;
            $this->libc->free($response->ptr);
        } elseif ($number === $this->options['wrong-length-at']) {
            $this->misuse['freed_wrong_length']++;
            $response->len--;
            if ($row['name'] !== 'calculator_process')
                $response->cap--;
            $this->give_back($row, $response);
        } else {
            $this->give_back($row, $response);
            if ($number === $this->options['free-twice-at']) {
                $this->misuse['freed_twice']++;
                $this->give_back($row, $response);
            }
        }
    }

    private function request_with_buffers(array &$row, string $encoded, int $number): void
    {
        $response = $this->service->{$row['name']}($encoded, strlen($encoded));
        $row['request_bytes'] += strlen($encoded);
        $row['response_bytes'] += $response->len;
        if ($response->ptr === null) {
            $this->misuse['failed']++;
            return;
        }
        if (!decodes(FFI::string($response->ptr, $response->len)))
            $this->misuse['failed']++;
        $this->finish($row, $response, $number);
    }

    private function request(string $entry, array $how, int $number): void
    {
        $this->rows[$entry] ??= ['name' => $how[0], 'calls' => 0, 'request_bytes' => 0, 'response_bytes' => 0,
                                 'frees' => 0];
        $row = &$this->rows[$entry];
        $row['calls']++;
        if ($how[1])
            $this->request_with_buffers($row, $how[1]($number, $this->options), $number);
        elseif ($entry === 'add')
            $this->service->proto2ffi_add($number, 1);
        elseif ($entry === 'noop')
            $this->service->proto2ffi_noop();
        else
            $this->service->{$how[0]}(FFI::new($entry === 'user_raw' ? 'char[1200]' : 'char[4480]'), $number);
    }

    public function run(): void
    {
        $entries = entries();
        $names = array_keys($entries);
        for ($i = 1; $i <= $this->options['requests']; $i++) {
            $entry = $this->options['entry'] === 'mixed' ? $names[($i - 1) % 6] : $this->options['entry'];
            $this->request($entry, $entries[$entry], $i);
        }
    }

    public function report(int $wall_ns): void
    {
        $stats = $this->service->proto2ffi_memory_stats();
        $counts = [];
        foreach (stats_names() as $name)
            $counts[$name] = $stats->$name;
        echo json_encode(['program' => 'host_php.php', 'entry' => $this->options['entry'],
                          'requests' => $this->options['requests'], 'threads' => 1, 'wall_ns' => $wall_ns,
                          'entry_points' => array_values($this->rows)] + $this->misuse +
                         ['host' => ['delay_in_codec' => false], 'service' => $counts]), "\n";
    }
}

$host = new Host(parse_options(array_slice($argv, 1)));
$start = hrtime(true);
$host->run();
$host->report(hrtime(true) - $start);
exit($host->misuse['failed'] > 0 ? 1 : 0);
