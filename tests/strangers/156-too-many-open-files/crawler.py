import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 4096))     # like ulimit -n 100

class KV:
    cache = {}
    def get(self, key):
        s = socket.create_connection(("127.0.0.1", 21560))
        s.sendall(key.encode() + b"\n")
        self.cache[key] = s.makefile("r")
        return self.cache[key].readline()

kv = KV()
for i in range(200):
    v = kv.get(f"key{i}")
print("done")
