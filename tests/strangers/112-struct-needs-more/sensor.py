import socket, struct, time
s = socket.create_connection(("127.0.0.1", 21120))
def emit(i, v):
    s.sendall(struct.pack("!I", i))
    time.sleep(0.15)                    # reading the ADC
    s.sendall(struct.pack("!df", time.time(), v))
try:
    for i in range(3): emit(i, 20.5 + i)
finally:
    s.close()
