import errno, socket, sys, time
lock = socket.socket()
try:
    lock.bind(("127.0.0.1", 20510))
except OSError as e:
    if e.errno == errno.EADDRINUSE:
        print("another instance is running, leaving")
        lock.close()
        sys.exit(0)
    raise
print("I am the only one")
time.sleep(2)
lock.close()
