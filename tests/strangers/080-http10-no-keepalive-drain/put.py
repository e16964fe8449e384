import http.client
for n in (10, 3_000_000):
    c = http.client.HTTPConnection("127.0.0.1", 20800, timeout=4); c.request("PUT", "/f", body=b"x" * n)
    r = c.getresponse(); print(r.status, r.read()); c.close()
