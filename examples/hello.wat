;; A WASI program by hand: writes one line to standard output.
;;   npx tswasm run examples/hello.wat
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $iovs i32) (param $count i32) (param $written i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello from WebAssembly\n")
  ;; One io vector at address 0: the text's address and length.
  (data (i32.const 0) "\10\00\00\00\17\00\00\00")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
