import socket, time
for _ in range(2):
    s = socket.create_connection(("127.0.0.1", 24820))
    s.sendall(b"get")
    n = 0
    time.sleep(0.1)
    while d := s.recv(1000):
        n += len(d)
    print(n)
