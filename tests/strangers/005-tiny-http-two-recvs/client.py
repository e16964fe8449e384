import socket, time

def post(body, gap):
    s = socket.create_connection(('127.0.0.1', 20050))
    s.sendall(b'POST /x HTTP/1.1\r\nHost: me\r\nContent-Length: %d\r\n\r\n' % len(body))
    if gap:
        time.sleep(gap)
    s.sendall(body)
    answer = b''
    while True:                      # 服务器会关闭连接
        d = s.recv(30)
        if not d: break
        answer += d
    s.close()
    return answer.partition(b'\r\n\r\n')[2].decode('utf-8')

print(post(b'a=1&b=2', 0))
print(post(b'a' * 20000, 0.2))
print(post(b'', 0))
