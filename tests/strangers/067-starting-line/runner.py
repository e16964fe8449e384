import socket, sys, time
time.sleep(float(sys.argv[2]))
with socket.create_connection(("127.0.0.1", 20670)) as s:
    s.sendall(sys.argv[1].encode())
    assert s.recv(3, socket.MSG_WAITALL) == b"GO!"
    time.sleep(0.1)
    s.sendall(b"finished")
    assert not s.recv(1)
