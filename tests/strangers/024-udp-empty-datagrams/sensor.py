import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.connect(("127.0.0.1", 20240))
    s.settimeout(2)
    for i in range(8):
        s.send(b"")
        assert s.recv(10) == b""
        s.send(str(i).encode())
    s.send(b"END")
    print("beats/sum", s.recv(100))
