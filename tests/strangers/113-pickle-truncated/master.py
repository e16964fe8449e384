import socket
from transport import send_obj, recv_obj
srv = socket.create_server(("127.0.0.1", 21130))
conn, _ = srv.accept()
while True:
    job = recv_obj(conn)
    if job is None: break
    print("job with", len(job), "rows")
    send_obj(conn, sum(job))
