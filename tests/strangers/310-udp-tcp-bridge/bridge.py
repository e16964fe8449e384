import socket, threading
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 13561))
t = socket.create_server(('127.0.0.1', 13560)); c, _ = t.accept()
def forward():
    while True: c.sendall(u.recv(65535) + b'\n')
threading.Thread(target=forward, daemon=True).start()
while c.recv(1): pass
