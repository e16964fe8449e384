import select, socket, time

class Hub:
    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.inputs = [self.listener]
        self.wakeups = 0

    def run(self):
        while True:
            readable, _, _ = select.select(self.inputs, [], [], 1.0)
            self.wakeups += 1
            for r in readable:
                if r is self.listener:
                    self.inputs.append(r.accept()[0])
                else:
                    self.dispatch(r)
            self.housekeeping()

    def dispatch(self, sock):
        data = sock.recv(4096)
        if data:
            for other in self.inputs[1:]:
                if other is not sock:
                    other.sendall(data)

    def housekeeping(self):
        time.sleep(0.02)
        if self.wakeups % 50 == 0:
            print("wakeups:", self.wakeups)

Hub(21200).run()
