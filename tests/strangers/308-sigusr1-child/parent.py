import os, signal, socket, time
srv = socket.create_server(('127.0.0.1', 13330))
c, _ = srv.accept()
signal.signal(signal.SIGUSR1, lambda *a: c.sendall(b'my child is awake\n'))
if os.fork() == 0:
    srv.close(); c.close()
    time.sleep(20)
    os.kill(os.getppid(), signal.SIGUSR1)
    os._exit(0)
print('client said', c.recv(100))
