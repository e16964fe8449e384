/* What is awaited and stepped for every message: twins in transports/sent.py and waiter.py. */

#include "fast.h"

/* --- Sent: what `send` returns for a message that is queued ------------------------------ */

static PySendResult
Sent_am_send(PyObject *self, PyObject *value, PyObject **result)
{
    *result = Py_NewRef(Py_None);
    return PYGEN_RETURN;
}

static PyObject *
Sent_iternext(PyObject *self)
{
    return NULL; /* the end */
}

static PyObject *
Sent_send(PyObject *self, PyObject *value)
{
    PyErr_SetNone(PyExc_StopIteration);
    return NULL;
}

/* `throw` of both awaitables here, which hold nothing that would have to be undone. */
PyObject *
raise_thrown(PyObject *const *args, Py_ssize_t count)
{
    if (count < 1 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "throw takes an exception");
        return NULL;
    }
    PyObject *value = count > 1 && args[1] != Py_None ? args[1] : args[0];
    if (PyExceptionInstance_Check(value))
        PyErr_SetObject((PyObject *)Py_TYPE(value), value);
    else if (PyExceptionClass_Check(value))
        PyErr_SetNone(value);
    else
        PyErr_SetString(PyExc_TypeError, "throw takes an exception");
    return NULL;
}

static PyObject *
Sent_throw(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return raise_thrown(args, count);
}

static PyObject *
Sent_close(PyObject *self, PyObject *unused)
{
    Py_RETURN_NONE;
}

static PyMethodDef Sent_methods[] = {
    {"send", Sent_send, METH_O, "send($self, value, /)\n--\n\nEnd."},
    {"throw", FASTCALL(Sent_throw), METH_FASTCALL,
     "throw($self, typ, val=None, tb=None, /)\n--\n\n"
     "Raise what is thrown; there is nothing to undo."},
    {"close", Sent_close, METH_NOARGS, "close($self, /)\n--\n\nNothing is held."},
    {NULL}};

static PyAsyncMethods Sent_async = {.am_await = Py_NewRef, .am_send = Sent_am_send};

PyTypeObject Sent_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Sent",
    .tp_doc = "Nothing left to wait for; see transports/sent.py.",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = Sent_iternext,
    .tp_as_async = &Sent_async,
    .tp_methods = Sent_methods,
};

/* --- Wait and Step: what a handler waits on, and its next step ------------------------------ */

static int
Wait_traverse(Wait *self, visitproc visit, void *arg)
{
    Py_VISIT(self->driver);
    return 0;
}

static int
Wait_clear(Wait *self)
{
    Py_CLEAR(self->driver);
    return 0;
}

static void
Wait_dealloc(Wait *self)
{
    PyObject_GC_UnTrack(self);
    Wait_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef Wait_members[] = {
    {"driver", T_OBJECT, offsetof(Wait, driver), 0},
    {"woken", T_BOOL, offsetof(Wait, woken), 0},
    {NULL}};

PyTypeObject Wait_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Wait",
    .tp_doc = "What one coroutine at a time waits on; see transports/waiter.py.",
    .tp_basicsize = sizeof(Wait),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)Wait_dealloc,
    .tp_traverse = (traverseproc)Wait_traverse,
    .tp_clear = (inquiry)Wait_clear,
    .tp_members = Wait_members,
};

/* How asyncio is told which task is running: its own functions, found once it is in use. */
static PyObject *enter_task, *leave_task;

static int
find_asyncio(void)
{
    if (enter_task != NULL)
        return 0;
    PyObject *tasks = PyImport_ImportModule("asyncio.tasks");
    PyObject *leave = tasks ? PyObject_GetAttrString(tasks, "_leave_task") : NULL;
    PyObject *enter = leave ? PyObject_GetAttrString(tasks, "_enter_task") : NULL;
    Py_XDECREF(tasks);
    if (enter == NULL) {
        Py_XDECREF(leave);
        return -1;
    }
    leave_task = leave;
    enter_task = enter;
    return 0;
}

static int
call_task(PyObject *function, Step *self)
{
    PyObject *args[] = {NULL, self->loop, self->task};
    PyObject *done =
        PyObject_Vectorcall(function, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Call a method and throw away what it returns; steals the reference to the argument, if any. */
int
tell(void *self, PyObject *name, PyObject *argument)
{
    PyObject *done = argument == NULL ? PyObject_CallMethodNoArgs(self, name)
                                      : PyObject_CallMethodOneArg(self, name, argument);
    Py_XDECREF(argument);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* The exception that is set, as an object with its traceback; it is set no longer. */
static PyObject *
caught(void)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

int
step_on(Step *self, PyObject *waiter)
{
    if (self->on != waiter)
        return 0; /* cancelled, or waiting anew, since this was planned */
    if (call_task(enter_task, self) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_RuntimeError))
            return -1;
        PyErr_Clear(); /* inside another task */
        return tell(self, names.step_soon, Py_NewRef(waiter));
    }
    PyObject *result = NULL, *error = NULL, *coroutine = Py_NewRef(self->coroutine);
    PySendResult how = PYGEN_ERROR;
    if (PyContext_Enter(self->context) == 0) {
        how = PyIter_Send(coroutine, Py_None, &result);
        if (how == PYGEN_ERROR)
            error = caught();
        if (PyContext_Exit(self->context) < 0) {
            Py_XSETREF(error, caught());
            how = PYGEN_ERROR;
        }
    }
    else
        error = caught();
    Py_DECREF(coroutine);
    int failed = call_task(leave_task, self);
    if (failed || how == PYGEN_ERROR) {
        Py_XDECREF(result);
        if (failed)
            Py_XSETREF(error, caught());
        return tell(self, names.ended, error);
    }
    if (how == PYGEN_RETURN) {
        Py_DECREF(result);
        return tell(self, names.ended, Py_NewRef(Py_None));
    }
    if (result == waiter && ((Wait *)waiter)->driver == (PyObject *)self) {
        Py_DECREF(result);
        return 0;
    }
    return tell(self, names.went_on, result);
}

static PyObject *
Step_step(Step *self, PyObject *waiter)
{
    if (!PyObject_TypeCheck(waiter, &Wait_Type) || self->coroutine == NULL) {
        PyErr_SetString(PyExc_TypeError, "step takes the waiter that was woken");
        return NULL;
    }
    Py_INCREF(waiter);
    int failed = step_on(self, waiter);
    Py_DECREF(waiter);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static int
Step_init(Step *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"coroutine", "context", "loop", "task", NULL};
    PyObject *coroutine, *context, *loop, *task;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!OO", keywords, &PyCoro_Type, &coroutine,
                                     &PyContext_Type, &context, &loop, &task) ||
        find_asyncio() < 0)
        return -1;
    Py_XSETREF(self->coroutine, Py_NewRef(coroutine));
    Py_XSETREF(self->context, Py_NewRef(context));
    Py_XSETREF(self->loop, Py_NewRef(loop));
    Py_XSETREF(self->task, Py_NewRef(task));
    Py_XSETREF(self->on, Py_NewRef(Py_None));
    return 0;
}

static int
Step_traverse(Step *self, visitproc visit, void *arg)
{
    Py_VISIT(self->loop);
    Py_VISIT(self->task);
    Py_VISIT(self->coroutine);
    Py_VISIT(self->context);
    Py_VISIT(self->on);
    return 0;
}

static int
Step_clear(Step *self)
{
    Py_CLEAR(self->loop);
    Py_CLEAR(self->task);
    Py_CLEAR(self->coroutine);
    Py_CLEAR(self->context);
    Py_CLEAR(self->on);
    return 0;
}

static void
Step_dealloc(Step *self)
{
    PyObject_GC_UnTrack(self);
    Step_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef Step_methods[] = {
    {"step", (PyCFunction)Step_step, METH_O,
     "step($self, waiter, /)\n--\n\nRun the coroutine on, whose `waiter` was woken."},
    {NULL}};

static PyMemberDef Step_members[] = {
    {"_loop", T_OBJECT, offsetof(Step, loop), READONLY},
    {"_task", T_OBJECT, offsetof(Step, task), READONLY},
    {"_coroutine", T_OBJECT, offsetof(Step, coroutine), READONLY},
    {"on", T_OBJECT, offsetof(Step, on), 0},
    {NULL}};

PyTypeObject Step_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Step",
    .tp_doc = "The next step of a handler; see transports/waiter.py.",
    .tp_basicsize = sizeof(Step),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)Step_init,
    .tp_dealloc = (destructor)Step_dealloc,
    .tp_traverse = (traverseproc)Step_traverse,
    .tp_clear = (inquiry)Step_clear,
    .tp_methods = Step_methods,
    .tp_members = Step_members,
};
