# Nim: 15 matches, take 1-3, who takes the last one loses
import socket
class Player:
    def __init__(self, conn, name): self.conn, self.f, self.name = conn, conn.makefile("rw", newline="\n"), name
    def send(self, *w): self.f.write(" ".join(map(str, w)) + "\n"); self.f.flush()
    def take(self, left): self.send("TURN", left); return int(self.f.readline())
    def close(self): self.f.close(); self.conn.close()
srv = socket.create_server(("127.0.0.1", 20690))
p = [Player(srv.accept()[0], n) for n in "AB"]
for x in p: x.send("NAME", x.name)
left, who = 15, 0
while left > 0:
    n = p[who].take(left); left -= n
    p[1 - who].send("OPPONENT", n); who = 1 - who
for i, x in enumerate(p): x.send("END", "win" if i == who else "lose")
print("winner", p[who].name)
for x in p: x.close()
srv.close()
