from multiprocessing.managers import BaseManager
import multiprocessing as mp
class M(BaseManager): pass
M.register("jobs"); M.register("results")
def work(n):
    m = M(("127.0.0.1", 25260), b"secret"); m.connect()
    j, r = m.jobs(), m.results(); k = 0
    while (x := j.get()) is not None:
        r.put(x * x); k += 1
    return k
if __name__ == "__main__":
    with mp.get_context("spawn").Pool(2) as p:
        print(sum(p.map(work, range(2), 1)))
