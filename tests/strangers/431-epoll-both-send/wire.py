import select


def send_all(sock, data):
    ep = select.epoll()
    ep.register(sock, select.EPOLLOUT)
    data = memoryview(data)
    while data:
        try:
            data = data[sock.send(data):]
        except BlockingIOError:
            ep.poll()
    ep.close()


def receive(sock, count):
    ep = select.epoll()
    ep.register(sock, select.EPOLLIN)
    got = 0
    while got < count:
        ep.poll()
        got += len(sock.recv(65536))
    ep.close()
    return got
