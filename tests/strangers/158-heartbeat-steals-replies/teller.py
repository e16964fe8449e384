import socket, threading, time
s = socket.create_connection(("127.0.0.1", 21580))
s.settimeout(2)
confused = []
def heartbeat():
    while True:
        s.sendall(b"PING\n")
        answer = s.recv(100)
        if answer != b"PONG\n": confused.append(answer)
threading.Thread(target=heartbeat, daemon=True).start()
try:
    for _ in range(300):
        s.sendall(b"BALANCE\n")
        answer = s.recv(100)
        try: int(answer)
        except ValueError: confused.append(answer)
except socket.timeout: print("no answer??")
print("confused answers:", len(confused) > 0, confused[:3])
