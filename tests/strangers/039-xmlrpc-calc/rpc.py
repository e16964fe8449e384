import xmlrpc.client
with xmlrpc.client.ServerProxy("http://127.0.0.1:20390", allow_none=True) as p:
    print(p.add(2, 3), len(p.big(3000)))
    m = xmlrpc.client.MultiCall(p); m.add(1, 1); m.div(9, 3); print(list(m()))
    try: p.div(1, 0)
    except xmlrpc.client.Fault as e: print("fault", e.faultString)
