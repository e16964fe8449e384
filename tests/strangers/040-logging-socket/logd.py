# the receiver from the logging cookbook
import logging, logging.handlers, pickle, socketserver, struct, sys

class LogRecordStreamHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            chunk = self.connection.recv(4)
            if len(chunk) < 4:
                break
            slen = struct.unpack('>L', chunk)[0]
            chunk = self.connection.recv(slen)
            while len(chunk) < slen:
                chunk = chunk + self.connection.recv(slen - len(chunk))
            record = logging.makeLogRecord(pickle.loads(chunk))
            logging.getLogger(record.name).handle(record)

class Receiver(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

if __name__ == '__main__':
    logging.basicConfig(format='%(name)-8s %(levelname)-8s %(message)s', stream=sys.stdout)
    Receiver(('127.0.0.1', 20400), LogRecordStreamHandler).serve_forever()
