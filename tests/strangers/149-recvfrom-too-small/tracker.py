import json, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 21490))
while True:
    data, addr = s.recvfrom(64)
    pos = json.loads(data)
    print(pos["id"], len(pos["tags"]))
    if pos["id"] == 99: break
