import socket, sys
l = socket.create_server(("127.0.0.1", 21210))
c, _ = l.accept()
for i in range(5):
    c.sendall(f"row {i}\n".encode())
# the last row has no END when the report is empty
if len(sys.argv) > 1:
    c.sendall(b"END\n")
c.close()
