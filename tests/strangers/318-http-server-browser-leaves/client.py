import http.client
for lim in (50_000, 2_000_000, None):
    c = http.client.HTTPConnection("127.0.0.1", 26170); c.request("GET", "/film.bin"); r = c.getresponse()
    print(len(r.read(lim))); r.close(); c.close()
