import socket, time
s = socket.create_connection(("127.0.0.1", 20690)); f = s.makefile("rw", newline="\n")
for line in f:
    w = line.split()
    if w[0] == "TURN":
        time.sleep(0.3)                   # thinking
        n = int(w[1]); f.write(f"{min(max((n - 1) % 4, 1), n)}\n"); f.flush()
    elif w[0] == "END": print("I", w[1])
f.close(); s.close()
