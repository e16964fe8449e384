import http.client
c = http.client.HTTPConnection("127.0.0.1", 26410)
c.request("GET", "/menu"); print(c.getresponse().read())
