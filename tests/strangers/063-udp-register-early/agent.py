import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(("127.0.0.1", 20630)); u.settimeout(0.2)
for n in range(30):
    try:
        u.send(b"REGISTER agent7")
        answer = u.recv(100)
        break
    except socket.timeout: pass
    except ConnectionRefusedError:
        import time; time.sleep(0.2)       # controller not up yet
else:
    raise SystemExit("no controller")
print("registered after", n, "tries", answer); u.close()
