import http.client
c = http.client.HTTPConnection("127.0.0.1", 26405)
c.request("GET", "/rows"); print(c.getresponse().read())
