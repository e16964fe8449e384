import json, socket
for nums in ([100, 1000], [5], [3000, 2000, 10]):
    s = socket.create_connection(("127.0.0.1", 20300))
    s.sendall(json.dumps(nums).encode()); s.shutdown(socket.SHUT_WR)
    buf = b""
    while True:
        d = s.recv(1024)
        if d == b"": break
        buf += d
    s.close()
    print(nums, json.loads(buf))
