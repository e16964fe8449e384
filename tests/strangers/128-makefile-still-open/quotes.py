import socket
QUOTES = ["Simple is better than complex.", "Errors should never pass silently."]
streams = []
def answer(conn, n):
    f = conn.makefile("rw")
    streams.append(f)
    f.readline()
    f.write(QUOTES[n]); f.flush()
    conn.close()
    print("closed", conn)
with socket.create_server(("127.0.0.1", 21280)) as l:
    n = 0
    while True:
        answer(l.accept()[0], n % 2); n += 1
