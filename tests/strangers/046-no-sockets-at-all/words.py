import collections, os, tempfile, threading, queue
q = queue.Queue()
with tempfile.TemporaryDirectory() as d:
    p = os.path.join(d, "w.txt")
    open(p, "w").write("the cat and the dog and the bird\n" * 100)
    t = threading.Thread(target=lambda: q.put(collections.Counter(open(p).read().split())))
    t.start(); t.join()
r, w = os.pipe(); os.write(w, b"pipe"); os.close(w)
print(q.get().most_common(2), os.read(r, 10), os.read(r, 10)); os.close(r)
raise SystemExit(2)
