import socket
import time

time.sleep(1)  # load the jobs
with socket.create_server(("127.0.0.1", 27558)) as srv:
    conn, _ = srv.accept()
    with conn, conn.makefile("rwb") as f:
        print(f.readline())
        f.write(b"sweep the floor\n")
