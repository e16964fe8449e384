import socket
l = socket.create_server(("127.0.0.1", 20580))
for _ in range(2):
    c, _ = l.accept()
    try:
        c.sendall(b"SSH-2.0-OpenSSH_9.6\r\n" + b"k" * 600)
        while c.recv(1000): pass
    except ConnectionResetError:
        pass            # scanners do that
    finally:
        c.close()
l.close()
