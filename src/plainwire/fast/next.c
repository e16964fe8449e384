/* `Next`, the awaitable of one message: twin of `PythonTurn.__anext__` in transports/turn.py. */

#include "fast.h"

/* Wait no more. The turn takes what has ended back, unless this is its deallocation. */
static void
Next_end(Next *self)
{
    Turn *turn = self->turn;
    self->turn = NULL;
    if (turn != NULL && self->waits)
        Py_XSETREF(turn->message_waiter, Py_NewRef(Py_None));
    self->waits = 0;
    Py_CLEAR(self->otherwise);
    if (turn != NULL && turn->next == NULL && turn->session != NULL && Py_REFCNT(self) > 0)
        turn->next = (Next *)Py_NewRef(self);
    Py_XDECREF(turn);
}

/* True if the waiter cannot be waited on at once, and Python has to say what happens. */
static int
is_unusual(Turn *turn)
{
    if (turn->message_waiter != Py_None || turn->draining || turn->reading_paused)
        return 1;
    PyObject *failure = PyObject_GetAttr(turn->session, names.failure);
    if (failure == NULL)
        return -1;
    Py_DECREF(failure);
    return failure != Py_None;
}

static PySendResult
Next_am_send(Next *self, PyObject *value, PyObject **result)
{
    Turn *turn = self->turn;
    *result = NULL;
    if (turn == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited __anext__()");
        return PYGEN_ERROR;
    }
    if (!is_made(turn)) {
        Next_end(self);
        return PYGEN_ERROR;
    }
    if (self->waits) {
        self->waits = 0;
        Py_XSETREF(turn->message_waiter, Py_NewRef(Py_None));
    }
    if (self->otherwise == NULL) {
        Py_ssize_t count = PyObject_Size(turn->inbox);
        int unusual = 0;
        if (count > 0) {
            *result = PyObject_CallNoArgs(turn->take);
            Next_end(self);
            return *result == NULL ? PYGEN_ERROR : PYGEN_RETURN;
        }
        if (count < 0 || (unusual = is_unusual(turn)) < 0) {
            Next_end(self);
            return PYGEN_ERROR;
        }
        if (!unusual) {
            self->waits = 1;
            turn->waiter->woken = 0;
            Py_XSETREF(turn->message_waiter, Py_NewRef(turn->waiter));
            *result = Py_NewRef(turn->waiter);
            return PYGEN_NEXT;
        }
        self->otherwise = PyObject_CallMethodNoArgs((PyObject *)turn, names.next_message);
        if (self->otherwise == NULL) {
            Next_end(self);
            return PYGEN_ERROR;
        }
        value = Py_None;
    }
    PyObject *otherwise = Py_NewRef(self->otherwise);
    PySendResult how = PyIter_Send(otherwise, value, result);
    Py_DECREF(otherwise);
    if (how != PYGEN_NEXT)
        Next_end(self);
    return how;
}

/* How a generator tells its end, to whoever does not know am_send. */
static PyObject *
Next_send(Next *self, PyObject *value)
{
    PyObject *result;
    PySendResult how = Next_am_send(self, value, &result);
    if (how == PYGEN_RETURN) {
        /* Made first: a value that is a tuple or an exception would be taken apart. */
        PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result);
        Py_DECREF(result);
        if (stop != NULL) {
            PyErr_SetObject(PyExc_StopIteration, stop);
            Py_DECREF(stop);
        }
        return NULL;
    }
    return how == PYGEN_NEXT ? result : NULL;
}

static PyObject *
Next_iternext(Next *self)
{
    return Next_send(self, Py_None);
}

static PyObject *
Next_throw(Next *self, PyObject *const *args, Py_ssize_t count)
{
    if (self->otherwise == NULL) {
        Next_end(self);
        return raise_thrown(args, count);
    }
    PyObject *method = PyObject_GetAttr(self->otherwise, names.throw_);
    PyObject *result = method == NULL ? NULL : PyObject_Vectorcall(method, args, count, NULL);
    Py_XDECREF(method);
    if (result == NULL)
        Next_end(self);
    return result;
}

static PyObject *
Next_close(Next *self, PyObject *unused)
{
    PyObject *otherwise = Py_XNewRef(self->otherwise);
    Next_end(self);
    if (otherwise == NULL)
        Py_RETURN_NONE;
    PyObject *result = PyObject_CallMethodNoArgs(otherwise, names.close);
    Py_DECREF(otherwise);
    return result;
}

static int
Next_traverse(Next *self, visitproc visit, void *arg)
{
    Py_VISIT(self->turn);
    Py_VISIT(self->otherwise);
    return 0;
}

static int
Next_clear(Next *self)
{
    Next_end(self);
    return 0;
}

static void
Next_dealloc(Next *self)
{
    PyObject_GC_UnTrack(self);
    Next_end(self);
    PyObject_GC_Del(self);
}

static PyMethodDef Next_methods[] = {
    {"send", (PyCFunction)Next_send, METH_O, "As of a coroutine."},
    {"throw", FASTCALL(Next_throw), METH_FASTCALL, "As of a coroutine."},
    {"close", (PyCFunction)Next_close, METH_NOARGS, "As of a coroutine."},
    {NULL}};

static PyAsyncMethods Next_async = {.am_await = Py_NewRef, .am_send = (sendfunc)Next_am_send};

PyTypeObject Next_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Next",
    .tp_doc = "The next message, to be awaited once.",
    .tp_basicsize = sizeof(Next),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)Next_dealloc,
    .tp_traverse = (traverseproc)Next_traverse,
    .tp_clear = (inquiry)Next_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)Next_iternext,
    .tp_as_async = &Next_async,
    .tp_methods = Next_methods,
};

/* Make one that has ended already: it begins with a turn. */
Next *
new_next(void)
{
    Next *next = PyObject_GC_New(Next, &Next_Type);
    if (next == NULL)
        return NULL;
    next->turn = NULL;
    next->otherwise = NULL;
    next->waits = 0;
    PyObject_GC_Track(next);
    return next;
}
