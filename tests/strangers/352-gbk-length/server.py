import socket, struct
def recv_all(s, n):
    data = b''
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise ConnectionError('断开')
        data += part
    return data
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 14030))
s.listen(5)
conn, addr = s.accept()
n = struct.unpack('i', recv_all(conn, 4))[0]
msg = recv_all(conn, n)
print('收到:', msg.decode('gbk'))
conn.sendall('好的'.encode('gbk'))
conn.close()
