from multiprocessing.managers import BaseManager
import queue, threading
jobs, results = queue.Queue(), queue.Queue()
class M(BaseManager): pass
M.register("jobs", callable=lambda: jobs); M.register("results", callable=lambda: results)
if __name__ == "__main__":
    m = M(("127.0.0.1", 25260), b"secret")
    s = m.get_server()
    def feed():
        for i in range(20): jobs.put(i)
        for i in range(2): jobs.put(None)
        print(sum(results.get() for _ in range(20)))
        threading.Timer(1.0, s.stop_event.set).start()
    threading.Thread(target=feed).start()
    try: s.serve_forever()
    except SystemExit: pass
