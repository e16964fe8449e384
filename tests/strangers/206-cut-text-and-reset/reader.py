import socket, time
# 1: the text
s = socket.create_connection(("127.0.0.1", 22060)); s.sendall(b"poem 001")
text = ""
try:
    while d := s.recv(331): text += d.decode("utf-8")
except UnicodeDecodeError as e:
    print("strange bytes:", e.reason)
while s.recv(1000): pass
s.close()
# 2: a long wish
s = socket.create_connection(("127.0.0.1", 22060))
s.sendall(b"poem about the moon and the sea, please")
got = b""
time.sleep(0.5)
while d := s.recv(100): got += d
print("got all", len(got))
