import socket, itertools, time
with socket.create_server(("127.0.0.1", 20570)) as lst:
    for _ in range(2):
        conn, addr = lst.accept()
        with conn:
            try:
                for n in itertools.count():
                    conn.sendall(b"price %d\n" % (100 + n % 7))
                    time.sleep(0.02)
            except ConnectionError as e:
                print("viewer left:", type(e).__name__)   # the only way this stream ends
