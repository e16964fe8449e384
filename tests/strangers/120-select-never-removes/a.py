import socket, time
with socket.create_connection(("127.0.0.1", 21200)) as a, socket.create_connection(("127.0.0.1", 21200)) as b:
    time.sleep(0.2)
    a.sendall(b"hi b\n"); print(b.recv(10))
    b.sendall(b"hi a\n"); print(a.recv(10))
