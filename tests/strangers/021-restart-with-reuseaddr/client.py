import socket, time

for _ in range(3):
    for attempt in range(20):
        try:
            s = socket.create_connection(("127.0.0.1", 20210))
            break
        except ConnectionRefusedError:
            time.sleep(0.05)      # it is just restarting
    text = s.makefile("rb").read()
    print(text)
    s.close()
