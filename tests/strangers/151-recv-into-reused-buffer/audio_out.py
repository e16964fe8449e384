import array, socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(("127.0.0.1", 21510))
for i in range(10):
    u.send(array.array("h", range(256))); time.sleep(0.02)
u.send(b""); u.close()
print("samples sent 2560")
