"""A program in a Windows job object, which ends with its last handle, and so with us.

The system closes our handles however we end. A child that the program starts before it is put into
the job, some microseconds after its start, is not in it; an interpreter needs longer to get there.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _KILL_ON_CLOSE = 0x2000
    _EXTENDED_LIMITS = 9

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("per_process_user_time", ctypes.c_int64),
            ("per_job_user_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("minimum_working_set", ctypes.c_size_t),
            ("maximum_working_set", ctypes.c_size_t),
            ("active_processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("basic", _BasicLimits),
            ("io", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("peak_process_memory", ctypes.c_size_t),
            ("peak_job_memory", ctypes.c_size_t),
        )

    class _JobPopen(subprocess.Popen[bytes]):
        """A process that keeps its job's handle for as long as the process object lives."""

        job: int | None = None

        def __del__(self) -> None:
            job, self.job = self.job, None
            if job is not None:
                ctypes.windll.kernel32.CloseHandle(wintypes.HANDLE(job))
            super().__del__()

    def start_in_job(
        command: Sequence[str], folder: Path | None, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a program that the system ends with this process, with all its descendants.

        Raises: OSError if there is no such program, or the system has no job for it.
        """
        process = _JobPopen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
        try:
            process.job = _job_of(process.pid)
        except OSError:
            process.kill()
            process.wait()
            raise
        return process

    def _job_of(pid: int) -> int:
        """Create a job that ends with its handle, and put the process into it."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (
            wintypes.HANDLE,
            ctypes.c_int,
            wintypes.LPVOID,
            wintypes.DWORD,
        )
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        limits = _ExtendedLimits()
        limits.basic.flags = _KILL_ON_CLOSE
        size = ctypes.sizeof(limits)
        job = kernel.CreateJobObjectW(None, None)
        # The access rights that an assignment needs: to set its quota and to end it.
        process = kernel.OpenProcess(0x0101, False, pid)
        try:
            if not (
                job
                and process
                and kernel.SetInformationJobObject(
                    job, _EXTENDED_LIMITS, ctypes.byref(limits), size
                )
                and kernel.AssignProcessToJobObject(job, process)
            ):
                raise ctypes.WinError(ctypes.get_last_error())
        except OSError:
            if job:
                kernel.CloseHandle(job)
            raise
        finally:
            if process:
                kernel.CloseHandle(process)
        return int(job)
