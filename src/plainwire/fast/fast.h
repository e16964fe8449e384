/* The way of one message, compiled: twins of the few Python classes that it passes through.

       bytes -> Parser -> inbox -> Step -> Next -> handler -> Turn.send -> Encoder -> socket
                frames.c           steps.c next.c             turn.c      frames.c

   Each type has a twin in Python, which is its documentation and runs where this was not
   compiled (__init__.py chooses; tests/test_fast.py holds both to the same answers). Only the
   common case is here: whatever is unusual, and every error that a user can cause, is handed
   to Python, so each rule has one place. Must not make system calls of its own.

   Rules: PEP 399 (an accelerator behaves as its twin), PEP 492, and the am_send slot
   (docs.python.org, "Type Objects") by which an awaitable ends without StopIteration. */

#ifndef PLAINWIRE_FAST_H
#define PLAINWIRE_FAST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <structmember.h>

/* A type's `tp_methods` take arrays of arguments; the cast to void keeps compilers quiet. */
#define FASTCALL(function) ((PyCFunction)(void (*)(void))(function))

/* Names of attributes and methods that are looked up in Python. */
struct names {
    PyObject *between, *close, *ended, *failure, *first_deadline, *flush_nowait, *flush_soon,
        *next_message, *offset, *pause_reading, *receive, *send_blocked, *started_at, *step_soon,
        *throw_, *went_on, *write_rest;
};
extern struct names names;

/* What send() returns, and b"".join. */
extern PyObject *sent, *join;

/* frames.c */

typedef struct {
    PyObject_HEAD
    int size, little;
    Py_ssize_t offset, base, strip, low, high;
} Splitter;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *decoder, *receive_data;
    Splitter *splitter;
    char between; /* the decoder holds nothing and waits for the beginning of a frame */
} Parser;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *otherwise;
    int size, little;
    Py_ssize_t largest;
} Encoder;

extern PyTypeObject Splitter_Type, Parser_Type, Encoder_Type;
PyObject *parse_whole(Parser *self, PyObject *data);
Py_ssize_t ask_encoder(PyObject *encode_parts, PyObject *parts, PyObject *message);
Py_ssize_t encode_frame(Encoder *self, PyObject *parts, PyObject *message);

/* steps.c */

typedef struct {
    PyObject_HEAD
    PyObject *driver;
    char woken;
} Wait;

typedef struct {
    PyObject_HEAD
    PyObject *loop, *task, *coroutine, *context, *on;
} Step;

extern PyTypeObject Sent_Type, Wait_Type, Step_Type;
int tell(void *self, PyObject *method, PyObject *argument);
PyObject *raise_thrown(PyObject *const *args, Py_ssize_t count);
int step_on(Step *self, PyObject *waiter);

/* next.c and turn.c */

typedef struct Next Next;

typedef struct {
    PyObject_HEAD
    PyObject *session, *inbox, *append, *take, *parse, *out, *encode_parts, *direct;
    Wait *waiter;
    PyObject *message_waiter;
    Next *next; /* the last one that ended, made use of again unless somebody keeps it */
    Py_ssize_t queued, received, join_bytes;
    char plain, blocked, flush_certain, draining, reading_paused;
    char undue; /* the session's two deadlines are known to be None */
} Turn;

struct Next {
    PyObject_HEAD
    Turn *turn;          /* NULL once it has ended */
    PyObject *otherwise; /* a coroutine that goes on in Python, for all that is unusual */
    char waits;
};

extern PyTypeObject Next_Type, Turn_Type;
Next *new_next(void);
int is_made(Turn *turn);

#endif
