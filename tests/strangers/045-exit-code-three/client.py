import socket, sys
with socket.create_connection(("127.0.0.1", 20450)) as s:
    s.sendall(b"abcdef")
    n = int(s.recv(10))
with socket.create_connection(("127.0.0.1", 20450)) as s:
    print("n is", n)
    if "--strict" in sys.argv: sys.exit(3)
    print(10 / (n - 6))
