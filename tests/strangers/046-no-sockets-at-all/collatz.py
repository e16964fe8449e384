import argparse, functools, sys
@functools.lru_cache(None)
def steps(n): return 0 if n == 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)
p = argparse.ArgumentParser(); p.add_argument("--max", type=int, default=2000)
a = p.parse_args()
best = max(range(1, a.max), key=steps)
print(best, steps(best))
