from xmlrpc.server import SimpleXMLRPCServer
import datetime

class Funcs:
    def add(self, x, y): return x + y
    def div(self, x, y): return x / y
    def big(self, n): return ["item"] * n

with SimpleXMLRPCServer(("127.0.0.1", 20390), allow_none=True, logRequests=False) as s:
    s.register_instance(Funcs())
    s.register_multicall_functions()
    s.serve_forever()
