import socket, struct, pickle
s = socket.create_connection(("127.0.0.1", 24660))
s.sendall(struct.pack(">I", 300_000))
size, = struct.unpack(">I", s.recv(4))
blob = s.recv(size)
print(len(pickle.loads(blob)))
