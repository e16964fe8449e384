import socket
s = socket.create_connection(("127.0.0.1", 20430)); s.sendall(b"ping"); print(s.recv(100)); s.close()
