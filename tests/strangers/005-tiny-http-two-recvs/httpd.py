# 手写的小型 HTTP 服务器：先读到空行，再按 Content-Length 读正文
import socket

def 读取请求(conn):
    buf = b''
    while b'\r\n\r\n' not in buf:
        块 = conn.recv(4096)
        if not 块:
            return None
        buf += 块
    head, _, body = buf.partition(b'\r\n\r\n')
    lines = head.decode('latin-1').split('\r\n')
    headers = dict(l.split(': ', 1) for l in lines[1:])
    need = int(headers.get('Content-Length', 0))
    while len(body) < need:
        块 = conn.recv(need - len(body))
        if not 块:
            return None
        body += 块
    return lines[0], headers, body

srv = socket.socket()
srv.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
srv.bind(('127.0.0.1', 20050)); srv.listen(5)
for _ in range(3):
    conn, addr = srv.accept()
    req = 读取请求(conn)
    if req:
        reply = ('你好，收到 %d 字节' % len(req[2])).encode('utf-8')
        conn.send(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' % len(reply))
        conn.send(reply)
    conn.close()
srv.close()
