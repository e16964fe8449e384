import multiprocessing as mp, socket

def serve(conn, n):
    with conn:
        total = 0
        buf = b""
        while (d := conn.recv(512)):
            buf += d
            *ls, buf = buf.split(b"\n")
            total += sum(map(int, ls))
        conn.sendall(b"total %d" % total)

if __name__ == "__main__":
    mp.set_start_method("fork")
    l = socket.create_server(("127.0.0.1", 20700)); ps = []
    for n in range(2):
        conn, _ = l.accept()
        p = mp.Process(target=serve, args=(conn, n)); p.start(); ps.append(p)
        conn.close()
    l.close()
    for p in ps: p.join()
    print("joined", [p.exitcode for p in ps])
