import socket, time
s = socket.create_connection(("127.0.0.1", 22010))
time.sleep(0.3)
tiles = bytearray()
while len(tiles) < 9_000_000:
    tiles += s.recv(65536)
    time.sleep(0.001)
print("map loaded")
