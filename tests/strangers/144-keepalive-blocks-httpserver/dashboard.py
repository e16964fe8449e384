import http.client, threading, time

class Poller(threading.Thread):
    def __init__(self, name):
        super().__init__(daemon=True); self.tag = name
        self.conn = http.client.HTTPConnection("127.0.0.1", 21440, timeout=2.5)
    def run(self):
        while True:
            self.conn.request("GET", "/" + self.tag)
            print(self.tag, self.conn.getresponse().read())
            time.sleep(10)

a, b = Poller("cpu"), Poller("disk")
a.start(); time.sleep(0.3); b.start()
b.join(timeout=3)
print("disk poller alive:", b.is_alive())
