import socket
MAP = b"\x07" * 9_000_000
s = socket.create_server(("127.0.0.1", 22010))
while True:
    c, _ = s.accept()
    c.settimeout(5)
    c.send(MAP)
    c.close()
