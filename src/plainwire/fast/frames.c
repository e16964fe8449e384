/* Frames that announce their length: found, taken from a read, and made.

   Twins: `LengthCodec` and `_LengthDecoder` in frames/length.py, which has the rules of such
   frames and their sources. Bytes that are anything but whole frames within their limits are
   left to those. */

#include "fast.h"

/* Up to here header and message are one object in the queue: a copy costs less than that. */
#define TOGETHER_BYTES 512
/* No number of a codec may be so large that adding three of them overflows. */
#define LARGEST ((Py_ssize_t)1 << 60)

/* --- Splitter: where frames that announce their length begin and end ------------------- */

static PyObject *
Splitter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"size", "little", "offset", "base", "strip", "low", "high", NULL};
    int size, little;
    Py_ssize_t offset, base, strip, low, high;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ipnnnnn", keywords, &size, &little, &offset,
                                     &base, &strip, &low, &high))
        return NULL;
    /* The ranges first, so that the sums below cannot overflow. A frame is at least its header
       and what is stripped from it; then every position stays within the bytes. */
    if (size < 1 || size > 8 || offset < 0 || offset > LARGEST || base < -LARGEST ||
        base > LARGEST || strip < 0 || low < 0 || low > high || high > LARGEST ||
        base + low < offset + size || base + low < strip) {
        PyErr_SetString(PyExc_ValueError, "these numbers fit no frame");
        return NULL;
    }
    Splitter *self = (Splitter *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->size = size;
    self->little = little;
    self->offset = offset;
    self->base = base;
    self->strip = strip;
    self->low = low;
    self->high = high;
    return (PyObject *)self;
}

static inline unsigned long long
read_length(const unsigned char *at, int size, int little)
{
    unsigned long long value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[little ? size - 1 - i : i];
    return value;
}

/* Append every whole frame that `data` begins with; where the first that is not begins. */
static Py_ssize_t
split_frames(const Splitter *self, PyObject *data, PyObject *out)
{
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(data);
    Py_ssize_t position = 0, size = PyBytes_GET_SIZE(data), header = self->offset + self->size;
    while (size - position >= header) {
        unsigned long long value =
            read_length(bytes + position + self->offset, self->size, self->little);
        if (value < (unsigned long long)self->low || value > (unsigned long long)self->high)
            break;
        Py_ssize_t total = self->base + (Py_ssize_t)value;
        if (total > size - position)
            break;
        PyObject *message = PyBytes_FromStringAndSize(
            (const char *)bytes + position + self->strip, total - self->strip);
        if (message == NULL)
            return -1;
        int failed = PyList_Append(out, message);
        Py_DECREF(message);
        if (failed)
            return -1;
        position += total;
    }
    return position;
}

static PyObject *
Splitter_split(Splitter *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyBytes_CheckExact(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "split takes bytes and a list");
        return NULL;
    }
    Py_ssize_t position = split_frames(self, args[0], args[1]);
    return position < 0 ? NULL : PyLong_FromSsize_t(position);
}

static PyMethodDef Splitter_methods[] = {
    {"split", FASTCALL(Splitter_split), METH_FASTCALL,
     "Append every whole frame that the bytes begin with; return where the rest begins."},
    {NULL}};

PyTypeObject Splitter_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Splitter",
    .tp_doc = "Split frames that announce their length; see frames/length.py.",
    .tp_basicsize = sizeof(Splitter),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = Splitter_new,
    .tp_methods = Splitter_methods,
};

/* --- Parser: a read that is whole frames, without the way through the decoder ----------- */

/* The messages of whole frames only; NULL without an error if there is anything else. */
PyObject *
parse_whole(Parser *self, PyObject *data)
{
    if (!self->between || !PyBytes_CheckExact(data))
        return NULL;
    PyObject *out = PyList_New(0);
    if (out == NULL)
        return NULL;
    Py_ssize_t position = split_frames(self->splitter, data, out);
    if (position != PyBytes_GET_SIZE(data) || position == 0) {
        Py_DECREF(out);
        return NULL;
    }
    PyObject *old = PyObject_GetAttr(self->decoder, names.offset);
    Py_ssize_t before = old == NULL ? -1 : PyLong_AsSsize_t(old);
    Py_XDECREF(old);
    PyObject *new = before < 0 ? NULL : PyLong_FromSsize_t(before + position);
    if (new == NULL || PyObject_SetAttr(self->decoder, names.offset, new) < 0) {
        Py_XDECREF(new);
        Py_DECREF(out);
        return NULL;
    }
    Py_DECREF(new);
    return out;
}

static PyObject *
parse_any(Parser *self, PyObject *data)
{
    PyObject *out = PyObject_CallOneArg(self->receive_data, data);
    if (out == NULL)
        return NULL;
    PyObject *between = PyObject_GetAttr(self->decoder, names.between);
    int truth = between == NULL ? -1 : PyObject_IsTrue(between);
    Py_XDECREF(between);
    if (truth < 0) {
        Py_DECREF(out);
        return NULL;
    }
    self->between = (char)truth;
    return out;
}

static PyObject *
Parser_vectorcall(Parser *self, PyObject *const *args, size_t flags, PyObject *kwnames)
{
    if (PyVectorcall_NARGS(flags) != 1 || kwnames != NULL) {
        PyErr_SetString(PyExc_TypeError, "a parser takes the bytes that arrived");
        return NULL;
    }
    PyObject *out = parse_whole(self, args[0]);
    return out != NULL || PyErr_Occurred() ? out : parse_any(self, args[0]);
}

static PyObject *
Parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"decoder", "splitter", NULL};
    PyObject *decoder, *splitter;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!", keywords, &decoder, &Splitter_Type,
                                     &splitter))
        return NULL;
    PyObject *receive_data = PyObject_GetAttrString(decoder, "receive_data");
    if (receive_data == NULL)
        return NULL;
    Parser *self = (Parser *)type->tp_alloc(type, 0);
    if (self == NULL) {
        Py_DECREF(receive_data);
        return NULL;
    }
    self->vectorcall = (vectorcallfunc)Parser_vectorcall;
    self->decoder = Py_NewRef(decoder);
    self->receive_data = receive_data;
    self->splitter = (Splitter *)Py_NewRef(splitter);
    return (PyObject *)self;
}

/* No tp_clear here and below: a circle leads through the decoder or the codec, which have one,
   and what is called for every message need not look whether it was taken apart. */
static int
Parser_traverse(Parser *self, visitproc visit, void *arg)
{
    Py_VISIT(self->decoder);
    Py_VISIT(self->receive_data);
    return 0;
}

static void
Parser_dealloc(Parser *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->receive_data);
    Py_CLEAR(self->splitter);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

PyTypeObject Parser_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Parser",
    .tp_doc = "Call a decoder's receive_data, or do the same for bytes that are whole frames.",
    .tp_basicsize = sizeof(Parser),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = Parser_new,
    .tp_dealloc = (destructor)Parser_dealloc,
    .tp_traverse = (traverseproc)Parser_traverse,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Parser, vectorcall),
};

/* --- Encoder: a message behind its length ----------------------------------------------- */

/* Let Python append the frame of a message; its number of bytes, or -1 with an exception. */
Py_ssize_t
ask_encoder(PyObject *encode_parts, PyObject *parts, PyObject *message)
{
    PyObject *args[] = {NULL, parts, message};
    PyObject *told =
        PyObject_Vectorcall(encode_parts, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    if (told == NULL)
        return -1;
    Py_ssize_t size = PyLong_AsSsize_t(told);
    Py_DECREF(told);
    if (size >= 0 && size <= LARGEST)
        return size;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "encode_parts returned %zd for a frame's size", size);
    return -1;
}

/* Append the frame of a message; its number of bytes, or -1. */
Py_ssize_t
encode_frame(Encoder *self, PyObject *parts, PyObject *message)
{
    Py_ssize_t count;
    if (!PyBytes_CheckExact(message) || !PyList_CheckExact(parts) ||
        (count = PyBytes_GET_SIZE(message)) > self->largest)
        return ask_encoder(self->otherwise, parts, message);
    int together = count <= TOGETHER_BYTES;
    PyObject *frame = PyBytes_FromStringAndSize(NULL, self->size + (together ? count : 0));
    if (frame == NULL)
        return -1;
    char *at = PyBytes_AS_STRING(frame);
    for (int i = 0; i < self->size; i++)
        at[self->little ? i : self->size - 1 - i] = (char)((unsigned long long)count >> 8 * i);
    if (together)
        memcpy(at + self->size, PyBytes_AS_STRING(message), count);
    int failed = PyList_Append(parts, frame) < 0;
    Py_DECREF(frame);
    if (!failed && !together && PyList_Append(parts, message) < 0) {
        /* All or nothing: a header alone would lie. */
        PyList_SetSlice(parts, PyList_GET_SIZE(parts) - 1, PyList_GET_SIZE(parts), NULL);
        failed = 1;
    }
    return failed ? -1 : self->size + count;
}

static PyObject *
Encoder_vectorcall(Encoder *self, PyObject *const *args, size_t flags, PyObject *kwnames)
{
    if (PyVectorcall_NARGS(flags) != 2 || kwnames != NULL) {
        PyErr_SetString(PyExc_TypeError, "an encoder takes a list of parts and a message");
        return NULL;
    }
    Py_ssize_t size = encode_frame(self, args[0], args[1]);
    return size < 0 ? NULL : PyLong_FromSsize_t(size);
}

static PyObject *
Encoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"size", "little", "largest", "otherwise", NULL};
    int size, little;
    Py_ssize_t largest;
    PyObject *otherwise;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ipnO", keywords, &size, &little, &largest,
                                     &otherwise))
        return NULL;
    if (size < 1 || size > 8 || largest < 0 || largest > LARGEST ||
        (size < 8 && largest >> 8 * size)) {
        PyErr_SetString(PyExc_ValueError, "the field does not hold the largest length");
        return NULL;
    }
    Encoder *self = (Encoder *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->vectorcall = (vectorcallfunc)Encoder_vectorcall;
    self->otherwise = Py_NewRef(otherwise);
    self->size = size;
    self->little = little;
    self->largest = largest;
    return (PyObject *)self;
}

static int
Encoder_traverse(Encoder *self, visitproc visit, void *arg)
{
    Py_VISIT(self->otherwise);
    return 0;
}

static void
Encoder_dealloc(Encoder *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->otherwise);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

PyTypeObject Encoder_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "plainwire.fast._fast.Encoder",
    .tp_doc = "Append a message behind its length to a list; see frames/length.py.",
    .tp_basicsize = sizeof(Encoder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = Encoder_new,
    .tp_dealloc = (destructor)Encoder_dealloc,
    .tp_traverse = (traverseproc)Encoder_traverse,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Encoder, vectorcall),
};
