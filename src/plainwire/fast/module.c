/* The module `plainwire.fast._fast`: its types, and what all files here use. */

#include "fast.h"

struct names names;
PyObject *sent, *join;

static int
intern_names(void)
{
    struct {
        PyObject **place;
        const char *text;
    } all[] = {
        {&names.between, "between"},
        {&names.close, "close"},
        {&names.ended, "_end"},
        {&names.failure, "failure"},
        {&names.first_deadline, "first_deadline"},
        {&names.flush_nowait, "flush_nowait"},
        {&names.flush_soon, "_flush_soon"},
        {&names.next_message, "_next_message"},
        {&names.offset, "offset"},
        {&names.pause_reading, "_pause_reading"},
        {&names.receive, "_receive"},
        {&names.send_blocked, "_send_blocked"},
        {&names.started_at, "started_at"},
        {&names.step_soon, "_step_soon"},
        {&names.throw_, "throw"},
        {&names.went_on, "_went_on"},
        {&names.write_rest, "_write_rest"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (*all[i].place == NULL && !(*all[i].place = PyUnicode_InternFromString(all[i].text)))
            return -1;
    return 0;
}

/* What is kept here belongs to one interpreter; others do without, as __init__.py sees to. */
static int
is_first_interpreter(void)
{
    static int64_t first = -1;
    int64_t here = PyInterpreterState_GetID(PyInterpreterState_Get());
    if (first == -1)
        first = here;
    if (first != here)
        PyErr_SetString(PyExc_ImportError, "compiled for one interpreter of a process only");
    return first == here;
}

static int
fast_exec(PyObject *module)
{
    if (!is_first_interpreter())
        return -1;
    PyTypeObject *types[] = {&Splitter_Type, &Parser_Type, &Encoder_Type,
                             &Wait_Type,     &Step_Type,   &Turn_Type};
    if (intern_names() < 0 || PyType_Ready(&Sent_Type) < 0 || PyType_Ready(&Next_Type) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (PyModule_AddType(module, types[i]) < 0)
            return -1;
    PyObject *nothing = PyBytes_FromStringAndSize(NULL, 0);
    if (nothing == NULL)
        return -1;
    Py_XSETREF(join, PyObject_GetAttrString(nothing, "join"));
    Py_DECREF(nothing);
    if (join == NULL)
        return -1;
    if (sent == NULL && (sent = PyObject_New(PyObject, &Sent_Type)) == NULL)
        return -1;
    return PyModule_AddObjectRef(module, "SENT", sent);
}

static PyModuleDef_Slot fast_slots[] = {
    {Py_mod_exec, fast_exec},
#ifdef Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL}};

static struct PyModuleDef fast_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "plainwire.fast._fast",
    .m_doc = "The way of one message, compiled; see fast.h.",
    .m_slots = fast_slots,
};

PyMODINIT_FUNC
PyInit__fast(void)
{
    return PyModuleDef_Init(&fast_module);
}
