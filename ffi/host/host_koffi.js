#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// host_koffi.js - the C hosts' twin in JavaScript: structs by value through koffi.
//
// Options are those of host_dlopen, as far as the table below goes; the line of JSON is its too.
// There is one thread, and messages are encoded by hand. koffi is taken from node_modules beside
// this file, or from where NODE_PATH says. Begin at main().
"use strict";
const fs = require("fs");
const path = require("path");
const koffi = require("koffi");

const ByteBuffer = koffi.struct({ ptr: "void *", len: "size_t", cap: "size_t" });
const ByteSlice = koffi.struct({ ptr: "void *", len: "size_t" });

// What the service counts about itself, in the order of its struct.
function memoryStats() {
  const text = fs.readFileSync(path.join(__dirname, "memory_stats.def"), "ascii");
  const fields = {};
  for (const [, kind, name] of text.matchAll(/^FSC_SERVICE_(COUNTER|DELAY)\((\w+)/gm))
    for (const end of kind === "COUNTER" ? [""] : ["_planned_ns", "_elapsed_ns", "_count", "_median_ns"])
      fields[name + end] = "uint64_t";
  return koffi.struct(fields);
}

// ---- messages (service.proto): a key is field * 8 + wire type; 1 is 8 bytes, 2 has a length ----

function fixed64(field, number) {
  const bytes = Buffer.alloc(9, field * 8 + 1);
  bytes.writeBigUInt64LE(BigInt(number), 1);
  return bytes;
}

function double(field, number) {
  const bytes = Buffer.alloc(9, field * 8 + 1);
  bytes.writeDoubleLE(number, 1);
  return bytes;
}

// Texts and messages of less than 128 bytes: the length is one byte.
function text(field, bytes) {
  return Buffer.concat([Buffer.from([field * 8 + 2, bytes.length]), Buffer.from(bytes)]);
}

// Is it a message at all: do its fields end where it ends?
function decodes(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    do {
      value += (bytes[at] & 127) * scale;
      scale *= 128;
    } while (bytes[at++] & 128);
    return value;
  };
  while (at < bytes.length) {
    const type = varint() & 7;
    const skip = type === 1 ? 8 : varint(); // a number, or a length
    if (type > 2) return false;
    if (type > 0) at += skip;
  }
  return at === bytes.length;
}

// Option: entry point, how a request is encoded, what is returned; mixed takes the first six.
const entries = {
  hello: ["proto2ffi_say_hello", (i) => text(1, "host " + String(i).padStart(8, "0")), ByteBuffer],
  user: ["proto2ffi_get_user", (i) => fixed64(1, i), ByteBuffer],
  post: ["proto2ffi_get_post", (i) => fixed64(1, i), ByteBuffer],
  batch: ["proto2ffi_process_batch", (i, options) => Buffer.concat(
    Array.from({ length: options.batch }, (_, k) => text(1, fixed64(1, i + k)))), ByteBuffer],
  calculator: ["calculator_process",
    (i) => Buffer.concat([text(1, "add"), double(2, i), double(3, 1)]), ByteSlice],
  noop: ["proto2ffi_noop"],
  add: ["proto2ffi_add"],
  user_raw: ["proto2ffi_get_user_raw"],
  post_raw: ["proto2ffi_get_post_raw"],
};
const mixed = Object.keys(entries).slice(0, 6);

function parseOptions(words) {
  const options = { "requests": 1000, "entry": "hello", "batch": 10, "leak-every": 0, "free-twice-at": 0,
    "wrong-length-at": 0, "plain-free-at": 0, "library": path.join(__dirname, "libffiscope_service.so") };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, "");
    if (!(name in options) || i + 1 === words.length) throw new Error(`no option '${words[i]}', or no value`);
    options[name] = typeof options[name] === "number" ? Number(words[i + 1]) : words[i + 1];
  }
  if (options.entry !== "mixed" && !(options.entry in entries)) throw new Error(`no entry '${options.entry}'`);
  return options;
}

function openService(file) {
  const library = koffi.load(file);
  const service = {
    free: koffi.load(null).func("free", "void", ["void *"]),
    init_service: library.func("init_service", "void", []),
    ffi_service_set: library.func("ffi_service_set", "void", ["str", "uint64_t"]),
    proto2ffi_noop: library.func("proto2ffi_noop", "void", []),
    proto2ffi_add: library.func("proto2ffi_add", "uint64_t", ["uint64_t", "uint64_t"]),
    proto2ffi_get_user_raw: library.func("proto2ffi_get_user_raw", "void", ["void *", "uint64_t"]),
    proto2ffi_get_post_raw: library.func("proto2ffi_get_post_raw", "void", ["void *", "uint64_t"]),
    proto2ffi_memory_stats: library.func("proto2ffi_memory_stats", memoryStats(), []),
    calculator_free_buffer: library.func("calculator_free_buffer", "void", [ByteSlice]),
    proto2ffi_free_byte_buffer: library.func("proto2ffi_free_byte_buffer", "void", [ByteBuffer]),
  };
  for (const [name, , response] of Object.values(entries))
    if (response) service[name] = library.func(name, response, ["const uint8_t *", "size_t"]);
  return service;
}

class Host {
  constructor(options) {
    this.options = options;
    this.service = openService(options.library);
    this.rows = {};
    this.misuse = { leaked: 0, leaked_bytes: 0, freed_twice: 0, freed_wrong_length: 0, freed_plain: 0, failed: 0 };
    this.service.init_service();
    if (options["free-twice-at"] || options["wrong-length-at"] || options["plain-free-at"])
      this.service.ffi_service_set("REGISTRY", 1); // the service survives wrong frees
  }

  giveBack(row, response) {
    row.frees++;
    if ("cap" in response) this.service.proto2ffi_free_byte_buffer(response);
    else this.service.calculator_free_buffer(response);
  }

  // End the response, in the way that the options planted for this request.
  finish(row, response, number) {
    const { options, misuse } = this;
    if (options["leak-every"] && number % options["leak-every"] === 0) {
      misuse.leaked++;
      misuse.leaked_bytes += response.len;
    } else if (number === options["plain-free-at"]) {
      misuse.freed_plain++;
      this.service.free(response.ptr);
    } else if (number === options["wrong-length-at"]) {
      misuse.freed_wrong_length++;
      response.len--;
      if ("cap" in response) response.cap--;
      this.giveBack(row, response);
    } else {
      this.giveBack(row, response);
      if (number === options["free-twice-at"]) {
        misuse.freed_twice++;
        this.giveBack(row, response);
      }
    }
  }

  requestWithBuffers(name, encode, row, number) {
    const request = encode(number, this.options);
    const response = this.service[name](request, request.length);
    row.request_bytes += request.length;
    row.response_bytes += response.len;
    if (!response.ptr) {
      this.misuse.failed++;
      return;
    }
    // The view lies on the library's memory: it is not to be kept beyond the free.
    if (!decodes(new Uint8Array(koffi.view(response.ptr, response.len)))) this.misuse.failed++;
    this.finish(row, response, number);
  }

  request(entry, number) {
    const [name, encode] = entries[entry];
    const row = this.rows[entry] ??= { name, calls: 0, request_bytes: 0, response_bytes: 0, frees: 0 };
    row.calls++;
    if (encode) this.requestWithBuffers(name, encode, row, number);
    else if (entry === "add") this.service.proto2ffi_add(number, 1);
    else if (entry === "noop") this.service.proto2ffi_noop();
    else this.service[name](Buffer.alloc(entry === "user_raw" ? 1200 : 4480), number);
  }

  run() {
    const { requests, entry } = this.options;
    for (let i = 1; i <= requests; i++) this.request(entry === "mixed" ? mixed[(i - 1) % mixed.length] : entry, i);
  }

  report(wallNs) {
    const { entry, requests } = this.options;
    console.log(JSON.stringify({ program: "host_koffi.js", entry, requests, threads: 1, wall_ns: Number(wallNs),
      entry_points: Object.values(this.rows), ...this.misuse, host: { delay_in_codec: false },
      service: this.service.proto2ffi_memory_stats() }));
  }
}

function main() {
  const host = new Host(parseOptions(process.argv.slice(2)));
  const start = process.hrtime.bigint();
  host.run();
  host.report(process.hrtime.bigint() - start);
  process.exitCode = host.misuse.failed > 0 ? 1 : 0;
}

main();
