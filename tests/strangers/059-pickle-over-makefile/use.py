import pickle, socket, random
s = socket.create_connection(("127.0.0.1", 20590)); r = s.makefile("rb"); w = s.makefile("wb")
def call(op, a): pickle.dump((op, a), w); w.flush(); return pickle.load(r)
xs = [random.random() for _ in range(50000)]
assert call("sorted", xs) == sorted(xs); print(call("len", xs))
# two requests in the buffer at once
pickle.dump(("len", "ab"), w); pickle.dump(("len", "abc"), w); w.flush()
print(pickle.load(r), pickle.load(r))
for x in (r, w, s): x.close()
