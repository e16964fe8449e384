import http.client
for size in (100, 5_000_000):
    c = http.client.HTTPConnection("127.0.0.1", 21290)
    c.request("POST", "/upload", body=b"\0" * size)
    r = c.getresponse()
    print(size, r.status, r.reason)
    c.close()
