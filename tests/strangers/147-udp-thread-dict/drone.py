import socket, threading, time, json
class Telemetry(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True); self.pos = {"x": 0, "y": 0}
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    def run(self):
        while True:
            self.out.sendto(json.dumps(self.pos), ("127.0.0.1", 21470))
            time.sleep(0.1)
t = Telemetry(); t.start()
for _ in range(10): t.pos["x"] += 1; time.sleep(0.1)
print("flight over", t.pos)
