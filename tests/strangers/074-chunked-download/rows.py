import urllib.request, http.client
with urllib.request.urlopen("http://127.0.0.1:20740/rows") as r:
    rows = [l.decode().rstrip("\n").split(",") for l in r]
print(len(rows), all(len(b) == int(a) for a, b in rows))
# raw: read the status line only, then the rest by hand
c = http.client.HTTPConnection("127.0.0.1", 20740); c.request("GET", "/"); r = c.getresponse()
print(len(r.read(10)), len(r.read())); c.close()
