"""Found by the interpreter because its folder stands first on PYTHONPATH; starts the probe.

Leaves no trace: its folder is taken off `sys.path`, and the `sitecustomize` that the
machine really has is run as if this one had never been there. Whatever goes wrong,
the program starts.
"""


def _start():
    import os
    import sys

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    run = os.environ.get("PLAINWIRE_RUN")
    if run and os.path.isdir(run):
        see = os.path.dirname(os.path.dirname(here))
        # A package of another name: the program may have its own `plainwire`, or none.
        package = type(sys)("_plainwire")
        package.__path__ = [see]
        sys.modules["_plainwire"] = package
        try:
            from _plainwire.probe import hooks

            hooks.start(run)
        except Exception as error:
            try:
                with open(os.path.join(run, "fault-%d.txt" % os.getpid()), "w") as file:
                    file.write(repr(error))
            except OSError:
                pass


def _chain():
    import sys
    from importlib.machinery import PathFinder

    ours = sys.modules.pop("sitecustomize", None)
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None:
        # `import sitecustomize` looks in sys.modules afterwards: leave it there until then.
        sys.modules["sitecustomize"] = ours
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_start()
_chain()
