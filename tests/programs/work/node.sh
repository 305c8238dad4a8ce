# The koffi addon with callbacks, worker threads, zlib, crypto, children, an uncaught error.
cat >work.js <<'END'
const { Worker, isMainThread, parentPort } = require('worker_threads');
const koffi = require('koffi');
const libc = koffi.load('libc.so.6');
const abs = libc.func('int abs(int)');
if (!isMainThread) {
  let sum = 0;
  for (let i = 0; i < 20000; i++) sum += abs(-i % 7);
  parentPort.postMessage(sum);
  return;
}
const compare = koffi.proto('int compare(const void *a, const void *b)');
const sort = libc.func('void qsort(_Inout_ int *base, size_t n, size_t size, compare *f)');
const numbers = Array.from({ length: 500 }, (_, i) => i * 7919 % 1009);
sort(numbers, numbers.length, 4, (a, b) => koffi.decode(a, 'int') - koffi.decode(b, 'int'));
console.log(numbers.slice(0, 5), libc.func('int snprintf(char *, size_t, str, ...)') !== undefined);
const zlib = require('zlib'), crypto = require('crypto'), { execFile } = require('child_process');
console.log(crypto.createHash('sha256').update(zlib.gunzipSync(zlib.gzipSync('x'.repeat(1e6)))).digest('hex'));
crypto.pbkdf2('a', 'b', 1000, 20, 'sha1', (error, key) => {
  console.log(key.toString('hex'));
  const workers = [1, 2, 3].map(() => new Promise((done) => new Worker(__filename).on('message', done)));
  Promise.all(workers).then((sums) => {
    console.log(sums);
    execFile('sh', ['-c', 'echo child; exit 3'], (failure, out) => {
      console.log(out.trim(), failure.code, WebAssembly.validate(Buffer.from('0061736d01000000', 'hex')));
      setTimeout(() => { process.exitCode = 6; null.property; }, 10);
    });
  });
});
END
node work.js
