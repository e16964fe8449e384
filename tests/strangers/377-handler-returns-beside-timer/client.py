import http.client
h = http.client.HTTPConnection("127.0.0.1", 9377)
h.request("GET", "/")
r = h.getresponse()
print(r.status, r.read())
