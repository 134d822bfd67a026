"""Shut the face process in: no core dump, no debugger, no swap, no network, nobody else's files.

Each measure is taken as far as the machine lets an ordinary user, and what is in force is told. The
service file does the same from outside (``PrivateNetwork``, ``LimitCORE``, ``LimitMEMLOCK``,
``UMask``), so that neither depends on the other. It has to run before any library starts threads,
because a thread keeps the network that it was born with: standard library only.
"""

import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path

__all__ = ["harden", "restart_without_cache"]

# Linux, include/uapi: linux/prctl.h, linux/sched.h, asm-generic/mman.h
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
# The GNU C library, malloc.h
_M_MMAP_THRESHOLD, _M_PERTURB = -3, -6
_OWN_MAPPING_BYTES = 64 * 1024
_NICENESS = 10


# The C library's cache for small blocks, embeddings among them, is not overwritten when they are
# freed; only the environment of a new process can switch it off.
_TUNABLES = "GLIBC_TUNABLES"
_NO_CACHE = "glibc.malloc.tcache_count=0"


def restart_without_cache() -> None:
    """Begin this process anew, as it was started, without the cache for freed blocks.

    Comes back where it need not or cannot be; ``harden`` names ``no_block_cache`` where it is.
    """
    if os.environ.get(_TUNABLES) != _NO_CACHE and sys.orig_argv:
        arguments = [sys.executable, *sys.orig_argv[1:]]
        with contextlib.suppress(OSError):
            os.execve(sys.executable, arguments, os.environ | {_TUNABLES: _NO_CACHE})  # noqa: S606


def harden() -> tuple[str, ...]:
    """Take every measure that this machine allows and return the names of those in force.

    ``no_network`` leaves the process without any interface; sockets in the file system still work.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    os.umask(0o077)
    # ONNX Runtime reports sessions and model hashes to its maker since 1.29, unless told not to.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    in_force = ["private_files"]
    # Whoever stands at the reader or shows a code comes first: face takes what is left.
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
        in_force.append("low_priority")
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        in_force.append("no_core_dump")
    # The network first: a process that cannot be dumped may not write its own user mapping.
    if _leave_network(libc):
        in_force.append("no_network")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        in_force.append("no_new_rights")
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
        in_force.append("no_debugger")
    if _wipes_freed_memory(libc):
        in_force.append("freed_memory_wiped")
    if os.environ.get(_TUNABLES) == _NO_CACHE:
        in_force.append("no_block_cache")
    if _may_lock() and libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0:
        in_force.append("no_swap")
    return tuple(in_force)


def _leave_network(libc: ctypes.CDLL) -> bool:
    if libc.unshare(_CLONE_NEWNET) == 0:
        return True
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    # The same ids inside as outside; without that, files of ours would seem to be somebody else's.
    own = Path("/proc/self")
    with contextlib.suppress(OSError):
        (own / "uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        (own / "setgroups").write_text("deny", encoding="ascii")
        (own / "gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    return True


def _wipes_freed_memory(libc: ctypes.CDLL) -> bool:
    """Let the allocator overwrite what is freed, and give whole pictures back to the system.

    Libraries copy frames and crops where we cannot reach; what they free is gone this way.
    """
    mallopt = getattr(libc, "mallopt", None)
    if mallopt is None:
        return False
    returns_pictures = bool(mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES) == 1)
    return returns_pictures and bool(mallopt(_M_PERTURB, 0xA5) == 1)


def _may_lock() -> bool:
    """Tell whether all memory may be locked; under a small limit later requests would fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
            soft = hard
    return soft == resource.RLIM_INFINITY or os.geteuid() == 0
