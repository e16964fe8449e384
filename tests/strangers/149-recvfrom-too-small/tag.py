import json, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i, tags in ((1, ["a"]), (2, ["red", "heavy", "fragile", "express", "customs-cleared", "insured"]), (99, [])):
    s.sendto(json.dumps({"id": i, "tags": tags}).encode(), ("127.0.0.1", 21490))
