import socket, struct
l = socket.create_server(('127.0.0.1', 13070))
c, a = l.accept()
c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', 30, 0))
while True:
    try:
        d = c.recv(1024)
    except BlockingIOError:
        c.sendall(b'are you still there?\n'); continue
    if not d: break
    print('heard', d)
