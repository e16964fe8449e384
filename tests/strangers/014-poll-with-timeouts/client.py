import socket
sock = socket.socket()
sock.settimeout(0.25)
sock.connect(('127.0.0.1', 20140))
buf, naps = b'', 0
while buf.count(b';') < 3:
    try:
        d = sock.recv(100)
    except socket.timeout:
        naps += 1
        continue
    if not d:
        raise SystemExit('server went away')
    buf += d
print(buf, 'timeouts:', naps > 2)
sock.sendall(b'thanks')
sock.close()
