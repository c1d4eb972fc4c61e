"""What the kernel is asked for of which Python knows nothing (prctl(2))."""

import ctypes

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38


def load_prctl():
    """prctl(2), which does nothing where there is none."""
    try:
        function = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return lambda option, value: None
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return lambda option, value: function(option, value, 0, 0, 0)


prctl = load_prctl()
