import socket, threading
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 20550))
ZONE = {f"host{i}": f"10.0.0.{i}" for i in range(100)}

def serve():
    while True:
        q, who = sock.recvfrom(512)
        ident, name = q[:2], q[2:].decode()
        sock.sendto(ident + ZONE.get(name, "NX").encode(), who)

for _ in range(3): threading.Thread(target=serve, daemon=True).start()
try:
    threading.Event().wait()
except KeyboardInterrupt:
    print("off")
