// SPDX-License-Identifier: MIT
// host_dart.dart - the C hosts' twin in Dart: structs by value through dart:ffi, in several isolates.
//
// Options are those of host_dlopen, as far as the table below goes, and --isolates; the line of JSON is
// its too. Messages are encoded by hand. No package is needed: memory is libc's. Begin at main().
import 'dart:convert';
import 'dart:ffi';
import 'dart:io';
import 'dart:isolate';
import 'dart:typed_data';

final class ResponseBuffer extends Struct {
  external Pointer<Uint8> ptr;
  @Size()
  external int len;
  @Size()
  external int cap;
}

final class ResponseSlice extends Struct {
  external Pointer<Uint8> ptr;
  @Size()
  external int len;
}

/// What the service counts about itself: memory_stats.def says how many words that are.
const statsWords = 27;

final class MemoryStats extends Struct {
  @Array(statsWords)
  external Array<Uint64> words;
}

// ---- messages (service.proto): a key is field * 8 + wire type; 1 is 8 bytes, 2 has a length ----

List<int> fixed64(int field, int number) =>
    [field * 8 + 1, ...(ByteData(8)..setUint64(0, number, Endian.little)).buffer.asUint8List()];

List<int> double64(int field, double number) =>
    [field * 8 + 1, ...(ByteData(8)..setFloat64(0, number, Endian.little)).buffer.asUint8List()];

/// Texts and messages of less than 128 bytes: the length is one byte.
List<int> text(int field, List<int> bytes) => [field * 8 + 2, bytes.length, ...bytes];

/// Is it a message at all: do its fields end where it ends?
bool decodes(Uint8List bytes) {
  var at = 0;
  int varint() {
    var value = 0, shift = 0;
    do {
      value |= (bytes[at] & 127) << shift;
      shift += 7;
    } while (bytes[at++] & 128 != 0);
    return value;
  }

  while (at < bytes.length) {
    final type = varint() & 7;
    if (type > 2) return false;
    final skip = type == 1 ? 8 : varint(); // a number, or a length
    if (type > 0) at += skip;
  }
  return at == bytes.length;
}

/// Option: entry point and how a request is encoded; null: it takes none. mixed takes the first six.
final entries = <String, (String, List<int> Function(int number, int batch)?)>{
  'hello': ('proto2ffi_say_hello', (i, _) => text(1, ascii.encode('host ${'$i'.padLeft(8, '0')}'))),
  'user': ('proto2ffi_get_user', (i, _) => fixed64(1, i)),
  'post': ('proto2ffi_get_post', (i, _) => fixed64(1, i)),
  'batch': ('proto2ffi_process_batch',
      (i, batch) => [for (var k = 0; k < batch; k++) ...text(1, fixed64(1, i + k))]),
  'calculator': ('calculator_process',
      (i, _) => [...text(1, ascii.encode('add')), ...double64(2, i.toDouble()), ...double64(3, 1)]),
  'noop': ('proto2ffi_noop', null),
  'add': ('proto2ffi_add', null),
};
final mixed = entries.keys.take(6).toList();

// ---- the library ----

class Service {
  Service(String path) : library = DynamicLibrary.open(path) {
    for (final (name, encode) in entries.values) {
      if (encode == null) continue;
      if (name == 'calculator_process') {
        slice = library.lookupFunction<ResponseSlice Function(Pointer<Uint8>, Size),
            ResponseSlice Function(Pointer<Uint8>, int)>(name);
      } else {
        buffers[name] = library.lookupFunction<ResponseBuffer Function(Pointer<Uint8>, Size),
            ResponseBuffer Function(Pointer<Uint8>, int)>(name);
      }
    }
  }

  final DynamicLibrary library;
  final buffers = <String, ResponseBuffer Function(Pointer<Uint8>, int)>{};
  late final ResponseSlice Function(Pointer<Uint8>, int) slice;
  late final freeBuffer = library.lookupFunction<Void Function(ResponseBuffer), void Function(ResponseBuffer)>(
      'proto2ffi_free_byte_buffer');
  late final freeSlice = library
      .lookupFunction<Void Function(ResponseSlice), void Function(ResponseSlice)>('calculator_free_buffer');
  late final noop = library.lookupFunction<Void Function(), void Function()>('proto2ffi_noop');
  late final add = library
      .lookupFunction<Uint64 Function(Uint64, Uint64), int Function(int, int)>('proto2ffi_add');
  late final init = library.lookupFunction<Void Function(), void Function()>('init_service');
  late final set = library.lookupFunction<Void Function(Pointer<Uint8>, Uint64),
      void Function(Pointer<Uint8>, int)>('ffi_service_set');
  late final stats = library
      .lookupFunction<MemoryStats Function(), MemoryStats Function()>('proto2ffi_memory_stats');

  static final process = DynamicLibrary.process();
  static final malloc = process
      .lookupFunction<Pointer<Uint8> Function(Size), Pointer<Uint8> Function(int)>('malloc');
  static final free =
      process.lookupFunction<Void Function(Pointer<Uint8>), void Function(Pointer<Uint8>)>('free');

  static Pointer<Uint8> copy(List<int> bytes) {
    final block = malloc(bytes.length);
    block.asTypedList(bytes.length).setAll(0, bytes);
    return block;
  }
}

// ---- one isolate's share of the requests ----

class Worker {
  Worker(this.options) : service = Service(options['library'] as String);

  final Map<String, Object> options;
  final Service service;
  final rows = <String, Map<String, Object>>{};
  final misuse = {
    for (final name in ['leaked', 'leaked_bytes', 'freed_twice', 'freed_wrong_length', 'freed_plain', 'failed'])
      name: 0
  };

  int number(String option) => options[option] as int;

  void count(Map<String, Object> row, String name, int more) => row[name] = (row[name] as int) + more;

  void noteMisuse(String name, [int more = 1]) => misuse[name] = misuse[name]! + more;

  /// End the response, in the way that the options planted for this request.
  void finish(int i, int length, Pointer<Uint8> pointer, void Function() shorten, void Function() giveBack) {
    if (number('leak-every') > 0 && i % number('leak-every') == 0) {
      noteMisuse('leaked');
      noteMisuse('leaked_bytes', length);
    } else if (i == number('plain-free-at')) {
      noteMisuse('freed_plain');
      Service.free(pointer);
    } else if (i == number('wrong-length-at')) {
      noteMisuse('freed_wrong_length');
      shorten();
      giveBack();
    } else {
      giveBack();
      if (i == number('free-twice-at')) {
        noteMisuse('freed_twice');
        giveBack();
      }
    }
  }

  void take(Map<String, Object> row, int i, int requestLength, Pointer<Uint8> pointer, int length,
      void Function() shorten, void Function() giveBack) {
    count(row, 'request_bytes', requestLength);
    count(row, 'response_bytes', length);
    if (pointer == nullptr) {
      noteMisuse('failed');
      return;
    }
    if (!decodes(pointer.asTypedList(length))) noteMisuse('failed');
    finish(i, length, pointer, shorten, () {
      count(row, 'frees', 1);
      giveBack();
    });
  }

  void requestWithBuffers(String name, List<int> request, Map<String, Object> row, int i) {
    final block = Service.copy(request);
    if (name == 'calculator_process') {
      final response = service.slice(block, request.length);
      Service.free(block);
      take(row, i, request.length, response.ptr, response.len, () => response.len--,
          () => service.freeSlice(response));
    } else {
      final response = service.buffers[name]!(block, request.length);
      Service.free(block);
      take(row, i, request.length, response.ptr, response.len, () {
        response.len--;
        response.cap--;
      }, () => service.freeBuffer(response));
    }
  }

  void run(int first) {
    final entry = options['entry'] as String;
    for (var i = first; i <= number('requests'); i += number('isolates')) {
      final chosen = entry == 'mixed' ? mixed[(i - 1) % mixed.length] : entry;
      final (name, encode) = entries[chosen]!;
      final row = rows[chosen] ??=
          {'name': name, 'calls': 0, 'request_bytes': 0, 'response_bytes': 0, 'frees': 0};
      count(row, 'calls', 1);
      if (encode != null) {
        requestWithBuffers(name, encode(i, number('batch')), row, i);
      } else if (chosen == 'add') {
        service.add(i, 1);
      } else {
        service.noop();
      }
    }
  }
}

// ---- all of them ----

Map<String, Object> parseOptions(List<String> words) {
  final options = <String, Object>{
    'requests': 1000, 'isolates': 1, 'entry': 'hello', 'batch': 10, 'leak-every': 0, 'free-twice-at': 0,
    'wrong-length-at': 0, 'plain-free-at': 0,
    'library': '${File.fromUri(Platform.script).parent.path}/libffiscope_service.so',
  };
  for (var i = 0; i < words.length; i += 2) {
    final name = words[i].replaceFirst('--', '');
    if (!options.containsKey(name) || i + 1 == words.length)
      throw ArgumentError("no option '${words[i]}', or no value");
    options[name] = options[name] is int ? int.parse(words[i + 1]) : words[i + 1];
  }
  if (options['entry'] != 'mixed' && !entries.containsKey(options['entry']))
    throw ArgumentError("no entry '${options['entry']}'");
  return options;
}

/// The names of memory_stats.def, which lies beside the library, with what the service says.
Map<String, int> readStats(Service service, String library) {
  final folder = File(library).parent.path;
  final names = <String>[];
  for (final line in File('$folder/memory_stats.def').readAsLinesSync()) {
    final found = RegExp(r'^FSC_SERVICE_(COUNTER|DELAY)\((\w+)').firstMatch(line);
    if (found == null) continue;
    final ends = found[1] == 'COUNTER' ? [''] : ['_planned_ns', '_elapsed_ns', '_count', '_median_ns'];
    names.addAll([for (final end in ends) '${found[2]}$end']);
  }
  if (names.length != statsWords) throw StateError('memory_stats.def has ${names.length} words');
  final stats = service.stats();
  return {for (var i = 0; i < statsWords; i++) names[i]: stats.words[i]};
}

Future<Worker> runWorkers(Map<String, Object> options) async {
  final others = [
    for (var first = 2; first <= (options['isolates'] as int); first++)
      Isolate.run(() {
        final worker = Worker(options)..run(first);
        return (worker.rows, worker.misuse);
      })
  ];
  final worker = Worker(options)..run(1);
  for (final (rows, misuse) in await Future.wait(others)) {
    misuse.forEach(worker.noteMisuse);
    rows.forEach((entry, row) {
      final sum = worker.rows[entry] ??= {...row, 'calls': 0, 'request_bytes': 0, 'response_bytes': 0, 'frees': 0};
      for (final name in ['calls', 'request_bytes', 'response_bytes', 'frees'])
        worker.count(sum, name, row[name] as int);
    });
  }
  return worker;
}

Future<void> main(List<String> words) async {
  final options = parseOptions(words);
  final service = Service(options['library'] as String);
  service.init();
  if (['free-twice-at', 'wrong-length-at', 'plain-free-at'].any((name) => options[name] != 0))
    service.set(Service.copy([...ascii.encode('REGISTRY'), 0]), 1); // it survives wrong frees
  final watch = Stopwatch()..start();
  final worker = await runWorkers(options);
  final wallNs = watch.elapsedMicroseconds * 1000;
  print(jsonEncode({
    'program': 'host_dart.dart', 'entry': options['entry'], 'requests': options['requests'],
    'threads': options['isolates'], 'wall_ns': wallNs, 'entry_points': worker.rows.values.toList(),
    ...worker.misuse, 'host': {'delay_in_codec': false}, 'service': readStats(service, options['library'] as String),
  }));
  exitCode = worker.misuse['failed']! > 0 ? 1 : 0;
}
