import socket, sys
size = int(sys.argv[1])
s = socket.create_connection(('127.0.0.1', 21050))
msg = b'capitalize this! '
s.sendall(msg * (size // len(msg)))
s.shutdown(socket.SHUT_WR)
print('sent', size, 'now receiving')
got = 0
while True:
    d = s.recv(4096)
    if not d: break
    got += len(d)
print('got', got)
s.close()
