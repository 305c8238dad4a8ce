# A collector that scans stacks and registers, continuations, native compilation off.
export GUILE_AUTO_COMPILE=0
guile -c '(use-modules (srfi srfi-1) (ice-9 threads) (system foreign))
(define k #f) (define n 0)
(display (+ 1 (call/cc (lambda (c) (set! k c) 1)))) (newline)
(set! n (+ n 1)) (if (< n 3) (k n))
(display (fold + 0 (par-map (lambda (x) (length (iota (* x 100)))) (iota 50)))) (newline)
(display ((pointer->procedure int (dynamic-func "abs" (dynamic-link)) (list int)) -5)) (newline)
(gc) (display (expt 3 100)) (newline)
(exit 8)'
