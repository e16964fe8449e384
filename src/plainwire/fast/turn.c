/* `Turn`, what an AsyncPeer does for every message: twin of `PythonTurn` in transports/turn.py. */

#include "fast.h"

/* False with an exception before `__init__` and after the collector has taken it apart. */
int
is_made(Turn *self)
{
    if (self->session == NULL)
        PyErr_SetString(PyExc_RuntimeError, "this peer was not made, or is gone");
    return self->session != NULL;
}

static PyObject *
Turn_anext(Turn *self)
{
    Next *next = self->next;
    self->next = NULL;
    if (next == NULL || Py_REFCNT(next) != 1) {
        Py_XDECREF(next);
        if ((next = new_next()) == NULL)
            return NULL;
    }
    next->turn = (Turn *)Py_NewRef(self);
    return (PyObject *)next;
}

static PyObject *
Turn_send(Turn *self, PyObject *message)
{
    if (!is_made(self))
        return NULL;
    if (self->blocked)
        return PyObject_CallMethodOneArg((PyObject *)self, names.send_blocked, message);
    Py_ssize_t size = Py_IS_TYPE(self->encode_parts, &Encoder_Type)
                          ? encode_frame((Encoder *)self->encode_parts, self->out, message)
                          : ask_encoder(self->encode_parts, self->out, message);
    if (size < 0)
        return NULL;
    self->queued += size;
    PyObject *method = NULL;
    if (self->queued >= self->join_bytes)
        method = names.flush_nowait;
    else if (!self->flush_certain) {
        self->flush_certain = 1;
        method = names.flush_soon;
    }
    if (method != NULL && tell(self, method, NULL) < 0)
        return NULL;
    return Py_NewRef(sent);
}

/* Put the messages of a read into the inbox, and forget the deadline that they met. */
static int
take_messages(Turn *self, PyObject *messages)
{
    Py_ssize_t count = PyList_GET_SIZE(messages);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *done = PyObject_CallOneArg(self->append, PyList_GET_ITEM(messages, i));
        if (done == NULL)
            return -1;
        Py_DECREF(done);
    }
    self->received += count;
    if (!self->undue && (PyObject_SetAttr(self->session, names.first_deadline, Py_None) < 0 ||
                         PyObject_SetAttr(self->session, names.started_at, Py_None) < 0))
        return -1;
    self->undue = 1;
    return 0;
}

/* Give what is queued to the socket itself, if that may be; what it does not take, to Python. */
static int
write_out(Turn *self)
{
    Py_ssize_t count = PyList_GET_SIZE(self->out), size = 0;
    PyObject *first = PyList_GET_ITEM(self->out, 0);
    if (self->direct == NULL || self->direct == Py_None || !PyBytes_Check(first))
        return tell(self, names.flush_nowait, NULL);
    PyObject *data = count == 1 ? Py_NewRef(first) : PyObject_CallOneArg(join, self->out);
    if (data == NULL)
        return -1;
    Py_ssize_t total = PyBytes_GET_SIZE(data);
    PyObject *direct = Py_NewRef(self->direct), *taken = NULL;
    self->queued = 0;
    if (PyList_SetSlice(self->out, 0, count, NULL) == 0)
        taken = PyObject_CallOneArg(direct, data);
    Py_DECREF(direct);
    if (taken != NULL)
        size = PyLong_AsSsize_t(taken);
    else if (PyErr_ExceptionMatches(PyExc_OSError))
        PyErr_Clear(); /* full; or broken, which the transport finds out too, and tells */
    Py_XDECREF(taken);
    if (size < 0 || size > total)
        PyErr_Format(PyExc_ValueError, "send took %zd of %zd bytes", size, total);
    int failed = PyErr_Occurred() != NULL;
    if (!failed && size != total) {
        const char *rest = PyBytes_AS_STRING(data) + size;
        PyObject *left =
            size == 0 ? Py_NewRef(data) : PyBytes_FromStringAndSize(rest, total - size);
        failed = left == NULL || tell(self, names.write_rest, left) < 0;
    }
    Py_DECREF(data);
    return failed ? -1 : 0;
}

/* The handler's step if it is driven and waits for bytes that this file can take, else NULL. */
static Step *
who_waits(Turn *self)
{
    /* Under TLS bytes of the wire are no frames, even if they look like some. */
    if (!self->plain || !Py_IS_TYPE(self->parse, &Parser_Type) || self->message_waiter == NULL ||
        !PyObject_TypeCheck(self->message_waiter, &Wait_Type))
        return NULL;
    Wait *waiter = (Wait *)self->message_waiter;
    if (waiter->woken || waiter->driver == NULL || !PyObject_TypeCheck(waiter->driver, &Step_Type))
        return NULL;
    PyObject *failure = PyObject_GetAttr(self->session, names.failure);
    Py_XDECREF(failure);
    return failure == Py_None ? (Step *)waiter->driver : NULL;
}

/* Take the messages of a read, step the handler, and write what it sent. */
static int
answer(Turn *self, PyObject *messages, Step *driver, PyObject *waiter)
{
    if (take_messages(self, messages) < 0)
        return -1;
    self->flush_certain = 1;
    int failed = step_on(driver, waiter);
    self->flush_certain = 0;
    if (failed || self->session == NULL)
        return failed;
    if (PyList_GET_SIZE(self->out) > 0 && write_out(self) < 0)
        return -1;
    Py_ssize_t left = PyObject_Size(self->inbox);
    return left <= 0 ? (int)left : tell(self, names.pause_reading, NULL);
}

static int
receive(Turn *self, PyObject *data)
{
    Step *driver = who_waits(self);
    PyObject *waiter = self->message_waiter, *messages = NULL;
    int failed;
    /* Before anything is allocated: the collector may run then, and end the wait. */
    Py_XINCREF(driver);
    Py_XINCREF(waiter);
    if (driver != NULL)
        messages = parse_whole((Parser *)self->parse, data);
    if (messages != NULL)
        failed = answer(self, messages, driver, waiter);
    else if (PyErr_Occurred())
        failed = -1;
    else {
        self->undue = 0;
        failed = tell(self, names.receive, Py_NewRef(data));
    }
    Py_XDECREF(messages);
    Py_XDECREF(waiter);
    Py_XDECREF(driver);
    return failed;
}

static PyObject *
Turn_data_received(Turn *self, PyObject *data)
{
    if (!is_made(self))
        return NULL;
    Py_INCREF(self); /* the handler may let go of everything else that holds it */
    int failed = receive(self, data);
    Py_DECREF(self);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static int
Turn_traverse(Turn *self, visitproc visit, void *arg)
{
    Py_VISIT(self->session);
    Py_VISIT(self->inbox);
    Py_VISIT(self->append);
    Py_VISIT(self->take);
    Py_VISIT(self->parse);
    Py_VISIT(self->out);
    Py_VISIT(self->encode_parts);
    Py_VISIT(self->direct);
    Py_VISIT(self->waiter);
    Py_VISIT(self->message_waiter);
    Py_VISIT(self->next);
    return 0;
}

static int
Turn_clear(Turn *self)
{
    Py_CLEAR(self->session);
    Py_CLEAR(self->inbox);
    Py_CLEAR(self->append);
    Py_CLEAR(self->take);
    Py_CLEAR(self->parse);
    Py_CLEAR(self->out);
    Py_CLEAR(self->encode_parts);
    Py_CLEAR(self->direct);
    Py_CLEAR(self->waiter);
    Py_CLEAR(self->message_waiter);
    Py_CLEAR(self->next);
    return 0;
}

static int
Turn_init(Turn *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"session", "waiter", "join_bytes", NULL};
    PyObject *session, *waiter;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!n", keywords, &session, &Wait_Type, &waiter,
                                     &self->join_bytes))
        return -1;
    if (self->session != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a peer is made once");
        return -1;
    }
    Turn_clear(self);
    self->waiter = (Wait *)Py_NewRef(waiter);
    self->message_waiter = Py_NewRef(Py_None);
    self->direct = Py_NewRef(Py_None);
    if ((self->inbox = PyObject_GetAttrString(session, "inbox")) == NULL ||
        (self->append = PyObject_GetAttrString(self->inbox, "append")) == NULL ||
        (self->take = PyObject_GetAttrString(self->inbox, "popleft")) == NULL ||
        (self->parse = PyObject_GetAttrString(session, "parse")) == NULL ||
        (self->encode_parts = PyObject_GetAttrString(session, "encode_parts")) == NULL ||
        (self->out = PyObject_GetAttrString(session, "out")) == NULL)
        return -1;
    PyObject *plain = PyObject_GetAttrString(session, "plain");
    int truth = plain == NULL ? -1 : PyObject_IsTrue(plain);
    Py_XDECREF(plain);
    if (truth < 0)
        return -1;
    self->plain = (char)truth;
    if (!PyList_CheckExact(self->out)) {
        PyErr_SetString(PyExc_TypeError, "a session's queue is a list");
        return -1;
    }
    self->session = Py_NewRef(session); /* last: from here on everything is there */
    return 0;
}

static void
Turn_dealloc(Turn *self)
{
    PyObject_GC_UnTrack(self);
    Turn_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

PyDoc_STRVAR(send_doc, "send($self, message, /)\n"
"--\n\n"
"Send one message; await the result.\n\n"
"The message is queued at once unless the peer is behind by more than\n"
"`Limits.write_buffer_bytes`; then awaiting waits for room and queues it.\n\n"
"Raises:\n"
"    EncodeError: the codec cannot represent it; nothing was sent.\n"
"    ClosedError: `close` or `send_eof` was called.\n"
"    BrokenError: the connection broke.\n"
"    DeadlineError: the peer took nothing for `Limits.send_seconds`.");

PyDoc_STRVAR(data_received_doc, "data_received($self, data, /)\n"
"--\n\n"
"Take bytes and let the handler run on the messages they complete.");

static PyMethodDef Turn_methods[] = {
    {"send", (PyCFunction)Turn_send, METH_O, send_doc},
    {"data_received", (PyCFunction)Turn_data_received, METH_O, data_received_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "As of typing.Generic."},
    {NULL}};

static PyMemberDef Turn_members[] = {
    {"_session", T_OBJECT, offsetof(Turn, session), READONLY},
    {"_inbox", T_OBJECT, offsetof(Turn, inbox), READONLY},
    {"_out", T_OBJECT, offsetof(Turn, out), READONLY},
    {"_waiter", T_OBJECT, offsetof(Turn, waiter), READONLY},
    {"_message_waiter", T_OBJECT, offsetof(Turn, message_waiter), 0},
    {"_direct", T_OBJECT, offsetof(Turn, direct), 0},
    {"_queued", T_PYSSIZET, offsetof(Turn, queued), 0},
    {"_received", T_PYSSIZET, offsetof(Turn, received), READONLY},
    {"_blocked", T_BOOL, offsetof(Turn, blocked), 0},
    {"_flush_certain", T_BOOL, offsetof(Turn, flush_certain), 0},
    {"_draining", T_BOOL, offsetof(Turn, draining), 0},
    {"_reading_paused", T_BOOL, offsetof(Turn, reading_paused), 0},
    {NULL}};

static PyAsyncMethods Turn_async = {.am_aiter = Py_NewRef, .am_anext = (unaryfunc)Turn_anext};

PyTypeObject Turn_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Turn",
    .tp_doc = "What an AsyncPeer does for every message; see transports/turn.py.",
    .tp_basicsize = sizeof(Turn),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)Turn_init,
    .tp_dealloc = (destructor)Turn_dealloc,
    .tp_traverse = (traverseproc)Turn_traverse,
    .tp_clear = (inquiry)Turn_clear,
    .tp_as_async = &Turn_async,
    .tp_methods = Turn_methods,
    .tp_members = Turn_members,
};
