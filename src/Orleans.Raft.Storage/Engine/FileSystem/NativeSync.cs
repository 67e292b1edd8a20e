using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orleans.Raft.Storage.Engine;

/// <summary>The two system calls that .NET lacks: fdatasync, and fsync of a directory.</summary>
internal static partial class NativeSync
{
    private const int InterruptedSystemCall = 4;
    private const int OpenReadOnly = 0;

    public static void SyncData(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            // FlushFileBuffers on Windows, F_FULLFSYNC on macOS, where fdatasync promises nothing.
            RandomAccess.FlushToDisk(handle);
            return;
        }

        var taken = false;
        try
        {
            handle.DangerousAddRef(ref taken);
            var descriptor = (int)handle.DangerousGetHandle();
            while (fdatasync(descriptor) != 0)
            {
                // Interrupted before it did anything; any other error is final, because the kernel may have dropped the dirty pages.
                var error = Marshal.GetLastPInvokeError();
                if (error != InterruptedSystemCall)
                {
                    throw Failure("fdatasync", path, error);
                }
            }
        }
        finally
        {
            if (taken)
            {
                handle.DangerousRelease();
            }
        }
    }

    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // NTFS journals directory changes itself and has no call for it.
            return;
        }

        var descriptor = open(path, OpenReadOnly);
        if (descriptor < 0)
        {
            throw Failure("open of directory", path, Marshal.GetLastPInvokeError());
        }

        try
        {
            while (fsync(descriptor) != 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != InterruptedSystemCall)
                {
                    throw Failure("fsync of directory", path, error);
                }
            }
        }
        finally
        {
            // A descriptor that was only synced has nothing left to fail with.
            _ = close(descriptor);
        }
    }

    private static IOException Failure(string call, string path, int error) =>
        new($"{path}: {call} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
