import signal, socket
srv = socket.socket()
srv.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
srv.bind(('127.0.0.1', 13050)); srv.listen()
conn, addr = srv.accept()

def ping(signum, frame):
    conn.sendall(b'PING\n')
    signal.alarm(20)

signal.signal(signal.SIGALRM, ping)
signal.alarm(20)
conn.sendall(b'HELLO\n')
while True:
    data = conn.recv(100)
    if not data: break
    print('client:', data)
