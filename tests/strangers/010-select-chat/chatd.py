import select, socket

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 20100))
listener.listen(10)
people = {}          # socket -> [name or None, buffer]
ever = 0

def everyone(text, but=None):
    for p, (n, _) in people.items():
        if p is not but and n:
            p.sendall(text.encode() + b"\n")

while True:
    r, _, _ = select.select([listener, *people], [], [])
    for s in r:
        if s is listener:
            c, a = s.accept()
            people[c] = [None, b""]
            ever += 1
            continue
        data = s.recv(4096)
        if not data:
            name = people.pop(s)[0]
            s.close()
            everyone(f"* {name} left")
            continue
        people[s][1] += data
        while b"\n" in people[s][1]:
            line, people[s][1] = people[s][1].split(b"\n", 1)
            line = line.decode()
            if people[s][0] is None:
                people[s][0] = line
                everyone(f"* {line} joined", s)
            else:
                everyone(f"<{people[s][0]}> {line}", s)
    if ever >= 3 and not people:
        break
listener.close()
print("room empty")
