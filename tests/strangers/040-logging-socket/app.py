import logging, logging.handlers
root = logging.getLogger(); root.setLevel(logging.DEBUG)
h = logging.handlers.SocketHandler('127.0.0.1', 20400)
root.addHandler(h)
for i in range(25): logging.getLogger('app.part%d' % (i % 2)).warning('event %d %s', i, 'y' * i * 20)
try: 1 / 0
except ZeroDivisionError: logging.exception('oops')
logging.shutdown()
