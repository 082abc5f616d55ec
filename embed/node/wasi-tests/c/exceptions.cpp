// C++ exceptions without a C++ library: destructors run while the stack is unwound, handlers choose by type, handlers call what throws.
using Size = decltype(sizeof 0);

extern "C" {
struct {
  Size landingPad, lsda, selector;
} __wasm_lpad_context;
void *_ZTIi[2];
static char heap[64];
void *__cxa_allocate_exception(Size) { return heap; }
__attribute__((noinline, noreturn)) void __cxa_throw(void *thrown, void *, void (*)(void *)) { __builtin_wasm_throw(0, thrown); }
void *__cxa_begin_catch(void *thrown) { return thrown; }
void __cxa_end_catch() {}
[[noreturn]] void _ZSt9terminatev() { __builtin_trap(); }
int __gxx_personality_wasm0(...) { return 0; }
// A library would read the table of handlers; all that is thrown here is an int, the first type of each handler.
__attribute__((noinline)) int _Unwind_CallPersonality(void *) {
  __wasm_lpad_context.selector = 1;
  return 0;
}
}

static unsigned journal = 17;
static void note(unsigned what) { journal = journal * 31 + what; }

struct Guard {
  unsigned name;
  ~Guard() { note(name); }
};

__attribute__((noinline)) static int deep(int n, int depth) {
  Guard guard{1000u + depth};
  if (depth == 0) {
    if (n % 3 == 0) throw n;
    return n;
  }
  int sum = 0;
  for (int k = 0; k < 3; k++) sum += deep(n + (k & depth), depth - 1);
  return sum;
}

__attribute__((noinline)) static int attempt(int n) {
  try {
    return deep(n, 3);
  } catch (int value) {
    note(value);
    return -value;
  }
}

__attribute__((noinline)) static int again(int n) {
  Guard guard{2000};
  try {
    return deep(n, 1);
  } catch (...) {
    note(3000);
    return attempt(n + 1);
  }
}

extern "C" int run(int count) {
  int sum = 0;
  for (int n = 0; n < count; n++) sum += attempt(n) + again(n);
  return sum ^ static_cast<int>(journal);
}
