import socket, time
for attempt in range(50):
    s = socket.socket()
    try:
        s.connect(('127.0.0.1', 13100))
        break
    except ConnectionRefusedError:
        s.close()
        time.sleep(0.1)
else:
    raise SystemExit('no server')
print('connected')
s.sendall(b'hi')
print(s.recv(2))
s.close()
